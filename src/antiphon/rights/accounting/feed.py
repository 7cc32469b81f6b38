"""From the log to the ledger: the topic ``plays`` read in large batches.

The room that grants plays lies above this one, so its event is read here by type and shape.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final

import structlog

from antiphon.eventlog import EventLog, EventTypes, Record, Subscription
from antiphon.kernel import Conflict, Corrupt, Event, SongId, Unavailable, UnixMs
from antiphon.rights.accounting.ledger import Ledger, Place
from antiphon.rights.accounting.model import PlayReport
from antiphon.rights.accounting.rules import DAY_MS

log = structlog.get_logger()

PLAYS: Final = "plays"
GROUP: Final = "ledger"
DEAD: Final = f"{PLAYS}.{GROUP}.dead"
_BATCH: Final = 20_000
_POLL_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class PlayEndedRead(Event):
    """``streaming.play_ended`` as far as accounting reads it.

    ``issued_at`` 0: told before grants carried their terms; that is in no ledger.
    """

    type_name: ClassVar[str] = "streaming.play_ended"

    grant_id: str
    listener_id: str
    device_id: str
    song_id: SongId
    heard_ms: int
    issued_at: UnixMs = UnixMs(0)  # noqa: RUF009 - a NewType of int
    territory: str = "home"
    tier: str = "subscription"
    use: str = "on-demand-stream"

    @property
    def key(self) -> str:
        """Return the listener."""
        return self.listener_id


@dataclass(frozen=True, slots=True)
class MediaSentRead(Event):
    """``streaming.media_sent`` as far as accounting reads it."""

    type_name: ClassVar[str] = "streaming.media_sent"

    grant_id: str
    listener_id: str
    sent_ms: int

    @property
    def key(self) -> str:
        """Return the listener."""
        return self.listener_id


_TYPES: Final = EventTypes(PlayEndedRead)
_SENT_TYPES: Final = EventTypes(MediaSentRead)


def sent_of(record: Record) -> tuple[str, int] | None:
    """Return a grant and how much more was sent for it, in ms; None for all other records."""
    if record.envelope.type_name != MediaSentRead.type_name:
        return None
    event = _SENT_TYPES.decode(record.envelope)
    return (event.grant_id, event.sent_ms) if isinstance(event, MediaSentRead) else None


def report_of(record: Record) -> PlayReport | None:
    """Return what a record tells of a play that can count; None for all else."""
    envelope = record.envelope
    if envelope.type_name != PlayEndedRead.type_name:
        return None
    event = _TYPES.decode(envelope)
    if not isinstance(event, PlayEndedRead) or not event.issued_at:
        return None
    return PlayReport(
        grant_id=event.grant_id,
        listener_id=event.listener_id,
        device_id=event.device_id,
        song_id=event.song_id,
        issued_at=event.issued_at,
        told_at=envelope.occurred_at,
        heard_ms=event.heard_ms,
        territory=event.territory,
        tier=event.tier,
        use=event.use,
    )


class LedgerFeed:
    """Feeds one ledger until told to stop. ``seen`` hears how many records each batch had."""

    def __init__(
        self,
        events: EventLog,
        ledger: Ledger,
        *,
        seen: Callable[[int], None] = lambda _: None,
        batch: int = _BATCH,
    ) -> None:
        self._events = events
        self._ledger = ledger
        self._seen = seen
        self._batch = batch
        self._frozen_day = 0
        self._waiting: list[Record] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Feed until ``stop``; a consumer that was replaced begins again behind the other."""
        async with self._events.subscribe(PLAYS, group=GROUP) as subscription:
            begun = False
            while not stop.is_set():
                try:
                    if not begun:
                        await self._ledger.begin()
                        begun = True
                    await self.step(subscription, wait=_POLL_SECONDS)
                except Conflict:
                    log.warning("ledger_feed_taken_over")
                    begun = False
                    await _pause(stop)
                except Unavailable as fault:
                    log.warning("ledger_feed_waits", reason=fault.detail)
                    await _pause(stop)

    async def step(self, subscription: Subscription, *, wait: float) -> int:
        """Take one batch into the ledger, then let the group go on; return its records.

        A batch that could not be taken in waits for the next step: a poll would go on behind it.
        """
        records = self._waiting or await subscription.poll(max_records=self._batch, wait=wait)
        self._waiting = records
        if records:
            await self._ledger.apply(await self._places(records))
            self._waiting = []
            await subscription.commit(records)
            await self._freeze(records[-1].envelope.occurred_at)
            self._seen(len(records))
        return len(records)

    async def _places(self, records: Sequence[Record]) -> list[Place]:
        places: list[Place] = []
        for record in records:
            try:
                report = report_of(record)
            except Corrupt as fault:
                log.exception("play_unreadable", offset=record.offset, reason=fault.detail)
                await self._events.append(DEAD, [record.envelope])
                continue
            if report is not None:
                places.append((record.partition, record.offset, report))
        return places

    async def _freeze(self, at: UnixMs) -> None:
        """Once a day of the log's own time; a log that is read again freezes nothing early."""
        if at // DAY_MS > self._frozen_day:
            self._frozen_day = at // DAY_MS
            await self._ledger.freeze(at)


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_PAUSE_SECONDS):
            await stop.wait()
