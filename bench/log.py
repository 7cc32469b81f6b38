"""The event log on LMDB beside SQLite: durable appends, reads, and the wake-up of a reader.

Appends are durable when they return. Eight callers hand over a thousand records at a time, and
share commits; "one caller" waits for each commit before the next, as SQLite does here, so that the
disk's sync decides. Both engines take turns, and of three rounds the best counts.
"""

import asyncio
import json
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from antiphon.eventlog import LmdbEventLog, open_eventlog
from antiphon.kernel import Envelope, UnixMs

_BATCH = 1000
_BATCHES = 96
_WRITERS = 8
_ROUNDS = 3
_CALLERS = 200
_CALLS = 25
_WAKES = 100
_PAYLOAD = (
    b'{"song_id":"abcdefghijklmnop","recording_id":"abcdefghijklmnop","album_id":"abcdefghij"}'
)
_RECORDS = _BATCH * _BATCHES


def run() -> dict[str, Any]:
    """Measure both engines in turn, on the same disk."""
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        rounds = [
            (asyncio.run(_lmdb(folder / f"{n}")), _sqlite(folder / f"{n}")) for n in range(_ROUNDS)
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "name": "log",
        "figures": _best([figures for figures, _ in rounds]),
        "peer": {
            "name": f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL",
            **_best([peer for _, peer in rounds]),
        },
        "targets": {"append_records_per_s": ">= 100000"},
    }


def _best(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Return the best of each figure: the largest rate, the smallest cost."""
    return {
        name: (max if name.endswith(("_per_s", "_one_caller")) else min)(r[name] for r in rounds)
        for name in rounds[0]
    }


def _envelope(number: int) -> Envelope:
    return Envelope(f"{number:024d}", "catalog.song_added", 1, "song", UnixMs(number), _PAYLOAD)


async def _lmdb(folder: Path) -> dict[str, float]:
    log = open_eventlog(f"lmdb:{folder}/log")
    shared, cpu = await _appends(log, "bulk", writers=_WRITERS)
    size = (folder / "log" / "data.mdb").stat().st_size
    alone, _ = await _appends(log, "alone", writers=1)
    figures = {
        "append_records_per_s": round(shared),
        "append_records_per_s_one_caller": round(alone),
        "append_cpu_us": round(cpu, 2),
        "bytes_per_record": round(size / _RECORDS),
        "single_appends_per_s": round(await _single_appends(log)),
        "read_records_per_s": round(await _reads(log)),
        "wake_up_ms_p50": round(await _wake_up_ms(log), 2),
    }
    await log.close()
    return figures


async def _appends(log: LmdbEventLog, topic: str, *, writers: int) -> tuple[float, float]:
    """Return records per second, and microseconds of CPU per record."""
    batches = [[_envelope(b * _BATCH + i) for i in range(_BATCH)] for b in range(_BATCHES)]

    async def write(some: list[list[Envelope]]) -> None:
        for batch in some:
            await log.append(topic, batch)

    begin, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(write(batches[w::writers]) for w in range(writers)))
    took, burnt = time.perf_counter() - begin, time.process_time() - cpu
    return _RECORDS / took, burnt / _RECORDS * 1e6


async def _single_appends(log: LmdbEventLog) -> float:
    """Return appends per second of many callers who each wait for their own."""

    async def call() -> None:
        for number in range(_CALLS):
            await log.append("single", [_envelope(number)])

    begin = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(_CALLERS)))
    return _CALLERS * _CALLS / (time.perf_counter() - begin)


async def _reads(log: LmdbEventLog) -> float:
    """Return records per second of one consumer that commits every thousand."""
    count = 0
    begin = time.perf_counter()
    async with log.subscribe("bulk", group="bench") as subscription:
        while records := await subscription.poll(max_records=_BATCH, wait=0):
            count += len(records)
            await subscription.commit(records)
    if count != _RECORDS:
        raise AssertionError(f"read {count} of {_RECORDS} records")
    return count / (time.perf_counter() - begin)


async def _wake_up_ms(log: LmdbEventLog) -> float:
    """Return the median time from an acknowledged append to the record in a waiting consumer."""
    acknowledged: list[float] = []

    async def append() -> None:
        for number in range(_WAKES):
            await asyncio.sleep(0.01)
            await log.append("wake", [_envelope(number)])
            acknowledged.append(time.perf_counter())

    received: list[float] = []
    async with log.subscribe("wake", group="bench") as subscription:
        appending = asyncio.create_task(append())
        while len(received) < _WAKES:
            received += [time.perf_counter() for _ in await subscription.poll(wait=5)]
        await appending
    pauses = sorted(r - a for r, a in zip(received, acknowledged, strict=True))
    return pauses[_WAKES // 2] * 1000


def _sqlite(folder: Path) -> dict[str, float]:
    db = sqlite3.connect(folder / "peer.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute(
        "CREATE TABLE log (position INTEGER PRIMARY KEY,"
        " id TEXT, type TEXT, version INTEGER, key TEXT, at INTEGER, payload BLOB)"
    )
    rows = [
        (e.event_id, e.type_name, e.version, e.key, e.occurred_at, e.payload)
        for e in map(_envelope, range(_RECORDS))
    ]
    begin, cpu = time.perf_counter(), time.process_time()
    for first in range(0, _RECORDS, _BATCH):
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO log (id, type, version, key, at, payload) VALUES (?, ?, ?, ?, ?, ?)",
            rows[first : first + _BATCH],
        )
        db.execute("COMMIT")
    took, burnt = time.perf_counter() - begin, time.process_time() - cpu
    db.close()
    return {
        "append_records_per_s_one_caller": round(_RECORDS / took),
        "append_cpu_us": round(burnt / _RECORDS * 1e6, 2),
    }


def main() -> None:
    print(json.dumps(run()))


if __name__ == "__main__":
    main()
