"""One LMDB environment: short reads anywhere, writes by one thread with group commit.

LMDB has one writer at a time per environment, across processes, and the sync is what a write
costs. So writes queue up while a commit is being synced, and the next commit takes them all; a
write is acknowledged after its commit. Open it after the process has started, never before a fork.
"""

import asyncio
import resource
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import lmdb

from antiphon.kernel import AntiphonError, Corrupt, Unavailable

MAP_SIZE = 256 * 1024**3  # address space, not disk: the same everywhere, or readers fail to map
_LEAST_FREE_BYTES = 16 * 1024 * 1024
_MAX_DATABASES = 256
_MAX_BATCH = 2000
_LONGEST_BATCH_SECONDS = 0.05  # bounds the memory of a transaction, and how long others wait
_MAX_WAITING = 100_000

# lmdb types every value as bytes or memoryview; with buffers off, as here, it is always bytes.
Transaction = Any
Cursor = Any
Work = Callable[[Transaction], Any]


class _Item(NamedTuple):
    work: Work
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop


class _Outcome(NamedTuple):
    item: _Item
    result: Any
    error: BaseException | None


class _Spoilt(Exception):  # noqa: N818 - never leaves this module
    """One piece of work failed in a way that spoils the transaction it ran in."""

    def __init__(self, item: _Item, fault: Exception) -> None:
        super().__init__(str(fault))
        self.item = item
        self.fault = fault


class LmdbEnvironment:
    """An environment at a folder, shared by any number of processes on one machine."""

    def __init__(self, folder: Path, *, durable: bool = True, map_size: int = MAP_SIZE) -> None:
        self.folder = folder
        self.map_size = map_size
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.env = lmdb.open(
                str(folder),
                map_size=map_size,
                sync=durable,
                metasync=durable,
                max_readers=512,
                max_dbs=_MAX_DATABASES,
                max_spare_txns=8,
                readahead=False,
            )
            self.env.reader_check()  # frees the slots of killed processes
        except (lmdb.Error, OSError) as fault:
            raise self.translated(fault) from fault
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._waiting: deque[_Item] = deque()
        self._most = _MAX_BATCH
        self._closed = False
        self._ended = False
        self._thread = threading.Thread(target=self._write, name=f"lmdb-{folder.name}", daemon=True)
        self._thread.start()

    def read(self) -> Transaction:
        """Return a read transaction for a ``with`` block that never awaits."""
        try:
            return self.env.begin(buffers=False)
        except lmdb.Error as fault:
            raise self.translated(fault) from fault

    async def write(self, work: Work) -> Any:
        """Run ``work`` in the next write transaction; return its result once that is durable.

        ``work`` may run more than once, and refuses (raises one of our errors) before it changes
        anything. Whoever stops waiting does not know whether it was done.
        """
        if self._closed:
            raise Unavailable(f"{self.folder} is closed.")
        if self._queue.qsize() > _MAX_WAITING:
            raise Unavailable("Too many writes are waiting for the disk: try again.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue.put(_Item(work, future, loop))
        return await future

    async def database(self, name: bytes) -> Any:
        """Open the named database in this environment, new if need be; once per process and name.

        Only the writing thread opens databases: LMDB allows one transaction at a time to do so.
        """
        return await self.write(lambda txn: self.env.open_db(name, txn=txn))

    async def close(self) -> None:
        """Finish the waiting writes and close."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self.env.close()

    def translated(self, fault: Exception) -> AntiphonError:
        """Return the error of ours that says what happened and what to do."""
        folder, text = self.folder, str(fault)
        if isinstance(fault, lmdb.MapFullError):
            return Unavailable(f"{folder} has reached its size limit of {self.map_size} bytes.")
        if isinstance(fault, lmdb.CorruptedError | lmdb.InvalidError | lmdb.VersionMismatchError):
            return Corrupt(f"{folder} is damaged: restore it from a backup. ({text})")
        if is_disk_full(folder, text):
            return Unavailable(f"The disk under {folder} is full: make room. Nothing was lost.")
        return Unavailable(f"{folder} cannot be used: {text}")

    def _write(self) -> None:
        while self._fill():
            _resolve(self._commit())

    def _fill(self) -> bool:
        """Wait for work and take what there is; False when all is done and no more will come."""
        while len(self._waiting) < _MAX_BATCH:
            if self._queue.empty() and (self._waiting or self._ended):
                break
            item = self._queue.get()
            if item is None:
                self._ended = True
            else:
                self._waiting.append(item)
        return bool(self._waiting)

    def _commit(self) -> list[_Outcome]:
        done: list[_Outcome] = []
        most, self._most = self._most, _MAX_BATCH
        try:
            with self.env.begin(write=True) as txn:
                self._run(txn, done, most)
        except _Spoilt as spoilt:  # the others go first, by themselves, then what came after it
            self._waiting.extendleft(outcome.item for outcome in reversed(done))
            self._most = len(done) or _MAX_BATCH
            return [_Outcome(spoilt.item, None, spoilt.fault)]
        except (lmdb.Error, OSError) as fault:
            return self._failed(done, fault)
        return done

    def _run(self, txn: Transaction, done: list[_Outcome], most: int) -> None:
        until = time.monotonic() + _LONGEST_BATCH_SECONDS
        while self._waiting and len(done) < most:
            item = self._waiting.popleft()
            try:
                done.append(_Outcome(item, item.work(txn), None))
            except AntiphonError as refusal:
                done.append(_Outcome(item, None, refusal))
            except lmdb.Error as fault:
                raise _Spoilt(item, self.translated(fault)) from fault
            except Exception as fault:
                raise _Spoilt(item, fault) from fault
            if time.monotonic() > until:
                break

    def _failed(self, done: list[_Outcome], fault: Exception) -> list[_Outcome]:
        error = self.translated(fault)
        items = [outcome.item for outcome in done] or [self._waiting.popleft()]
        return [_Outcome(item, None, error) for item in items]


def _resolve(outcomes: list[_Outcome]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome.item.loop, []).append(outcome)
    for loop, some in by_loop.items():
        with suppress(RuntimeError):  # the loop has closed, so nobody waits
            loop.call_soon_threadsafe(_settle, some)


def _settle(outcomes: list[_Outcome]) -> None:
    for item, result, error in outcomes:
        if item.future.done():  # the caller gave up waiting
            continue
        if error is None:
            item.future.set_result(result)
        else:
            item.future.set_exception(error)


def is_disk_full(folder: Path, text: str) -> bool:
    """Say whether ``text``, an error of the operating system, tells of a full disk.

    LMDB and others report a write that was cut short as an input/output error.
    """
    if "Input/output error" in text:
        return _room(folder) < _LEAST_FREE_BYTES
    return "No space left" in text or "File too large" in text or "quota" in text


def _room(folder: Path) -> int:
    """Return how far files in ``folder`` can grow: by the disk, and by the process's own limit."""
    free = shutil.disk_usage(folder).free
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit == resource.RLIM_INFINITY:
        return free
    largest = max((file.stat().st_size for file in folder.iterdir() if file.is_file()), default=0)
    return min(free, max(limit - largest, 0))
