"""Projections: handlers fed from the log, at least once, in order; poison is set aside."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from antiphon.eventlog.codec import EventTypes
from antiphon.eventlog.log import EventLog, Record, Subscription
from antiphon.kernel import AntiphonError, Conflict, Corrupt, Event, Unavailable

log = structlog.get_logger()

Handler = Callable[[Sequence[tuple[Record, Event]]], Awaitable[None]]

_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Projection:
    """What is fed: the group's name, the topic, the types it understands, the handler."""

    group: str
    topic: str
    types: EventTypes
    handler: Handler


class Projector:
    """Runs one projection. ``seen`` is told how many events each batch had."""

    def __init__(
        self,
        events: EventLog,
        projection: Projection,
        *,
        seen: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._events = events
        self._projection = projection
        self._seen = seen

    async def run(self, stop: asyncio.Event) -> None:
        """Feed the handler until ``stop``; a batch is committed after it is handled."""
        projection = self._projection
        async with self._events.subscribe(projection.topic, group=projection.group) as subscription:
            while not stop.is_set():
                records = await subscription.poll(wait=0.5)
                if records:
                    await self._handle(records, stop)
                    await self._commit(subscription, records)

    async def _commit(self, subscription: Subscription, records: Sequence[Record]) -> None:
        try:
            await subscription.commit(records)
        except Conflict:
            log.warning("projection_taken_over", group=self._projection.group)

    async def _handle(self, records: Sequence[Record], stop: asyncio.Event) -> None:
        pairs = await self._decoded(records)
        try:
            await self._attempt(pairs, stop)
        except Exception:
            log.exception("projection_batch_failed", group=self._projection.group)
            for pair in pairs:  # find the poisonous ones
                try:
                    await self._attempt([pair], stop)
                except Exception as fault:  # noqa: BLE001 - set aside with its reason
                    await self._bury(pair[0], fault)
        self._seen(len(pairs))

    async def _attempt(self, pairs: Sequence[tuple[Record, Event]], stop: asyncio.Event) -> None:
        if not pairs:
            return
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(_ATTEMPTS):
            try:
                await self._projection.handler(pairs)
            except Unavailable:
                if attempt == _ATTEMPTS - 1 or stop.is_set():
                    raise
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                return

    async def _decoded(self, records: Sequence[Record]) -> list[tuple[Record, Event]]:
        pairs = []
        for record in records:
            try:
                event = self._projection.types.decode(record.envelope)
            except Corrupt as fault:
                await self._bury(record, fault)
                continue
            if event is not None:
                pairs.append((record, event))
        return pairs

    async def _bury(self, record: Record, fault: Exception) -> None:
        reason = fault.detail if isinstance(fault, AntiphonError) else repr(fault)
        log.error(
            "event_buried",
            group=self._projection.group,
            event_id=record.envelope.event_id,
            type=record.envelope.type_name,
            reason=reason,
        )
        await self._events.append(dead_topic(self._projection), [record.envelope])


def dead_topic(projection: Projection) -> str:
    """Return the topic that holds what this projection could not handle."""
    return f"{projection.topic}.{projection.group}.dead"
