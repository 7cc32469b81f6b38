"""What players tell: it becomes play events, likes and dislikes, as of any other player."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from antiphon.gateways.sirikit.queues import song_of_content
from antiphon.gateways.sirikit.requests import PlayerContext, UpdateActivityRequest
from antiphon.gateways.sirikit.steps import Rooms, may_change
from antiphon.identity import Principal, TokenMayNot
from antiphon.kernel import Invalid, SongId
from antiphon.library import Kind, Shelf
from antiphon.streaming import PlayEventIn, PlayEventsIn

_Type = Literal["started", "progress", "paused", "ended", "skipped"]
_PLAYING: Final = frozenset(
    {
        "local.playing.elapsed",
        "local.playing.continued",
        "local.playing.fastForward",
        "local.playing.fastRewind",
        "local.playing.scrub",
    }
)
_PAUSED: Final = "local.playing.paused"
_TRANSITIONS: Final[dict[str, _Type]] = {
    "local.playing.transitioned.naturally": "ended",
    "local.playing.transitioned.skip_next": "skipped",
    "local.playing.transitioned.skip_previous": "skipped",
    "local.playing.transitioned.queue_replaced": "skipped",
}
_STOPS: Final[dict[str, _Type]] = {
    "local.stopped.naturally": "ended",
    "local.stopped.skip_past_end": "skipped",
    "local.stopped.content_failure": "skipped",
}
_SHELVES: Final[dict[str, tuple[Shelf, Shelf | None]]] = {
    "local.command.like": (Shelf.FAVOURITES, Shelf.DISLIKES),
    "local.command.dislike": (Shelf.DISLIKES, Shelf.FAVOURITES),
    "local.command.bookmark": (Shelf.LIBRARY, None),
}
_TO_THE_END: Final = "ended"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that is told of a play, by its public id; ``position_ms`` None: its end."""

    play_id: str
    type: _Type
    position_ms: int | None


class ReportUnknown(Invalid):
    """The event is none that is known here."""

    code = "report_unknown"


def told_by(report: UpdateActivityRequest) -> list[Told]:
    """Return what a report says of plays; nothing for buttons. ``ReportUnknown`` otherwise."""
    event, now, before = report.report, report.now_playing, report.previously_playing
    if event in _SHELVES:
        return []
    if event in _PLAYING:
        return list(_one(now, "progress"))
    if event == _PAUSED:
        return list(_one(now, "paused"))
    if event in _STOPS:
        return list(_one(now or before, _STOPS[event]))
    if event not in _TRANSITIONS:
        raise ReportUnknown(f"There is no event {event!r}.", pointer="/report")
    if before is not None and now is not None and _name(before) == _name(now):
        return list(_one(now, "progress"))  # back to the start of the same song
    return [*_one(before, _TRANSITIONS[event]), *_one(now, "started")]


class Reports:
    """Takes reports down."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def take(self, caller: Principal, report: UpdateActivityRequest) -> None:
        """Write down what a report says; durable when this returns.

        Likes and dislikes are not kept where the client says that nothing is to be learned.
        ``PlayUnknown`` for a play that was not granted to this caller, ``TokenMayNot`` for a
        button where the caller's token only plays.
        """
        shelves = _SHELVES.get(report.report)
        if shelves is not None:
            if not may_change(caller):
                raise TokenMayNot("This token may not change what is kept.", http_status=403)
            if report.constraints.update_user_taste_profile:
                await self._judge(caller, report, *shelves)
            return
        at = _moment(report.timestamp)
        for told in told_by(report):
            position = await self._position(told)
            event = PlayEventIn(type=told.type, position_ms=position, at=at)
            await self._rooms.plays.record(caller, told.play_id, PlayEventsIn(events=(event,)))

    async def _position(self, told: Told) -> int:
        if told.position_ms is not None:
            return told.position_ms
        song_id = song_of_content(told.play_id)
        song = None if song_id is None else await self._rooms.catalog.song(SongId(song_id))
        return 0 if song is None else int(song.duration)

    async def _judge(
        self, caller: Principal, report: UpdateActivityRequest, onto: Shelf, off: Shelf | None
    ) -> None:
        context = report.now_playing or report.previously_playing
        song_id = song_of_content(_name(context)) if context else None
        if song_id is None or await self._is_hidden(caller, SongId(song_id)):
            raise ReportUnknown("It says of no song that it is liked.", pointer="/nowPlaying")
        library, listener = self._rooms.library, caller.listener_id
        await library.keep(listener, onto, Kind.SONGS, [song_id])
        if off is not None:
            await library.drop(listener, off, Kind.SONGS, [song_id])

    async def _is_hidden(self, caller: Principal, song_id: SongId) -> bool:
        withheld = await self._rooms.gate.withheld(caller.household_id, [song_id], None)
        return song_id in withheld and withheld[song_id].is_hidden


def _one(context: PlayerContext | None, of: _Type) -> Iterator[Told]:
    """Tell one thing of what a context names; a song that ended by itself was at its end."""
    if context is not None and _name(context):
        offset = max(0, context.offset_in_millis)
        yield Told(_name(context), of, None if of == _TO_THE_END and not offset else offset)


def _name(context: PlayerContext) -> str:
    return context.content_identifier or ""


def _moment(timestamp: str) -> int:
    """Return RFC 3339 in Unix milliseconds."""
    try:
        moment = datetime.fromisoformat(timestamp)
        unix = moment.timestamp()
    except (ValueError, OverflowError) as fault:
        raise ReportUnknown("The timestamp is no date.", pointer="/timestamp") from fault
    if moment.tzinfo is None:
        raise ReportUnknown("The timestamp has no time zone.", pointer="/timestamp")
    return round(unix * 1000)
