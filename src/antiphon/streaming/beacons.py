"""What players tell about a play, checked and turned into events: pure."""

from collections.abc import Sequence
from typing import Final

from antiphon.eventlog import encode_event
from antiphon.kernel import Clock, Envelope, Invalid, derived_id
from antiphon.streaming.events import (
    PlayEnded,
    PlayEvent,
    PlayPaused,
    PlayProgressed,
    PlayStarted,
)
from antiphon.streaming.model import Caller, PlayTicket
from antiphon.streaming.wire import PlayEventIn

_SKEW_MS: Final = 5 * 60 * 1000  # how far a player's clock may be off
_OVERRUN_MS: Final = 2000  # a position may lie this far behind the end: the player's own rounding
_OLDEST_MS: Final = 30 * 24 * 3600 * 1000
_UNPROCESSABLE: Final = 422
_PLAIN: Final = {"started": PlayStarted, "progress": PlayProgressed, "paused": PlayPaused}


class PlayEventInvalid(Invalid):
    """A play event that cannot have happened."""

    code = "invalid_play_event"


def envelopes_of(
    told: Sequence[PlayEventIn],
    ticket: PlayTicket,
    caller: Caller,
    *,
    clock: Clock,
    duration_ms: int,
) -> list[Envelope]:
    """Return the events of one batch, each once, with ids that a retry repeats.

    An event from before the grant, from the future or from behind the end of the song refuses the
    whole batch: a player that tells one such thing is not to be believed.
    """
    now = clock.now()
    found: dict[str, Envelope] = {}
    for index, item in enumerate(told):
        _check(item, ticket, now=now, duration_ms=duration_ms, pointer=f"/events/{index}")
        event_id = derived_id(
            "play-event", ticket.grant_id, item.type, str(item.at_ms), str(item.position_ms)
        )
        event = _event(item, ticket, caller, elapsed_ms=now - ticket.issued_at)
        found.setdefault(event_id, encode_event(event, clock=clock, event_id=event_id))
    return list(found.values())


def _check(
    item: PlayEventIn, ticket: PlayTicket, *, now: int, duration_ms: int, pointer: str
) -> None:
    if now - ticket.issued_at > _OLDEST_MS:
        raise _refusal("This play is too long ago to be told about.", pointer)
    if item.at_ms < ticket.issued_at - _SKEW_MS:
        raise _refusal("It happened before the play was granted.", f"{pointer}/at")
    if item.at_ms > now + _SKEW_MS:
        raise _refusal("It has not happened yet: set the player's clock.", f"{pointer}/at")
    if duration_ms and item.position_ms > duration_ms + _OVERRUN_MS:
        raise _refusal(f"The song has {duration_ms} ms.", f"{pointer}/positionMs")


def _refusal(detail: str, pointer: str) -> PlayEventInvalid:
    return PlayEventInvalid(detail, http_status=_UNPROCESSABLE, pointer=pointer)


def _event(item: PlayEventIn, ticket: PlayTicket, caller: Caller, *, elapsed_ms: int) -> PlayEvent:
    common = (
        ticket.grant_id,
        caller.listener_id,
        caller.device_id,
        ticket.song_id,
        item.position_ms,
        item.at_ms,
    )
    if item.type in _PLAIN:
        return _PLAIN[item.type](*common)
    claimed = item.position_ms if item.heard_ms is None else item.heard_ms
    heard_ms = max(0, min(claimed, elapsed_ms))
    return PlayEnded(
        *common,
        heard_ms=heard_ms,
        reason=item.type,
        issued_at=ticket.issued_at,
        territory=ticket.territory,
        tier=ticket.model.value,
        use=ticket.use.value,
    )
