"""The event log driver on LMDB: one partition per topic, offsets from 0.

Each topic is a database of its own, so that records are appended at its end: keys are offsets,
8 bytes big-endian. Where the groups are stands in the main database, key ``g TOPIC NUL GROUP``.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from antiphon.eventlog.limits import MAX_PAYLOAD, check_name
from antiphon.eventlog.lmdb_group import (
    LEASE_SECONDS,
    Group,
    LmdbSubscription,
    Place,
    end_of,
    group_at,
    is_held,
    occurred_at,
    offset_key,
    read_by_all,
    records_from,
)
from antiphon.eventlog.log import Extent, Places, Record
from antiphon.kernel import Conflict, Envelope, Invalid, UnixMs
from antiphon.storage import LmdbEnvironment, LocalSignals, Transaction

_TRIMMED_AT_ONCE = 1000

_encode = msgspec.msgpack.Encoder().encode


class LmdbEventLog:
    """``MovableLog`` on one LMDB environment, shared by the processes of one machine.

    ``lease_seconds`` is how long a consumer that hangs keeps the others of its group waiting; one
    whose process has died is replaced at once.
    """

    def __init__(self, folder: Path, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._env = LmdbEnvironment(folder)
        self._signals = LocalSignals(folder / "wake")
        self._lease_seconds = lease_seconds
        self._topics: dict[str, Any] = {}
        self._to_wake: set[str] = set()

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, durably, all or nothing."""
        records = [_packed(envelope) for envelope in envelopes]
        if not records:
            return
        database = await self._database(topic)

        def work(txn: Transaction) -> None:
            with txn.cursor(database) as cursor:
                begin = end_of(cursor)
                pairs = [(offset_key(begin + i), raw) for i, raw in enumerate(records)]
                cursor.putmulti(pairs, append=True)

        await self._env.write(work)
        self._wake_soon(topic)

    @asynccontextmanager
    async def subscribe(self, topic: str, *, group: str) -> AsyncIterator[LmdbSubscription]:
        """Join ``group`` on ``topic``; leaving hands the partition to the others."""
        place = Place(topic, await self._database(topic), _group_key(topic, group))
        with self._signals.watch(topic) as woken:
            subscription = LmdbSubscription(self._env, place, woken, self._lease_seconds)
            try:
                yield subscription
            finally:
                await subscription.leave()
                self._signals.wake(topic)

    async def rewind(self, topic: str, *, group: str) -> None:
        """Let ``group`` begin again at the oldest record; its member is fenced out."""
        key = _group_key(topic, group)
        await self._env.write(lambda txn: txn.put(key, _encode(Group())))
        self._signals.wake(topic)

    async def forget(self, topic: str, *, group: str) -> None:
        """Forget that ``group`` has ever read; ``Conflict`` while a member holds it."""
        key = _group_key(topic, group)

        def work(txn: Transaction) -> None:
            if is_held(group_at(txn, key), self._lease_seconds):
                raise Conflict(f"The group {group} is being read.")
            txn.delete(key)

        await self._env.write(work)

    async def trim(
        self, topic: str, *, read_by: Sequence[str], before: UnixMs, most_bytes: int | None = None
    ) -> int:
        """Delete the oldest records; return how many that were.

        Those that happened earlier than ``before`` go, and more while the topic takes more than
        ``most_bytes``; but never what a group has not committed, be it one that has read here or
        one of ``read_by`` that never came, and never the latest record, from which offsets go on.
        """
        database = await self._database(topic)

        def work(txn: Transaction) -> int:
            end = read_by_all(txn, _group_key(topic, ""), [_group_key(topic, g) for g in read_by])
            gone = 0
            with txn.cursor(database) as cursor:
                end = min(end, end_of(cursor) - 1)
                found = cursor.first()
                while found and gone < _TRIMMED_AT_ONCE:
                    large = most_bytes is not None and _bytes_of(txn, database) > most_bytes
                    if int.from_bytes(cursor.key(), "big") >= end:
                        break
                    if not large and occurred_at(cursor.value()) >= before:
                        break
                    found = cursor.delete()
                    gone += 1
            return gone

        trimmed = 0
        while gone := await self._env.write(work):
            trimmed += gone
        return trimmed

    async def lag(self, topic: str, *, group: str) -> int:
        """Return how many records the group has not committed yet."""
        key = _group_key(topic, group)
        database = await self._database(topic)
        with self._env.read() as txn, txn.cursor(database) as cursor:
            end, committed = end_of(cursor), group_at(txn, key).committed
            oldest = int.from_bytes(cursor.key(), "big") if cursor.first() else end
            return end - max(committed, oldest)

    async def topics(self) -> list[str]:
        """Return the names of the topics there are, sorted."""
        with self._env.read() as txn:
            return [key[1:].decode() for key in _keys(txn, b"t")]

    async def extents(self, topic: str) -> dict[int, Extent]:
        """Return what the one partition of a topic holds."""
        database = await self._database(topic)
        with self._env.read() as txn, txn.cursor(database) as cursor:
            end = end_of(cursor)
            begin = int.from_bytes(cursor.key(), "big") if cursor.first() else end
        return {0: Extent(begin, end)}

    async def stored(
        self, topic: str, partition: int, *, start: int, limit: int = 1000
    ) -> list[Record]:
        """Return up to ``limit`` records from offset ``start`` on, for no group."""
        place = Place(topic, await self._database(topic), b"")
        if partition != 0:
            return []
        with self._env.read() as txn:
            return records_from(txn, place, start, limit)

    async def load(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, durably, all or nothing."""
        await self.append(topic, envelopes)

    async def places(self, topic: str) -> dict[str, Places]:
        """Return where each group goes on that has committed; ``Conflict`` while one is read."""
        prefix = _group_key(topic, "")
        with self._env.read() as txn:
            found = {key: group_at(txn, key) for key in _keys(txn, prefix)}
        if any(is_held(group, self._lease_seconds) for group in found.values()):
            raise Conflict(f"The topic {topic} is being read: stop what reads it first.")
        return {key[len(prefix) :].decode(): {0: g.committed} for key, g in found.items()}

    async def place(self, topic: str, group: str, places: Places) -> None:
        """Let a group go on there; its member is fenced out."""
        key, raw = _group_key(topic, group), _encode(Group(places.get(0, 0)))
        await self._env.write(lambda txn: txn.put(key, raw))
        self._signals.wake(topic)

    async def drop(self, topic: str) -> None:
        """Forget a topic's records."""
        database = await self._database(topic)
        await self._env.write(lambda txn: txn.drop(database, delete=False))

    async def close(self) -> None:
        """Finish what was asked for and close."""
        await self._signals.close()
        await self._env.close()

    def _wake_soon(self, topic: str) -> None:
        """Wake the readers of ``topic``: once for all appends that one commit has acknowledged."""
        if topic not in self._to_wake:
            self._to_wake.add(topic)
            asyncio.get_running_loop().call_soon(self._wake, topic)

    def _wake(self, topic: str) -> None:
        self._to_wake.discard(topic)
        self._signals.wake(topic)

    async def _database(self, topic: str) -> Any:
        found = self._topics.get(topic)
        if found is None:
            found = self._topics[topic] = await self._env.database(b"t" + check_name(topic))
        return found


def _packed(envelope: Envelope) -> bytes:
    if len(envelope.payload) > MAX_PAYLOAD:
        raise Invalid(f"An event has at most {MAX_PAYLOAD} bytes, not {len(envelope.payload)}.")
    return _encode(
        (
            envelope.event_id,
            envelope.type_name,
            envelope.version,
            envelope.key,
            envelope.occurred_at,
            envelope.payload,
        )
    )


def _group_key(topic: str, group: str) -> bytes:
    """Return the key of a group; with no group, what the keys of all the topic's begin with."""
    return b"g" + check_name(topic) + b"\0" + (check_name(group) if group else b"")


def _keys(txn: Transaction, prefix: bytes) -> list[bytes]:
    """Return the keys of the main database that begin so, sorted."""
    found = []
    with txn.cursor() as cursor:
        more = cursor.set_range(prefix)
        while more and cursor.key().startswith(prefix):
            found.append(cursor.key())
            more = cursor.next()
    return found


def _bytes_of(txn: Transaction, database: Any) -> int:
    stat = txn.stat(database)
    pages = stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
    return int(pages * stat["psize"])
