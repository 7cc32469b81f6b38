"""Reading the catalogue: items, lists, search, lyrics, artwork."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from antiphon.catalog.artwork import ArtworkShelf
from antiphon.catalog.model import (
    Album,
    Artist,
    Genre,
    ItemKind,
    Lyrics,
    Page,
    Recording,
    SearchResults,
    Song,
    SortField,
    SortOrder,
    Suggestions,
)
from antiphon.catalog.prefixes import PrefixTable
from antiphon.catalog.ranks import RankedLists
from antiphon.catalog.rules import (
    album_songs_list,
    artist_albums_list,
    artist_songs_list,
    genre_albums_list,
    genre_songs_list,
    starts_with,
)
from antiphon.catalog.search import SHORT_PREFIX, Hit, Hits, SearchIndex
from antiphon.catalog.store import CatalogStore
from antiphon.catalog.text import words
from antiphon.kernel import AlbumId, ArtistId, ArtworkId, GenreId, Invalid, RecordingId, SongId
from antiphon.storage import Objects, Tables

Item = Song | Album | Artist
T = TypeVar("T", Song, Album, Artist, Genre)

ALL_KINDS = (ItemKind.SONG, ItemKind.ALBUM, ItemKind.ARTIST)
BY_NAME = SortOrder()
MAX_TERM = 200
_TOP = 6
_SORTS = {
    "songs": (SortField.NAME, SortField.ARTIST, SortField.ALBUM, SortField.ADDED),
    "albums": (SortField.NAME, SortField.ARTIST, SortField.ADDED, SortField.RELEASED),
    "artists": (SortField.NAME,),
    "genres": (SortField.NAME,),
}


class Catalog:
    """Everything that can be asked of the catalogue. Safe to use from any process."""

    def __init__(self, tables: Tables, objects: Objects, search: SearchIndex) -> None:
        self._store = CatalogStore(tables)
        self._lists = RankedLists(tables)
        self._prefixes = PrefixTable(tables)
        self._index = search
        self._artwork = ArtworkShelf(self._store, objects)

    async def song(self, song_id: SongId) -> Song | None:
        """Return one song."""
        return (await self._store.songs([song_id]))[0]

    async def songs(self, ids: Sequence[SongId]) -> list[Song | None]:
        """Return songs in the order of ``ids``."""
        return await self._store.songs(ids)

    async def album(self, album_id: AlbumId) -> Album | None:
        """Return one album."""
        return (await self._store.albums([album_id]))[0]

    async def albums(self, ids: Sequence[AlbumId]) -> list[Album | None]:
        """Return albums in the order of ``ids``."""
        return await self._store.albums(ids)

    async def artist(self, artist_id: ArtistId) -> Artist | None:
        """Return one artist."""
        return (await self._store.artists([artist_id]))[0]

    async def artists(self, ids: Sequence[ArtistId]) -> list[Artist | None]:
        """Return artists in the order of ``ids``."""
        return await self._store.artists(ids)

    async def genre(self, genre_id: GenreId) -> Genre | None:
        """Return one genre."""
        return (await self._store.genres([genre_id]))[0]

    async def genres(self, ids: Sequence[GenreId]) -> list[Genre | None]:
        """Return genres in the order of ``ids``."""
        return await self._store.genres(ids)

    async def recording(self, recording_id: RecordingId) -> Recording | None:
        """Return a recording, with the first of its files by path as the master."""
        files = (await self._store.files([recording_id]))[0]
        if not files:
            return None
        first = min(files.values(), key=lambda held: held.master.path)
        songs = tuple(sorted({held.song_id for held in files.values()}))
        return Recording(recording_id, first.master, first.album_id, songs)

    async def album_songs(self, album_id: AlbumId) -> list[Song]:
        """Return an album's songs in playing order; empty where there is no such album."""
        ids = (await self._lists.everything([album_songs_list(album_id)]))[0]
        return _present(await self._store.songs([SongId(i) for i in ids]))

    async def artist_albums(
        self, artist_id: ArtistId, *, limit: int = 500, offset: int = 0
    ) -> Page[Album]:
        """Return the albums with this artist on them: their own by date, then guest appearances."""
        return await self._albums_page(artist_albums_list(artist_id), limit, offset)

    async def artist_songs(
        self, artist_id: ArtistId, *, limit: int = 50, offset: int = 0
    ) -> Page[Song]:
        """Return the songs of this artist, album by album."""
        return await self._songs_page(artist_songs_list(artist_id), limit, offset)

    async def genre_albums(
        self, genre_id: GenreId, *, limit: int = 50, offset: int = 0
    ) -> Page[Album]:
        """Return the albums of a genre by name."""
        return await self._albums_page(genre_albums_list(genre_id), limit, offset)

    async def genre_songs(
        self, genre_id: GenreId, *, limit: int = 50, offset: int = 0
    ) -> Page[Song]:
        """Return the songs of a genre, album by album."""
        return await self._songs_page(genre_songs_list(genre_id), limit, offset)

    async def list_songs(
        self, *, sort: SortOrder = BY_NAME, limit: int = 50, offset: int = 0
    ) -> Page[Song]:
        """Return a page of all songs by name, artist, album, moment added, or at random."""
        return await self._listed("songs", self._store.songs, sort, limit, offset)

    async def list_albums(
        self, *, sort: SortOrder = BY_NAME, limit: int = 50, offset: int = 0
    ) -> Page[Album]:
        """Return a page of all albums by name, artist, moment added, date, or at random."""
        return await self._listed("albums", self._store.albums, sort, limit, offset)

    async def list_artists(
        self, *, sort: SortOrder = BY_NAME, limit: int = 50, offset: int = 0
    ) -> Page[Artist]:
        """Return a page of all artists by name, or at random."""
        return await self._listed("artists", self._store.artists, sort, limit, offset)

    async def list_genres(
        self, *, sort: SortOrder = BY_NAME, limit: int = 50, offset: int = 0
    ) -> Page[Genre]:
        """Return a page of all genres by name, or at random."""
        return await self._listed("genres", self._store.genres, sort, limit, offset)

    async def lyrics(self, song_id: SongId) -> Lyrics | None:
        """Return a song's words, or None where it has none."""
        return await self._store.lyrics(song_id)

    async def artwork_key(self, artwork_id: ArtworkId, size: int) -> str | None:
        """Return the key of the JPEG that fits a square of ``size``, made now if need be.

        None where there is no such artwork; ``Invalid`` for a size that is not offered.
        """
        return await self._artwork.key(artwork_id, size)

    async def artwork_bytes(self, artwork_id: ArtworkId, size: int) -> bytes | None:
        """Return that JPEG itself."""
        return await self._artwork.read(artwork_id, size)

    async def search(
        self,
        term: str,
        kinds: Sequence[ItemKind] = ALL_KINDS,
        *,
        limit: int = 25,
        offset: int = 0,
        typos: bool = True,
    ) -> SearchResults:
        """Return what matches ``term``: all words, the last perhaps only begun, typos forgiven."""
        terms = words(term[:MAX_TERM])
        finding = (self._find(terms, kind, limit, offset, typos=typos) for kind in kinds)
        found = dict(zip(kinds, await asyncio.gather(*finding), strict=True))
        songs = await self._found(found.get(ItemKind.SONG), self._store.songs, limit, offset)
        albums = await self._found(found.get(ItemKind.ALBUM), self._store.albums, limit, offset)
        artists = await self._found(found.get(ItemKind.ARTIST), self._store.artists, limit, offset)
        items: list[Item] = [*artists.items, *albums.items, *songs.items]
        scores = {h.id: h.score for hits in found.values() for h in hits.hits}
        return SearchResults(songs, albums, artists, _best(items, scores, terms))

    async def suggest(self, term: str, *, limit: int = 10) -> Suggestions:
        """Return how a beginning may go on: names to search for, and items to go to at once.

        Typos are looked for only where what was typed leads nowhere.
        """
        results = await self.search(term, limit=limit, typos=False)
        if not results.top:
            results = await self.search(term, limit=limit)
        names = [_name(i) for i in (*results.top, *results.artists.items, *results.albums.items)]
        names += [s.title for s in results.songs.items]
        return Suggestions(tuple(dict.fromkeys(names))[:limit], results.top)

    async def _find(
        self, terms: Sequence[str], kind: ItemKind, limit: int, offset: int, *, typos: bool
    ) -> Hits:
        if not terms:
            return Hits((), 0)
        if len(terms) == 1 and len(terms[0]) <= SHORT_PREFIX:
            best = await self._prefixes.best(terms[0], kind)
            ranked = [Hit(i, 1.0 - n / 100) for n, i in enumerate(best)]
            return Hits(tuple(ranked[offset : offset + limit]), len(best))
        return await self._index.find(terms, kind, limit=limit, offset=offset, typos=typos)

    async def _found(
        self,
        hits: Hits | None,
        load: Callable[[Sequence[str]], Awaitable[list[T | None]]],
        limit: int,
        offset: int,
    ) -> Page[T]:
        if hits is None:
            return Page((), 0, None)
        items = _present(await load([h.id for h in hits.hits]))
        return _page(items, hits.total, limit, offset)

    async def _listed(
        self,
        kind: str,
        load: Callable[[Sequence[str]], Awaitable[list[T | None]]],
        sort: SortOrder,
        limit: int,
        offset: int,
    ) -> Page[T]:
        if sort.field is SortField.RANDOM:
            ids, total = await self._lists.shuffled(
                f"{kind}/name", seed=sort.seed, offset=offset, limit=limit
            )
        elif sort.field in _SORTS[kind]:
            ids, total = await self._lists.page(
                f"{kind}/{sort.field.value}",
                offset=offset,
                limit=limit,
                descending=sort.descending,
            )
        else:
            raise _not_sortable(kind, sort.field)
        return _page(_present(await load(ids)), total, limit, offset)

    async def _songs_page(self, name: str, limit: int, offset: int) -> Page[Song]:
        ids, total = await self._lists.page(name, offset=offset, limit=limit)
        items = _present(await self._store.songs([SongId(i) for i in ids]))
        return _page(items, total, limit, offset)

    async def _albums_page(self, name: str, limit: int, offset: int) -> Page[Album]:
        ids, total = await self._lists.page(name, offset=offset, limit=limit)
        items = _present(await self._store.albums([AlbumId(i) for i in ids]))
        return _page(items, total, limit, offset)


def _present(items: Sequence[T | None]) -> list[T]:
    return [item for item in items if item is not None]


def _page(items: Sequence[T], total: int, limit: int, offset: int) -> Page[T]:
    end = offset + limit
    return Page(items, total, end if end < total else None)


def _not_sortable(kind: str, field: SortField) -> Invalid:
    known = ", ".join([f.value for f in _SORTS[kind]] + [SortField.RANDOM.value])
    return Invalid(
        f"{kind} cannot be sorted by {field.value!r}: choose from {known}.", parameter="sort"
    )


def _best(
    items: Sequence[Item], scores: dict[str, float], terms: Sequence[str]
) -> tuple[Item, ...]:
    """Return the best of all kinds: names that begin as typed first, then by score."""
    typed = " ".join(terms)
    ranked = sorted(
        enumerate(items),
        key=lambda p: (not starts_with(_name(p[1]), typed), -scores[p[1].id], p[0]),
    )
    return tuple(item for _, item in ranked[:_TOP])


def _name(item: Item) -> str:
    return item.name if isinstance(item, Artist) else item.title
