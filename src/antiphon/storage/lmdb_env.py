"""One LMDB environment: short reads anywhere, writes by one thread with group commit.

LMDB has one writer at a time per environment, across processes, and the sync is what a write
costs. So writes queue up while a commit is being synced, and the next commit takes them all; a
write is acknowledged after its commit. Open it after the process has started, never before a fork.
"""

import asyncio
import errno
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import lmdb

from antiphon.kernel import AntiphonError, Corrupt, Unavailable

MAP_SIZE = 256 * 1024**3  # address space, not disk: the same everywhere, or readers fail to map
_MAX_BATCH = 2000
_MAX_WAITING = 100_000

# lmdb types every value as bytes or memoryview; with buffers off, as here, it is always bytes.
Transaction = Any
Cursor = Any
Work = Callable[[Transaction], Any]
_Item = tuple[Work, "asyncio.Future[Any]", asyncio.AbstractEventLoop]
_Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]


class LmdbEnvironment:
    """An environment at a folder, shared by any number of processes on one machine."""

    def __init__(self, folder: Path, *, durable: bool = True, map_size: int = MAP_SIZE) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        try:
            self.env = lmdb.open(
                str(folder),
                map_size=map_size,
                sync=durable,
                metasync=durable,
                max_readers=512,
                max_spare_txns=8,
                readahead=False,
            )
        except lmdb.Error as fault:
            raise translated(fault, folder) from fault
        self.env.reader_check()  # slots of killed processes
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name=f"lmdb-{folder.name}", daemon=True)
        self._thread.start()

    def read(self) -> Transaction:
        """Return a read transaction for a ``with`` block that never awaits."""
        return self.env.begin(buffers=False)

    async def write(self, work: Work) -> Any:
        """Run ``work`` in the next write transaction; return its result once that is durable.

        ``work`` raises before it changes anything, or not at all.
        """
        if self._queue.qsize() > _MAX_WAITING:
            raise Unavailable("Too many writes are waiting for the disk: try again.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue.put((work, future, loop))
        return await future

    async def close(self) -> None:
        """Finish the waiting writes and close."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self.env.close()

    def _write(self) -> None:
        open_for_more = True
        while open_for_more:
            first = self._queue.get()
            if first is None:
                return
            batch = [first]
            while len(batch) < _MAX_BATCH and not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    open_for_more = False
                    break
                batch.append(item)
            _resolve(self._commit(batch), batch)

    def _commit(self, batch: list[_Item]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        try:
            with self.env.begin(write=True) as txn:
                for work, future, _ in batch:
                    try:
                        outcomes.append((future, work(txn), None))
                    except AntiphonError as refusal:
                        outcomes.append((future, None, refusal))
        except (lmdb.Error, OSError) as fault:
            error = translated(fault, self.folder)
            return [(future, None, error) for _, future, _ in batch]
        except Exception as fault:  # noqa: BLE001 - handed to whoever waits; the thread lives on
            return [(future, None, fault) for _, future, _ in batch]
        return outcomes


def _resolve(outcomes: list[_Outcome], batch: list[_Item]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome, (_, _, loop) in zip(outcomes, batch, strict=True):
        by_loop.setdefault(loop, []).append(outcome)
    for loop, some in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, some)


def _settle(outcomes: list[_Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():  # the caller gave up waiting
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def translated(fault: BaseException, folder: Path) -> AntiphonError:
    """Return the error of ours that says what happened and what to do."""
    if isinstance(fault, lmdb.MapFullError):
        return Unavailable(f"{folder} has reached its size limit of {MAP_SIZE >> 30} GiB.")
    if isinstance(fault, lmdb.CorruptedError | lmdb.InvalidError | lmdb.VersionMismatchError):
        return Corrupt(f"{folder} is damaged: restore it from a backup. ({fault})")
    text = str(fault)
    if (
        isinstance(fault, lmdb.DiskError)
        or errno.errorcode[errno.ENOSPC] in text
        or "space" in text
    ):
        return Unavailable(
            f"The disk under {folder} is full: make room, nothing was lost. ({text})"
        )
    return Unavailable(f"{folder} cannot be written: {text}")
