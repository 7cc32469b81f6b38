"""Plays by hour are those of a plain model, through kills, repeats, lateness and roll-ups."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.charts import CHARTS_GROUP, ChartsFeed, FencedOut, PlayCounts
from antiphon.eventlog import open_eventlog
from antiphon.kernel import Envelope, SongId, Unavailable, UnixMs
from antiphon.rights import PlayReport, SongTerms
from antiphon.storage import Mutation, open_tables
from antiphon.testing.memory_tables import MemoryTables
from antiphon.testing.plays import (
    BEGIN,
    SyntheticPlays,
    SyntheticSongs,
    count_for_charts,
    count_for_charts_sleepily,
    count_through_kills,
)

HOUR = 3_600_000
DAY = 24 * HOUR
AT = UnixMs(20_400 * DAY)  # a midnight in November 2025
KILLS, PLAYS, ZOMBIES = 12, 60_000, 2
SOME = 1  # kills that have to come amid counting, whatever the machine
Lines = Counter[tuple[int, str, str]]  # hour, storefront, song


class Songs:
    async def terms_of(self, song_ids: Sequence[str]) -> list[SongTerms]:
        return [SongTerms() for _ in song_ids]


def told(
    grant: str, *, issued: int = AT, heard: int = 31_000, after: int = 40_000, song: str = "s1"
) -> PlayReport:
    return PlayReport(
        grant_id=grant,
        listener_id="l",
        device_id="d",
        song_id=SongId(song),
        issued_at=UnixMs(issued),
        told_at=UnixMs(issued + after),
        heard_ms=heard,
        territory="DE",
        tier="subscription",
        use="on-demand-stream",
    )


async def by_hour(counts: PlayCounts, first: int = 0, last: int = AT // HOUR + 10_000) -> Lines:
    found: Lines = Counter()
    async for hour, played in counts.hours(first, last):
        found[hour, played.storefront, played.song_id] += played.plays
    return found


async def plays_of(counts: PlayCounts, month: str) -> int:
    return sum([played.plays async for played in counts.month(month)])


async def test_a_grant_counts_once_in_the_hour_in_which_it_was_given() -> None:
    counts = PlayCounts(MemoryTables(), Songs())
    reports = [told("a"), told("b", issued=AT + HOUR), told("a", heard=60_000), told("c", heard=9)]
    assert await counts.apply([(0, n, r) for n, r in enumerate(reports)]) == 2
    hour = AT // HOUR
    assert await by_hour(counts) == {(hour, "de", "s1"): 1, (hour + 1, "de", "s1"): 1}


async def test_a_play_that_is_told_weeks_later_counts_in_its_own_hour() -> None:
    counts = PlayCounts(MemoryTables(), Songs())
    await counts.apply([(0, 0, told("a", issued=AT + 34 * DAY))])
    await counts.roll_up(UnixMs(AT + 34 * DAY))
    assert await counts.apply([(0, 1, told("late", issued=AT, after=34 * DAY))]) == 1
    assert (await by_hour(counts))[AT // HOUR, "de", "s1"] == 1
    assert await counts.apply([(0, 2, told("too late", issued=AT, after=36 * DAY))]) == 0


async def test_a_settled_day_keeps_its_plays_and_takes_no_more() -> None:
    counts = PlayCounts(MemoryTables(), Songs())
    await counts.apply([(0, 0, told("a")), (0, 1, told("b", issued=AT + HOUR))])
    assert await counts.roll_up(UnixMs(AT + 39 * DAY)) == 1
    assert await counts.roll_up(UnixMs(AT + 39 * DAY)) == 0
    assert await counts.apply([(0, 2, told("a")), (0, 3, told("c"))]) == 0
    assert await by_hour(counts) == {}
    assert [(d, p.plays) async for d, p in counts.days(0, 30_000)] == [(AT // DAY, 2)]


async def test_a_day_in_its_month_takes_no_more_even_from_a_log_that_is_read_again() -> None:
    tables = MemoryTables()
    counts = PlayCounts(tables, Songs())
    report = told("a")
    await counts.apply([(0, 0, report)])
    await counts.roll_up(UnixMs(AT + 500 * DAY))
    assert await plays_of(counts, "202511") == 1
    again = PlayCounts(tables, Songs())
    assert await again.apply([(0, 0, report), (0, 1, told("b"))]) == 0
    assert await plays_of(again, "202511") == 1
    assert [d async for d in again.days(0, 30_000)] == []


async def test_an_older_consumer_is_fenced_out_of_a_row_that_a_younger_one_wrote() -> None:
    tables = MemoryTables()
    old, young = PlayCounts(tables, Songs()), PlayCounts(tables, Songs())
    await old.begin()
    await old.apply([(0, 0, told("a"))])
    await young.begin()
    await young.apply([(0, 1, told("b"))])
    with pytest.raises(FencedOut):
        await old.apply([(0, 1, told("b"))])
    assert sum((await by_hour(young)).values()) == 2


class FailingTables(MemoryTables):
    """Tables that fail at one of the writes, before it or after it."""

    left = -1
    after = False

    async def check_and_mutate(self, *args: object, **named: object) -> bool:
        return await self._failing(super().check_and_mutate(*args, **named))  # type: ignore[arg-type]

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        await self._failing(super().mutate(table, key, mutations))

    async def _failing(self, write: object) -> bool:
        self.left -= 1
        if self.left == 0 and not self.after:
            write.close()  # type: ignore[attr-defined]
            raise Unavailable("injected")
        done = await write  # type: ignore[misc]
        if self.left == 0:
            raise Unavailable("injected")
        return bool(done)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 70), st.integers(0, 5)), max_size=30),
    st.lists(
        st.tuples(st.sampled_from([10, 39, 60, 402, 430, 900]), st.integers(0, 9), st.booleans()),
        max_size=6,
    ),
)
def test_roll_ups_cut_off_anywhere_lose_nothing_and_double_nothing(
    grants: list[tuple[int, int, int]], steps: list[tuple[int, int, bool]]
) -> None:
    reports = {g: told(f"g{g}", issued=AT + h * HOUR, song=f"s{s}") for g, h, s in grants}
    by_day = Counter(r.issued_at // DAY for r in reports.values())

    async def run() -> None:
        tables = FailingTables()
        counts = PlayCounts(tables, Songs())
        await counts.apply([(0, n, r) for n, r in enumerate(reports.values())])
        for at, fails_at, after in steps:
            tables.left, tables.after = fails_at, after
            with suppress(Unavailable):
                await counts.roll_up(UnixMs(AT + at * DAY))
            tables.left = -1
            assert await plays_of(counts, "202511") == len(reports)
        for at in sorted(at for at, _, _ in steps):
            await counts.roll_up(UnixMs(AT + at * DAY))
        if not steps or max(steps)[0] < 400:
            found = Counter[int]()
            async for day, played in counts.days(0, 30_000):
                found[day] += played.plays
            assert found == by_day
        assert await plays_of(counts, "202511") == len(reports)

    asyncio.run(run())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 12), max_size=40),
    st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 40)), max_size=8),
)
def test_any_cutting_repeating_and_taking_over_gives_the_same_hours(
    grants: list[int], steps: list[tuple[bool, int, int]]
) -> None:
    records = [
        (0, n, told(f"g{g}", issued=AT + g * 7 * HOUR, heard=20_000 + 2_000 * g, after=60_000))
        for n, g in enumerate(grants)
    ]

    async def run() -> Lines:
        tables = MemoryTables()
        counts, done = PlayCounts(tables, Songs()), 0
        for takes_over, back, size in [*steps, (True, 40, 80)]:
            if takes_over:
                counts = PlayCounts(tables, Songs())  # the one before died, or only seems to have
            at = max(0, done - back)
            await counts.apply(records[at : at + size])
            done = max(done, min(at + size, len(records)))
        return await by_hour(counts)

    expected = Counter((AT // HOUR + g * 7, "de", "s1") for g in set(grants) if g >= 5)
    assert asyncio.run(run()) == expected


def plain_model(batches: Sequence[Sequence[Envelope]]) -> Lines:
    """Count as a reader of the log would by hand: each grant that was heard for 30 s, once."""
    seen: set[str] = set()
    lines: Lines = Counter()
    for envelope in (e for batch in batches for e in batch):
        play = json.loads(envelope.payload)
        if play["grant_id"] not in seen and play["heard_ms"] >= 30_000:
            seen.add(play["grant_id"])
            lines[play["issued_at"] // HOUR, play["territory"].lower(), play["song_id"]] += 1
    return lines


def test_hours_are_exact_through_kills_zombies_duplicates_and_reordering(tmp_path: Path) -> None:
    tables, log = f"lmdb:{tmp_path}/tables", f"lmdb:{tmp_path}/log"
    made = SyntheticPlays(PLAYS)
    batches = list(made.batches())

    async def tell() -> None:
        events = open_eventlog(log)
        for batch in batches:
            await events.append("plays", batch)
        await events.close()

    asyncio.run(tell())
    assert made.told > PLAYS * 1.08
    ordeal = count_through_kills(
        tables,
        log,
        batch=2000,
        kills=KILLS,
        zombies=ZOMBIES,
        longest=0.6,
        consume=count_for_charts,
        sleep_in_it=count_for_charts_sleepily,
    )
    assert ordeal.fenced == ZOMBIES
    assert ordeal.amidst >= SOME, "kills came while plays were being counted"
    expected = plain_model(batches)

    async def read_and_count_again() -> tuple[Lines, Lines]:
        opened, events = open_tables(tables), open_eventlog(log)
        first = await by_hour(PlayCounts(opened, SyntheticSongs()), 0, BEGIN // HOUR + 1000)
        await opened.close()
        await events.rewind("plays", group=CHARTS_GROUP)
        fresh = open_tables(f"lmdb:{tmp_path}/fresh")
        counts = PlayCounts(fresh, SyntheticSongs())
        async with events.subscribe("plays", group=CHARTS_GROUP) as subscription:
            while await ChartsFeed(events, counts).step(subscription, wait=0):
                pass
        again = await by_hour(counts, 0, BEGIN // HOUR + 1000)
        await fresh.close()
        await events.close()
        return first, again

    first, again = asyncio.run(read_and_count_again())
    assert first == expected
    assert again == expected, "a log that is read from zero gives the same"


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
    counts = PlayCounts(tables, SyntheticSongs())
    feed = ChartsFeed(log, counts, batch=500)
    running = asyncio.create_task(feed.run(stop))
    async with asyncio.timeout(60):
        while await log.lag("plays", group="charts"):
            await asyncio.sleep(0.05)
    stop.set()
    await running
    assert tables.refused >= 3
    assert sum((await by_hour(counts)).values()) == sum(made.expected.values())
    await log.close()
