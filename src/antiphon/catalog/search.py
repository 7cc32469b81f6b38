"""The search port, what is put into it, and the projection that keeps it up to date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from antiphon.catalog.events import (
    ALL_EVENTS,
    TOPIC,
    AlbumChanged,
    ArtistChanged,
    SongAdded,
    SongChanged,
    SongRemoved,
)
from antiphon.catalog.model import Album, Artist, ItemKind, Song
from antiphon.catalog.text import name_key, words
from antiphon.eventlog import EventTypes, Projection, Record
from antiphon.kernel import AlbumId, ArtistId, Event, SongId

# Go up with what they keep: a new group reads from the beginning.
INDEX_GROUP = "search.v1"
PREFIX_GROUP = "prefixes.v1"
SHORT_PREFIX = 3  # characters: beginnings this short come from the prefix table
_MAX_WORDS = 40


@dataclass(frozen=True, slots=True)
class Document:
    """One item as search sees it: folded words only. ``weight`` scales its score."""

    id: str
    kind: ItemKind
    name: str
    title_words: tuple[str, ...]
    all_words: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One found item and its score; scores compare within one answer only."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Hits:
    """The best hits of one kind, and how many there are in all."""

    hits: tuple[Hit, ...]
    total: int


class SearchIndex(Protocol):
    """Full text over documents.

    One process at a time writes; what it put is seen by readers in any process within two seconds
    of ``commit``. Putting replaces what has the same id. All words must match: exactly, or from
    four characters on with one typo; the last word may be only begun.
    """

    async def find(
        self,
        terms: Sequence[str],
        kind: ItemKind,
        *,
        limit: int,
        offset: int = 0,
        typos: bool = True,
    ) -> Hits:
        """Return the best documents of ``kind`` that match every one of the folded terms.

        Without ``typos`` words must be as typed, which is several times faster.
        """
        ...

    async def complete(self, prefix: str, *, limit: int) -> list[str]:
        """Return indexed words that begin with ``prefix``, the most frequent first."""
        ...

    async def change(self, put: Sequence[Document], remove: Sequence[str]) -> None:
        """Put and remove documents, durably when it returns."""
        ...

    async def count(self) -> int:
        """Return how many documents there are."""
        ...

    async def close(self) -> None:
        """Close the index."""
        ...


def song_document(song: Song) -> Document:
    """Return a song as search sees it."""
    credits_ = (*song.artists, *song.album_artists)
    others = [song.album_title, *(a.name for a in credits_), *song.composers]
    return _document(song.id, ItemKind.SONG, song.title, others, weight=1.0)


def album_document(album: Album) -> Document:
    """Return an album as search sees it."""
    return _document(
        album.id, ItemKind.ALBUM, album.title, [a.name for a in album.artists], weight=1.1
    )


def artist_document(artist: Artist) -> Document:
    """Return an artist as search sees it; more songs weigh a little more."""
    names = [artist.sort_name]
    weight = 1.2 + min(artist.song_count, 200) / 1000
    return _document(artist.id, ItemKind.ARTIST, artist.name, names, weight=weight)


def _document(
    item_id: str, kind: ItemKind, name: str, others: Iterable[str], *, weight: float
) -> Document:
    title = words(name)[:_MAX_WORDS]
    every = dict.fromkeys([*title, *_run_together(title)])
    for other in others:
        found = words(other)[:_MAX_WORDS]
        every.update(dict.fromkeys([*found, *_run_together(found)]))
    shortness = 1 / (1 + 0.03 * len(title))
    return Document(item_id, kind, name_key(name), tuple(title), tuple(every), weight * shortness)


def _run_together(name: Sequence[str]) -> list[str]:
    """Return a name as one word where people may write it so: AC/DC, blink-182, Wall-E."""
    joined = "".join(name)
    return [joined] if 1 < len(name) <= 3 and len(joined) <= 12 else []


class ItemSource(Protocol):
    """What the projection reads: the items as they are now."""

    async def songs(self, ids: Sequence[SongId]) -> Sequence[Song | None]:
        """Return songs in the order of ``ids``."""
        ...

    async def albums(self, ids: Sequence[AlbumId]) -> Sequence[Album | None]:
        """Return albums in the order of ``ids``."""
        ...

    async def artists(self, ids: Sequence[ArtistId]) -> Sequence[Artist | None]:
        """Return artists in the order of ``ids``."""
        ...


class DocumentSink(Protocol):
    """What is kept at the catalogue's state: the index, the table of short beginnings."""

    async def change(self, put: Sequence[Document], remove: Sequence[str]) -> None:
        """Put and remove documents."""
        ...


class SearchProjection:
    """Keeps the index, the table of short beginnings or both at what the catalogue says now.

    It reads each item that an event names, whatever the event says of it, so replays and
    reordered events do no harm.
    """

    def __init__(self, source: ItemSource, *sinks: DocumentSink) -> None:
        """Feed each of ``sinks`` in turn."""
        self._source = source
        self._sinks = sinks

    def projection(self, group: str = INDEX_GROUP) -> Projection:
        """Return what a ``Projector`` runs to feed this."""
        return Projection(group, TOPIC, EventTypes(*ALL_EVENTS), self._handle)

    async def _handle(self, records: Sequence[tuple[Record, Event]]) -> None:
        await self.refresh(event for _, event in records)

    async def refresh(self, events: Iterable[Event]) -> None:
        """Bring all items that the events name up to date."""
        songs, albums, artists = _named(events)
        put: list[Document] = []
        found_songs = await self._source.songs(songs)
        found_albums = await self._source.albums(albums)
        found_artists = await self._source.artists(artists)
        put += [song_document(s) for s in found_songs if s]
        put += [album_document(a) for a in found_albums if a]
        put += [artist_document(a) for a in found_artists if a]
        there = {document.id for document in put}
        gone = [i for i in (*songs, *albums, *artists) if i not in there]
        if put or gone:
            for sink in self._sinks:
                await sink.change(put, gone)


def _named(events: Iterable[Event]) -> tuple[list[SongId], list[AlbumId], list[ArtistId]]:
    songs: dict[SongId, None] = {}
    albums: dict[AlbumId, None] = {}
    artists: dict[ArtistId, None] = {}
    for event in events:
        match event:
            case SongAdded() | SongChanged() | SongRemoved():
                songs[event.song_id] = None
            case AlbumChanged():
                albums[event.album_id] = None
            case ArtistChanged():
                artists[event.artist_id] = None
            case _:
                pass
    return list(songs), list(albums), list(artists)
