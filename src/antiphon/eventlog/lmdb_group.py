"""Consumer groups of the LMDB log: a committed offset, and a fenced lease on going on from it.

A member takes the lease when there is something to deliver, and keeps it with a heartbeat while
what it was given is not committed. Whoever finds the lease expired, or its holder's process dead,
takes it over; the commit of the earlier holder is then refused.
"""

import asyncio
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from antiphon.eventlog.log import Record
from antiphon.kernel import AntiphonError, Conflict, Envelope, UnixMs
from antiphon.storage import LmdbEnvironment, Transaction

LEASE_SECONDS = 10.0
_LOOK_SECONDS = 0.25  # a wake-up may be lost; nobody waits longer than this because of it
_OFFSET_BYTES = 8

_encode = msgspec.msgpack.Encoder().encode
_decode_record = msgspec.msgpack.Decoder(tuple[str, str, int, str, UnixMs, bytes]).decode


class Group(msgspec.Struct, array_like=True, frozen=True):
    """Where a group is, and which member may go on until when (Unix seconds)."""

    committed: int = 0
    member: str = ""
    leased_until: float = 0.0


_decode_group = msgspec.msgpack.Decoder(Group).decode


@dataclass(frozen=True, slots=True)
class Place:
    """What a subscription reads: a topic, its database, and the key of its group."""

    topic: str
    database: Any
    group_key: bytes


class LmdbSubscription:
    """One member of a group; see ``Subscription``."""

    def __init__(
        self, env: LmdbEnvironment, place: Place, woken: asyncio.Event, lease_seconds: float
    ) -> None:
        self._env = env
        self._place = place
        self._woken = woken
        self._lease_seconds = lease_seconds
        self._member = f"{_machine()}/{os.getpid()}/{secrets.token_hex(8)}"
        self._next: int | None = None
        self._committed = 0
        self._heartbeat: asyncio.Task[None] | None = None

    async def poll(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        """Return the next records, waiting up to ``wait`` seconds for the first of them."""
        deadline = time.monotonic() + wait
        while True:
            self._woken.clear()
            records = await self._deliver(max_records)
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            with suppress(TimeoutError):
                async with asyncio.timeout(min(_LOOK_SECONDS, left)):
                    await self._woken.wait()

    async def commit(self, records: Sequence[Record]) -> None:
        """Say that all ``records`` and everything before them are dealt with."""
        if not records:
            return
        after = max(record.offset for record in records) + 1

        def work(txn: Transaction) -> int:
            group = group_at(txn, self._place.group_key)
            if group.member != self._member:
                raise Conflict(f"Another consumer has taken over {self._place.topic}: poll again.")
            committed = max(group.committed, after)
            self._put(txn, committed)
            return committed

        try:
            self._committed = await self._env.write(work)
        except Conflict:
            self._next = None
            raise

    async def leave(self) -> None:
        """Give the lease back at once, if it is still ours."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()

        def work(txn: Transaction) -> None:
            group = group_at(txn, self._place.group_key)
            if group.member == self._member:
                txn.put(self._place.group_key, _encode(Group(group.committed)))

        with suppress(asyncio.CancelledError, AntiphonError):  # it expires by itself
            await self._env.write(work)

    async def _deliver(self, max_records: int) -> list[Record]:
        with self._env.read() as txn, txn.cursor(self._place.database) as cursor:
            group, end = group_at(txn, self._place.group_key), end_of(cursor)
        ours = group.member == self._member and self._next is not None
        if not ours and self._is_held(group):
            return []
        if (self._next if ours else group.committed) == end:
            return []
        if not ours or group.leased_until - time.time() < self._lease_seconds / 2:
            await self._claim()
        records = self._read(max_records)
        if records and (self._heartbeat is None or self._heartbeat.done()):
            self._heartbeat = asyncio.create_task(self._keep_lease())
        return records

    async def _claim(self) -> None:
        """Take or prolong the lease; where another member was faster, ``_next`` becomes None."""

        def work(txn: Transaction) -> tuple[int | None, int]:
            group = group_at(txn, self._place.group_key)
            if group.member != self._member and self._is_held(group):
                return None, group.committed
            self._put(txn, group.committed)
            ours = group.member == self._member and self._next is not None
            return self._next if ours else group.committed, group.committed

        self._next, self._committed = await self._env.write(work)

    async def _keep_lease(self) -> None:
        def work(txn: Transaction) -> bool:
            group = group_at(txn, self._place.group_key)
            if group.member == self._member:
                self._put(txn, group.committed)
            return group.member == self._member

        ours = True
        while ours:
            await asyncio.sleep(self._lease_seconds / 3)
            if self._next is None or self._next <= self._committed:
                return  # all is committed: the lease may run out
            ours = await self._env.write(work)

    def _put(self, txn: Transaction, committed: int) -> None:
        group = Group(committed, self._member, time.time() + self._lease_seconds)
        txn.put(self._place.group_key, _encode(group))

    def _is_held(self, group: Group) -> bool:
        return is_held(group, self._lease_seconds)

    def _read(self, max_records: int) -> list[Record]:
        if self._next is None:
            return []
        with self._env.read() as txn:
            records = records_from(txn, self._place, self._next, max_records)
        if records:
            self._next = records[-1].offset + 1
        return records


def offset_key(offset: int) -> bytes:
    """Return the key of the record at ``offset``."""
    return offset.to_bytes(_OFFSET_BYTES, "big")


def end_of(cursor: Any) -> int:
    """Return the offset that the next record of the cursor's topic will have."""
    return int.from_bytes(cursor.key(), "big") + 1 if cursor.last() else 0


def group_at(txn: Transaction, key: bytes) -> Group:
    """Return the state of the group under ``key``; a new group is at the oldest record."""
    raw = txn.get(key)
    return Group() if raw is None else _decode_group(raw)


def is_held(group: Group, lease_seconds: float) -> bool:
    """Say whether a member that may live holds the lease."""
    left = group.leased_until - time.time()
    sane = left < 2 * lease_seconds  # else the clock was set back since
    return bool(group.member) and left > 0 and sane and _may_live(group.member)


def records_from(txn: Transaction, place: "Place", start: int, limit: int) -> list[Record]:
    """Return up to ``limit`` records of a topic from ``start`` on."""
    with txn.cursor(place.database) as cursor:
        found = cursor.set_range(offset_key(start))
        pairs = list(islice(cursor.iternext(), max(limit, 0))) if found else []
    return [
        Record(place.topic, 0, int.from_bytes(key, "big"), Envelope(*_decode_record(raw)))
        for key, raw in pairs
    ]


def read_by_all(txn: Transaction, prefix: bytes, expected: Sequence[bytes]) -> int:
    """Return the offset before which every group has committed.

    Groups are those under ``prefix``, and the ``expected`` ones, there or not; without any group
    there is no such bound.
    """
    keys = set(expected)
    with txn.cursor() as cursor:
        if cursor.set_range(prefix):
            for key in cursor.iternext(values=False):
                if not key.startswith(prefix):
                    break
                keys.add(key)
    return min((group_at(txn, key).committed for key in keys), default=2**63)


def occurred_at(raw: bytes) -> UnixMs:
    """Return when the event of a stored record happened."""
    return _decode_record(raw)[4]


def _machine() -> str:
    """Return what tells apart the sets of processes that can see one another."""
    namespace = Path("/proc/self/ns/pid")
    return f"{namespace.stat().st_ino:x}" if namespace.exists() else "any"


def _may_live(member: str) -> bool:
    """Say whether the process of ``member`` may be alive; only a process that is gone is not."""
    machine, pid, _ = member.split("/")
    if machine != _machine():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
