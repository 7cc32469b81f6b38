"""What a listener keeps: library, favourites, playlists, history."""

from antiphon.library.api import routes
from antiphon.library.errors import NoSuchItem, NoSuchPlaylist, NoSuchSong, PlaylistFull
from antiphon.library.model import Heard, Kept, Kind, Playlist, PlaylistItem, Recent, Shelf
from antiphon.library.service import Library, PlayNews

__all__ = [
    "Heard",
    "Kept",
    "Kind",
    "Library",
    "NoSuchItem",
    "NoSuchPlaylist",
    "NoSuchSong",
    "PlayNews",
    "Playlist",
    "PlaylistFull",
    "PlaylistItem",
    "Recent",
    "Shelf",
    "routes",
]
