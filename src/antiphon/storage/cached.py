"""The ports with a cache of levels before their remote drivers.

``Told...`` ports tell every write of the tables and prefixes that anyone may hold; every process of
the installation uses those. ``Cached...`` ports also answer reads from memory: only for those who
show and send, never for who reads in order to write, because what they give may be older than the
last write by the moment that telling takes, or by the policy's fresh time where it was not told.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from antiphon.kernel import Clock, Invalid
from antiphon.storage.changes import Changes
from antiphon.storage.guarded import GuardedObjects, GuardedTables
from antiphon.storage.levels import CachePolicy, Codec, LeveledCache
from antiphon.storage.shared_level import SharedLevel
from antiphon.storage.tables import Condition, Mutation, Row

_CELL_BYTES: Final = 250  # of Python objects for one cell: struct, name, dict entry
_ROW_BYTES: Final = 400

_encode_row = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(Row).decode


def row_cost(row: Row) -> int:
    """Return about how many bytes of memory a decoded row takes."""
    cells = [cell for columns in row.families.values() for cell in columns.values()]
    return _ROW_BYTES + sum(len(cell.value) + _CELL_BYTES for cell in cells)


class ToldTables(GuardedTables):
    """``Tables`` that tell which rows of ``held`` tables were written, failed writes included."""

    def __init__(self, tables: GuardedTables, changes: Changes, held: Collection[str]) -> None:
        super().__init__(tables.driver, tables.guard)
        self._changes = changes
        self._told = frozenset(held)

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        """Apply all mutations to one row; told before it returns."""
        try:
            await super().mutate(table, key, mutations)
        finally:
            await self._tell(table, [key])

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        """Apply mutations to many rows; told before it returns."""
        try:
            await super().mutate_many(table, rows)
        finally:
            await self._tell(table, [key for key, _ in rows])

    async def check_and_mutate(
        self,
        table: str,
        key: bytes,
        condition: Condition,
        *,
        then: Sequence[Mutation],
        otherwise: Sequence[Mutation] = (),
    ) -> bool:
        """Apply ``then`` or ``otherwise``; told before it returns."""
        try:
            return await super().check_and_mutate(
                table, key, condition, then=then, otherwise=otherwise
            )
        finally:
            await self._tell(table, [key])

    async def increment(
        self, table: str, key: bytes, *, family: str, column: str, by: int = 1
    ) -> int:
        """Add to a counter cell; told before it returns."""
        try:
            return await super().increment(table, key, family=family, column=column, by=by)
        finally:
            await self._tell(table, [key])

    async def _tell(self, table: str, keys: Sequence[bytes]) -> None:
        if table in self._told:
            await self._changes.tell(table, keys)


class CachedTables(ToldTables):
    """``Tables`` that hold rows of the tables that have a policy; scans are never held."""

    def __init__(
        self, tables: GuardedTables, changes: Changes, caches: Mapping[str, LeveledCache[Row]]
    ) -> None:
        super().__init__(tables, changes, caches)
        self._caches = caches

    async def read(self, table: str, key: bytes) -> Row | None:
        """Return the row, or None; see the module for how old it may be."""
        cache = self._caches.get(table)
        return await (super().read(table, key) if cache is None else cache.get(key))

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        """Return one answer per key, in the order of ``keys``."""
        cache = self._caches.get(table)
        return await (super().read_many(table, keys) if cache is None else cache.get_many(keys))


class ToldObjects(GuardedObjects):
    """``Objects`` that tell which of those below ``prefix`` were written or removed."""

    def __init__(
        self, objects: GuardedObjects, changes: Changes, *, kind: str, prefix: str
    ) -> None:
        super().__init__(objects.driver, objects.guard)
        self._changes = changes
        self._kind = kind
        self._prefix = prefix

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Store ``data``; told before it returns."""
        try:
            return await super().put(key, data, create_only=create_only)
        finally:
            await self._tell(key)

    async def delete(self, key: str) -> None:
        """Remove the object; told before it returns."""
        try:
            await super().delete(key)
        finally:
            await self._tell(key)

    async def _tell(self, key: str) -> None:
        if key.startswith(self._prefix):
            await self._changes.tell(self._kind, [key.encode()])


class CachedObjects(ToldObjects):
    """``Objects`` that hold whole ones below ``prefix``; parts are cut from those that are held."""

    def __init__(
        self, objects: GuardedObjects, changes: Changes, *, prefix: str, cache: LeveledCache[bytes]
    ) -> None:
        super().__init__(objects, changes, kind=cache.policy.kind, prefix=prefix)
        self._cache = cache

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object, or ``length`` bytes of it from ``start``."""
        if not key.startswith(self._prefix):
            return await super().get(key, start=start, length=length)
        if start == 0 and length is None:
            return await self._cache.get(key.encode())
        whole = self._cache.held(key.encode())
        if whole is None:
            return await super().get(key, start=start, length=length)
        if not 0 <= start <= len(whole):
            raise Invalid(f"{key} has {len(whole)} bytes; there is no byte {start}.")
        return whole[start:] if length is None else whole[start : start + max(0, length)]


def row_cache(
    policy: CachePolicy, tables: GuardedTables, clock: Clock, shared: SharedLevel, *, settled: str
) -> LeveledCache[Row]:
    """Return a cache before the table that ``policy.kind`` names.

    ``settled`` is ``family:column``: rows without that cell still grow, and are not held; empty:
    all rows may be held.
    """
    family, _, column = settled.partition(":")

    async def load(keys: Sequence[bytes]) -> list[Row | None]:
        return await tables.read_many(policy.kind, keys)

    def is_settled(row: Row) -> bool:
        return not settled or row.value(family, column) is not None

    codec = Codec(_encode_row, _decode_row, row_cost, is_settled)
    return LeveledCache(policy, load, codec, clock, shared)


def object_cache(policy: CachePolicy, objects: GuardedObjects, clock: Clock) -> LeveledCache[bytes]:
    """Return a cache before objects; the shared level never has them."""

    async def load(keys: Sequence[bytes]) -> list[bytes | None]:
        return [await objects.get(key.decode()) for key in keys]

    return LeveledCache(policy, load, Codec(_same, _same, len), clock)


def _same(value: bytes) -> bytes:
    return value
