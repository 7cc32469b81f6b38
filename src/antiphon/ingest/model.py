"""What ingest knows of files, scans and their progress."""

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from antiphon.catalog import Gain, Lyrics, SourceFormat
from antiphon.kernel import UnixMs


class Tags(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What a file says of itself: clean text, names already apart."""

    title: str = ""
    artists: tuple[str, ...] = ()
    album: str = ""
    album_artists: tuple[str, ...] = ()
    composers: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    released: str = ""
    disc: int = 0
    number: int = 0
    compilation: bool = False
    sort_title: str = ""
    sort_artists: tuple[str, ...] = ()
    sort_album: str = ""
    sort_album_artists: tuple[str, ...] = ()
    isrc: str | None = None
    explicit: bool | None = None
    label: str | None = None
    copyright: str | None = None
    musicbrainz_recording_id: str | None = None
    musicbrainz_track_id: str | None = None
    musicbrainz_release_id: str | None = None
    musicbrainz_artist_ids: tuple[str, ...] = ()
    musicbrainz_album_artist_ids: tuple[str, ...] = ()
    gain: Gain = Gain()
    lyrics: Lyrics | None = None


class Sound(msgspec.Struct, kw_only=True, frozen=True):
    """What the coded audio is; ``scene`` and ``programme``: of immersive masters."""

    format: SourceFormat
    content_hash: str
    sample_rate: int
    channels: int
    bit_depth: int
    duration_ms: int
    scene: str = ""
    programme: str = ""


class Picture(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A picture that was found; with bytes and colours where this reader met it first."""

    id: str
    width: int
    height: int
    colors: tuple[str, str, str, str, str]
    content_type: str
    data: bytes = b""


class FileRequest(msgspec.Struct, frozen=True, array_like=True):
    """A file to read: its path below the folder's, and its lyrics file if there is one."""

    name: bytes
    lyrics: bytes = b""


class FolderRequest(msgspec.Struct, frozen=True, array_like=True):
    """Files of one folder to read, with the folder's picture if there is one."""

    folder: bytes
    files: tuple[FileRequest, ...]
    picture: bytes = b""


class FileAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What was read of one file: a sound, or why there is none; ``notes`` are lesser things."""

    name: bytes
    failure: str = ""
    sound: Sound | None = None
    tags: Tags = Tags()
    picture: Picture | None = None
    notes: tuple[str, ...] = ()


class Phase(StrEnum):
    """What a scan is doing."""

    WAITING = "waiting"
    READING = "reading"
    REMOVING = "removing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is. ``found`` grows while folders are walked; ``done`` follows it."""

    phase: Phase = Phase.WAITING
    found: int = 0
    done: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    failed: int = 0
    folder: str = ""
    started_at: UnixMs | None = None
    finished_at: UnixMs | None = None


class ImportRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The import that runs, or the last one that ran, in whichever process."""

    id: str
    progress: Progress

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.progress.phase in {Phase.DONE, Phase.CANCELLED, Phase.FAILED}


@dataclass(slots=True)
class ScanReport:
    """What a scan did. ``failed`` and ``noted`` pair a path with a reason."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    cancelled: bool = False
    failed: list[tuple[str, str]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)
