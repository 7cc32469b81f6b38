"""The outbox, killed at every point of its work."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from antiphon.eventlog import EventTypes, Outbox
from antiphon.kernel import FixedClock
from antiphon.storage import DeleteRow, Mutation, Row, SetCell
from antiphon.testing import MemoryEventLog, MemoryTables
from antiphon.testing.children import Counted

_TYPES = EventTypes(Counted)
_LATER_MS = 10_000
_MUCH_LATER_MS = 2 * 3_600_000


class _Killed(BaseException):
    """The process ends here."""


class _Lives:
    """Counts down the writes of a process; the last one happens, or just not."""

    def __init__(self, writes: int, *, last_happens: bool) -> None:
        self.left = writes
        self.last_happens = last_happens

    async def spend(self, write: Any) -> Any:
        self.left -= 1
        if self.left > 0 or (self.left == 0 and self.last_happens):
            result = await write
            if self.left > 0:
                return result
        else:
            write.close()
        raise _Killed


class _MortalTables(MemoryTables):
    def __init__(self, tables: MemoryTables, lives: _Lives) -> None:
        self._tables = tables
        self._lives = lives

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        return await self._tables.read_many(table, keys)

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        await self._lives.spend(self._tables.mutate_many(table, rows))


class _MortalLog(MemoryEventLog):
    def __init__(self, log: MemoryEventLog, lives: _Lives) -> None:
        self._log = log
        self._lives = lives

    async def append(self, topic: str, envelopes: Any) -> None:
        await self._lives.spend(self._log.append(topic, envelopes))


class _World:
    """What outlives a process."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.tables = MemoryTables(clock=self.clock)
        self.log = MemoryEventLog()

    def outbox(self) -> Outbox:
        return Outbox(self.tables, self.log, self.clock)

    async def live_and_die(self, writes: int, *, last_happens: bool, numbers: Sequence[int]) -> int:
        """Write ``numbers`` (0 removes the row); return how many were acknowledged."""
        lives = _Lives(writes, last_happens=last_happens)
        outbox = Outbox(_MortalTables(self.tables, lives), _MortalLog(self.log, lives), self.clock)
        acknowledged = 0
        try:
            for number in numbers:
                self.clock.advance(ms=1)
                await _count(outbox, number)
                acknowledged += 1
        except _Killed:
            pass
        return acknowledged

    async def number(self) -> int | None:
        """Return what the row says; 0 where there is no row."""
        row = await self.tables.read("rows", b"k")
        return int((row and row.value("meta", "n")) or 0)

    def told(self) -> list[int]:
        """Return the numbers in the log; of repetitions only the first."""
        seen: dict[str, int] = {}
        for record in self.log.records("t"):
            event = _TYPES.decode(record.envelope)
            assert isinstance(event, Counted)
            seen.setdefault(record.envelope.event_id, event.number)
        return list(seen.values())


async def _count(outbox: Outbox, number: int) -> None:
    mutations: list[Mutation] = [SetCell("meta", "n", b"%d" % number)] if number else [DeleteRow()]
    await outbox.write("rows", b"k", mutations, [Counted("k", number)], topic="t")


_NUMBERS = (1, 2, 0, 4, 0)
_WRITES = 5 * len(_NUMBERS)  # intent, row, append, cell, intent


@pytest.mark.parametrize("last_happens", [False, True])
@pytest.mark.parametrize("writes", range(1, _WRITES + 2))
async def test_row_and_log_agree_after_a_kill_and_a_sweep(writes: int, last_happens: bool) -> None:
    world = _World()
    acknowledged = await world.live_and_die(writes, last_happens=last_happens, numbers=_NUMBERS)
    world.clock.advance(ms=_LATER_MS)
    await world.outbox().sweep()
    told = world.told()
    assert told == list(_NUMBERS[: len(told)])
    assert len(told) >= acknowledged
    assert await world.number() == (told[-1] if told else 0)


@pytest.mark.parametrize("last_happens", [False, True])
@pytest.mark.parametrize("writes", range(1, _WRITES + 2))
async def test_order_survives_a_kill_when_another_writes_before_the_sweep(
    writes: int, last_happens: bool
) -> None:
    world = _World()
    await world.live_and_die(writes, last_happens=last_happens, numbers=_NUMBERS)
    world.clock.advance(ms=1)
    await _count(world.outbox(), 99)
    world.clock.advance(ms=_LATER_MS)
    await world.outbox().sweep()
    told = world.told()
    assert told == [*_NUMBERS[: len(told) - 1], 99]
    assert await world.number() == 99


@pytest.mark.parametrize("last_happens", [False, True])
@pytest.mark.parametrize("writes", range(1, _WRITES + 2))
async def test_nothing_stays_behind_for_ever(writes: int, last_happens: bool) -> None:
    world = _World()
    await world.live_and_die(writes, last_happens=last_happens, numbers=_NUMBERS)
    world.clock.advance(ms=_MUCH_LATER_MS)
    await world.outbox().sweep()
    await world.outbox().sweep()
    row = await world.tables.read("rows", b"k")
    assert await world.tables.scan("outbox_intents") == []
    assert row is None or not row.columns("outbox")


@pytest.mark.parametrize("first", range(1, 8))
@pytest.mark.parametrize("second", range(1, 8))
async def test_sweep_that_is_killed_is_finished_by_the_next(first: int, second: int) -> None:
    world = _World()
    await world.live_and_die(first, last_happens=True, numbers=[1, 2])
    world.clock.advance(ms=_LATER_MS)
    lives = _Lives(second, last_happens=True)
    tables = _MortalTables(world.tables, lives)
    tables.scan, tables.read = world.tables.scan, world.tables.read  # type: ignore[method-assign]
    sweeper = Outbox(tables, _MortalLog(world.log, lives), world.clock)
    await asyncio.gather(sweeper.sweep(), return_exceptions=True)
    await world.outbox().sweep()
    assert world.told() == [1, 2][: len(world.told())]
    assert await world.number() == (world.told() or [0])[-1]


async def test_young_changes_are_left_to_their_writer() -> None:
    world = _World()
    await world.live_and_die(2, last_happens=True, numbers=[1])
    assert await world.outbox().sweep() == 0
    assert world.told() == []
    world.clock.advance(ms=_LATER_MS)
    assert await world.outbox().sweep() == 1
    assert world.told() == [1]
    assert await world.outbox().sweep() == 0


async def test_sweep_works_after_the_clock_was_set_back() -> None:
    world = _World()
    await world.live_and_die(2, last_happens=True, numbers=[1])
    world.clock.advance(ms=-_MUCH_LATER_MS)
    await world.outbox().sweep()
    assert world.told() == [1]


async def test_many_rows_are_told_in_their_order() -> None:
    world = _World()
    changes = [
        (b"%d" % n, [SetCell("meta", "n", b"%d" % n)], [Counted(str(n), n)]) for n in range(50)
    ]
    await world.outbox().write_many("rows", changes, topic="t")
    assert world.told() == list(range(50))
    assert len(await world.tables.scan("rows")) == 50


async def test_changes_without_events_are_written_too() -> None:
    world = _World()
    await world.outbox().write_many(
        "rows",
        [
            (b"a", [SetCell("m", "n", b"1")], []),
            (b"b", [SetCell("m", "n", b"2")], [Counted("b", 2)]),
        ],
        topic="t",
    )
    assert [row.key for row in await world.tables.scan("rows")] == [b"a", b"b"]
    assert world.told() == [2]


async def test_removing_a_row_silently_does_not_lose_what_it_had_to_tell() -> None:
    world = _World()
    await world.live_and_die(2, last_happens=True, numbers=[1])
    await world.outbox().write_many("rows", [(b"k", [DeleteRow()], [])], topic="t")
    world.clock.advance(ms=_LATER_MS)
    await world.outbox().sweep()
    assert world.told() == [1]
    assert await world.tables.read("rows", b"k") is None


async def test_unreadable_intent_does_not_stop_the_sweep() -> None:
    world = _World()
    await world.tables.mutate("outbox_intents", b"0", [SetCell("i", "", b"\xc1")])
    await world.live_and_die(2, last_happens=True, numbers=[1])
    world.clock.advance(ms=_LATER_MS)
    assert await world.outbox().sweep() == 1


async def test_concurrent_writers_of_one_row_all_reach_the_log() -> None:
    world = _World()
    await asyncio.gather(*(_count(world.outbox(), n) for n in range(1, 30)))
    assert sorted(world.told()) == list(range(1, 30))
    row = await world.tables.read("rows", b"k")
    assert row is not None
    assert not row.columns("outbox")
    assert await world.tables.scan("outbox_intents") == []
