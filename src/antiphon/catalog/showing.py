"""What an asker is shown: what they may not hear says why, what is not theirs is not there.

Every answer that holds songs is made here, so that no route shows more than another.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from antiphon.catalog.model import Album, Artist, Song
from antiphon.catalog.resources import (
    AlbumResource,
    ArtistResource,
    Availability,
    Credited,
    SongResource,
    Where,
    album_resource,
    artist_resource,
    moment,
    song_resource,
)
from antiphon.catalog.service import Catalog
from antiphon.kernel import AlbumId, ArtistId, Denied, HouseholdId, NotFound, SongId, UnixMs

_FORBIDDEN: Final = 403
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,5}")
_MOST_SONGS_LOOKED_AT: Final = 500
_EXPLICIT: Final = Availability(
    reason="explicit", detail="This song is explicit, and this profile plays no explicit songs."
)


class Asker(Protocol):
    """Who asks: the part of identity's principal that matters for what is shown."""

    @property
    def household_id(self) -> HouseholdId:
        """Return the household whose terms count."""
        ...

    @property
    def allows_explicit(self) -> bool:
        """Return whether explicit songs are for this listener."""
        ...


class Withheld(Protocol):
    """Why a household may not hear a song."""

    @property
    def reason(self) -> str:
        """Return the code of the reason."""
        ...

    @property
    def detail(self) -> str:
        """Return a sentence for the listener."""
        ...

    @property
    def opens_at(self) -> UnixMs | None:
        """Return when it is to open, where that is known."""
        ...

    @property
    def is_hidden(self) -> bool:
        """Return whether the song's existence is not told either."""
        ...


class Named(Protocol):
    """A song's and its album's titles for whoever asks; empty where the catalogue's own are."""

    @property
    def title(self) -> str:
        """Return the song's title."""
        ...

    @property
    def album_title(self) -> str:
        """Return its album's title."""
        ...


class Gate(Protocol):
    """The part of rights that is asked before songs are shown."""

    async def withheld(
        self, household: HouseholdId, song_ids: Sequence[SongId], storefront: str | None, /
    ) -> Mapping[SongId, Withheld]:
        """Return those of the songs that may not be heard; storefront None: the household's own."""
        ...

    async def hides(self, household: HouseholdId, /) -> bool:
        """Return whether there may be songs that the household is not told of."""
        ...

    async def named(
        self,
        household: HouseholdId,
        song_ids: Sequence[SongId],
        language: str,
        storefront: str | None,
        /,
    ) -> Mapping[SongId, Named]:
        """Return titles in a language for those of the songs that have several."""
        ...

    async def credits(self, song_id: SongId, /) -> Credited | None:
        """Return who made a song; None where no label has said so."""
        ...


class NotAvailable(Denied):
    """The asker may not have this of the song."""

    code = "song_unavailable"


class Showing:
    """Makes resources for one asker, as if in one storefront."""

    def __init__(
        self, catalog: Catalog, gate: Gate, asker: Asker, where: Where, language: str = ""
    ) -> None:
        """Show resources below ``where``, such as ``/v1/catalog/home``: its end is the storefront.

        ``home`` is the asker's own. ``language`` (BCP 47) is in which titles are told, where there
        are any in it.
        """
        self._catalog = catalog
        self._gate = gate
        self._asker = asker
        self._where = where
        self._language = language
        place = where.rpartition("/")[2]
        self._storefront = None if place == "home" else place

    async def each_song(
        self,
        songs: Sequence[Song | None],
        *,
        albums: Mapping[AlbumId, Album] | None = None,
        artists: Mapping[ArtistId, Artist] | None = None,
    ) -> list[SongResource | None]:
        """Return one answer per song, in order; None for what is missing or hidden."""
        ids = [song.id for song in songs if song is not None]
        withheld, named = await self._withheld(ids), await self._named(ids)
        answers: list[SongResource | None] = []
        for song in songs:
            if song is None or ((no := withheld.get(song.id)) is not None and no.is_hidden):
                answers.append(None)
                continue
            answers.append(
                song_resource(
                    _renamed(song, named.get(song.id)),
                    self._where,
                    albums=_renamed_album(albums, song, named.get(song.id)),
                    artists=artists,
                    availability=self._availability(song, no),
                )
            )
        return answers

    async def songs(
        self,
        songs: Sequence[Song],
        *,
        albums: Mapping[AlbumId, Album] | None = None,
        artists: Mapping[ArtistId, Artist] | None = None,
    ) -> list[SongResource]:
        """Return the songs that are not hidden, in order."""
        shown = await self.each_song(songs, albums=albums, artists=artists)
        return [song for song in shown if song is not None]

    async def albums(
        self,
        albums: Sequence[Album],
        *,
        with_songs: bool = False,
        artists: Mapping[ArtistId, Artist] | None = None,
    ) -> list[AlbumResource]:
        """Return the albums of which something is not hidden, in order."""
        shown = []
        told = await self._told_albums(albums)
        named = await self._named([album.song_ids[0] for album in told if album.song_ids])
        for album in told:
            words = named.get(album.song_ids[0]) if album.song_ids else None
            title = words.album_title if words is not None else ""
            songs = await self._catalog.album_songs(album.id) if with_songs else None
            shown.append(
                album_resource(
                    replace(album, title=title) if title else album,
                    self._where,
                    songs=None if songs is None else await self.songs(songs),
                    artists=artists,
                )
            )
        return shown

    async def artists(self, artists: Sequence[Artist]) -> list[ArtistResource]:
        """Return the artists of whom something is not hidden, in order."""
        told = await self._told_artists(artists)
        return [artist_resource(artist, self._where) for artist in told]

    async def items(
        self, items: Sequence[Song | Album | Artist]
    ) -> list[SongResource | AlbumResource | ArtistResource]:
        """Return items of several kinds, in order, without what is hidden."""
        songs = await self.songs([i for i in items if isinstance(i, Song)])
        albums = await self.albums([i for i in items if isinstance(i, Album)])
        artists = await self.artists([i for i in items if isinstance(i, Artist)])
        by_id: dict[str, SongResource | AlbumResource | ArtistResource] = {}
        by_id |= {song.id: song for song in songs}
        by_id |= {album.id: album for album in albums}
        by_id |= {artist.id: artist for artist in artists}
        return [by_id[item.id] for item in items if item.id in by_id]

    async def hides(self) -> bool:
        """Return whether there may be songs that the asker is not told of."""
        return await self._gate.hides(self._asker.household_id)

    async def require(self, song: Song) -> None:
        """Refuse what belongs to a song that the asker may not hear."""
        withheld = (await self._withheld([song.id])).get(song.id)
        if withheld is not None and withheld.is_hidden:
            raise NotFound(f"There is no song {song.id}.", id=song.id)
        why = self._availability(song, withheld)
        if why is not None:
            raise NotAvailable(why.detail, http_status=_FORBIDDEN, meta={"reason": why.reason})

    async def credits(self, song: Song) -> Credited | None:
        """Return who made a song, as far as its label says; ``NotFound`` for one that is hidden."""
        withheld = (await self._withheld([song.id])).get(song.id)
        if withheld is not None and withheld.is_hidden:
            raise NotFound(f"There is no song {song.id}.", id=song.id)
        return await self._gate.credits(song.id)

    async def _named(self, ids: Sequence[SongId]) -> Mapping[SongId, Named]:
        asker = self._asker.household_id
        return await self._gate.named(asker, ids, self._language, self._storefront)

    async def _withheld(self, ids: Sequence[SongId]) -> Mapping[SongId, Withheld]:
        return await self._gate.withheld(self._asker.household_id, ids, self._storefront)

    def _availability(self, song: Song, withheld: Withheld | None) -> Availability | None:
        if withheld is not None:
            opens = withheld.opens_at
            return Availability(
                reason=withheld.reason,
                detail=withheld.detail,
                opens_at=None if opens is None else moment(opens),
            )
        return _EXPLICIT if song.explicit and not self._asker.allows_explicit else None

    async def _told_albums(self, albums: Sequence[Album]) -> Sequence[Album]:
        if not await self.hides():
            return albums
        hidden = await self._hidden([i for album in albums for i in album.song_ids])
        return [album for album in albums if not set(album.song_ids) <= hidden]

    async def _told_artists(self, artists: Sequence[Artist]) -> Sequence[Artist]:
        if not await self.hides():
            return artists
        told = []
        for artist in artists:
            page = await self._catalog.artist_songs(
                artist.id, limit=_MOST_SONGS_LOOKED_AT, offset=0
            )
            ids = {song.id for song in page.items}
            if not ids <= await self._hidden(list(ids)):
                told.append(artist)
        return told

    async def _hidden(self, ids: Sequence[SongId]) -> set[SongId]:
        return {i for i, why in (await self._withheld(ids)).items() if why.is_hidden}


def language_of(accepted: str) -> str:
    """Return the language that an ``Accept-Language`` header asks for first; empty: any."""
    first = accepted.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip()
    return first if _LANGUAGE.fullmatch(first) else ""


def _renamed(song: Song, named: Named | None) -> Song:
    if named is None or not (named.title or named.album_title):
        return song
    album_title = named.album_title or song.album_title
    return replace(song, title=named.title or song.title, album_title=album_title)


def _renamed_album(
    albums: Mapping[AlbumId, Album] | None, song: Song, named: Named | None
) -> Mapping[AlbumId, Album] | None:
    """Return the albums with that of a song under its title for whoever asks."""
    album = albums.get(song.album_id) if albums is not None else None
    if albums is None or album is None or named is None or not named.album_title:
        return albums
    return {**albums, album.id: replace(album, title=named.album_title)}
