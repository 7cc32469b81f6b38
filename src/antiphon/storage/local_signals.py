"""Signals between the processes of one machine: datagrams to one Unix socket per process.

Every process that subscribes binds a socket in one folder; whoever publishes sends to every socket
it finds there. The socket of a process that is gone refuses, and is removed by who notices.
"""

import asyncio
import os
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from antiphon.kernel import Invalid
from antiphon.storage.cache import MAX_CHANNEL_BYTES, MAX_SIGNAL_BYTES, check_channel

_HEAD = struct.Struct(">H")  # length of the channel's name
_MAX_ADDRESS = 107  # bytes of sun_path, unix(7)
_RECEIVE_BUFFER = 4 * 1024 * 1024
_MAX_UNREAD = 10_000  # per subscription; one that never reads loses what comes after
_ATTEMPTS = 20  # Linux queues as few as 10 datagrams per socket (net.unix.max_dgram_qlen)
_PAUSE_SECONDS = 0.002

_Sink = Callable[[bytes], None]


class LocalSignals:
    """``Signals`` for the processes that open the same folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._base, self._folder_fd = _addressable(folder)
        self._name = f"{os.getpid():x}-{secrets.token_hex(4)}"
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._out.setblocking(False)
        self._in: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sinks: dict[str, set[_Sink]] = {}

    async def publish(self, channel: str, payload: bytes) -> None:
        """Send ``payload`` to everyone subscribed to ``channel`` now."""
        if len(payload) > MAX_SIGNAL_BYTES:
            raise Invalid(f"A signal has at most {MAX_SIGNAL_BYTES} bytes, not {len(payload)}.")
        message = _message(channel, payload)
        targets = self._unsent(self._present(), message)
        for _ in range(_ATTEMPTS):
            if not targets:
                return
            await asyncio.sleep(_PAUSE_SECONDS)
            targets = self._unsent(targets, message)

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Enter to be subscribed; iterate to receive payloads."""
        messages = _Messages()
        with self._listening(channels, messages.arrive):
            yield messages

    def wake(self, channel: str) -> None:
        """Set the events of everyone who watches ``channel``: cheap, never waits."""
        self._unsent(self._present(), _message(channel, b""))

    @contextmanager
    def watch(self, channel: str) -> Iterator[asyncio.Event]:
        """Enter to have an event that is set whenever someone wakes ``channel``."""
        woken = asyncio.Event()
        with self._listening((channel,), lambda _: woken.set()):
            yield woken

    async def close(self) -> None:
        """Leave the folder."""
        if self._in is not None and self._loop is not None:
            self._loop.remove_reader(self._in)
            self._in.close()
            self._in = None
            (self._folder / self._name).unlink(missing_ok=True)
        self._out.close()
        if self._folder_fd is not None:
            os.close(self._folder_fd)
            self._folder_fd = None

    def _present(self) -> list[str]:
        return os.listdir(self._folder)  # noqa: PTH208 - only the names are needed

    def _unsent(self, targets: list[str], message: bytes) -> list[str]:
        return [target for target in targets if not self._sent(target, message)]

    def _sent(self, target: str, message: bytes) -> bool:
        """Send to one socket; False where it is worth trying again, because its queue is full."""
        try:
            self._out.sendto(message, f"{self._base}/{target}")
        except BlockingIOError:
            return False
        except ConnectionRefusedError:  # its process is gone
            with suppress(FileNotFoundError):
                (self._folder / target).unlink()
        except OSError:
            return True  # it has just left, or is no socket: whoever is not there misses it
        return True

    @contextmanager
    def _listening(self, channels: Sequence[str], sink: _Sink) -> Iterator[None]:
        for channel in channels:
            check_channel(channel)
        self._listen()
        self._receive()  # what was sent before is not for this subscriber
        for channel in channels:
            self._sinks.setdefault(channel, set()).add(sink)
        try:
            yield
        finally:
            for channel in set(channels):
                self._sinks[channel].discard(sink)
                if not self._sinks[channel]:
                    del self._sinks[channel]

    def _listen(self) -> None:
        if self._in is not None:
            return
        self._in = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._in.setblocking(False)
        self._in.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._in.bind(f"{self._base}/{self._name}")
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._in, self._receive)

    def _receive(self) -> None:
        if self._in is None:
            return
        for message in _arrived(self._in):
            start = _HEAD.size + _HEAD.unpack_from(message)[0]
            for sink in self._sinks.get(message[_HEAD.size : start].decode(), ()):
                sink(message[start:])


class _Messages:
    """What has arrived for one subscription."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_MAX_UNREAD)

    def arrive(self, payload: bytes) -> None:
        with suppress(asyncio.QueueFull):
            self._queue.put_nowait(payload)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await self._queue.get()


def _arrived(source: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield source.recv(_HEAD.size + MAX_CHANNEL_BYTES + MAX_SIGNAL_BYTES)
        except BlockingIOError:
            return


def _message(channel: str, payload: bytes) -> bytes:
    name = check_channel(channel)
    return _HEAD.pack(len(name)) + name + payload


def _addressable(folder: Path) -> tuple[str, int | None]:
    """Return a path of ``folder`` that is short enough for socket addresses.

    Linux lets a folder be reached through a descriptor, however long its own path is.
    """
    longest_name = 20
    if len(os.fsencode(folder)) + longest_name <= _MAX_ADDRESS:
        return str(folder), None
    if not Path("/proc/self/fd").is_dir():
        raise Invalid(f"{folder} is too long a path for sockets: choose a shorter data folder.")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    return f"/proc/self/fd/{descriptor}", descriptor
