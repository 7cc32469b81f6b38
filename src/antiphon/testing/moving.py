"""What an installation's engines hold, made up: for tests that move it."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from antiphon.charts import CHARTS_ROWS, ChartsFeed, PlayCounts, with_counts_place
from antiphon.eventlog import MovableLog
from antiphon.kernel import Envelope, FixedClock, UnixMs
from antiphon.rights import LEDGER_ROWS, Ledger, LedgerFeed, Period, Usage, with_ledger_place
from antiphon.storage import Cell, Objects, OperatedTables, Row, SetCell
from antiphon.testing.plays import SyntheticPlays, SyntheticSongs

MONTH: Final = Period(2025, 11)
_NOW: Final = UnixMs(MONTH.end + 86_400_000)
_BATCH: Final = 700  # at most
_OLD: Final = 1_600_000_000_000


@dataclass(frozen=True, slots=True)
class Engines:
    """The ports that hold an installation."""

    tables: OperatedTables
    objects: Objects
    events: MovableLog


async def furnish(engines: Engines, *, plays: int = 3000, rows: int = 500) -> Counter[Usage]:
    """Fill empty engines; return what the ledger has to say once it has read all plays.

    Both feeds of plays are behind, and each has counted a batch that its group has not committed,
    as if they had been killed there.
    """
    chance = random.Random(7)  # noqa: S311 - no secrets
    await engines.tables.load("songs", [_row(n, chance) for n in range(rows)])
    await engines.tables.load("large", [Row(b"\xff\0", {"f": {"": Cell(bytes(700_000), _OLD)}})])
    await engines.tables.mutate("late", b"k", [SetCell("meta", "now", b"1")])
    for number in range(40):
        await engines.objects.put(f"media/{number:02}/a.m4s", chance.randbytes(5000 + number))
    await engines.events.append("catalog", [_event(n) for n in range(300)])
    await engines.events.append("plays.ledger.dead", [_event(1)])
    async with engines.events.subscribe("catalog", group="jobs.v1") as subscription:
        await subscription.commit(await subscription.poll(max_records=123, wait=10))
    made = SyntheticPlays(plays)
    for batch in made.batches():
        await engines.events.append("plays", batch)
    await _count_half(engines, plays // 2, batch=min(_BATCH, plays // 4))
    return made.expected


async def count_the_rest(engines: Engines) -> Counter[Usage]:
    """Let the ledger and the charts read what they have not; return what the ledger says then."""
    ledger = ledger_on(engines)
    for feed in (
        LedgerFeed(engines.events, ledger, batch=_BATCH),
        ChartsFeed(engines.events, _counts(engines), batch=_BATCH),
    ):
        group = "ledger" if isinstance(feed, LedgerFeed) else "charts"
        async with engines.events.subscribe("plays", group=group) as subscription:
            wait = 10.0  # the first poll may have to join a group
            while await feed.step(subscription, wait=wait):
                wait = 2.0
    return await counted(engines)


async def counted(engines: Engines) -> Counter[Usage]:
    """Return the plays that are in the ledger."""
    lines = await ledger_on(engines).usage(MONTH)
    return Counter({line.usage: line.plays for line in lines})


async def refused_plays(engines: Engines) -> dict[str, int]:
    """Return how many tellings of plays the ledger did not count, by reason."""
    return dict(await ledger_on(engines).refusals(MONTH))


def ledger_on(engines: Engines) -> Ledger:
    """Return the ledger on these engines."""
    return Ledger(engines.tables, FixedClock(_NOW), SyntheticSongs())


async def content_of(engines: Engines) -> dict[str, Any]:
    """Return all there is, without what tells places in a log: those are each log's own."""
    content: dict[str, Any] = {}
    for table in await engines.tables.names():
        if table != "installation":  # who is at home there, and since when
            content[f"table {table}"] = [_placeless(table, r) for r in await _rows(engines, table)]
    async for info in engines.objects.list(""):
        content[f"object {info.key}"] = await engines.objects.get(info.key)
    for topic in await engines.events.topics():
        by_key: dict[str, list[Envelope]] = {}
        for partition, extent in (await engines.events.extents(topic)).items():
            start = extent.begin
            while some := await engines.events.stored(topic, partition, start=start):
                for record in some:
                    by_key.setdefault(record.envelope.key, []).append(record.envelope)
                start = some[-1].offset + 1
        if by_key:
            content[f"topic {topic}"] = by_key
    return content


async def _count_half(engines: Engines, plays: int, *, batch: int) -> None:
    """Count about so many; the last batch is counted and not committed."""
    ledger, counts = ledger_on(engines), _counts(engines)
    for group, feed in (
        ("ledger", LedgerFeed(engines.events, ledger, batch=batch)),
        ("charts", ChartsFeed(engines.events, counts, batch=batch)),
    ):
        async with engines.events.subscribe("plays", group=group) as subscription:
            done = 0
            while done < plays:
                done += await feed.step(subscription, wait=10)
            records = await subscription.poll(max_records=batch, wait=10)
            places = await feed._places(records)  # noqa: SLF001 - dies before it commits
            await (ledger.apply(places) if group == "ledger" else counts.apply(places))


def _counts(engines: Engines) -> PlayCounts:
    return PlayCounts(engines.tables, SyntheticSongs())


async def _rows(engines: Engines, table: str) -> list[Row]:
    rows: list[Row] = []
    start = b""
    while some := await engines.tables.page(table, start=start, limit=500):
        rows += some
        start = some[-1].key + b"\0"
    return rows


def _placeless(table: str, row: Row) -> Row:
    if table == LEDGER_ROWS:
        return with_ledger_place(row, {})
    return with_counts_place(row, {}) if table == CHARTS_ROWS else row


def _row(number: int, chance: random.Random) -> Row:
    meta = {"title": Cell(b"Song %d" % number, _OLD + number), "": Cell(b"", _OLD)}
    more = {"b": {f"{n}": Cell(chance.randbytes(40), _OLD + n) for n in range(number % 4)}}
    return Row(
        chance.randbytes(3) + b"%05d" % number, {"meta": meta, **(more if number % 4 else {})}
    )


def _event(number: int) -> Envelope:
    at = UnixMs(_OLD + number)
    key = f"k{number % 17}" if number % 29 else ""
    return Envelope(f"c{number}", "catalog.test", 1, key, at, b'{"n":%d}' % number)
