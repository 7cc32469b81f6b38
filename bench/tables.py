"""Tables on LMDB beside SQLite: CPU of a point read, and durable writes with group commit.

400 callers increment a counter each, and each waits until its own write is durable. SQLite has no
group commit: its writes per second are one per commit; "batched by hand" is one loop that puts 400
into each transaction, which no caller could wait for by itself.
"""

import asyncio
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from antiphon.storage import LmdbTables, SetCell, open_tables

_ROWS = 50_000
_READS = 50_000
_WRITERS = 400
_WRITES_PER_WRITER = 50
_VALUE = b"x" * 190
_ROUNDS = 3


def run() -> dict[str, Any]:
    """Measure both engines in turn, on the same disk; the best of three rounds counts."""
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        figures = asyncio.run(_lmdb(folder))
        peer = _sqlite(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "name": "tables",
        "figures": figures,
        "peer": {"name": f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL", **peer},
        "targets": {"point_read_cpu_us": "<= 3", "durable_writes_per_s": ">= 10000"},
    }


def _key(number: int) -> bytes:
    return b"song-%08d" % (number * 7919 % _ROWS)


async def _lmdb(folder: Path) -> dict[str, float]:
    tables = open_tables(f"lmdb:{folder}/lmdb")
    begin = time.perf_counter()
    await tables.mutate_many("songs", [(_key(i), _cells()) for i in range(_ROWS)])
    load = _ROWS / (time.perf_counter() - begin)
    reads, writes, cpus, scans = [], [], [], []
    for _ in range(_ROUNDS):
        reads.append(await _read_cpu_us(tables))
        per_second, cpu = await _writes_per_second(tables)
        writes.append(per_second)
        cpus.append(cpu)
        scans.append(await _scan_cpu_us(tables))
    await tables.close()
    return {
        "point_read_cpu_us": round(min(reads), 2),
        "scan_row_cpu_us": round(min(scans), 2),
        "durable_writes_per_s": round(max(writes)),
        "durable_write_cpu_us": round(min(cpus), 1),
        "concurrent_writers": _WRITERS,
        "bulk_load_rows_per_s": round(load),
    }


def _cells() -> list[SetCell]:
    return [SetCell("meta", "data", _VALUE)]


async def _read_cpu_us(tables: LmdbTables) -> float:
    keys = [_key(i) for i in range(_READS)]
    begin = time.process_time()
    for key in keys:
        await tables.read("songs", key)
    return (time.process_time() - begin) / _READS * 1e6


async def _scan_cpu_us(tables: LmdbTables) -> float:
    begin = time.process_time()
    rows = await tables.scan("songs", limit=20_000)
    return (time.process_time() - begin) / len(rows) * 1e6


async def _writes_per_second(tables: LmdbTables) -> tuple[float, float]:
    """Read-modify-write by many callers at once, each waiting for its own commit."""

    async def write(writer: int) -> None:
        key = b"counter-%d" % writer
        for _ in range(_WRITES_PER_WRITER):
            await tables.increment("counters", key, family="n", column="n")

    begin, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(write(w) for w in range(_WRITERS)))
    count = _WRITERS * _WRITES_PER_WRITER
    took, burnt = time.perf_counter() - begin, time.process_time() - cpu
    return count / took, burnt / count * 1e6


def _sqlite(folder: Path) -> dict[str, float]:
    db = sqlite3.connect(folder / "peer.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE songs (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    db.execute("CREATE TABLE counters (key BLOB PRIMARY KEY, n INTEGER) WITHOUT ROWID")
    begin = time.perf_counter()
    _in_transactions(db, _ROWS, 500, lambda i: _insert(db, i))
    load = _ROWS / (time.perf_counter() - begin)
    reads = min(_sqlite_read_cpu_us(db) for _ in range(_ROUNDS))
    grouped = max(_sqlite_writes_per_second(db, 400, 20_000) for _ in range(_ROUNDS))
    single = max(_sqlite_writes_per_second(db, 1, 1_000) for _ in range(_ROUNDS))
    db.close()
    return {
        "point_read_cpu_us": round(reads, 2),
        "durable_writes_per_s": round(single),
        "durable_writes_per_s_batched_by_hand": round(grouped),
        "bulk_load_rows_per_s": round(load),
    }


def _insert(db: sqlite3.Connection, number: int) -> None:
    db.execute("INSERT OR REPLACE INTO songs VALUES (?, ?)", (_key(number), _VALUE))


def _sqlite_read_cpu_us(db: sqlite3.Connection) -> float:
    keys = [_key(i) for i in range(_READS)]
    begin = time.process_time()
    for key in keys:
        db.execute("SELECT value FROM songs WHERE key = ?", (key,)).fetchone()
    return (time.process_time() - begin) / _READS * 1e6


def _sqlite_writes_per_second(db: sqlite3.Connection, per_commit: int, count: int) -> float:
    def write(number: int) -> None:
        db.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET n = n + 1",
            (b"counter-%d" % (number % _WRITERS),),
        )

    begin = time.perf_counter()
    _in_transactions(db, count, per_commit, write)
    return count / (time.perf_counter() - begin)


def _in_transactions(
    db: sqlite3.Connection, count: int, per_commit: int, write: Callable[[int], None]
) -> None:
    for first in range(0, count, per_commit):
        db.execute("BEGIN IMMEDIATE")
        for number in range(first, min(first + per_commit, count)):
            write(number)
        db.execute("COMMIT")


def main() -> None:
    print(json.dumps(run()))


if __name__ == "__main__":
    main()
