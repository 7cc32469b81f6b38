"""What the processes do that the contract suites start, kill and stop.

Each is started in a fresh process, opens the driver by its URL and tells through ``Told`` what was
acknowledged to it. Whatever reached ``Told`` outlives a kill: it lies in a pipe.
"""

import asyncio
import multiprocessing
import os
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, ClassVar

import msgspec

from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import Conflict, Envelope, Event, SystemClock, Unavailable, UnixMs
from antiphon.storage import Condition, SetCell, open_cache, open_objects, open_tables

WRITERS = 6
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["__main__", __name__])

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode


@dataclass(frozen=True, slots=True)
class Counted(Event):
    """An event for tests: ``subject`` has reached ``number``."""

    subject: str
    number: int
    type_name: ClassVar[str] = "test.counted"

    @property
    def key(self) -> str:
        """Return the subject."""
        return self.subject


class Told:
    """The child's end of the pipe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, *facts: object) -> None:
        """Tell ``facts`` to whoever started this process."""
        self._connection.send_bytes(_encode(facts))


class Child:
    """A process that was started, and what it has told."""

    def __init__(self, process: ForkServerProcess, connection: Connection) -> None:
        self._process = process
        self._connection = connection

    def next_fact(self, *, seconds: float = 20.0) -> Any:
        """Return what the child tells next."""
        if not self._connection.poll(seconds):
            raise AssertionError("the child process has told nothing")
        return _decode(self._connection.recv_bytes())

    def await_fact(self, is_it: Callable[[Any], bool], *, seconds: float = 60.0) -> None:
        """Pass over what it tells until ``is_it``; an ``AssertionError`` after ``seconds``."""
        until = time.monotonic() + seconds
        while not is_it(fact := self.next_fact(seconds=seconds)):
            if time.monotonic() > until:
                raise AssertionError(f"after {seconds:g} s the child process tells {fact}")

    def facts_until_end(self) -> list[Any]:
        """Return all that the child tells until its process has ended."""
        facts = []
        try:
            while True:
                facts.append(_decode(self._connection.recv_bytes()))
        except EOFError:
            self._process.join()
            return facts

    def facts_until_killed(self, *, after: float) -> list[Any]:
        """Let it run until ``after`` seconds past its first fact, kill it, return all it told."""
        facts = [self.next_fact()]
        time.sleep(after)
        self.send_signal(signal.SIGKILL)
        return facts + self.facts_until_end()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        if self._process.pid is not None:
            os.kill(self._process.pid, number)

    def exit_code(self) -> int | None:
        """Wait for its end and return the exit code."""
        self._process.join()
        return self._process.exitcode


@contextmanager
def child(target: Callable[..., None], *arguments: object) -> Iterator[Child]:
    """Run ``target(told, *arguments)`` in a process that does not outlive the block."""
    ours, theirs = _processes.Pipe(duplex=False)
    process = _processes.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Child(process, ours)
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def write_rows(connection: Connection, url: str, beginnings: Mapping[int, int]) -> None:
    """Write row after row for ever; each row holds its number in several cells."""

    async def write(writer: int, number: int) -> None:
        while True:
            cells = [SetCell(family, "n", b"%d" % number) for family in "abc"]
            padding = SetCell("pad", "", b"%d" % number * (number % 50))
            await tables.mutate("rows", b"%d" % writer, [*cells, padding])
            told(writer, number)
            number += 1

    async def run() -> None:
        await asyncio.gather(*(write(w, n) for w, n in beginnings.items()))

    told, tables = Told(connection), open_tables(url)
    asyncio.run(run())


def increment(connection: Connection, url: str, times: int) -> None:
    """Increment one counter and win claims, many at a time."""

    async def run() -> None:
        totals = await asyncio.gather(
            *(tables.increment("n", b"n", family="n", column="n") for _ in range(times))
        )
        wins = await asyncio.gather(
            *(
                tables.check_and_mutate(
                    "claims",
                    b"%d" % i,
                    Condition("c", "owner", None),
                    then=[SetCell("c", "owner", b"%d" % os.getpid())],
                )
                for i in range(times)
            )
        )
        told(totals, sum(wins))
        await tables.close()

    told, tables = Told(connection), open_tables(url)
    asyncio.run(run())


def fill_tables(connection: Connection, url: str, room: int) -> None:
    """Write rows until the disk, here a limit on file size, is full; then tell the refusal."""

    async def run() -> None:
        _limit_files(room)
        number = 0
        while True:
            try:
                await tables.mutate("rows", b"%06d" % number, [SetCell("a", "v", bytes(20_000))])
            except Unavailable as refusal:
                told("refused", refusal.detail, await tables.read("rows", b"000000") is not None)
                return
            told("written", number)
            number += 1

    told, tables = Told(connection), open_tables(url)
    asyncio.run(run())


def append_records(connection: Connection, url: str, beginnings: Mapping[str, int]) -> None:
    """Append record after record for ever, one key per writer, two records at a time."""

    async def write(key: str, number: int) -> None:
        while True:
            pair = [
                Envelope(f"{key}-{n}", "test", 1, key, UnixMs(0), b"%d" % n)
                for n in (number, number + 1)
            ]
            await log.append("t", pair)
            told(key, number + 1)
            number += 2

    async def run() -> None:
        await asyncio.gather(*(write(k, n) for k, n in beginnings.items()))

    told, log = Told(connection), open_eventlog(url)
    asyncio.run(run())


def append_some(connection: Connection, url: str, key: str, times: int, pause: float) -> None:
    """Append ``times`` records, one at a time."""

    async def run() -> None:
        for number in range(times):
            await asyncio.sleep(pause)
            envelope = Envelope(f"{key}-{number}", "test", 1, key, UnixMs(0), b"%d" % number)
            await log.append("t", [envelope])
        told("done")
        await log.close()

    told, log = Told(connection), open_eventlog(url)
    asyncio.run(run())


def fill_log(connection: Connection, url: str, room: int) -> None:
    """Append until the disk, here a limit on file size, is full; then tell the refusal."""

    async def run() -> None:
        _limit_files(room)
        number = 0
        while True:
            try:
                await log.append(
                    "t", [Envelope(f"{number}", "test", 1, "k", UnixMs(0), bytes(20_000))]
                )
            except Unavailable as refusal:
                told("refused", refusal.detail)
                return
            told("written", number)
            number += 1

    told, log = Told(connection), open_eventlog(url)
    asyncio.run(run())


def fill_objects(connection: Connection, url: str, room: int) -> None:
    """Store an object that fits and one that does not; tell both answers."""

    async def run() -> None:
        _limit_files(room)
        told("stored", await objects.put("small", bytes(room // 2)))
        try:
            await objects.put("large", bytes(room * 2))
        except Unavailable as refusal:
            told("refused", refusal.detail)

    told, objects = Told(connection), open_objects(url)
    asyncio.run(run())


def put_objects(connection: Connection, url: str, seed: int) -> None:
    """Store object after object for ever; each tells its size in its name."""

    async def run() -> None:
        chance = random.Random(seed)  # noqa: S311 - sizes, no secrets
        number = 0
        while True:
            size = chance.randrange(200_000)
            key = f"o/{seed}-{number}-{size}"
            await objects.put(key, bytes([size % 256]) * size, create_only=True)
            told(key)
            number += 1

    told, objects = Told(connection), open_objects(url)
    asyncio.run(run())


def hold_records(connection: Connection, url: str, lease_seconds: float) -> None:
    """Poll, tell the numbers, wait a while, try to commit, tell how that went."""

    async def run() -> None:
        async with log.subscribe("t", group="g") as subscription:
            records = await subscription.poll(wait=10)
            told([int(record.envelope.payload) for record in records])
            await asyncio.sleep(0.5)
            try:
                await subscription.commit(records)
            except Conflict:
                told("fenced")
            else:
                told("committed")

    told, log = Told(connection), open_eventlog(url, lease_seconds=lease_seconds)
    asyncio.run(run())


def count_in_outbox(
    connection: Connection, tables_url: str, log_url: str, beginnings: Mapping[str, int]
) -> None:
    """Count up in rows and tell of it through the outbox, for ever."""

    async def write(key: str, number: int) -> None:
        while True:
            cell = SetCell("meta", "n", b"%d" % number)
            await outbox.write("rows", key.encode(), [cell], [Counted(key, number)], topic="t")
            told(key, number)
            number += 1

    async def run() -> None:
        await asyncio.gather(*(write(k, n) for k, n in beginnings.items()))

    told = Told(connection)
    outbox = Outbox(open_tables(tables_url), open_eventlog(log_url), SystemClock())
    asyncio.run(run())


def publish_and_hold(connection: Connection, url: str, count: int) -> None:
    """Subscribe, publish ``count`` signals, tell so, and stay subscribed."""

    async def run() -> None:
        async with cache.subscribe("other"):
            told("subscribed")
            for number in range(count):
                await cache.publish("a", b"%d" % number)
            told("published", await cache.increment("n", ttl=60))
            await asyncio.sleep(60)

    told, cache = Told(connection), open_cache(url)
    asyncio.run(run())


def _limit_files(room: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
