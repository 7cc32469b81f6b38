"""A decision whether a song may be heard: CPU microseconds, in memory as the routes ask.

10,000 songs of 12 deals each, 40 households in 8 countries; ``peek`` is what a segment costs, with
the clock read and the household looked up. "cold" compiles the timeline of a
song for a storefront first.
"""

import asyncio
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from antiphon.kernel import HouseholdId, SongId, SystemClock, UnixMs
from antiphon.rights import CommercialModel, Deal, Rights, SongDeals, SongRights, Terms, UseType
from antiphon.storage import open_tables

SONGS = 10_000
HOUSES = 40
ASKED = 200_000
COUNTRIES = ("de", "fr", "us", "gb", "jp", "br", "in", "se")
DAY_MS = 86_400_000
TARGET_US = 5.0
FRESH = 2_000  # asked between two looks at the epoch, which decide does itself


def run() -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        figures = asyncio.run(_measured(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    met = figures["decision_us"] <= TARGET_US
    return {
        "name": "availability",
        "figures": figures,
        "targets": {"decision_us": {"at_most": TARGET_US, "met": met}},
    }


async def _measured(folder: Path) -> dict[str, float]:
    tables, clock = open_tables(f"lmdb:{folder}/tables"), SystemClock()
    rights, chance = Rights(tables, clock), random.Random(1)
    songs = [SongId(f"song{n}") for n in range(SONGS)]
    rows = [(song, _deals(chance, clock.now())) for song in songs]
    await rights.store.write_songs(rows)
    houses = [HouseholdId(f"house{n}") for n in range(HOUSES)]
    for n, house in enumerate(houses):
        await rights.store.write_terms(house, Terms(storefront=COUNTRIES[n % len(COUNTRIES)]))
    for house in houses:
        await rights.decide_all(house, songs)
    asked = [(chance.choice(houses), chance.choice(songs)) for _ in range(ASKED)]
    figures = {"decision_us": await _peeks(rights, asked), "cold_us": _cold(rows, clock.now())}
    await tables.close()
    return {name: round(us, 2) for name, us in figures.items()}


async def _peeks(rights: Rights, asked: list[tuple[HouseholdId, SongId]]) -> float:
    spent, counted = 0.0, 0
    for at in range(0, len(asked), FRESH):
        part = asked[at : at + FRESH]
        await rights.decide_all(part[0][0], [part[0][1]])
        begin = time.process_time()
        found = [rights.peek(house, song, UseType.STREAM) for house, song in part]
        took = time.process_time() - begin
        if None not in found:  # memory may have grown too old in the middle: not counted
            spent, counted = spent + took, counted + len(part)
    assert counted > len(asked) / 2
    return spent * 1e6 / counted


def _cold(rows: list[tuple[SongId, SongDeals]], now: int) -> float:
    terms, some = Terms(storefront="de"), rows[:2_000]
    begin = time.process_time()
    for _, row in some:
        SongRights(row.deals).decide(terms, UseType.STREAM, now)
    return (time.process_time() - begin) * 1e6 / len(some)


def _deals(chance: random.Random, now: int) -> SongDeals:
    deals = []
    for _ in range(12):
        start = now + chance.randrange(-300, 300) * DAY_MS
        deals.append(
            Deal(
                frozenset(chance.sample(COUNTRIES, 3)),
                uses=frozenset({UseType.STREAM, UseType.PREVIEW}),
                models=frozenset({chance.choice(list(CommercialModel))}),
                start=UnixMs(start),
                end=UnixMs(start + chance.randrange(30, 400) * DAY_MS),
            )
        )
    return SongDeals(deals=tuple(deals), release_id="r", sender="s", changed_at=UnixMs(now))
