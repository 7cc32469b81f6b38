"""The tables driver on Cassandra: a partition for each row, an index of keys for scans.

    rows ((tbl, key), family, col)   value, at; static: version, writer

A row is read at SERIAL and written by a lightweight transaction on its version, whatever the
change: plain writes beside transactions would be ordered by clocks that may disagree. A transaction
that finds another version has lost a race, which is an answer: the row is read anew. What is not
answered is not repeated here. The index (``cassandra_index``) has a key before its row is written.
"""

import asyncio
import os
import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from cassandra.query import BatchStatement, BatchType

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import cassandra_index, cassandra_moving
from antiphon.storage.about import About
from antiphon.storage.cassandra_index import KeyIndex
from antiphon.storage.cassandra_scan import Listed
from antiphon.storage.cassandra_session import CassandraSession, Layout, TimedOut
from antiphon.storage.tables import (
    Cell,
    Condition,
    Families,
    Mutation,
    Row,
    SetCell,
    apply_mutation,
    check_row,
    check_row_key,
    check_row_size,
    check_scan_key,
    check_table,
    counter_bytes,
    counter_value,
)

_RACING_SECONDS: Final = 8.0  # below the time of a try
_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.1
_LOCKS: Final = 256
_WRITER_BYTES: Final = 12
_MOST_KEYS_AT_ONCE: Final = 1000
_COLUMNS: Final = {
    "rows": {"tbl", "key", "family", "col", "value", "at", "version", "writer"},
    **cassandra_index.COLUMNS,
}
_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS {ks}.rows (
        tbl text, key blob, family text, col text, value blob, at bigint,
        version bigint static, writer blob static, PRIMARY KEY ((tbl, key), family, col))""",
    *cassandra_index.SCHEMA,
)
_STATEMENTS: Final = {
    "read": "SELECT family, col, value, at, version, writer FROM {ks}.rows WHERE tbl=? AND key=?",
    "set": "INSERT INTO {ks}.rows (tbl, key, family, col, value, at) VALUES (?, ?, ?, ?, ?, ?)",
    "unset": "DELETE FROM {ks}.rows WHERE tbl=? AND key=? AND family=? AND col=?",
    "first": "INSERT INTO {ks}.rows (tbl, key, version, writer) VALUES (?, ?, ?, ?) IF NOT EXISTS",
    "next": "UPDATE {ks}.rows SET version=?, writer=? WHERE tbl=? AND key=? IF version=?",
    **cassandra_index.STATEMENTS,
    **cassandra_moving.STATEMENTS,
}
_LAYOUT: Final = Layout(_COLUMNS, _SCHEMA, _STATEMENTS, serially=("read",))
_Change = Callable[[Families], Sequence[Mutation]]
_RowsOf = Callable[[str, Sequence[Listed]], Awaitable[list[Row]]]


class CassandraTables:
    """``Tables`` in one keyspace."""

    def __init__(self, session: CassandraSession, index: KeyIndex) -> None:
        self._session = session
        self._index = index
        self._locks = [asyncio.Lock() for _ in range(_LOCKS)]

    async def read(self, table: str, key: bytes) -> Row | None:
        """Return the row, or None where no cell exists under ``key``."""
        check_table(table)
        check_row_key(key)
        families = (await self._state(table, key)).families
        return Row(key, families) if families else None

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        """Return one answer per key, in the order of ``keys``."""
        wanted = list(dict.fromkeys(keys))
        rows = await asyncio.gather(*(self.read(table, key) for key in wanted))
        found = dict(zip(wanted, rows, strict=True))
        return [found[key] for key in keys]

    async def scan(
        self,
        table: str,
        *,
        start: bytes = b"",
        end: bytes | None = None,
        limit: int = 1000,
        reverse: bool = False,
    ) -> list[Row]:
        """Return up to ``limit`` rows with ``start <= key < end`` in key order."""
        return await self._walk(table, (start, end), limit, self._present, reverse=reverse)

    async def names(self) -> list[str]:
        """Return the names of the tables that hold rows, sorted."""
        found = sorted(table for (table,) in await self._session.ask("tables"))
        return [table for table in found if await self.page(table, limit=1)]

    async def page(
        self, table: str, *, start: bytes = b"", end: bytes | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return what ``scan`` does, by reads without transactions, many rows in each."""
        return await self._walk(table, (start, end), limit, self._settled, reverse=False)

    async def load(self, table: str, rows: Sequence[Row]) -> None:
        """Make each row exactly what is given, with the time stamps given; none without cells."""
        check_table(table)
        for row in rows:
            check_row(row)
        await cassandra_moving.load_rows(self._session, self._index, table, rows)

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        """Apply all mutations to one row, in order, atomically."""
        if not mutations:
            check_row_key(key)
            return
        await self._change(table, key, lambda _: mutations)

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        """Apply mutations to many rows: each row atomically, the rows not together."""
        by_key: dict[bytes, list[Mutation]] = {}
        for key, mutations in rows:
            by_key.setdefault(check_row_key(key), []).extend(mutations)
            check_row_size(mutations)
        await asyncio.gather(*(self.mutate(table, key, m) for key, m in by_key.items()))

    async def check_and_mutate(
        self,
        table: str,
        key: bytes,
        condition: Condition,
        *,
        then: Sequence[Mutation],
        otherwise: Sequence[Mutation] = (),
    ) -> bool:
        """Apply ``then`` if the condition holds, else ``otherwise``; return whether it held."""
        held = False

        def change(families: Families) -> Sequence[Mutation]:
            nonlocal held
            cell = families.get(condition.family, {}).get(condition.column)
            held = (None if cell is None else cell.value) == condition.value
            return then if held else otherwise

        await self._change(table, key, change)
        return held

    async def increment(
        self, table: str, key: bytes, *, family: str, column: str, by: int = 1
    ) -> int:
        """Add ``by`` to a 64-bit big-endian signed counter cell and return the new value."""
        total = 0

        def change(families: Families) -> Sequence[Mutation]:
            nonlocal total
            cell = families.get(family, {}).get(column)
            total = by + (0 if cell is None else counter_value(cell.value))
            return [SetCell(family, column, counter_bytes(total))]

        await self._change(table, key, change)
        return total

    async def about(self) -> About:
        """Return its version, and what should be changed about its nodes, copies and schema."""
        return await self._session.about()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _walk(
        self,
        table: str,
        between: tuple[bytes, bytes | None],
        limit: int,
        rows_of: _RowsOf,
        *,
        reverse: bool,
    ) -> list[Row]:
        start, end = between
        check_table(table)
        check_scan_key(start)
        check_scan_key(end or b"")
        if limit <= 0:
            return []
        page = min(limit, _MOST_KEYS_AT_ONCE)
        keys = self._index.scan(table, start, end, page=page, reverse=reverse)
        rows: list[Row] = []
        while len(rows) < limit and (listed := await keys.take(min(limit - len(rows), page))):
            rows += await rows_of(table, listed)
        return rows

    async def _settled(self, table: str, listed: Sequence[Listed]) -> list[Row]:
        keys = [found.key for found in listed]
        return await cassandra_moving.settled_rows(self._session, table, keys)

    async def _change(self, table: str, key: bytes, change: _Change) -> None:
        """Read the row, change it, and write it if nobody else has meanwhile; else again."""
        check_table(table)
        check_row_key(key)
        writer = os.urandom(_WRITER_BYTES)
        pause = _FIRST_PAUSE_SECONDS
        async with self._locks[hash((table, key)) % _LOCKS]:  # not against oneself
            until = time.monotonic() + _RACING_SECONDS
            while time.monotonic() < until:
                state = await self._state(table, key)
                mutations = change(state.families)
                check_row_size(mutations)
                if not mutations:
                    return
                if await self._written(table, key, state, writer, mutations):
                    return
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        raise Unavailable(f"A row of {table} is changed by too many at once: try again.")

    async def _written(
        self, table: str, key: bytes, before: "_State", writer: bytes, mutations: Sequence[Mutation]
    ) -> bool:
        after = {family: dict(columns) for family, columns in before.families.items()}
        now = time.time_ns() // 1_000_000
        for mutation in mutations:
            apply_mutation(after, mutation, now)
        if after:
            await self._index.add(table, key)
        version = 1 if before.version is None else before.version + 1
        batch = BatchStatement(BatchType.LOGGED)
        if before.version is None:
            batch.add(self._session.prepared("first"), (table, key, version, writer))
        else:
            batch.add(self._session.prepared("next"), (version, writer, table, key, before.version))
        for family, column, cell in _changed(before.families, after):
            if cell is None:
                batch.add(self._session.prepared("unset"), (table, key, family, column))
            else:
                values = (table, key, family, column, cell.value, cell.written_at)
                batch.add(self._session.prepared("set"), values)
        try:
            [answer, *_] = await self._session.send(batch)
        except TimedOut:
            return await self._arrived(table, key, before, version, writer)
        return bool(answer[0])

    async def _arrived(
        self, table: str, key: bytes, before: "_State", version: int, writer: bytes
    ) -> bool:
        """Find out what became of a transaction whose answer was lost: a serial read ends it."""
        found = await self._state(table, key)
        if (found.version, found.writer) == (version, writer):
            return True
        if found.version == before.version:
            return False
        raise Unavailable("Cassandra did not say whether it took a change: look, then try again.")

    async def _state(self, table: str, key: bytes) -> "_State":
        return _State.of(await self._session.ask("read", table, key))

    async def _present(self, table: str, listed: Sequence[Listed]) -> list[Row]:
        """Return the rows that are there; those that are not leave the index."""
        rows = await self.read_many(table, [found.key for found in listed])
        gone = [found for found, row in zip(listed, rows, strict=True) if row is None]
        await asyncio.gather(*(self._index.clear(table, found) for found in gone))
        return [row for row in rows if row is not None]


@dataclass(frozen=True, slots=True)
class _State:
    """A row as one serial read found it; version None: never written."""

    families: Families
    version: int | None
    writer: bytes | None

    @classmethod
    def of(cls, found: Sequence[Any]) -> "_State":
        families: Families = {}
        version = writer = None
        for family, column, value, at, told, by in found:
            version, writer = told, by
            if family is not None:
                families.setdefault(family, {})[column] = Cell(value, at)
        return cls(families, version, writer)


def open_cassandra(url: str) -> CassandraTables:
    """Open ``cassandra://host:port,host:port/keyspace?replicas=3``; one replica unless said."""
    parts = urlsplit(url)
    found = [host.rpartition(":") for host in parts.netloc.split(",")]
    keyspace = parts.path.strip("/")
    query = re.fullmatch(r"(?:replicas=([1-9]))?", parts.query)
    good = all(host and port.isdigit() for host, _, port in found)
    if not good or query is None or re.fullmatch(r"[a-z][a-z0-9_]{0,40}", keyspace) is None:
        raise Invalid(
            f"{url!r} cannot be the tables engine: write cassandra://host:port/keyspace?replicas=3."
        )
    hosts = [(host, int(port)) for host, _, port in found]
    return cassandra_tables(hosts, keyspace, replicas=int(query[1] or 1))


def cassandra_tables(
    hosts: Sequence[tuple[str, int]],
    keyspace: str,
    *,
    replicas: int,
    bucket_keys: int = cassandra_index.BUCKET_KEYS,
) -> CassandraTables:
    """Return the driver, which keeps ``replicas`` copies of rows where it makes the keyspace."""
    session = CassandraSession(hosts, keyspace, replicas=replicas, layout=_LAYOUT)
    return CassandraTables(session, KeyIndex(session, bucket_keys=bucket_keys))


def _changed(before: Families, after: Families) -> list[tuple[str, str, Cell | None]]:
    places = {(f, c) for families in (before, after) for f in families for c in families[f]}
    found = []
    for family, column in sorted(places):
        old = before.get(family, {}).get(column)
        new = after.get(family, {}).get(column)
        if old != new:
            found.append((family, column, new))
    return found
