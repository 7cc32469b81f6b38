"""The event log on LMDB beside SQLite: durable appends, reads, and the wake-up of a reader."""

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
_BATCHES = 200
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
        figures = asyncio.run(_lmdb(folder))
        peer = _sqlite(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "name": "log",
        "figures": figures,
        "peer": {"name": f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL", **peer},
        "targets": {"append_records_per_s": ">= 100000"},
    }


def _envelope(number: int) -> Envelope:
    return Envelope(f"{number:024d}", "catalog.song_added", 1, "song", UnixMs(number), _PAYLOAD)


async def _lmdb(folder: Path) -> dict[str, float]:
    log = open_eventlog(f"lmdb:{folder}/log")
    batches = [[_envelope(b * _BATCH + i) for i in range(_BATCH)] for b in range(_BATCHES)]
    begin, cpu = time.perf_counter(), time.process_time()
    for batch in batches:
        await log.append("bulk", batch)
    took, burnt = time.perf_counter() - begin, time.process_time() - cpu
    size = (folder / "log" / "data.mdb").stat().st_size
    figures = {
        "append_records_per_s": round(_RECORDS / took),
        "append_cpu_us": round(burnt / _RECORDS * 1e6, 2),
        "records_per_commit": _BATCH,
        "bytes_per_record": round(size / _RECORDS),
        "single_appends_per_s": round(await _single_appends(log)),
        "concurrent_callers": _CALLERS,
        "read_records_per_s": round(await _reads(log)),
        "wake_up_ms_p50": round(await _wake_up_ms(log), 2),
    }
    await log.close()
    return figures


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
        "append_records_per_s": round(_RECORDS / took),
        "append_cpu_us": round(burnt / _RECORDS * 1e6, 2),
        "records_per_commit": _BATCH,
    }


def main() -> None:
    print(json.dumps(run()))


if __name__ == "__main__":
    main()
