"""Which keys a table has, in order, in partitions that stay small.

    keys    ((tbl, bucket), key)      which rows there may be
    buckets ((tbl), bucket, is_full)  which buckets there are

A bucket is a beginning of keys: two bytes at first. Once it holds enough it is full, for ever, and
what comes new goes to the bucket of two bytes more; what is there stays. So the buckets of a key
lie one inside the other, and a scan merges them (``cassandra_scan``). That one is full is found out
by looking after about every five hundredth key; processes that have not heard of it go on filling
it for a minute at most.
"""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

from cassandra.query import BatchStatement, BatchType

from antiphon.storage.cassandra_scan import Listed, Scan, buckets_of
from antiphon.storage.cassandra_session import CassandraSession

_K = TypeVar("_K", bound=Hashable)

BUCKET_KEYS: Final = 20_000
_LOOKS_PER_BUCKET: Final = 40  # while it fills; it is then too full by a fortieth or so
_BYTES_IN_BATCH: Final = 4096  # Cassandra warns of more than 5 KiB
_BYTES_BESIDE_KEY: Final = 48
_OPEN_SECONDS: Final = 60.0
_KNOWN_SECONDS: Final = 600.0
_MOST_KNOWN: Final = 100_000
CLEAR_OLDER_THAN_US: Final = 3600 * 1_000_000  # far above _KNOWN_SECONDS and any clock's error

COLUMNS: Final = {"keys": {"tbl", "bucket", "key"}, "buckets": {"tbl", "bucket", "is_full"}}
# A key that comes back because a node slept through its removal is only cleared away again.
SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS {ks}.keys (
        tbl text, bucket blob, key blob, PRIMARY KEY ((tbl, bucket), key))
        WITH gc_grace_seconds = 3600""",
    """CREATE TABLE IF NOT EXISTS {ks}.buckets (
        tbl text, bucket blob, is_full boolean, PRIMARY KEY ((tbl), bucket))""",
    "ALTER TABLE {ks}.buckets ADD IF NOT EXISTS is_full boolean",
)
_KEYS: Final = "SELECT key FROM {ks}.keys WHERE tbl=? AND bucket=?"
_BUCKETS: Final = "SELECT bucket FROM {ks}.buckets WHERE tbl=?"
STATEMENTS: Final = {
    "bucket": "INSERT INTO {ks}.buckets (tbl, bucket) VALUES (?, ?)",
    "bucket is full": "UPDATE {ks}.buckets SET is_full=true WHERE tbl=? AND bucket=?",
    "state of bucket": "SELECT is_full FROM {ks}.buckets WHERE tbl=? AND bucket=?",
    "buckets of": f"{_BUCKETS} AND bucket IN ?",
    "buckets up": f"{_BUCKETS} AND bucket>? LIMIT ?",
    "buckets down": f"{_BUCKETS} AND bucket<? ORDER BY bucket DESC LIMIT ?",
    "last buckets": f"{_BUCKETS} ORDER BY bucket DESC LIMIT ?",
    "key": "INSERT INTO {ks}.keys (tbl, bucket, key) VALUES (?, ?, ?)",
    "clear": "DELETE FROM {ks}.keys USING TIMESTAMP ? WHERE tbl=? AND bucket=? AND key=?",
    "some keys": f"{_KEYS} LIMIT ?",
    "keys up": f"{_KEYS} AND key>=? LIMIT ?",
    "keys up to": f"{_KEYS} AND key>=? AND key<? LIMIT ?",
    "keys down": f"{_KEYS} AND key>=? ORDER BY key DESC LIMIT ?",
    "keys down to": f"{_KEYS} AND key>=? AND key<? ORDER BY key DESC LIMIT ?",
}


class KeyIndex:
    """The keys of all tables of one keyspace, as one process knows them."""

    def __init__(self, session: CassandraSession, *, bucket_keys: int = BUCKET_KEYS) -> None:
        """Call a bucket full from ``bucket_keys`` keys on."""
        self._session = session
        self._most = bucket_keys
        self._known: OrderedDict[tuple[str, bytes], float] = OrderedDict()
        self._open: OrderedDict[tuple[str, bytes], float] = OrderedDict()
        self._full: set[tuple[str, bytes]] = set()

    async def add(self, table: str, key: bytes) -> None:
        """Put a key in, before its row is written."""
        if self._known.get((table, key), 0.0) > time.monotonic():
            return
        bucket = await self._bucket_for(table, key)
        await self._session.ask("key", table, bucket, key)
        _note(self._known, (table, key), _KNOWN_SECONDS)
        if random.random() * self._most < _LOOKS_PER_BUCKET:  # noqa: S311 - no secret
            await self._look(table, bucket)

    async def add_many(self, table: str, keys: Sequence[bytes]) -> None:
        """Put many keys in, before their rows are written: a batch for each bucket."""
        now = time.monotonic()
        alike: dict[bytes, list[bytes]] = {}
        for key in dict.fromkeys(keys):
            if self._known.get((table, key), 0.0) <= now:
                alike.setdefault(buckets_of(key)[0], []).append(key)
        await asyncio.gather(*(self._add_alike(table, some) for some in alike.values()))

    async def _add_alike(self, table: str, keys: Sequence[bytes]) -> None:
        """Put keys in whose first bucket is the same."""
        by_bucket: dict[bytes, list[bytes]] = {}
        for key in keys:
            by_bucket.setdefault(await self._bucket_for(table, key), []).append(key)
        for bucket, some in by_bucket.items():
            for part in _small_enough(some):
                batch = BatchStatement(BatchType.UNLOGGED)  # one partition, so one write
                for key in part:
                    batch.add(self._session.prepared("key"), (table, bucket, key))
                await self._session.send(batch)
                for key in part:
                    _note(self._known, (table, key), _KNOWN_SECONDS)
            if random.random() * self._most < _LOOKS_PER_BUCKET * len(some):  # noqa: S311 - no secret
                await self._look(table, bucket)

    async def clear(self, table: str, listed: Listed) -> None:
        """Take out a key whose row is gone; a writer that has just put it in again wins."""
        old = time.time_ns() // 1000 - CLEAR_OLDER_THAN_US
        clearing = (self._session.ask("clear", old, table, b, listed.key) for b in listed.buckets)
        await asyncio.gather(*clearing)

    def scan(
        self, table: str, start: bytes, end: bytes | None, *, page: int, reverse: bool
    ) -> Scan:
        """Return what hands out the keys with ``start <= key < end`` in order."""
        return Scan(partial(self._ask, table), start, end, page=page, reverse=reverse)

    async def _bucket_for(self, table: str, key: bytes) -> bytes:
        """Return the first of a key's buckets that is not full, in the directory from now on."""
        for bucket in buckets_of(key):
            place = (table, bucket)
            if place in self._full:
                continue
            if self._open.get(place, 0.0) > time.monotonic():
                return bucket
            found = await self._session.ask("state of bucket", table, bucket)
            if found and found[0][0]:
                self._full.add(place)
                continue
            if not found:
                await self._session.ask("bucket", table, bucket)
            _note(self._open, place, _OPEN_SECONDS)
            return bucket
        return key  # nothing else begins with all of it

    async def _look(self, table: str, bucket: bytes) -> None:
        found = await self._session.ask("some keys", table, bucket, self._most)
        if len(found) >= self._most:
            await self._session.ask("bucket is full", table, bucket)
            self._full.add((table, bucket))

    async def _ask(self, table: str, name: str, *values: object) -> list[bytes]:
        return [found for (found,) in await self._session.ask(name, table, *values)]


def _small_enough(keys: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield keys by batches that Cassandra does not warn of."""
    part: list[bytes] = []
    size = 0
    for key in keys:
        size += len(key) + _BYTES_BESIDE_KEY
        if part and size > _BYTES_IN_BATCH:
            yield part
            part, size = [], len(key) + _BYTES_BESIDE_KEY
        part.append(key)
    if part:
        yield part


def _note(times: "OrderedDict[_K, float]", what: _K, seconds: float) -> None:
    times[what] = time.monotonic() + seconds
    times.move_to_end(what)
    if len(times) > _MOST_KNOWN:
        times.popitem(last=False)
