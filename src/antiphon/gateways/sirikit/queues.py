"""Queues of an activity, segment by segment: pure decisions on what is queued and handed out.

What is queued stands in the activity itself (``ActivityInfo``), so that a queue can always be made
anew; what has been handed out of it is kept in the cache, for the next segment.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from antiphon.kernel import NotFound, is_well_formed

MOST_SONGS: Final = 100
MOST_QUEUED: Final = 1000
SEGMENT: Final = 25
"""Songs in a segment, where the client takes as many: each one is a play grant."""
_SONG_FIELD: Final = 1  # of a play's public id: grant, song, when, terms, code

_Count = Annotated[int, Meta(ge=0, le=10**9)]


class ActivityGone(NotFound):
    """The activity is none of which a queue can be made."""

    code = "activity_gone"


class QueueUnknown(NotFound):
    """What was handed out of this queue is not known any more: ask by its activity."""

    code = "queue_unknown"


class ActivityInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What an activity's ``userInfo`` holds; at most 8 kB, the vendor says.

    ``songs`` are ids, separated by spaces. The first to play is ``start``, from ``offset`` ms on.
    ``place`` is ``now``, ``next`` or ``later``; the latter two in the queue ``queue``, in which
    ``content`` was playing.
    """

    songs: Annotated[str, Meta(min_length=16, max_length=25 * MOST_SONGS)]
    repeat: Annotated[str, Meta(max_length=8)] = "none"
    start: _Count = 0
    offset: _Count = 0
    place: Annotated[str, Meta(max_length=8)] = "now"
    queue: Annotated[str, Meta(max_length=1024)] = ""
    content: Annotated[str, Meta(max_length=1000)] = ""

    @property
    def song_ids(self) -> list[str]:
        """Return the ids of the songs."""
        return self.songs.split()


class QueueState(msgspec.Struct, frozen=True):
    """What is in a queue, and what of it was handed out by which name (empty: nothing yet)."""

    songs: list[str]
    contents: list[str]
    repeat: str = "none"
    allows_explicit: bool = True
    size: int = SEGMENT

    def handed_out(self, contents: Mapping[int, str]) -> "QueueState":
        """Return the state after these places were handed out by these names."""
        known = [contents.get(n, name) for n, name in enumerate(self.contents)]
        return msgspec.structs.replace(self, contents=known)

    @property
    def last_handed_out(self) -> int:
        """Return the last place that was handed out; -1 for none."""
        return max((n for n, name in enumerate(self.contents) if name), default=-1)


def info_of(user_info: Mapping[str, Any]) -> ActivityInfo:
    """Return what an activity holds; ``ActivityGone`` for what was not made here."""
    try:
        info = msgspec.convert(user_info, ActivityInfo)
    except msgspec.ValidationError as fault:
        raise ActivityGone("This activity was not made here, or is damaged.") from fault
    ids = info.song_ids
    if not ids or len(ids) > MOST_SONGS or not all(map(is_well_formed, ids)):
        raise ActivityGone("This activity names no songs.")
    return info


def song_of_content(content: str | None) -> str | None:
    """Return the id of the song that a content identifier is for: it is the id of a play."""
    parts = (content or "").split(".")
    song = parts[_SONG_FIELD] if len(parts) > _SONG_FIELD else ""
    return song if is_well_formed(song) else None


def new_queue(info: ActivityInfo, *, allows_explicit: bool, size: int) -> QueueState:
    """Return a queue of which nothing has been handed out."""
    songs = info.song_ids
    return QueueState(songs, [""] * len(songs), info.repeat, allows_explicit, size)


def inserted(state: QueueState, info: ActivityInfo) -> tuple[QueueState, int]:
    """Return a queue with more songs in it, and the place from which it is to be handed out anew.

    "Next" is after what was playing when it was asked, and what comes after is told again.
    """
    at = len(state.songs)
    if info.place == "next" and info.content in state.contents:
        at = state.contents.index(info.content) + 1
    room = max(0, MOST_QUEUED - len(state.songs))
    more = info.song_ids[:room]
    songs = [*state.songs[:at], *more, *state.songs[at:]]
    contents = [*state.contents[:at], *([""] * (len(songs) - at))]
    changed = msgspec.structs.replace(state, songs=songs, contents=contents)
    return changed, min(at, changed.last_handed_out + 1)


def next_place(state: QueueState, after: int) -> int | None:
    """Return where the segment after a place begins; None where the queue has ended."""
    if state.repeat == "one":
        return after
    if after + 1 < len(state.songs):
        return after + 1
    return 0 if state.repeat == "all" else None


def previous_end(state: QueueState, begin: int) -> int | None:
    """Return where the segment before a place ends (not included); None where there is none."""
    if begin > 0:
        return begin
    return len(state.songs) if state.repeat == "all" else None


def controls() -> dict[str, object]:
    """Return the control schemes: everything on demand, with likes, dislikes and keeping.

    Progress is told every 30 s: so long a song has to be heard to count as played.
    """
    commands = {"likeTrack": True, "dislikeTrack": True, "bookmarkTrack": True}
    activity = {"playElapsed": 30, "playElapsedInterval": 30, "playPaused": 5}
    return {"default": {"scheme": "onDemand", "commands": commands, "activity": activity}}


def segment_url(base: str, *, begin: int | None = None, end: int | None = None) -> str:
    """Return the pattern that the client fills in; braces are escaped, as the vendor wants it."""
    tokens = "&".join(f"{t}=%7B{t}%7D" for t in ("activity", "queue", "content", "offset"))
    place = f"from={begin}" if begin is not None else f"until={end}"
    return f"{base}/queues/segment?{tokens}&{place}"


def info_for(songs: Sequence[str], **more: Any) -> dict[str, object]:
    """Return the ``userInfo`` of an activity that plays these songs."""
    info = ActivityInfo(songs=" ".join(songs[:MOST_SONGS]), **more)
    return {k: v for k, v in msgspec.to_builtins(info).items() if v not in ("", 0)}
