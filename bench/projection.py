"""Projections fed from Kafka: events a second on one core, beside the same on the embedded log.

The projector alone: polled, decoded, handed to a handler that counts, committed. Counts for charts:
the whole of it, to durable rows of LMDB, exact to the play. CPU is that of this process, with the
client's own threads. A message holds what one append says of one listener, one or two events here.
"""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from antiphon.charts import ChartsFeed, PlayCounts
from antiphon.eventlog import (
    EventTypes,
    OperatedLog,
    Projection,
    Projector,
    Record,
    open_eventlog,
)
from antiphon.kernel import Event
from antiphon.storage import open_tables
from antiphon.streaming.events import PlayEnded, PlayPaused, PlayProgressed, PlayStarted
from antiphon.testing.plays import SyntheticPlays, SyntheticSongs
from bench.cache_levels import running
from bench.streaming_house import temporary_folder

PLAYS = int(os.environ.get("ANTIPHON_PROJECTION_PLAYS", "120000"))
TYPES = EventTypes(PlayStarted, PlayProgressed, PlayPaused, PlayEnded)
LEAST = 50_000


def run() -> dict[str, Any]:
    made = SyntheticPlays(PLAYS)
    with temporary_folder() as folder, running("kafka") as urls:
        kafka = asyncio.run(measured(urls["kafka"], folder / "kafka", made))
        embedded = asyncio.run(measured(f"lmdb:{folder}/log", folder / "embedded", made))
    figures = {f"kafka_{name}_per_cpu_s": round(value) for name, value in kafka.items()}
    figures |= {f"embedded_{name}_per_cpu_s": round(value) for name, value in embedded.items()}
    return {
        "name": "projection",
        "figures": {"events": made.told, **figures},
        "targets": {
            f"kafka_{name}_per_cpu_s": {"at_least": LEAST, "met": value >= LEAST}
            for name, value in kafka.items()
        },
    }


async def measured(url: str, folder: Path, made: SyntheticPlays) -> dict[str, float]:
    log, tables = open_eventlog(url), open_tables(f"lmdb:{folder}")
    for batch in made.batches():
        await log.append("plays", batch)
    costs = {
        "projected": made.told / await projecting(log, made.told),
        "counted": made.told / await counting(log, PlayCounts(tables, SyntheticSongs()), made.told),
    }
    await log.close()
    await tables.close()
    return costs


async def projecting(log: OperatedLog, told: int) -> float:
    """Return the CPU seconds of a projector over the whole topic."""
    stop, handled = asyncio.Event(), 0

    async def handle(batch: Sequence[tuple[Record, Event]]) -> None:
        nonlocal handled
        handled += len(batch)

    def seen(_: int) -> None:
        if handled >= told:
            stop.set()

    projector = Projector(log, Projection("bench", "plays", TYPES, handle), seen=seen)
    began = time.process_time()
    await projector.run(stop)
    return time.process_time() - began


async def counting(log: OperatedLog, counts: PlayCounts, told: int) -> float:
    """Return the CPU seconds of counting the whole topic for charts."""
    feed, done = ChartsFeed(log, counts), 0
    began = time.process_time()
    async with log.subscribe("plays", group="charts") as subscription:
        while done < told:
            done += await feed.step(subscription, wait=5)
    return time.process_time() - began


def main() -> None:
    print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    main()
