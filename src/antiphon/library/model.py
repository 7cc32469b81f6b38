"""What a listener keeps, and what they have heard."""

from dataclasses import dataclass
from enum import StrEnum

from antiphon.kernel import AlbumId, ListenerId, PlaylistId, SongId, UnixMs


class Shelf(StrEnum):
    """Where something is kept: in the library, among the favourites, or among what is disliked."""

    LIBRARY = "library"
    FAVOURITES = "favorites"
    DISLIKES = "dislikes"


class Kind(StrEnum):
    """What can be kept."""

    SONGS = "songs"
    ALBUMS = "albums"
    ARTISTS = "artists"


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing on a shelf."""

    id: str
    added_at: UnixMs


@dataclass(frozen=True, slots=True)
class PlaylistItem:
    """A song's place in a playlist; the same song may stand in it twice."""

    item_id: str
    song_id: SongId
    added_at: UnixMs


@dataclass(frozen=True, slots=True)
class Playlist:
    """A listener's list of songs, in order."""

    id: PlaylistId
    listener_id: ListenerId
    name: str
    description: str
    created_at: UnixMs
    modified_at: UnixMs
    items: tuple[PlaylistItem, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """One play in the history. ``heard_ms`` is None while it is not known."""

    id: str
    song_id: SongId
    played_at: UnixMs
    heard_ms: int | None


@dataclass(frozen=True, slots=True)
class Recent:
    """An album that was played, and where in it the listener is."""

    album_id: AlbumId
    song_id: SongId
    position_ms: int
    played_at: UnixMs
