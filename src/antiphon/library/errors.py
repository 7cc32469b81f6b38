"""What the library refuses, each with its code."""

from antiphon.kernel import Conflict, Invalid, NotFound


class NoSuchPlaylist(NotFound):
    """The listener has no such playlist."""

    code = "no_such_playlist"


class NoSuchItem(NotFound):
    """The playlist has no such item."""

    code = "no_such_item"


class NoSuchSong(NotFound):
    """The catalogue has no such song."""

    code = "no_such_song"


class PlaylistFull(Invalid):
    """A playlist holds 10,000 items at most."""

    code = "playlist_full"


class BadName(Invalid):
    """A playlist's name has 1 to 200 characters."""

    code = "bad_name"


class TooManyEdits(Conflict):
    """Others kept changing the playlist meanwhile."""

    code = "too_many_edits"
