"""Songs, albums, artists: the values of the catalogue.

A ``Recording`` is the sound itself, with a master; a ``Song`` is what a storefront offers. For
music imported from folders there is one song per recording. All strings come from tags, so they are
untrusted text: NFC-normalised, without control characters, at most 1,000 characters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from antiphon.kernel import (
    AlbumId,
    ArtistId,
    ArtworkId,
    DurationMs,
    GenreId,
    RecordingId,
    SampleRateHz,
    SongId,
    UnixMs,
)


class SourceFormat(StrEnum):
    """How the master is coded."""

    FLAC = "flac"
    ALAC = "alac"
    WAV = "wav"
    AIFF = "aiff"
    WAVPACK = "wavpack"
    APE = "ape"
    DSF = "dsf"
    MP3 = "mp3"
    AAC = "aac"
    VORBIS = "vorbis"
    OPUS = "opus"

    @property
    def is_lossless(self) -> bool:
        """Whether the master holds the samples as they were made."""
        return self not in {self.MP3, self.AAC, self.VORBIS, self.OPUS}


@dataclass(frozen=True, slots=True)
class Artwork:
    """A picture, stored as JPEG in several sizes below ``artwork/{id}/``; colours as ``rrggbb``."""

    id: ArtworkId
    width: int
    height: int
    bg_color: str
    text_color1: str
    text_color2: str
    text_color3: str
    text_color4: str


@dataclass(frozen=True, slots=True)
class ArtistCredit:
    """An artist as credited on a song or album: the id, and the name as printed there."""

    id: ArtistId
    name: str
    sort_name: str = ""
    musicbrainz_id: str | None = None


@dataclass(frozen=True, slots=True)
class GenreRef:
    """A genre by id and name."""

    id: GenreId
    name: str


@dataclass(frozen=True, slots=True)
class Master:
    """Where the sound comes from and what it is.

    ``path`` is absolute and always valid UTF-8: bytes of a file name that are not are written by
    ``portable_path`` and read back by ``os_path``, so open ``os_path(master.path)``. What labels
    delivered lies in the workspace, and its path is ``workspace:`` and the path there.
    ``content_hash`` is over the coded audio, so retagging and renaming do not change it. ``scene``
    says how the channels of an immersive master are to be understood: ``adm``, ``ambisonics`` or a
    layout of BS.2051; it is empty for what plays as it is.
    """

    path: str
    content_hash: str
    format: SourceFormat
    sample_rate: SampleRateHz
    channels: int
    bit_depth: int
    duration: DurationMs
    scene: str = ""


@dataclass(frozen=True, slots=True)
class Gain:
    """ReplayGain 2.0 values from the file's tags, in dB; None where untagged."""

    track_db: float | None = None
    album_db: float | None = None


@dataclass(frozen=True, slots=True)
class Song:
    """What a listener sees and plays.

    ``immersive`` is its immersive master: its own, or that of another file of the same song.
    """

    id: SongId
    recording_id: RecordingId
    title: str
    artists: tuple[ArtistCredit, ...]
    album_id: AlbumId
    album_title: str
    album_artists: tuple[ArtistCredit, ...]
    disc: int
    number: int
    duration: DurationMs
    master: Master
    added_at: UnixMs
    genres: tuple[GenreRef, ...] = ()
    sort_title: str = ""
    composers: tuple[str, ...] = ()
    released: str = ""
    isrc: str | None = None
    explicit: bool | None = None
    musicbrainz_recording_id: str | None = None
    musicbrainz_track_id: str | None = None
    artwork: Artwork | None = None
    lyrics: bool = False
    synced_lyrics: bool = False
    gain: Gain = field(default_factory=Gain)
    immersive: Master | None = None


@dataclass(frozen=True, slots=True)
class AlbumFacts:
    """What one song's file says of its album; ``artists`` is empty where the tags name none."""

    artists: tuple[ArtistCredit, ...] = ()
    sort_title: str = ""
    compilation: bool = False
    musicbrainz_release_id: str | None = None
    record_label: str | None = None
    copyright: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """The sound itself: its master, and the songs that offer it."""

    id: RecordingId
    master: Master
    album_id: AlbumId
    song_ids: tuple[SongId, ...]


@dataclass(frozen=True, slots=True)
class Album:
    """A release, with its songs in playing order."""

    id: AlbumId
    title: str
    artists: tuple[ArtistCredit, ...]
    song_ids: tuple[SongId, ...]
    duration: DurationMs
    disc_count: int
    added_at: UnixMs
    sort_title: str = ""
    compilation: bool = False
    released: str = ""
    genres: tuple[GenreRef, ...] = ()
    artwork: Artwork | None = None
    musicbrainz_release_id: str | None = None
    record_label: str | None = None
    copyright: str | None = None


@dataclass(frozen=True, slots=True)
class Artist:
    """Someone credited; ``album_count`` and ``song_count`` count what is in the catalogue now."""

    id: ArtistId
    name: str
    sort_name: str
    album_count: int
    song_count: int
    artwork: Artwork | None = None
    musicbrainz_artist_id: str | None = None


@dataclass(frozen=True, slots=True)
class Genre:
    """A genre and how much of it there is."""

    id: GenreId
    name: str
    album_count: int
    song_count: int


@dataclass(frozen=True, slots=True)
class LyricsLine:
    """One line; ``start`` is None in lyrics without times."""

    text: str
    start: DurationMs | None = None


@dataclass(frozen=True, slots=True)
class Lyrics:
    """A song's words. Synced when every line has a start, ascending."""

    lines: tuple[LyricsLine, ...]
    synced: bool
    language: str = "und"


class SortField(StrEnum):
    """What a list can be ordered by; not every kind of item has every field."""

    NAME = "name"
    ARTIST = "artist"
    ALBUM = "album"
    ADDED = "added"
    RELEASED = "released"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class SortOrder:
    """An order of a list. ``seed`` counts for RANDOM only: the same seed, the same order."""

    field: SortField = SortField.NAME
    descending: bool = False
    seed: int = 0


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """One page of a list, and where the next begins; None at the end."""

    items: Sequence[_T]
    total: int
    next_offset: int | None


class ItemKind(StrEnum):
    """What can be found by searching; the values are the types of the HTTP API."""

    SONG = "songs"
    ALBUM = "albums"
    ARTIST = "artists"


@dataclass(frozen=True, slots=True)
class SearchResults:
    """What a search found, best first; ``top`` mixes the kinds."""

    songs: Page[Song]
    albums: Page[Album]
    artists: Page[Artist]
    top: tuple[Song | Album | Artist, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """How a typed beginning may go on: names to search for, and items to go to at once."""

    terms: tuple[str, ...]
    top: tuple[Song | Album | Artist, ...]


_RAW_BYTE_BASE = 0x10FD00  # private use, plane 16: a place for single bytes 80..FF
_SURROGATE_BASE = 0xDC00
_TO_PORTABLE = {_SURROGATE_BASE + b: _RAW_BYTE_BASE + b for b in range(0x80, 0x100)}
_FROM_PORTABLE = {v: k for k, v in _TO_PORTABLE.items()}


def portable_path(path: str) -> str:
    """Return ``path`` as text that any encoder takes, though its bytes may not be UTF-8."""
    return path.translate(_TO_PORTABLE)


def os_path(path: str) -> str:
    """Return the path that the operating system knows; the inverse of ``portable_path``."""
    return path.translate(_FROM_PORTABLE)
