"""The event log driver on LMDB: one partition per topic, offsets from 0, groups with fenced leases.

Keys: ``r TOPIC NUL offset`` a record, ``n TOPIC`` the next offset, ``g TOPIC NUL GROUP`` a group.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path

import msgspec

from antiphon.eventlog.log import Record
from antiphon.kernel import Conflict, Envelope, Invalid
from antiphon.storage import LmdbEnvironment, Transaction

_OFFSET_BYTES = 8
_LEASE_SECONDS = 10.0
_RENEW_SECONDS = 3.0
_LOOK_SECONDS = 0.05
_MAX_NAME = 100

_encode = msgspec.msgpack.Encoder().encode
_decode_envelope = msgspec.msgpack.Decoder(Envelope).decode


class _Group(msgspec.Struct, array_like=True):
    """Where a group is, and which member may go on until when (Unix seconds)."""

    committed: int = 0
    member: str = ""
    leased_until: float = 0.0


_decode_group = msgspec.msgpack.Decoder(_Group).decode


class LmdbEventLog:
    """``EventLog`` on one LMDB environment, shared by the processes of one machine."""

    def __init__(self, folder: Path) -> None:
        self._env = LmdbEnvironment(folder)

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, durably, all or nothing."""
        name = _name(topic)
        records = [_encode(envelope) for envelope in envelopes]

        def work(txn: Transaction) -> None:
            begin = int.from_bytes(txn.get(b"n" + name) or b"", "big")
            pairs = [(_record_key(name, begin + i), raw) for i, raw in enumerate(records)]
            with txn.cursor() as cursor:
                cursor.putmulti(pairs)
            txn.put(b"n" + name, (begin + len(records)).to_bytes(_OFFSET_BYTES, "big"))

        if records:
            await self._env.write(work)

    @asynccontextmanager
    async def subscribe(self, topic: str, *, group: str) -> AsyncIterator["LmdbSubscription"]:
        """Join ``group`` on ``topic``; leaving hands the partition to the others."""
        subscription = LmdbSubscription(self._env, topic, group)
        try:
            yield subscription
        finally:
            await subscription.leave()

    async def rewind(self, topic: str, *, group: str) -> None:
        """Let ``group`` begin again at the oldest record; its member is fenced out."""
        key = _group_key(topic, group)
        await self._env.write(lambda txn: txn.put(key, _encode(_Group())))

    async def lag(self, topic: str, *, group: str) -> int:
        """Return how many records the group has not committed yet."""
        with self._env.read() as txn:
            end = int.from_bytes(txn.get(b"n" + _name(topic)) or b"", "big")
            return end - _group(txn, _group_key(topic, group)).committed

    async def close(self) -> None:
        """Finish what was asked for and close."""
        await self._env.close()


class LmdbSubscription:
    """One member of a group; it polls while it holds the group's lease."""

    def __init__(self, env: LmdbEnvironment, topic: str, group: str) -> None:
        self._env = env
        self._topic = topic
        self._name = _name(topic)
        self._key = _group_key(topic, group)
        self._member = secrets.token_hex(8)
        self._next: int | None = None
        self._renew_at = 0.0

    async def poll(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        """Return the next records, waiting up to ``wait`` seconds for the first of them."""
        deadline = time.monotonic() + wait
        while True:
            if await self._hold_lease():
                records = self._read(max_records)
                if records:
                    return records
            left = deadline - time.monotonic()
            if left <= 0:
                return []
            await asyncio.sleep(min(_LOOK_SECONDS, left))

    async def commit(self, records: Sequence[Record]) -> None:
        """Say that all ``records`` and everything before them are dealt with."""
        if not records:
            return
        after = max(record.offset for record in records) + 1

        def work(txn: Transaction) -> None:
            held = _group(txn, self._key)
            if held.member != self._member:
                raise Conflict(f"Another consumer has taken over {self._topic}: poll again.")
            held.committed = max(held.committed, after)
            held.leased_until = time.time() + _LEASE_SECONDS
            txn.put(self._key, _encode(held))

        try:
            await self._env.write(work)
        except Conflict:
            self._next, self._renew_at = None, 0.0
            raise

    async def leave(self) -> None:
        """Give the lease back at once, if it is still ours."""

        def work(txn: Transaction) -> None:
            held = _group(txn, self._key)
            if held.member == self._member:
                txn.put(self._key, _encode(_Group(held.committed)))

        with suppress(asyncio.CancelledError):
            await self._env.write(work)

    async def _hold_lease(self) -> bool:
        if time.monotonic() < self._renew_at:
            return True

        def work(txn: Transaction) -> int | None:
            held = _group(txn, self._key)
            now = time.time()
            if held.member != self._member and held.leased_until > now:
                return None
            fresh = held.member != self._member
            txn.put(self._key, _encode(_Group(held.committed, self._member, now + _LEASE_SECONDS)))
            return held.committed if fresh or self._next is None else self._next

        if self._others_hold_it():
            return False
        self._next = await self._env.write(work)
        if self._next is None:
            return False
        self._renew_at = time.monotonic() + _RENEW_SECONDS
        return True

    def _others_hold_it(self) -> bool:
        with self._env.read() as txn:
            held = _group(txn, self._key)
        return held.member != self._member and held.leased_until > time.time()

    def _read(self, max_records: int) -> list[Record]:
        assert self._next is not None, "polled without the lease"
        prefix = _record_key(self._name, 0)[:-_OFFSET_BYTES]
        records = []
        with self._env.read() as txn, txn.cursor() as cursor:
            if cursor.set_range(_record_key(self._name, self._next)):
                for key, raw in islice(cursor.iternext(), max_records):
                    if not key.startswith(prefix):
                        break
                    offset = int.from_bytes(key[-_OFFSET_BYTES:], "big")
                    records.append(Record(self._topic, 0, offset, _decode_envelope(raw)))
        if records:
            self._next = records[-1].offset + 1
        return records


def _name(topic: str) -> bytes:
    raw = topic.encode()
    if not 0 < len(raw) <= _MAX_NAME or b"\0" in raw:
        raise Invalid(f"{topic!r} cannot name a topic or group.")
    return raw


def _record_key(name: bytes, offset: int) -> bytes:
    return b"r" + name + b"\0" + offset.to_bytes(_OFFSET_BYTES, "big")


def _group_key(topic: str, group: str) -> bytes:
    return b"g" + _name(topic) + b"\0" + _name(group)


def _group(txn: Transaction, key: bytes) -> _Group:
    raw = txn.get(key)
    return _Group() if raw is None else _decode_group(raw)
