"""Moving rows: copied to other tables, and both ends compared, as ``antiphon migrate`` does it.

To another embedded engine and to one real Cassandra node, which shares this machine's cores; the
peer is that node filled by its bare client, a prepared insert for each cell, 64 at a time.
"""

import asyncio
import json
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from antiphon.app.migration.rows import copy_table, stamped_by, verify_table
from antiphon.storage import Cell, OperatedTables, Row, open_tables
from antiphon.testing.engines import ENGINES

_ROWS = 40_000
_CACHE = Path(__file__).parents[1] / ".cache" / "engines"
_AT = 1_700_000_000_000


def run() -> dict[str, Any]:
    """Measure both."""
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        with ENGINES["cassandra"](folder / "cassandra", _CACHE) as node:
            figures, peer = asyncio.run(_measured(folder, node.url))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "name": "migrate",
        "figures": figures,
        "peer": {"name": "cassandra-driver, one insert a cell, nothing compared", **peer},
        "targets": {"to_cassandra_rows_per_s": ">= 5000", "embedded_rows_per_s": ">= 5000"},
    }


async def _measured(folder: Path, url: str) -> tuple[dict[str, float], dict[str, float]]:
    source = open_tables(f"lmdb:{folder / 'source'}")
    chance = random.Random(3)
    rows = [_row(chance) for _ in range(_ROWS)]
    await source.load("songs", rows)
    figures = {}
    for name, target in (
        ("embedded", open_tables(f"lmdb:{folder / 'target'}")),
        ("to_cassandra", open_tables(url)),
    ):
        await target.load("warm", rows[:2000])
        await target.page("warm", limit=2000)
        figures |= await _moved(name, source, target)
        await target.close()
    back = open_tables(f"lmdb:{folder / 'back'}")
    cluster = open_tables(url)
    figures |= await _moved("from_cassandra", cluster, back)
    for tables in (back, cluster, source):
        await tables.close()
    return figures, await asyncio.to_thread(_bare, url, rows)


async def _moved(name: str, source: OperatedTables, target: OperatedTables) -> dict[str, float]:
    def same(_table: str, row: Row) -> Row:
        return stamped_by(row, _AT)

    begin, cpu = time.perf_counter(), time.process_time()
    await copy_table(source, target, "songs", same, lambda _: None)
    copied = time.perf_counter()
    await verify_table(source, target, "songs", same, lambda _: None)
    end = time.perf_counter()
    return {
        f"{name}_rows_per_s": round(_ROWS / (end - begin)),
        f"{name}_copied_rows_per_s": round(_ROWS / (copied - begin)),
        f"{name}_verified_rows_per_s": round(_ROWS / (end - copied)),
        f"{name}_cpu_us_per_row": round((time.process_time() - cpu) / _ROWS * 1e6, 1),
    }


def _bare(url: str, rows: list[Row]) -> dict[str, float]:
    from cassandra.cluster import Cluster
    from cassandra.concurrent import execute_concurrent_with_args

    host, _, port = url.removeprefix("cassandra://").partition("/")[0].rpartition(":")
    cluster = Cluster([host], port=int(port), protocol_version=4)
    session = cluster.connect()
    session.execute(
        "CREATE KEYSPACE bare WITH replication = {'class': 'SimpleStrategy', "
        "'replication_factor': 1}"
    )
    session.execute(
        "CREATE TABLE bare.rows (key blob, col text, value blob, PRIMARY KEY (key, col))"
    )
    insert = session.prepare("INSERT INTO bare.rows (key, col, value) VALUES (?, ?, ?)")
    cells = [
        (row.key, f"{family}/{column}", cell.value)
        for row in rows
        for family, columns in row.families.items()
        for column, cell in columns.items()
    ]
    begin = time.perf_counter()
    execute_concurrent_with_args(session, insert, cells, concurrency=64)
    took = time.perf_counter() - begin
    cluster.shutdown()
    return {"to_cassandra_rows_per_s": round(len(rows) / took)}


def _row(chance: random.Random) -> Row:
    value = chance.randbytes(180)
    meta = {"data": Cell(value, _AT), "name": Cell(b"Song", _AT)}
    key = f"{chance.getrandbits(80):020x}".encode()
    return Row(key, {"meta": meta})


def main() -> None:
    print(json.dumps(run(), indent=1))


if __name__ == "__main__":
    main()
