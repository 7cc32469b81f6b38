"""From what was found to songs that this listener may hear, or the reason why none of them may."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from antiphon.catalog import Album, Catalog, Gate, Song, SortField, SortOrder, name_key
from antiphon.kernel import AlbumId, ArtistId, GenreId, PlaylistId, SongId
from antiphon.library import Kind, Library, Shelf
from antiphon.voice.answers import Reason
from antiphon.voice.asking import Asker
from antiphon.voice.model import Named, NameKind
from antiphon.voice.wishes import Years

MOST_SONGS: Final = 100
_LOOKED_AT: Final = 500


@dataclass(frozen=True, slots=True)
class Playable:
    """Songs that may be played, in order; without any, why. ``is_hidden``: not even told of.

    ``withheld`` is the code by which rights say why the first may not be heard.
    """

    songs: tuple[Song, ...]
    reason: Reason | None = None
    detail: str = ""
    is_hidden: bool = False
    withheld: str = ""


class Music:
    """Resolves items of the catalogue to songs, for one listener."""

    def __init__(self, catalog: Catalog, library: Library, gate: Gate) -> None:
        self._catalog = catalog
        self._library = library
        self._gate = gate

    async def of(self, item: Named, asker: Asker) -> list[Song]:
        """Return the songs of an item, whoever may hear them, in its own order."""
        match item.kind:
            case NameKind.SONG:
                song = await self._catalog.song(SongId(item.id))
                return [] if song is None else [song]
            case NameKind.ALBUM:
                return await self._catalog.album_songs(AlbumId(item.id))
            case NameKind.ARTIST:
                page = await self._catalog.artist_songs(ArtistId(item.id), limit=_LOOKED_AT)
                return list(page.items)
            case NameKind.GENRE:
                page = await self._catalog.genre_songs(GenreId(item.id), limit=_LOOKED_AT)
                return list(page.items)
            case NameKind.PLAYLIST:
                found = await self._library.playlist(asker.listener_id, PlaylistId(item.id))
                return await self._songs([i.song_id for i in found.items])

    async def playable(self, songs: Sequence[Song], asker: Asker) -> Playable:
        """Return those songs that the asker may hear, at most ``MOST_SONGS``."""
        withheld = await self._gate.withheld(asker.household_id, [s.id for s in songs], None)
        told = [s for s in songs if s.id not in withheld or not withheld[s.id].is_hidden]
        open_ = [s for s in told if s.id not in withheld]
        clean = [s for s in open_ if asker.allows_explicit or not s.explicit]
        if clean:
            return Playable(tuple(clean[:MOST_SONGS]))
        if open_:
            return Playable((), Reason.EXPLICIT)
        if told:
            why = withheld[told[0].id]
            return Playable((), Reason.NOT_AVAILABLE, why.detail, withheld=why.reason)
        return Playable((), Reason.NOT_FOUND, is_hidden=bool(songs))

    async def anything(self, chance: random.Random) -> list[Song]:
        """Return songs of the whole catalogue at random."""
        order = SortOrder(SortField.RANDOM, seed=chance.randrange(2**31))
        return list((await self._catalog.list_songs(sort=order, limit=MOST_SONGS)).items)

    async def favourites(self, asker: Asker) -> list[Song]:
        """Return the listener's favourite songs, the latest first."""
        kept = await self._library.kept(asker.listener_id, Shelf.FAVOURITES, Kind.SONGS)
        return await self._songs([SongId(k.id) for k in kept[:_LOOKED_AT]])

    async def disliked(self, asker: Asker) -> set[SongId]:
        """Return the songs that the listener does not want to come by chance."""
        kept = await self._library.kept(asker.listener_id, Shelf.DISLIKES, Kind.SONGS)
        return {SongId(k.id) for k in kept}

    async def of_years(self, years: Years) -> list[Song]:
        """Return songs that came out in these years."""
        return [song for song in await self._all_songs() if years.holds(song.released)]

    async def of_genres(self, words: Iterable[str]) -> list[Song]:
        """Return songs of the genres whose names have one of these words in them."""
        wanted = set(words)
        songs: dict[SongId, Song] = {}
        for genre in (await self._catalog.list_genres(limit=_LOOKED_AT)).items:
            if wanted & {*name_key(genre.name).split(), genre.name.lower()}:
                page = await self._catalog.genre_songs(genre.id, limit=_LOOKED_AT)
                songs |= {song.id: song for song in page.items}
        return list(songs.values())

    async def like(self, item: Named, asker: Asker) -> list[Song]:
        """Return songs of the genres that an item is of: others than its own, then its own."""
        own = await self.of(item, asker)
        artists = {credit.id for song in own for credit in song.artists}
        near: dict[SongId, Song] = {}
        for genre in dict.fromkeys(ref.id for song in own for ref in song.genres):
            page = await self._catalog.genre_songs(genre, limit=_LOOKED_AT)
            near |= {song.id: song for song in page.items}
        others = [s for s in near.values() if not artists & {c.id for c in s.artists}]
        return others or own

    async def newest_of(self, item: Named, *, oldest: bool = False) -> Album | None:
        """Return an artist's latest album, or the first."""
        page = await self._catalog.artist_albums(ArtistId(item.id))
        own = [a for a in page.items if any(c.id == item.id for c in a.artists)]
        dated = sorted(own or page.items, key=lambda a: (a.released, a.added_at))
        return dated[0 if oldest else -1] if dated else None

    async def playlist_named(self, name: str, asker: Asker) -> Named | None:
        """Return the listener's playlist of this name, whatever its case and signs."""
        key = name_key(name)
        for playlist in await self._library.playlists(asker.listener_id):
            if name_key(playlist.name) in {key, name_key(f"{name} playlist")}:
                return Named(NameKind.PLAYLIST, playlist.id, playlist.name)
        return None

    async def _all_songs(self) -> list[Song]:
        songs: list[Song] = []
        offset: int | None = 0
        while offset is not None and offset < 20 * _LOOKED_AT:
            page = await self._catalog.list_songs(limit=_LOOKED_AT, offset=offset)
            songs += page.items
            offset = page.next_offset
        return songs

    async def _songs(self, ids: Sequence[SongId]) -> list[Song]:
        return [song for song in await self._catalog.songs(ids) if song is not None]
