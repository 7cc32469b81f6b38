"""Counts made again take the place of those in use, while plays come in."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.charts import PlayCounts, again
from antiphon.charts.day import DayRow
from antiphon.charts.plays import PLAYS_TABLE
from antiphon.charts.rules import day_key, shard_of
from antiphon.kernel import UnixMs
from antiphon.rights import SongTerms
from antiphon.storage import DeleteRow
from antiphon.testing.memory_tables import MemoryTables

from .test_counts import AT, DAY, HOUR, Lines, Songs, by_hour, plays_of, told

Places = list[tuple[int, int, Any]]


class Stricter:
    """Rules that were wrong: no play of these is long enough."""

    async def terms_of(self, song_ids: Sequence[str]) -> list[SongTerms]:
        return [SongTerms(needed_ms=90_000) for _ in song_ids]


def places(grants: Sequence[int]) -> Places:
    """Return what the log holds: a report for each grant, an hour apart, of two songs."""
    return [
        (n % 2, n // 2, told(f"g{g}", issued=AT + g * HOUR, song=f"s{g % 2}"))
        for n, g in enumerate(grants)
    ]


def by_again(tables: MemoryTables) -> PlayCounts:
    return PlayCounts(tables, Songs(), generation=again.AGAIN)


async def model(log: Places) -> Lines:
    counts = PlayCounts(MemoryTables(), Songs())
    await counts.apply(log)
    return await by_hour(counts)


async def test_what_was_counted_wrongly_is_right_and_counting_goes_on() -> None:
    tables, log = MemoryTables(), places(range(60))
    live = PlayCounts(tables, Stricter())
    assert await live.apply(log[:50]) == 0
    await by_again(tables).apply(log[:50])
    swapped = await again.swap(tables, since=None)
    assert swapped.replaced == len({g // 24 for g in range(50)}) * 2
    assert swapped.behind == 0
    live._songs = Songs()  # the server is started with the right rules
    await live.apply(log[40:])
    assert await by_hour(live) == await model(log)
    await again.forget(tables)
    assert await tables.scan(PLAYS_TABLE + again.AGAIN) == []
    assert await by_hour(live) == await model(log)


async def test_a_row_that_the_log_is_further_in_waits() -> None:
    tables, log = MemoryTables(), places(range(10))
    live = PlayCounts(tables, Stricter())
    await live.apply(log)
    fresh = by_again(tables)
    await fresh.apply(log[:5])
    assert (await again.swap(tables, since=None)).behind > 0
    await fresh.apply(log[5:])
    assert (await again.swap(tables, since=None)).behind == 0
    assert await by_hour(live) == await model(log)


async def test_days_of_which_the_log_has_lost_some_stay_as_they_are() -> None:
    tables, log = MemoryTables(), places(range(72))
    live = PlayCounts(tables, Songs())
    await live.apply(log)
    await by_again(tables).apply(log[30:])
    await again.swap(tables, since=UnixMs(AT + 30 * HOUR))
    assert await by_hour(live) == await model(log)


async def test_a_settled_day_is_settled_again_and_a_day_in_its_month_stays_there() -> None:
    tables, report = MemoryTables(), told("a")
    live = PlayCounts(tables, Songs())
    await live.apply([(0, 0, report), (0, 1, told("b", issued=AT + 450 * DAY))])
    await live.roll_up(UnixMs(AT + 450 * DAY))
    assert await plays_of(live, "202511") == 1
    settled = UnixMs(AT + 500 * DAY)
    await live.roll_up(settled)
    await by_again(tables).apply([(0, 0, report), (0, 1, told("b", issued=AT + 450 * DAY))])
    assert await again.swap(tables, since=None) == again.Swapped(replaced=1, behind=0)
    assert await plays_of(live, "202511") == 1
    row = await tables.read(PLAYS_TABLE, day_key(AT // DAY + 450, shard_of("s1")))
    assert DayRow(row).head.settled
    assert [p.plays async for _, p in live.days(AT // DAY + 450, AT // DAY + 450)] == [1]
    assert await live.apply([(0, 2, told("c", issued=AT + 450 * DAY))]) == 0


async def test_a_row_that_was_lost_is_there_again() -> None:
    tables, log = MemoryTables(), places(range(5))
    live = PlayCounts(tables, Songs())
    await live.apply(log)
    for row in await tables.scan(PLAYS_TABLE):
        await tables.mutate(PLAYS_TABLE, row.key, [DeleteRow()])
    await by_again(tables).apply(log)
    await again.swap(tables, since=None)
    assert await by_hour(PlayCounts(tables, Songs())) == await model(log)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 40), max_size=40),
    st.lists(st.tuples(st.sampled_from(["live", "again", "swap", "settle"]), st.integers(1, 15))),
)
def test_in_any_order_of_events_the_counts_end_as_without_it(
    grants: list[int], steps: list[tuple[str, int]]
) -> None:
    log = places(grants)

    async def run() -> None:
        tables = MemoryTables()
        live, fresh = PlayCounts(tables, Songs()), by_again(tables)
        at = {"live": 0, "again": 0}
        for what, size in [*steps, ("live", 80), ("again", 80), ("swap", 0)]:
            if what == "swap":
                await again.swap(tables, since=None)
            elif what == "settle":
                await live.roll_up(UnixMs(AT + size * DAY))  # nothing is old enough
            else:
                counts = live if what == "live" else fresh
                await counts.apply(log[at[what] : at[what] + size])
                at[what] += size
        assert await by_hour(live) == await model(log)

    asyncio.run(run())
