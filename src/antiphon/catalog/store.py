"""The catalogue's rows: their keys, their cells, and the only queries on them.

| table | key | family: cells |
|---|---|---|
| catalog_songs | song id | s: song, facts, stale |
| catalog_recordings | recording id | f: one cell per file, by path id |
| catalog_albums / _artists / _genres | id | s: value, places |
| catalog_lyrics | song id | s: value |
| catalog_artworks | artwork id | s: value, sizes |
| catalog_lists, catalog_list_leaves | list name; leaf | see ``ranks`` |

``places`` holds every ranked-list entry that may stand for the item; a song's follow from the song
itself, so only its ``stale`` ones are kept. They are written together with the item, before the
lists are, so that no crash leaves an entry that nobody can name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from antiphon.catalog.model import (
    Album,
    AlbumFacts,
    Artist,
    Artwork,
    Genre,
    Lyrics,
    Master,
    Song,
)
from antiphon.catalog.rules import Placement, song_placements
from antiphon.kernel import AlbumId, ArtworkId, RecordingId, SongId, derived_id
from antiphon.storage import DeleteCell, DeleteFamily, DeleteRow, Mutation, Row, SetCell, Tables

SONGS = "catalog_songs"
RECORDINGS = "catalog_recordings"
ALBUMS = "catalog_albums"
ARTISTS = "catalog_artists"
GENRES = "catalog_genres"
LYRICS = "catalog_lyrics"
ARTWORKS = "catalog_artworks"

_S = "s"
_FILES = "f"
_MANY = 500  # rows per read: keeps one read transaction short

T = TypeVar("T")
_encode = msgspec.msgpack.Encoder().encode

Places = tuple[Placement, ...]


@dataclass(frozen=True, slots=True)
class SongEntry:
    """A song to be in the catalogue, from the file at ``song.master.path``."""

    song: Song
    facts: AlbumFacts
    lyrics: Lyrics | None = None


@dataclass(frozen=True, slots=True)
class FileOf:
    """One file that holds a recording, and the song that it is offered as.

    Of several files of one song the first by path speaks for it, immersive masters after all
    others; the others keep what they would say as ``spare``, for the day when they are the first.
    """

    song_id: SongId
    album_id: AlbumId
    master: Master
    spare: SongEntry | None = None


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """An item as its row has it (None: on its way out), with the entries that may stand for it."""

    value: T | None = None
    places: Places = ()


@dataclass(frozen=True, slots=True)
class StoredSong:
    """A song's row; ``song`` is None for one that is not there, or on its way out."""

    song: Song | None = None
    facts: AlbumFacts = field(default_factory=AlbumFacts)
    stale: Places = ()

    @property
    def places(self) -> Places:
        """Return every entry that may stand for the song."""
        return (*(song_placements(self.song) if self.song else ()), *self.stale)


class StoredArtwork(msgspec.Struct, frozen=True):
    """An artwork's row: what clients see, and the sizes that are made."""

    artwork: Artwork
    content_type: str


_decode_song = msgspec.msgpack.Decoder(Song).decode
_decode_facts = msgspec.msgpack.Decoder(AlbumFacts).decode
_decode_places = msgspec.msgpack.Decoder(Places).decode
_decode_file = msgspec.msgpack.Decoder(FileOf).decode
_decode_lyrics = msgspec.msgpack.Decoder(Lyrics).decode
_decode_artwork = msgspec.msgpack.Decoder(StoredArtwork).decode
_DECODERS: dict[str, Any] = {
    ALBUMS: msgspec.msgpack.Decoder(Album).decode,
    ARTISTS: msgspec.msgpack.Decoder(Artist).decode,
    GENRES: msgspec.msgpack.Decoder(Genre).decode,
}


class CatalogStore:
    """Reads, and the mutations that writers send."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def songs(self, ids: Sequence[str]) -> list[Song | None]:
        """Return songs in the order of ``ids``."""
        return [_song(row) for row in await self._rows(SONGS, ids)]

    async def stored_songs(self, ids: Sequence[str]) -> list[StoredSong]:
        """Return whole song rows in the order of ``ids``."""
        return [_stored_song(row) for row in await self._rows(SONGS, ids)]

    async def albums(self, ids: Sequence[str]) -> list[Album | None]:
        """Return albums in the order of ``ids``."""
        return await self._values(ALBUMS, ids)

    async def artists(self, ids: Sequence[str]) -> list[Artist | None]:
        """Return artists in the order of ``ids``."""
        return await self._values(ARTISTS, ids)

    async def genres(self, ids: Sequence[str]) -> list[Genre | None]:
        """Return genres in the order of ``ids``."""
        return await self._values(GENRES, ids)

    async def stored(self, table: str, ids: Sequence[str]) -> list[Stored[Any]]:
        """Return whole rows of albums, artists or genres in the order of ``ids``."""
        decode = _DECODERS[table]
        return [_stored(row, decode) for row in await self._rows(table, ids)]

    async def files(self, ids: Sequence[RecordingId]) -> list[dict[str, FileOf]]:
        """Return the files of recordings, by path id, in the order of ``ids``."""
        rows = await self._rows(RECORDINGS, ids)
        return [
            {c: _decode_file(cell.value) for c, cell in row.columns(_FILES).items()} if row else {}
            for row in rows
        ]

    async def lyrics(self, song_id: str) -> Lyrics | None:
        """Return a song's words."""
        row = await self._tables.read(LYRICS, song_id.encode())
        raw = row.value(_S, "value") if row else None
        return _decode_lyrics(raw) if raw else None

    async def artwork(self, artwork_id: ArtworkId) -> StoredArtwork | None:
        """Return what is known of an artwork."""
        row = await self._tables.read(ARTWORKS, artwork_id.encode())
        raw = row.value(_S, "value") if row else None
        return _decode_artwork(raw) if raw else None

    async def put_artwork(self, stored: StoredArtwork) -> None:
        """Remember an artwork whose source image is stored."""
        cell = SetCell(_S, "value", _encode(stored))
        await self._tables.mutate(ARTWORKS, stored.artwork.id.encode(), [cell])

    async def write(self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]) -> None:
        """Write many rows."""
        if rows:
            await self._tables.mutate_many(table, rows)

    async def _values(self, table: str, ids: Sequence[str]) -> list[Any]:
        decode = _DECODERS[table]
        raws = [row.value(_S, "value") if row else None for row in await self._rows(table, ids)]
        return [decode(raw) if raw else None for raw in raws]

    async def _rows(self, table: str, ids: Sequence[str]) -> list[Row | None]:
        rows: list[Row | None] = []
        for start in range(0, len(ids), _MANY):
            keys = [i.encode() for i in ids[start : start + _MANY]]
            rows += await self._tables.read_many(table, keys)
        return rows


def path_id(path: str) -> str:
    """Return the column under which a recording's row keeps the file at ``path``."""
    return derived_id("path", path)


def song_cells(song: Song | None, facts: AlbumFacts, stale: Places) -> list[Mutation]:
    """Return what writes a song's row, or for None what marks it as on its way out."""
    cells: list[Mutation] = (
        [DeleteCell(_S, "song"), DeleteCell(_S, "facts")]
        if song is None
        else [SetCell(_S, "song", _encode(song)), SetCell(_S, "facts", _encode(facts))]
    )
    if stale:
        cells.append(SetCell(_S, "stale", _encode(stale)))
    return cells


def settled_song_cells(*, gone: bool) -> list[Mutation]:
    """Return what says that the lists hold no stale entry of the song any more."""
    # Never the whole row: an event that it tells of may still wait there, in the outbox's family.
    return [DeleteFamily(_S) if gone else DeleteCell(_S, "stale")]


def value_cells(value: Album | Artist | Genre | None, places: Places) -> list[Mutation]:
    """Return what writes an album's, artist's or genre's row; None: on its way out."""
    item = DeleteCell(_S, "value") if value is None else SetCell(_S, "value", _encode(value))
    return [item, SetCell(_S, "places", _encode(places))]


def settled_value_cells(places: Places, *, gone: bool) -> list[Mutation]:
    """Return what says that these are all the entries there are."""
    return [DeleteFamily(_S)] if gone else [SetCell(_S, "places", _encode(places))]


def lyrics_cells(lyrics: Lyrics | None) -> list[Mutation]:
    """Return what writes or removes a song's words."""
    return [DeleteRow()] if lyrics is None else [SetCell(_S, "value", _encode(lyrics))]


def file_cells(kept: Iterable[tuple[str, FileOf]], gone: Iterable[str]) -> list[Mutation]:
    """Return what changes the files of a recording's row."""
    removals: list[Mutation] = [DeleteCell(_FILES, column) for column in gone]
    return [*removals, *(SetCell(_FILES, c, _encode(f)) for c, f in kept)]


def _song(row: Row | None) -> Song | None:
    raw = row.value(_S, "song") if row else None
    return _decode_song(raw) if raw else None


def _stored_song(row: Row | None) -> StoredSong:
    if row is None:
        return StoredSong()
    facts, stale = row.value(_S, "facts"), row.value(_S, "stale")
    return StoredSong(
        _song(row),
        _decode_facts(facts) if facts else AlbumFacts(),
        _decode_places(stale) if stale else (),
    )


def _stored(row: Row | None, decode: Any) -> Stored[Any]:
    value = row.value(_S, "value") if row else None
    places = row.value(_S, "places") if row else None
    return Stored(decode(value) if value else None, _decode_places(places) if places else ())
