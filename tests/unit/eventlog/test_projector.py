import asyncio
from collections.abc import Sequence

import pytest

from antiphon.eventlog import (
    EventTypes,
    Projection,
    Projector,
    Record,
    dead_topic,
    encode_event,
    projector,
)
from antiphon.kernel import Envelope, Event, FixedClock, Unavailable, UnixMs
from antiphon.testing import MemoryEventLog
from antiphon.testing.children import Counted

_TYPES = EventTypes(Counted)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(projector, "_LONGEST_PAUSE_SECONDS", 0.002)
    monkeypatch.setattr(projector, "_POLL_SECONDS", 0.01)


class _Handler:
    """Remembers what it was given; fails as told."""

    def __init__(self, log: MemoryEventLog) -> None:
        self.log = log
        self.numbers: list[int] = []
        self.poison: set[int] = set()
        self.unavailable = 0
        self.calls = 0
        self.stop = asyncio.Event()
        self.projection = Projection("g", "t", _TYPES, self)

    async def __call__(self, pairs: Sequence[tuple[Record, Event]]) -> None:
        self.calls += 1
        if self.unavailable:
            self.unavailable -= 1
            raise Unavailable("not now")
        numbers = [event.number for _, event in pairs if isinstance(event, Counted)]
        if self.poison & set(numbers):
            raise ValueError("poison")
        self.numbers += numbers

    async def run_until_caught_up(self) -> None:
        running = asyncio.create_task(Projector(self.log, self.projection).run(self.stop))
        async with asyncio.timeout(10):
            while await self.log.lag("t", group="g"):
                await asyncio.sleep(0.002)
        self.stop.set()
        await running


async def _append(log: MemoryEventLog, numbers: Sequence[int]) -> None:
    await log.append("t", [encode_event(Counted("k", n), clock=FixedClock()) for n in numbers])


async def _dead(log: MemoryEventLog, handler: _Handler) -> list[int]:
    events = [_TYPES.decode(r.envelope) for r in log.records(dead_topic(handler.projection))]
    return [event.number for event in events if isinstance(event, Counted)]


async def test_handler_sees_every_event_in_order() -> None:
    log = MemoryEventLog()
    await _append(log, range(1200))
    handler = _Handler(log)
    await handler.run_until_caught_up()
    assert handler.numbers == list(range(1200))


async def test_projection_goes_on_where_it_stopped() -> None:
    log = MemoryEventLog()
    await _append(log, [1, 2])
    await _Handler(log).run_until_caught_up()
    await _append(log, [3])
    second = _Handler(log)
    await second.run_until_caught_up()
    assert second.numbers == [3]


async def test_poison_is_set_aside_and_its_neighbours_are_handled() -> None:
    log = MemoryEventLog()
    await _append(log, range(10))
    handler = _Handler(log)
    handler.poison = {3, 7}
    await handler.run_until_caught_up()
    assert handler.numbers == [0, 1, 2, 4, 5, 6, 8, 9]
    assert await _dead(log, handler) == [3, 7]


async def test_passing_failure_sets_nothing_aside() -> None:
    log = MemoryEventLog()
    await _append(log, [1])
    handler = _Handler(log)
    handler.poison = {1}

    async def heal() -> None:
        while handler.calls < 2:
            await asyncio.sleep(0)
        handler.poison = set()

    await asyncio.gather(handler.run_until_caught_up(), heal())
    assert handler.numbers == [1]
    assert await _dead(log, handler) == []


async def test_what_is_unavailable_is_waited_for() -> None:
    log = MemoryEventLog()
    await _append(log, [1, 2])
    handler = _Handler(log)
    handler.unavailable = 30
    await handler.run_until_caught_up()
    assert handler.numbers == [1, 2]
    assert await _dead(log, handler) == []


async def test_stopping_in_a_failing_batch_neither_commits_nor_buries() -> None:
    log = MemoryEventLog()
    await _append(log, [1, 2])
    handler = _Handler(log)
    handler.unavailable = 10**9
    running = asyncio.create_task(Projector(log, handler.projection).run(handler.stop))
    async with asyncio.timeout(10):
        while handler.calls < 3:
            await asyncio.sleep(0.001)
        handler.stop.set()
        await running
    assert await log.lag("t", group="g") == 2
    assert await _dead(log, handler) == []


async def test_damaged_event_is_set_aside() -> None:
    log = MemoryEventLog()
    await log.append("t", [Envelope("x", "test.counted", 1, "k", UnixMs(0), b"{")])
    await _append(log, [1])
    handler = _Handler(log)
    await handler.run_until_caught_up()
    assert handler.numbers == [1]
    assert len(log.records(dead_topic(handler.projection))) == 1


async def test_events_of_other_types_are_passed_over() -> None:
    log = MemoryEventLog()
    await log.append("t", [Envelope("x", "other.thing", 1, "k", UnixMs(0), b"{}")])
    await _append(log, [1])
    handler = _Handler(log)
    await handler.run_until_caught_up()
    assert handler.numbers == [1]
    assert log.records(dead_topic(handler.projection)) == []


async def test_projector_that_lost_its_lease_goes_on_with_a_new_one() -> None:
    log = MemoryEventLog()
    await _append(log, [1])
    handler = _Handler(log)
    handler.unavailable = 1
    running = asyncio.create_task(Projector(log, handler.projection).run(handler.stop))
    async with asyncio.timeout(10):
        while handler.calls < 1:
            await asyncio.sleep(0)
        log.expire_leases()
        while await log.lag("t", group="g"):
            await asyncio.sleep(0.002)
    handler.stop.set()
    await running
    assert set(handler.numbers) == {1}


async def test_how_many_were_seen_is_told() -> None:
    log = MemoryEventLog()
    await _append(log, range(5))
    handler = _Handler(log)
    counts: list[int] = []
    projector_ = Projector(log, handler.projection, seen=counts.append)
    running = asyncio.create_task(projector_.run(handler.stop))
    async with asyncio.timeout(10):
        while await log.lag("t", group="g"):
            await asyncio.sleep(0.002)
    handler.stop.set()
    await running
    assert sum(counts) == 5


async def test_a_batch_whose_poison_the_log_does_not_take_yet_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, refusals = MemoryEventLog(), iter(range(2))
    await _append(log, range(1200))
    handler = _Handler(log)
    handler.poison = {7}
    append = log.append

    async def refusing(topic: str, envelopes: Sequence[Envelope]) -> None:
        if next(refusals, None) is not None:
            raise Unavailable("not now")
        await append(topic, envelopes)

    monkeypatch.setattr(log, "append", refusing)
    await handler.run_until_caught_up()
    assert set(handler.numbers) == set(range(1200)) - {7}
    assert await _dead(log, handler) == [7]
