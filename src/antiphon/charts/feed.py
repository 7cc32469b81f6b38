"""From the log to the counts: the topic ``plays`` read in large batches."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from antiphon.charts.day import Place
from antiphon.charts.plays import PlayCounts
from antiphon.charts.rules import DAY_MS
from antiphon.eventlog import EventLog, Record, Subscription
from antiphon.kernel import Conflict, Corrupt, Unavailable, UnixMs
from antiphon.rights import PLAYS, report_of

log = structlog.get_logger()

GROUP: Final = "charts"
DEAD: Final = f"{PLAYS}.{GROUP}.dead"
_BATCH: Final = 20_000
_POLL_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 1.0


class ChartsFeed:
    """Feeds the counts until told to stop. ``seen`` hears how many records each batch had.

    A feed of another ``group`` makes counts again beside those in use: it settles no days, and the
    dead letters are not its own.
    """

    def __init__(
        self,
        events: EventLog,
        counts: PlayCounts,
        *,
        group: str = GROUP,
        seen: Callable[[int], None] = lambda _: None,
        batch: int = _BATCH,
    ) -> None:
        self._group = group
        self._events = events
        self._counts = counts
        self._seen = seen
        self._batch = batch
        self._rolled_day = 0
        self._waiting: list[Record] = []
        self.handled = self.passed_over = 0
        """Records that were taken, and those among them that could not be read."""
        self.counted = 0
        """Plays that this feed has counted since it was made."""

    async def run(self, stop: asyncio.Event) -> None:
        """Feed until ``stop``; a consumer that was replaced begins again behind the other."""
        async with self._events.subscribe(PLAYS, group=self._group) as subscription:
            begun = False
            while not stop.is_set():
                try:
                    if not begun:
                        await self._counts.begin()
                        begun = True
                    await self.step(subscription, wait=_POLL_SECONDS)
                except Conflict:
                    log.warning("charts_feed_taken_over")
                    begun = False
                    await _pause(stop)
                except Unavailable as fault:
                    log.warning("charts_feed_waits", reason=fault.detail)
                    await _pause(stop)

    async def step(self, subscription: Subscription, *, wait: float) -> int:
        """Take one batch into the counts, then let the group go on; return its records.

        A batch that could not be taken in waits for the next step: a poll would go on behind it.
        """
        records = self._waiting or await subscription.poll(max_records=self._batch, wait=wait)
        self._waiting = records
        if records:
            self.counted += await self._counts.apply(await self._places(records))
            self._waiting = []
            await subscription.commit(records)
            if self._group == GROUP:
                await self._roll_up(records[-1].envelope.occurred_at)
            self.handled += len(records)
            self._seen(len(records))
        return len(records)

    async def _places(self, records: Sequence[Record]) -> list[Place]:
        places: list[Place] = []
        for record in records:
            try:
                report = report_of(record)
            except Corrupt as fault:
                self.passed_over += 1
                if self._group != GROUP:
                    continue
                log.exception("play_unreadable", offset=record.offset, reason=fault.detail)
                await self._events.append(DEAD, [record.envelope])
                continue
            if report is not None:
                places.append((record.partition, record.offset, report))
        return places

    async def _roll_up(self, at: UnixMs) -> None:
        """Once a day of the log's own time; a log that is read again settles nothing early."""
        if at // DAY_MS > self._rolled_day:
            self._rolled_day = at // DAY_MS
            await self._counts.roll_up(at)


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_PAUSE_SECONDS):
            await stop.wait()
