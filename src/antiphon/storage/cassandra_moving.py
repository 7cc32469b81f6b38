"""Whole rows in and out of Cassandra, for tables that nobody else uses: no transactions.

What is loaded is stamped an hour ago, so that any transaction wins over it whatever the clocks say.
"""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cassandra.query import BatchStatement, BatchType

from antiphon.storage.cassandra_index import CLEAR_OLDER_THAN_US, KeyIndex
from antiphon.storage.cassandra_session import CassandraSession
from antiphon.storage.tables import Cell, Families, Row

_ROWS_IN_BATCH: Final = 10  # Cassandra warns of more partitions
_BYTES_IN_BATCH: Final = 4096  # and of more than 5 KiB
_KEYS_AT_ONCE: Final = 20
_WRITER_BYTES: Final = 12
_OLD_US: Final = CLEAR_OLDER_THAN_US

STATEMENTS: Final = {
    "tables": "SELECT DISTINCT tbl FROM {ks}.buckets",
    "some rows": "SELECT key, family, col, value, at FROM {ks}.rows WHERE tbl=? AND key IN ?",
    "wipe": "DELETE FROM {ks}.rows USING TIMESTAMP ? WHERE tbl=? AND key=?",
    "found": "INSERT INTO {ks}.rows (tbl, key, version, writer) VALUES (?, ?, 1, ?) "
    "USING TIMESTAMP ?",
    "put": "INSERT INTO {ks}.rows (tbl, key, family, col, value, at) VALUES (?, ?, ?, ?, ?, ?) "
    "USING TIMESTAMP ?",
}


async def settled_rows(session: CassandraSession, table: str, keys: Sequence[bytes]) -> list[Row]:
    """Return the rows that are there, as all acknowledged writes have left them."""
    parts = [keys[i : i + _KEYS_AT_ONCE] for i in range(0, len(keys), _KEYS_AT_ONCE)]
    found: dict[bytes, Families] = {}
    asking = (session.ask("some rows", table, list(part)) for part in parts)
    for cells in await asyncio.gather(*asking):
        for key, family, column, value, at in cells:
            if family is not None:
                columns = found.setdefault(key, {}).setdefault(family, {})
                columns[column] = Cell(value, at)
    return [Row(key, found[key]) for key in keys if key in found]


async def load_rows(
    session: CassandraSession, index: KeyIndex, table: str, rows: Sequence[Row]
) -> None:
    """Make each row exactly what is given; its key is in the index before."""
    await session.open()
    await index.add_many(table, [row.key for row in rows if row.families])
    old = time.time_ns() // 1000 - _OLD_US
    loading = (_load(session, table, part, old) for part in _small_enough(rows))
    await asyncio.gather(*loading)


async def _load(session: CassandraSession, table: str, rows: Sequence[Row], old: int) -> None:
    batch = BatchStatement(BatchType.UNLOGGED)
    writer = os.urandom(_WRITER_BYTES)

    def add(name: str, *values: Any) -> None:
        batch.add(session.prepared(name).bind(values))

    for row in rows:
        add("wipe", old - 1, table, row.key)
        if row.families:
            add("found", table, row.key, writer, old)
        for family, columns in row.families.items():
            for column, cell in columns.items():
                add("put", table, row.key, family, column, cell.value, cell.written_at, old)
    await session.send(batch)


def _small_enough(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows by batches that Cassandra does not warn of; a larger row is one by itself."""
    part: list[Row] = []
    size = 0
    for row in rows:
        own = len(row.key) + sum(
            len(family) + len(column) + len(cell.value)
            for family, columns in row.families.items()
            for column, cell in columns.items()
        )
        if part and (len(part) == _ROWS_IN_BATCH or size + own > _BYTES_IN_BATCH):
            yield part
            part, size = [], 0
        part.append(row)
        size += own
    if part:
        yield part
