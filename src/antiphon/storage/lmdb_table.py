"""The tables driver on LMDB: one entry per row, key ``table NUL row-key``, value MessagePack."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

import lmdb
import msgspec

from antiphon.kernel import Clock, Corrupt, Invalid, SystemClock
from antiphon.storage.about import About
from antiphon.storage.lmdb_env import Cursor, LmdbEnvironment, Transaction
from antiphon.storage.tables import (
    MAX_ROW_BYTES,
    Cell,
    Condition,
    Families,
    Mutation,
    Row,
    SetCell,
    apply_mutation,
    check_row_key,
    check_scan_key,
    check_table,
    counter_bytes,
    counter_value,
)

_ROWS_AT_ONCE = 500  # of one caller, so that a bulk load does not hold up the others

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Families).decode


class LmdbTables:
    """``Tables`` on one LMDB environment; see ``LmdbEnvironment`` for durability and sharing."""

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self._env = LmdbEnvironment(folder)
        self._clock = clock or SystemClock()

    async def read(self, table: str, key: bytes) -> Row | None:
        """Return the row, or None where no cell exists under ``key``."""
        with self._env.read() as txn:
            raw = txn.get(_entry_key(table, key))
        return None if raw is None else Row(key, _cells(raw))

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        """Return one answer per key, in the order of ``keys``."""
        with self._env.read() as txn:
            raws = [txn.get(_entry_key(table, key)) for key in keys]
        return [None if r is None else Row(k, _cells(r)) for k, r in zip(keys, raws, strict=True)]

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
        check_scan_key(start)
        check_scan_key(end or b"")
        prefix = _prefix(table)
        low = prefix + start
        high = prefix[:-1] + b"\x01" if end is None else prefix + end
        with self._env.read() as txn, txn.cursor() as cursor:
            walk = _downward(cursor, low, high) if reverse else _upward(cursor, low, high)
            pairs = list(islice(walk, max(limit, 0)))
        return [Row(key[len(prefix) :], _cells(raw)) for key, raw in pairs]

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        """Apply all mutations to one row, in order, atomically."""
        entry = _entry_key(table, key)
        await self._env.write(lambda txn: self._apply(txn, entry, mutations))

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        """Apply mutations to many rows: each row atomically, the rows not together."""
        entries = [(_entry_key(table, key), mutations) for key, mutations in rows]
        await asyncio.gather(
            *(
                self._mutate_some(entries[i : i + _ROWS_AT_ONCE])
                for i in range(0, len(entries), _ROWS_AT_ONCE)
            )
        )

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
        entry = _entry_key(table, key)

        def work(txn: Transaction) -> bool:
            cell = _stored(txn, entry).get(condition.family, {}).get(condition.column)
            held = (None if cell is None else cell.value) == condition.value
            self._apply(txn, entry, then if held else otherwise)
            return held

        return bool(await self._env.write(work))

    async def increment(
        self, table: str, key: bytes, *, family: str, column: str, by: int = 1
    ) -> int:
        """Add ``by`` to a 64-bit big-endian signed counter cell and return the new value."""
        entry = _entry_key(table, key)

        def work(txn: Transaction) -> int:
            cell = _stored(txn, entry).get(family, {}).get(column)
            total = by + (0 if cell is None else counter_value(cell.value))
            self._apply(txn, entry, [SetCell(family, column, counter_bytes(total))])
            return total

        return int(await self._env.write(work))

    async def names(self) -> list[str]:
        """Return the names of the tables that hold rows, sorted."""
        found: list[str] = []
        with self._env.read() as txn, txn.cursor() as cursor:
            more = cursor.first()
            while more:
                table = cursor.key().partition(b"\0")[0]
                found.append(table.decode())
                more = cursor.set_range(table + b"\x01")
        return found

    async def page(
        self, table: str, *, start: bytes = b"", end: bytes | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return what ``scan`` does."""
        return await self.scan(table, start=start, end=end, limit=limit)

    async def load(self, table: str, rows: Sequence[Row]) -> None:
        """Make each row exactly what is given, with the time stamps given; none without cells."""
        entries = [(_entry_key(table, row.key), _raw(row.families)) for row in rows]

        def work(txn: Transaction) -> None:
            for entry, raw in entries:
                if raw is None:
                    txn.delete(entry)
                else:
                    txn.put(entry, raw)

        await self._env.write(work)

    async def about(self) -> About:
        """Return the library's version."""
        return About(f"LMDB {'.'.join(map(str, lmdb.version()))}")

    async def close(self) -> None:
        """Finish what was asked for and close."""
        await self._env.close()

    async def _mutate_some(self, entries: Sequence[tuple[bytes, Sequence[Mutation]]]) -> None:
        def work(txn: Transaction) -> None:
            for entry, mutations in entries:
                self._apply(txn, entry, mutations)

        await self._env.write(work)

    def _apply(self, txn: Transaction, entry: bytes, mutations: Sequence[Mutation]) -> None:
        if not mutations:
            return
        families = _stored(txn, entry)
        now = self._clock.now()
        for mutation in mutations:
            apply_mutation(families, mutation, now)
        raw = _raw(families)
        if raw is None:
            txn.delete(entry)
        else:
            txn.put(entry, raw)


@lru_cache(256)
def _prefix(table: str) -> bytes:
    check_table(table)
    return table.encode() + b"\0"


def _entry_key(table: str, key: bytes) -> bytes:
    return _prefix(table) + check_row_key(key)


def _raw(families: Mapping[str, Mapping[str, Cell]]) -> bytes | None:
    """Return the entry of a row, None for a row without cells."""
    if not families:
        return None
    raw = _encode(families)
    if len(raw) > MAX_ROW_BYTES:
        raise Invalid(f"A row holds at most {MAX_ROW_BYTES} bytes, not {len(raw)}.")
    return raw


def _cells(raw: bytes) -> Families:
    try:
        return _decode(raw)
    except msgspec.DecodeError as fault:
        raise Corrupt(f"A row cannot be read: {fault}.") from fault


def _stored(txn: Transaction, entry: bytes) -> Families:
    raw = txn.get(entry)
    return {} if raw is None else _cells(raw)


def _upward(cursor: Cursor, low: bytes, high: bytes) -> Iterator[tuple[bytes, bytes]]:
    if cursor.set_range(low):
        for key, raw in cursor.iternext():
            if key >= high:
                return
            yield key, raw


def _downward(cursor: Cursor, low: bytes, high: bytes) -> Iterator[tuple[bytes, bytes]]:
    positioned = cursor.prev() if cursor.set_range(high) else cursor.last()
    if positioned:
        for key, raw in cursor.iterprev():
            if key < low:
                return
            yield key, raw
