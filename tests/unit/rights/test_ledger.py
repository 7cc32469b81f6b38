"""Each play is in the ledger once, whatever is told twice, late, or by whom the room forgot."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.eventlog import open_eventlog
from antiphon.kernel import FixedClock, Invalid, SongId, Unavailable, UnixMs
from antiphon.rights import FencedOut, Ledger, LedgerFeed, Period, PlayReport, SongTerms, Usage
from antiphon.storage import open_tables
from antiphon.testing.memory_tables import MemoryTables
from antiphon.testing.plays import SyntheticPlays, SyntheticSongs, count_through_kills

NOVEMBER, DECEMBER = Period(2025, 11), Period(2025, 12)
AT = UnixMs(1_762_000_000_000)
DAY = 86_400_000
KILLS, PLAYS, ZOMBIES = 20, 200_000, 3
SOME = 3  # kills that have to come amid counting, whatever the machine


class Songs:
    async def terms_of(self, song_ids: list[str]) -> list[SongTerms]:
        return [SongTerms("label") for _ in song_ids]


def told(grant: str, *, issued: int = AT, heard: int = 31_000, after: int = 40_000) -> PlayReport:
    return PlayReport(
        grant_id=grant,
        listener_id="l",
        device_id="d",
        song_id=SongId("s1"),
        issued_at=UnixMs(issued),
        told_at=UnixMs(issued + after),
        heard_ms=heard,
        territory="DE",
        tier="subscription",
        use="on-demand-stream",
    )


def ledger_on(tables: MemoryTables, *, at: int = DECEMBER.end + DAY) -> Ledger:
    return Ledger(tables, FixedClock(UnixMs(at)), Songs())


async def plays(ledger: Ledger, period: Period) -> int:
    return sum(line.plays for line in await ledger.usage(period))


async def test_a_grant_counts_once_however_often_it_is_told() -> None:
    ledger = ledger_on(MemoryTables())
    reports = [told("a"), told("b"), told("a"), told("a", heard=35_000)]
    assert await ledger.apply([(0, n, r) for n, r in enumerate(reports)]) == 2
    assert await ledger.apply([(0, 9, told("b"))]) == 0
    assert await plays(ledger, NOVEMBER) == 2
    assert await ledger.refusals(NOVEMBER) == {"repeated": 3}


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (told("a", heard=29_999), "too_short"),
        (told("a", heard=3_600_000, after=29_999), "too_short"),
        (told("a", after=36 * DAY), "too_late"),
        (told("a", after=-600_000), "before_grant"),
    ],
)
async def test_what_cannot_have_been_heard_in_time_does_not_count(
    report: PlayReport, why: str
) -> None:
    ledger = ledger_on(MemoryTables())
    assert await ledger.apply([(0, 0, report)]) == 0
    assert await ledger.refusals(NOVEMBER) == {why: 1}


async def test_heard_time_is_never_more_than_has_passed() -> None:
    ledger = ledger_on(MemoryTables())
    await ledger.apply([(0, 0, told("a", heard=10**9, after=50_000))])
    assert [line.heard_ms for line in await ledger.usage(NOVEMBER)] == [50_000]


async def test_a_report_too_short_leaves_room_for_the_whole_one() -> None:
    ledger = ledger_on(MemoryTables())
    await ledger.apply([(0, 0, told("a", heard=10_000)), (0, 1, told("a"))])
    assert await plays(ledger, NOVEMBER) == 1


async def test_an_older_consumer_is_fenced_out_of_a_row_that_a_younger_one_wrote() -> None:
    tables = MemoryTables()
    old, young = ledger_on(tables), ledger_on(tables)
    await old.begin()
    await old.apply([(0, 0, told("a"))])
    await young.begin()
    await young.apply([(0, 1, told("b"))])
    with pytest.raises(FencedOut):
        await old.apply([(0, 1, told("b"))])
    assert await plays(young, NOVEMBER) == 2


async def test_a_play_after_the_close_is_an_adjustment_of_the_next_month() -> None:
    ledger = ledger_on(MemoryTables())
    await ledger.apply([(0, 0, told("a"))])
    assert await ledger.close(NOVEMBER)
    assert not await ledger.close(NOVEMBER)
    await ledger.apply([(0, 1, told("late")), (0, 2, told("a")), (0, 3, told("late"))])
    assert await ledger.waiting(NOVEMBER) == 1
    assert await plays(ledger, NOVEMBER) == 1
    await ledger.apply([(0, 4, told("c", issued=NOVEMBER.end + DAY))])
    await ledger.close(DECEMBER)
    stated = {(line.played_in, line.plays) for line in await ledger.usage(DECEMBER)}
    assert stated == {("2025-11", 1), ("2025-12", 1)}
    assert await plays(ledger, NOVEMBER) == 1
    assert await ledger.waiting(NOVEMBER) == 0


async def test_a_month_that_runs_cannot_be_closed() -> None:
    with pytest.raises(Invalid):
        await ledger_on(MemoryTables(), at=NOVEMBER.end - 1).close(NOVEMBER)


async def test_what_is_frozen_counts_nothing_more_and_keeps_its_figures() -> None:
    ledger = ledger_on(MemoryTables())
    await ledger.apply([(0, 0, told("a"))])
    assert await ledger.freeze(UnixMs(AT + 39 * DAY)) == 1
    assert await ledger.apply([(0, 1, told("a")), (0, 2, told("b"))]) == 0
    assert await plays(ledger, NOVEMBER) == 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 12), max_size=40),
    st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 40)), max_size=8),
)
def test_any_cutting_repeating_and_taking_over_gives_the_same_figures(
    grants: list[int], steps: list[tuple[bool, int, int]]
) -> None:
    heard = {g: 20_000 + 2_000 * g for g in grants}
    records = [
        (0, n, told(f"g{g}", issued=AT + g * DAY // 4, heard=heard[g], after=60_000))
        for n, g in enumerate(grants)
    ]

    async def run() -> int:
        tables = MemoryTables()
        ledger, done = ledger_on(tables), 0
        for takes_over, back, size in [*steps, (True, 40, 80)]:
            if takes_over:
                ledger = ledger_on(tables)  # the one before died, or only seems to have
            at = max(0, done - back)
            await ledger.apply(records[at : at + size])
            done = max(done, min(at + size, len(records)))
        return await plays(ledger, NOVEMBER)

    expected = len({g for g in grants if heard[g] >= 30_000})
    assert asyncio.run(run()) == expected


async def test_an_unreadable_play_is_set_aside_and_the_others_count(tmp_path: Path) -> None:
    events, made = open_eventlog(f"lmdb:{tmp_path}/log"), SyntheticPlays(50)
    batch = next(iter(made.batches()))
    await events.append("plays", [replace(batch[0], payload=b"{")])
    await events.append("plays", batch)
    ledger = Ledger(MemoryTables(), FixedClock(AT), SyntheticSongs())
    feed = LedgerFeed(events, ledger)
    async with events.subscribe("plays", group="ledger") as subscription:
        while await feed.step(subscription, wait=0):
            pass
    assert await plays(ledger, NOVEMBER) == made.expected.total()
    async with events.subscribe("plays.ledger.dead", group="look") as subscription:
        assert [r.envelope.payload for r in await subscription.poll(wait=0)] == [b"{"]
    await events.close()


def test_totals_are_exact_through_kills_zombies_duplicates_and_reordering(tmp_path: Path) -> None:
    tables, log = f"lmdb:{tmp_path}/tables", f"lmdb:{tmp_path}/log"
    made = SyntheticPlays(PLAYS)

    async def tell() -> None:
        events = open_eventlog(log)
        for batch in made.batches():
            await events.append("plays", batch)
        await events.close()

    asyncio.run(tell())
    assert made.told > PLAYS * 1.08
    ordeal = count_through_kills(tables, log, batch=2000, kills=KILLS, zombies=ZOMBIES, longest=0.6)
    assert ordeal.fenced == ZOMBIES
    assert ordeal.amidst >= SOME, "kills came while plays were being counted"

    async def read() -> Counter[Usage]:
        opened = open_tables(tables)
        ledger = Ledger(opened, FixedClock(AT), SyntheticSongs())
        found = Counter({line.usage: line.plays for line in await ledger.usage(NOVEMBER)})
        await opened.close()
        return found

    found = asyncio.run(read())
    assert found.total() == made.expected.total()
    assert found == made.expected


class AwayTables(MemoryTables):
    """Tables that refuse some of the writes, each several times over."""

    refused = 0
    _asked = 0

    async def check_and_mutate(self, *args: object, **named: object) -> bool:
        self._asked += 1
        if 5 <= self._asked < 8:
            self.refused += 1
            raise Unavailable("injected")
        return await super().check_and_mutate(*args, **named)  # type: ignore[arg-type]


async def test_plays_told_while_the_tables_are_away_count_once_when_they_are_back(
    tmp_path: Path,
) -> None:
    log, tables, stop = open_eventlog(f"lmdb:{tmp_path / 'log'}"), AwayTables(), asyncio.Event()
    made = SyntheticPlays(3000)
    for batch in made.batches():
        await log.append("plays", batch)
    ledger = Ledger(tables, FixedClock(UnixMs(DECEMBER.end + DAY)), SyntheticSongs())
    feed = LedgerFeed(log, ledger, batch=500)
    running = asyncio.create_task(feed.run(stop))
    async with asyncio.timeout(60):
        while await log.lag("plays", group="ledger"):
            await asyncio.sleep(0.05)
    stop.set()
    await running
    assert tables.refused >= 3
    assert await plays(ledger, NOVEMBER) + await plays(ledger, DECEMBER) == sum(
        made.expected.values()
    )
    await log.close()
