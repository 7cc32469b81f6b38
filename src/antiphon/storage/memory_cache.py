"""Cache and signals for all processes of one machine, without a server.

Values live in an LMDB environment that is never synced (best put on a memory file system), because
losing them loses no data. Signals are datagrams to one Unix socket per process, found in a folder.
"""

import asyncio
import os
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path

from antiphon.kernel import Invalid
from antiphon.storage.lmdb_env import LmdbEnvironment, Transaction

_MAX_KEY = 400
_MAX_VALUE = 1024 * 1024
_MAX_PAYLOAD = 32 * 1024
_MAP_SIZE = 1024**3
_SWEEP_EVERY = 2048  # writes
_SWEEP_ROWS = 4096
_HEAD = struct.Struct(">d")  # when the value expires, Unix seconds
_MAX_ADDRESS = 107
_RECEIVE_BUFFER = 4 * 1024 * 1024


class MemoryCache:
    """``Cache`` and ``Signals`` shared by the processes that open the same folder."""

    def __init__(self, folder: Path) -> None:
        self._env = LmdbEnvironment(folder / "cache", durable=False, map_size=_MAP_SIZE)
        self._writes = 0
        self._sweep_from = b""
        self._signals = _Datagrams(folder / "signals")

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where it is absent or has expired."""
        with self._env.read() as txn:
            return _live(txn.get(_key(key)))

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds."""
        entry = _key(key)
        stamped = _stamped(value, ttl)
        await self._env.write(lambda txn: self._put(txn, entry, stamped))

    async def add(self, key: str, value: bytes, *, ttl: float) -> bool:
        """Store it only if the key is absent; exactly one of many concurrent callers gets True."""
        entry = _key(key)
        stamped = _stamped(value, ttl)

        def work(txn: Transaction) -> bool:
            if _live(txn.get(entry)) is not None:
                return False
            self._put(txn, entry, stamped)
            return True

        return bool(await self._env.write(work))

    async def delete(self, key: str) -> None:
        """Forget the key."""
        entry = _key(key)
        await self._env.write(lambda txn: txn.delete(entry))

    async def increment(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add to a counter and return it; ``ttl`` counts from the counter's first increment."""
        entry = _key(key)

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
        self._signals.publish(channel, payload)

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Enter to be subscribed; iterate to receive payloads."""
        with self._signals.subscribed(channels) as queue:
            yield _drain(queue)

    async def close(self) -> None:
        """Leave the folder and close."""
        self._signals.close()
        await self._env.close()

    def _put(self, txn: Transaction, entry: bytes, stamped: bytes) -> None:
        self._writes += 1
        if self._writes % _SWEEP_EVERY == 0:
            self._sweep(txn)
        txn.put(entry, stamped)

    def _sweep(self, txn: Transaction) -> None:
        """Drop expired values, a stretch of the keys at a time."""
        now = time.time()
        with txn.cursor() as cursor:
            if not cursor.set_range(self._sweep_from):
                self._sweep_from = b""
                return
            stretch = list(islice(cursor.iternext(), _SWEEP_ROWS))
        for key, raw in stretch:
            if _HEAD.unpack_from(raw)[0] <= now:
                txn.delete(key)
        self._sweep_from = stretch[-1][0] + b"\0"


async def _drain(queue: "asyncio.Queue[bytes]") -> AsyncIterator[bytes]:
    while True:
        yield await queue.get()


def _key(key: str) -> bytes:
    raw = key.encode()
    if not 0 < len(raw) <= _MAX_KEY:
        raise Invalid(f"A cache key has 1 to {_MAX_KEY} bytes.")
    return raw


def _stamped(value: bytes, ttl: float) -> bytes:
    if len(value) > _MAX_VALUE:
        raise Invalid(f"A cached value has at most {_MAX_VALUE} bytes, not {len(value)}.")
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


class _Datagrams:
    """One Unix datagram socket per process; whoever publishes sends to every socket there is."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._name = f"{os.getpid():x}-{secrets.token_hex(3)}"
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._out.setblocking(False)
        self._in: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: dict[str, set[asyncio.Queue[bytes]]] = {}

    def publish(self, channel: str, payload: bytes) -> None:
        if len(payload) > _MAX_PAYLOAD:
            raise Invalid(f"A signal has at most {_MAX_PAYLOAD} bytes, not {len(payload)}.")
        name = channel.encode()
        message = struct.pack(">H", len(name)) + name + payload
        for target in self._folder.iterdir():
            self._send(target, message)

    def _send(self, target: Path, message: bytes) -> None:
        try:
            self._out.sendto(message, _short(target))
        except ConnectionRefusedError:  # its process is gone
            with suppress(FileNotFoundError):
                target.unlink()
        except (BlockingIOError, FileNotFoundError):
            return  # a subscriber that is too slow or just left misses it: that is the promise

    def subscribed(self, channels: tuple[str, ...]) -> "_Subscribed":
        self._listen()
        return _Subscribed(self._queues, channels)

    def _listen(self) -> None:
        if self._in is not None:
            return
        self._in = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._in.setblocking(False)
        self._in.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._in.bind(_short(self._folder / self._name))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._in, self._receive)

    def _receive(self) -> None:
        assert self._in is not None
        for message in _waiting(self._in):
            (length,) = struct.unpack_from(">H", message)
            channel = message[2 : 2 + length].decode()
            for queue in self._queues.get(channel, ()):
                queue.put_nowait(message[2 + length :])

    def close(self) -> None:
        if self._in is not None and self._loop is not None:
            self._loop.remove_reader(self._in)
            self._in.close()
            (self._folder / self._name).unlink(missing_ok=True)
        self._out.close()


class _Subscribed:
    def __init__(
        self, queues: dict[str, set["asyncio.Queue[bytes]"]], channels: tuple[str, ...]
    ) -> None:
        self._queues = queues
        self._channels = channels
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()

    def __enter__(self) -> "asyncio.Queue[bytes]":
        for channel in self._channels:
            self._queues.setdefault(channel, set()).add(self._queue)
        return self._queue

    def __exit__(self, *_exception: object) -> None:
        for channel in self._channels:
            members = self._queues[channel]
            members.discard(self._queue)
            if not members:
                del self._queues[channel]


def _waiting(source: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield source.recv(_MAX_PAYLOAD + 1024)
        except BlockingIOError:
            return


def _short(path: Path) -> str:
    """Return an address for the socket that fits the 107 bytes of ``sun_path`` (unix(7))."""
    text = str(path)
    if len(os.fsencode(text)) <= _MAX_ADDRESS:
        return text
    raise Invalid(f"{path.parent} is too long a path for sockets: choose a shorter data folder.")
