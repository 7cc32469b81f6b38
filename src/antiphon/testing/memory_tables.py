"""Tables in a dict, for unit tests; passes the contract of the port."""

from bisect import bisect_left, insort
from collections.abc import Sequence

import msgspec

from antiphon.kernel import Clock, Invalid, SystemClock
from antiphon.storage import (
    MAX_KEY_BYTES,
    MAX_ROW_BYTES,
    Condition,
    Families,
    Mutation,
    Row,
    SetCell,
    apply_mutation,
    counter_bytes,
    counter_value,
)

_MAX_TABLE_NAME = 64


class MemoryTables:
    """``Tables`` that die with the process."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._rows: dict[str, dict[bytes, Families]] = {}
        self._keys: dict[str, list[bytes]] = {}

    async def read(self, table: str, key: bytes) -> Row | None:
        """Return the row, or None where no cell exists under ``key``."""
        _check(table, key)
        families = self._rows.get(table, {}).get(key)
        return None if families is None else Row(key, families)

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        """Return one answer per key, in the order of ``keys``."""
        return [await self.read(table, key) for key in keys]

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
        if len(start) > MAX_KEY_BYTES + 1 or len(end or b"") > MAX_KEY_BYTES + 1:
            raise Invalid(f"A row key has at most {MAX_KEY_BYTES} bytes.")
        _check(table, b"any")
        keys = self._keys.get(table, [])
        low = bisect_left(keys, start)
        high = len(keys) if end is None else bisect_left(keys, end)
        found = keys[low:high]
        if reverse:
            found.reverse()
        return [Row(key, self._rows[table][key]) for key in found[: max(limit, 0)]]

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        """Apply all mutations to one row, in order, atomically."""
        self._apply(table, key, mutations)

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        """Apply mutations to many rows: each row atomically, the rows not together."""
        for key, _ in rows:
            _check(table, key)
        for key, mutations in rows:
            self._apply(table, key, mutations)

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
        row = await self.read(table, key)
        cell = None if row is None else row.value(condition.family, condition.column)
        held = cell == condition.value
        self._apply(table, key, then if held else otherwise)
        return held

    async def increment(
        self, table: str, key: bytes, *, family: str, column: str, by: int = 1
    ) -> int:
        """Add ``by`` to a 64-bit big-endian signed counter cell and return the new value."""
        row = await self.read(table, key)
        held = None if row is None else row.value(family, column)
        total = by + (0 if held is None else counter_value(held))
        self._apply(table, key, [SetCell(family, column, counter_bytes(total))])
        return total

    async def names(self) -> list[str]:
        """Return the names of the tables that hold rows, sorted."""
        return sorted(table for table, rows in self._rows.items() if rows)

    async def page(
        self, table: str, *, start: bytes = b"", end: bytes | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return what ``scan`` does."""
        return await self.scan(table, start=start, end=end, limit=limit)

    async def load(self, table: str, rows: Sequence[Row]) -> None:
        """Make each row exactly what is given, with the time stamps given; none without cells."""
        for row in rows:
            _check(table, row.key)
            self._rows.setdefault(table, {})
            self._store(table, row.key, {f: dict(c) for f, c in row.families.items()})

    async def close(self) -> None:
        """Nothing stays open."""

    def _apply(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        _check(table, key)
        rows = self._rows.setdefault(table, {})
        held = rows.get(key, {})
        families = {family: dict(columns) for family, columns in held.items()}
        for mutation in mutations:
            apply_mutation(families, mutation, self._clock.now())
        size = len(msgspec.msgpack.encode(families))
        if size > MAX_ROW_BYTES:
            raise Invalid(f"A row holds at most {MAX_ROW_BYTES} bytes, not {size}.")
        self._store(table, key, families)

    def _store(self, table: str, key: bytes, families: Families) -> None:
        rows, keys = self._rows[table], self._keys.setdefault(table, [])
        if families and key not in rows:
            insort(keys, key)
        if families:
            rows[key] = families
        elif rows.pop(key, None) is not None:
            del keys[bisect_left(keys, key)]


def _check(table: str, key: bytes) -> None:
    if not table or len(table) > _MAX_TABLE_NAME or "\0" in table or not table.isascii():
        raise Invalid(f"{table!r} is no table name: 1 to {_MAX_TABLE_NAME} ASCII characters.")
    if not 0 < len(key) <= MAX_KEY_BYTES:
        raise Invalid(f"A row key has 1 to {MAX_KEY_BYTES} bytes, not {len(key)}.")
