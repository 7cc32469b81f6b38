"""Readers at work side by side, and what to do when a file kills or hangs one."""

import asyncio
import os
import struct
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import msgspec

from antiphon.ingest.model import FileAnswer, FolderRequest
from antiphon.ingest.reader import FolderReader

_LENGTH = struct.Struct(">I")
_SECONDS_PER_REQUEST = 60.0  # plus the time of each file: a slow network folder is no hang
_SECONDS_PER_FILE = 10.0
_MAX_ANSWER = 512 * 1024 * 1024
_ANSWERS_WAITING = 64  # so that readers go on while a batch is written
_BYTES_WAITING = 32 * 1024 * 1024  # of pictures in those answers, give or take one request

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[FileAnswer]).decode


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and what came of each of its files."""

    request: FolderRequest
    answers: Sequence[FileAnswer]


class Reader(Protocol):
    """Reads files; one request at a time."""

    async def read(self, request: FolderRequest) -> list[FileAnswer]:
        """Return one answer per file, whatever the files hold."""
        ...

    async def stop(self) -> None:
        """End what the reader holds."""
        ...


class ThreadReader:
    """Reads in a thread of this process: for trusted files, without the price of a process."""

    def __init__(self) -> None:
        self._reader = FolderReader()

    async def read(self, request: FolderRequest) -> list[FileAnswer]:
        """Return one answer per file."""
        return await asyncio.to_thread(self._reader.read, request)

    async def stop(self) -> None:
        """Nothing is held."""


class ProcessReader:
    """Reads in a process, started when needed and again after it died."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def read(self, request: FolderRequest) -> list[FileAnswer]:
        """Return one answer per file, whatever the files do to the process."""
        try:
            return await self._ask(request)
        except (OSError, EOFError, TimeoutError, msgspec.DecodeError):
            await self.stop()
        if len(request.files) == 1:
            reason = "reading it crashed or hung the reader"
            return [FileAnswer(name=request.files[0].name, failure=reason)]
        answers: list[FileAnswer] = []
        for file in request.files:  # one at a time: only the culprit fails
            answers += await self.read(FolderRequest(request.folder, (file,), request.picture))
        return answers

    async def stop(self) -> None:
        """End the process; killing is fine, it holds nothing."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, request: FolderRequest) -> list[FileAnswer]:
        process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        data = _encode(request)
        limit = _SECONDS_PER_REQUEST + _SECONDS_PER_FILE * len(request.files)
        async with asyncio.timeout(limit):
            process.stdin.write(_LENGTH.pack(len(data)) + data)
            await process.stdin.drain()
            (size,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
            if size > _MAX_ANSWER:
                raise EOFError
            return _decode(await process.stdout.readexactly(size))

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "antiphon.ingest.reader",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=1024 * 1024,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # a terminal's Ctrl-C reaches the parent alone
        )
        return self._process


class ReaderPool:
    """Reads requests with several processes; answers come in any order."""

    def __init__(self, count: int, make: Callable[[], Reader]) -> None:
        self._make = make
        self._requests: asyncio.Queue[FolderRequest | None] = asyncio.Queue(maxsize=count * 2)
        self._answers: asyncio.Queue[Answered | None] = asyncio.Queue(maxsize=_ANSWERS_WAITING)
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._count = count
        self._running = count

    async def put(self, request: FolderRequest) -> None:
        """Hand in a request; waits while all are busy and some are waiting."""
        await self._requests.put(request)

    async def finish(self) -> None:
        """Say that no more requests come."""
        for _ in range(self._count):
            await self._requests.put(None)

    async def answers(self, cancel: asyncio.Event) -> AsyncIterator[Answered]:
        """Yield answers until all requests are answered, or until ``cancel``."""
        cancelled = asyncio.ensure_future(cancel.wait())
        try:
            while not cancel.is_set():
                answer = asyncio.ensure_future(self._answers.get())
                await asyncio.wait({answer, cancelled}, return_when=asyncio.FIRST_COMPLETED)
                if not answer.done():
                    answer.cancel()
                    return
                answered = answer.result()
                if answered is None:
                    return
                self._hold(-_weight(answered))
                yield answered
        finally:
            cancelled.cancel()

    async def work(self) -> None:
        """Serve as one of the readers; run ``count`` of these."""
        reader = self._make()
        try:
            while (request := await self._requests.get()) is not None:
                answered = Answered(request, await reader.read(request))
                await self._room.wait()
                self._hold(_weight(answered))
                await self._answers.put(answered)
            self._running -= 1
            if not self._running:
                await self._answers.put(None)
        finally:
            await reader.stop()

    def _hold(self, size: int) -> None:
        self._bytes += size
        if self._bytes < _BYTES_WAITING:
            self._room.set()
        else:
            self._room.clear()


def _weight(answered: Answered) -> int:
    return sum(len(a.picture.data) for a in answered.answers if a.picture)


@asynccontextmanager
async def open_readers(count: int, make: Callable[[], Reader]) -> AsyncIterator[ReaderPool]:
    """Enter to have ``count`` readers at work."""
    pool = ReaderPool(count, make)
    tasks = [asyncio.create_task(pool.work()) for _ in range(count)]
    try:
        yield pool
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
