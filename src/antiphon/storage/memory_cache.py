"""Cache and signals for all processes of one machine, without a server.

Values live in an LMDB environment that is never synced, because losing them loses no data. It dies
with the machine's boot: what an unclean stop of the whole machine leaves may be torn, so every boot
begins with a folder of its own.
"""

import shutil
import struct
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from itertools import islice
from pathlib import Path

from antiphon.kernel import Invalid
from antiphon.storage.cache import check_cache_key, check_cache_value
from antiphon.storage.lmdb_env import Cursor, LmdbEnvironment, Transaction
from antiphon.storage.local_signals import LocalSignals

_SIZE = 1024**3  # address space of the environment; values fill at most half of it
_LOOK_EVERY_BYTES = 4 * 1024 * 1024
_LOOK_EVERY_WRITES = 2048
_STRETCH = 4096  # rows looked at in one sweep
_HEAD = struct.Struct(">d")  # when the value expires, Unix seconds
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class MemoryCache:
    """``Cache`` and ``Signals`` shared by the processes that open the same folder."""

    def __init__(self, folder: Path, *, size: int = _SIZE) -> None:
        self._env = LmdbEnvironment(_folder_of_this_boot(folder), durable=False, map_size=size)
        self._values = self._env.env.open_db(None)
        self._room = size // 2
        self._bytes = 0
        self._writes = 0
        self._hand = b""
        self._signals = LocalSignals(folder / "signals")

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where it is absent or has expired."""
        with self._env.read() as txn:
            return _live(txn.get(check_cache_key(key)))

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds."""
        entry = check_cache_key(key)
        stamped = _stamped(value, ttl)
        await self._env.write(lambda txn: self._put(txn, entry, stamped))

    async def add(self, key: str, value: bytes, *, ttl: float) -> bool:
        """Store it only if the key is absent; exactly one of many concurrent callers gets True."""
        entry = check_cache_key(key)
        stamped = _stamped(value, ttl)

        def work(txn: Transaction) -> bool:
            if _live(txn.get(entry)) is not None:
                return False
            self._put(txn, entry, stamped)
            return True

        return bool(await self._env.write(work))

    async def delete(self, key: str) -> None:
        """Forget the key."""
        entry = check_cache_key(key)
        await self._env.write(lambda txn: txn.delete(entry))

    async def increment(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add to a counter and return it; ``ttl`` counts from the counter's first increment."""
        entry = check_cache_key(key)

        def work(txn: Transaction) -> int:
            raw = txn.get(entry)
            held = _live(raw)
            if raw is None or held is None:
                self._put(txn, entry, _stamped(str(by).encode(), ttl))
                return by
            total = _count(held) + by
            self._put(txn, entry, raw[: _HEAD.size] + str(total).encode())
            return total

        return int(await self._env.write(work))

    async def publish(self, channel: str, payload: bytes) -> None:
        """Send ``payload`` to everyone subscribed to ``channel`` now."""
        await self._signals.publish(channel, payload)

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Enter to be subscribed; iterate to receive payloads."""
        return self._signals.subscribe(*channels)

    async def close(self) -> None:
        """Leave the folder and close."""
        await self._signals.close()
        await self._env.close()

    def _put(self, txn: Transaction, entry: bytes, stamped: bytes) -> None:
        self._bytes += len(stamped)
        self._writes += 1
        if self._bytes >= _LOOK_EVERY_BYTES or self._writes >= _LOOK_EVERY_WRITES:
            self._bytes = self._writes = 0
            self._make_room(txn)
        txn.put(entry, stamped)

    def _make_room(self, txn: Transaction) -> None:
        """Drop a stretch of expired values; where too little room is left, live ones as well.

        A hand goes round over the keys, so what is dropped early is what it meets: no better and
        no worse than chance, and it costs nothing on reading.
        """
        self._drop_stretch(txn, before=time.time())
        while self._used(txn) > self._room:
            self._drop_stretch(txn, before=float("inf"))

    def _drop_stretch(self, txn: Transaction, *, before: float) -> None:
        with txn.cursor() as cursor:
            found = cursor.set_range(self._hand) if self._hand else cursor.first()
            stretch = _expiries(cursor) if found else []
        for key, expires in stretch:
            if expires <= before:
                txn.delete(key)
        self._hand = stretch[-1][0] + b"\0" if stretch else b""

    def _used(self, txn: Transaction) -> int:
        stat = txn.stat(self._values)
        pages = stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
        return int(pages * stat["psize"])


def _expiries(cursor: Cursor) -> list[tuple[bytes, float]]:
    return [(key, _HEAD.unpack_from(raw)[0]) for key, raw in islice(cursor.iternext(), _STRETCH)]


def _folder_of_this_boot(folder: Path) -> Path:
    boot = _BOOT.read_text().strip() if _BOOT.exists() else "any"
    mine = folder / f"cache-{boot}"
    for other in folder.glob("cache-*"):
        if other != mine:
            shutil.rmtree(other, ignore_errors=True)
    return mine


def _stamped(value: bytes, ttl: float) -> bytes:
    check_cache_value(value)
    return _HEAD.pack(time.time() + ttl) + value


def _live(raw: bytes | None) -> bytes | None:
    if raw is None or _HEAD.unpack_from(raw)[0] <= time.time():
        return None
    return raw[_HEAD.size :]


def _count(held: bytes) -> int:
    try:
        return int(held)
    except ValueError as fault:
        raise Invalid("This cached value is no counter.") from fault
