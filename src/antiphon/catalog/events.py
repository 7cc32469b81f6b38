"""What happens in the catalogue, told on the topic ``catalog``."""

from dataclasses import dataclass
from typing import ClassVar

from antiphon.kernel import AlbumId, ArtistId, Event, RecordingId, SongId

TOPIC = "catalog"


@dataclass(frozen=True, slots=True)
class _SongEvent(Event):
    """A song, with what a reader needs to find its sound."""

    song_id: SongId
    recording_id: RecordingId
    content_hash: str
    master_path: str
    album_id: AlbumId

    @property
    def key(self) -> str:
        """Return the song's id."""
        return self.song_id


@dataclass(frozen=True, slots=True)
class SongAdded(_SongEvent):
    """A song is in the catalogue that was not there before."""

    type_name: ClassVar[str] = "catalog.song_added"


@dataclass(frozen=True, slots=True)
class SongChanged(_SongEvent):
    """What a song says or where it lies has changed."""

    type_name: ClassVar[str] = "catalog.song_changed"


@dataclass(frozen=True, slots=True)
class SongRemoved(Event):
    """A song has left the catalogue."""

    song_id: SongId
    recording_id: RecordingId
    album_id: AlbumId
    type_name: ClassVar[str] = "catalog.song_removed"

    @property
    def key(self) -> str:
        """Return the song's id."""
        return self.song_id


@dataclass(frozen=True, slots=True)
class AlbumChanged(Event):
    """An album is new, or says something new, or is gone."""

    album_id: AlbumId
    type_name: ClassVar[str] = "catalog.album_changed"

    @property
    def key(self) -> str:
        """Return the album's id."""
        return self.album_id


@dataclass(frozen=True, slots=True)
class ArtistChanged(Event):
    """An artist is new, or has another name or picture, or is gone."""

    artist_id: ArtistId
    type_name: ClassVar[str] = "catalog.artist_changed"

    @property
    def key(self) -> str:
        """Return the artist's id."""
        return self.artist_id


@dataclass(frozen=True, slots=True)
class MasterArrived(Event):
    """A recording has sound that was not there before: it can be encoded.

    ``path`` is portable text; open ``antiphon.catalog.os_path(path)``.
    """

    recording_id: RecordingId
    content_hash: str
    path: str
    album_id: AlbumId
    type_name: ClassVar[str] = "catalog.master_arrived"

    @property
    def key(self) -> str:
        """Return the recording's id."""
        return self.recording_id


@dataclass(frozen=True, slots=True)
class ImmersiveArrived(Event):
    """A recording has an immersive master that it had not before: it can be rendered.

    ``content_hash`` and ``path`` are that master's.
    """

    recording_id: RecordingId
    content_hash: str
    path: str
    album_id: AlbumId
    type_name: ClassVar[str] = "catalog.immersive_arrived"

    @property
    def key(self) -> str:
        """Return the recording's id."""
        return self.recording_id


ALL_EVENTS: tuple[type[Event], ...] = (
    SongAdded,
    SongChanged,
    SongRemoved,
    AlbumChanged,
    ArtistChanged,
    MasterArrived,
    ImmersiveArrived,
)
