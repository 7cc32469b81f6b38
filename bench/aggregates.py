"""The listening aggregates: plays a second on one core, from the durable log to durable counts.

``ANTIPHON_AGGREGATES_PLAYS`` says how many plays, 400,000 without it; a tenth is told twice, all
are shuffled. The counts by hour must be exact to the play.
"""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from antiphon.charts import ChartsFeed, PlayCounts
from antiphon.eventlog import open_eventlog
from antiphon.storage import open_tables
from antiphon.testing.plays import BEGIN, SyntheticPlays, SyntheticSongs

_PLAYS = int(os.environ.get("ANTIPHON_AGGREGATES_PLAYS", "400000"))
_HOUR_MS = 3_600_000
_DAYS_LOOKED_AT = 24


def run() -> dict[str, Any]:
    """Count once; compare with what was made."""
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        made = SyntheticPlays(_PLAYS)
        figures = asyncio.run(_measure(folder, made))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if figures["wrong_lines"]:
        raise AssertionError(f"the counts are wrong in {figures['wrong_lines']} lines")
    return {
        "name": "aggregates",
        "figures": figures,
        "targets": {"events_per_cpu_s": ">= 50000", "wrong_lines": "0"},
    }


async def _measure(folder: Path, made: SyntheticPlays) -> dict[str, float]:
    log, tables = open_eventlog(f"lmdb:{folder}/log"), open_tables(f"lmdb:{folder}/tables")
    for batch in made.batches():
        await log.append("plays", batch)
    counts = PlayCounts(tables, SyntheticSongs())
    feed = ChartsFeed(log, counts)
    begin, cpu = time.perf_counter(), time.process_time()
    async with log.subscribe("plays", group="charts") as subscription:
        while await feed.step(subscription, wait=0):
            pass
    took, burnt = time.perf_counter() - begin, time.process_time() - cpu
    found: Counter[tuple[str, str]] = Counter()
    first = BEGIN // _HOUR_MS
    async for _, played in counts.hours(first, first + _DAYS_LOOKED_AT * 24):
        found[played.storefront, played.song_id] += played.plays
    expected: Counter[tuple[str, str]] = Counter()
    for usage, plays in made.expected.items():
        expected[usage.territory.lower(), usage.song_id] += plays
    await log.close()
    await tables.close()
    return {
        "events": made.told,
        "events_per_s": round(made.told / took),
        "events_per_cpu_s": round(made.told / burnt),
        "wrong_lines": sum(found[k] != expected[k] for k in found.keys() | expected.keys()),
    }


def main() -> None:
    print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    main()
