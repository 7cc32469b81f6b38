"""How much of each granted song was sent: gathered in memory, told to the log twice a minute.

It is evidence beside what players tell, not what is counted: a process that is killed takes half a
minute of it along, and a player may hear again what it holds. So it is only ever too little by
that, and nobody's play is refused for want of it.
"""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from antiphon.eventlog import EventLog, encode_event
from antiphon.kernel import AntiphonError, Clock, GrantId
from antiphon.streaming.events import TOPIC, MediaSent
from antiphon.streaming.model import MediaPass

log = structlog.get_logger()

_EVERY_SECONDS: Final = 30.0
_FORGET_SECONDS: Final = 15 * 60.0
_MOST: Final = 50_000  # grants at once in one process; the longest idle go first


class _Sent:
    """What one grant was sent: which segments, and what of it the log was not told yet."""

    __slots__ = ("last", "permit", "segments", "untold_ms")

    def __init__(self, permit: MediaPass) -> None:
        self.permit = permit
        self.segments = 0  # a bit for each
        self.untold_ms = 0
        self.last = 0.0


class SentMedia:
    """Counts what leaves one process. A segment counts once for a grant, in whatever rung."""

    def __init__(self, events: EventLog, clock: Clock) -> None:
        self._events = events
        self._clock = clock
        self._grants: dict[GrantId, _Sent] = {}

    def segment(self, permit: MediaPass, number: int, ms: int) -> None:
        """Note that a segment of so many milliseconds was sent."""
        sent = self._of(permit)
        bit = 1 << number
        if not sent.segments & bit:
            sent.segments |= bit
            sent.untold_ms += ms

    def part(self, permit: MediaPass, ms: int) -> None:
        """Note that so many milliseconds were sent of a song as one file."""
        self._of(permit).untold_ms += ms

    def _of(self, permit: MediaPass) -> _Sent:
        sent = self._grants.pop(permit.grant_id, None) or _Sent(permit)
        sent.last = self._clock.monotonic()
        self._grants[permit.grant_id] = sent  # at the end: the longest idle are in front
        if len(self._grants) > _MOST:
            del self._grants[next(iter(self._grants))]
        return sent

    async def tell(self) -> int:
        """Tell the log what it does not know; return of how many grants. Forget what is idle."""
        news = [sent for sent in self._grants.values() if sent.untold_ms]
        told = [sent.untold_ms for sent in news]
        events = [
            encode_event(
                MediaSent(
                    sent.permit.grant_id,
                    sent.permit.listener_id,
                    sent.permit.device_id,
                    sent.permit.song_id,
                    ms,
                ),
                clock=self._clock,
            )
            for sent, ms in zip(news, told, strict=True)
        ]
        if events:
            await self._events.append(TOPIC, events)
        for sent, ms in zip(news, told, strict=True):
            sent.untold_ms -= ms
        self._forget(self._clock.monotonic() - _FORGET_SECONDS)
        return len(news)

    async def keep_told(self, stop: asyncio.Event) -> None:
        """Tell the log every half minute, and once more at the end."""
        last = False
        while not last:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)
            last = stop.is_set()  # what is sent while this tells is told by another turn
            try:
                await self.tell()
            except AntiphonError as fault:  # kept, and told the next time
                log.warning("sent_media_not_told", reason=fault.detail)

    def _forget(self, before: float) -> None:
        for grant_id, sent in list(self._grants.items()):
            if sent.last >= before:
                return
            if not sent.untold_ms:
                del self._grants[grant_id]
