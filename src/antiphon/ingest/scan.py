"""One scan: walk, compare, read, take in, remove.

The walk runs ahead in a thread, readers read in their own processes, and this process takes in what
they found, a batch at a time. Everything between is a bounded queue, so memory does not grow with
the collection; what grows is 16 bytes per folder seen, and the list of files that are gone.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from antiphon.catalog import Removal
from antiphon.ingest.intake import Intake, Read
from antiphon.ingest.model import FileRequest, FolderRequest, Phase, ScanReport
from antiphon.ingest.readers import Reader, ReaderPool, open_readers
from antiphon.ingest.state import (
    FileState,
    FolderState,
    IngestState,
    file_key,
    folder_key,
    portable,
)
from antiphon.ingest.together import alongside
from antiphon.ingest.tracking import Tracker
from antiphon.ingest.walking import FoundFile, FoundFolder, look, walk

_FOLDERS_AT_ONCE = 128
_FILES_PER_REQUEST = 32
_REMOVALS_AT_ONCE = 500
_KEPT = "What was imported from it is kept"


@dataclass(frozen=True, slots=True)
class Target:
    """A part of a collection to look at: the folder ``start`` and what is below it.

    ``root`` is the collection's own folder; the names between it and a file may tell artist and
    album. ``only`` picks one file of ``start``; ``missing``: it was not there when asked for.
    """

    root: bytes
    start: bytes
    only: bytes | None = None
    missing: bool = False


@dataclass(slots=True)
class _OpenFolder:
    """A folder of which files are being read."""

    found: FoundFolder
    waiting: int
    stamps: dict[bytes, bytes]
    priors: dict[bytes, FileState]
    whole: bool


@dataclass(slots=True)
class _Seen:
    """What the walk has seen."""

    folders: set[bytes] = field(default_factory=set)
    faults: dict[bytes, str] = field(default_factory=dict)
    gone: list[tuple[bytes, FileState]] = field(default_factory=list)
    diminished: dict[bytes, FoundFolder] = field(default_factory=dict)


class Scan:
    """The state of one scan. Use once."""

    def __init__(
        self, state: IngestState, intake: Intake, tracker: Tracker, cancel: asyncio.Event
    ) -> None:
        self._state = state
        self._intake = intake
        self._tracker = tracker
        self._cancel = cancel
        self._seen = _Seen()
        self._open: dict[bytes, _OpenFolder] = {}
        self.report = ScanReport()

    async def run(
        self, targets: Sequence[Target], *, readers: int, make: Callable[[], Reader]
    ) -> None:
        """Bring the catalogue to what lies in the targets."""
        await self._look_again()
        async with open_readers(readers, make) as pool:
            await alongside(self._take_in(pool, targets), self._feed(targets, pool))
        if not self._cancel.is_set():
            self._tracker.enter(Phase.REMOVING)
            await self._remove(targets)
            starts = [t.start for t in targets]
            await self._state.write_folder_faults(self._seen.faults, below=starts)
        await self._state.settle()
        self.report.cancelled = self._cancel.is_set()

    @property
    def faulty(self) -> set[bytes]:
        """Return the folders that could not be looked into."""
        return set(self._seen.faults)

    async def _look_again(self) -> None:
        """Have the files of a batch that was cut short looked at, whether they are there or not."""
        pending = await self._state.unfinished()
        known = await self._state.file_states([file_key(p.folder, p.state.name) for p in pending])
        lost = [
            (p.folder, (k or p.state).unread(half_made=p.state))
            for p, k in zip(pending, known, strict=True)
            if k is None or k.stamp != p.state.stamp
        ]
        if lost:
            folders = sorted({folder for folder, _ in lost})
            await self._state.write_folders([FolderState(f, b"") for f in folders])
            await self._state.write_files(lost, failed_before=())

    async def _feed(self, targets: Sequence[Target], pool: ReaderPool) -> None:
        for target in targets:
            found = False
            async for folders in _walked(target):
                if self._cancel.is_set():
                    break
                found = True
                await self._compare_all(target, folders, pool)
            if not found and target.start == target.root:
                await self._question(target.root)
        await pool.finish()

    async def _question(self, root: bytes) -> None:
        """Doubt that a collection was emptied where its folder is on another device than before."""
        before = await self._state.root_device(root)
        if before not in {None, await asyncio.to_thread(device_of, root)}:
            self._seen.faults[root] = f"nothing is there: is it mounted? {_KEPT}"

    async def _compare_all(
        self, target: Target, folders: Sequence[FoundFolder], pool: ReaderPool
    ) -> None:
        remembered = await self._state.folders([f.path for f in folders])
        for folder, known in zip(folders, remembered, strict=True):
            self._tracker.at(portable(folder.path))
            self._seen.folders.add(folder_key(folder.path))
            if folder.fault:
                self._seen.faults[folder.path] = f"{folder.fault}. {_KEPT}"
            elif known is not None and known.digest == folder.digest:
                self._unchanged(len(folder.files))
            else:
                await self._compare(target, folder, pool)

    async def _compare(self, target: Target, folder: FoundFolder, pool: ReaderPool) -> None:
        priors = await self._state.files(folder.path)
        whole = target.only is None
        files = [f for f in folder.files if target.only in {None, f.name}]
        wanted = [f for f in files if f.name not in priors or priors[f.name].stamp != f.stamp]
        self._unchanged(len(files) - len(wanted))
        self._tracker.add(found=len(wanted))
        if whole:
            names = {f.name for f in folder.files}
            gone = [(folder.path, s) for n, s in priors.items() if n not in names]
            self._seen.gone += gone
            if gone:
                self._seen.diminished[folder.path] = folder
        if not wanted:
            await self._close([folder] if whole else [])
            return
        stamps = {f.name: f.stamp for f in wanted}
        self._open[folder.path] = _OpenFolder(folder, len(wanted), stamps, priors, whole)
        for request in _requests(folder, wanted):
            await pool.put(request)

    def _unchanged(self, count: int) -> None:
        self.report.unchanged += count
        self._tracker.add(found=count, done=count)

    async def _take_in(self, pool: ReaderPool, targets: Sequence[Target]) -> None:
        roots = sorted({t.root for t in targets}, key=len, reverse=True)
        async for answered in pool.answers(self._cancel):
            folder = answered.request.folder
            opened = self._open[folder]
            root = next(r for r in roots if folder == r or folder.startswith(r + b"/"))
            for answer in answered.answers:
                name = answer.name
                stamp, prior = opened.stamps[name], opened.priors.get(name)
                read = Read(root, folder, answer, stamp, prior, opened.found.tracks, opened.priors)
                self._intake.add(read)
            if self._intake.is_full:
                await self._flush()
        await self._flush()

    async def _flush(self) -> None:
        """Take in what has been read, then remember the folders that are done with."""
        dealt_with = await self._intake.flush(self.report, self._tracker)
        done: list[FoundFolder] = []
        for folder, count in dealt_with.items():
            opened = self._open[folder]
            opened.waiting -= count
            if not opened.waiting:
                del self._open[folder]
                done += [opened.found] if opened.whole else []
        await self._close(done)

    async def _close(self, folders: Sequence[FoundFolder]) -> None:
        """Remember folders as taken in, but for those from which gone files still have to go."""
        diminished = self._seen.diminished
        await self._state.write_folders(
            [FolderState(f.path, f.digest) for f in folders if f.path not in diminished]
        )

    async def _remove(self, targets: Sequence[Target]) -> None:
        gone = [pair for pair in self._seen.gone if not self._intake.was_moved(*pair)]
        vanished = await self._vanished(targets)
        for folder in vanished:
            states = await self._state.files(folder)
            gone += [(folder, s) for s in states.values() if not self._intake.was_moved(folder, s)]
        for start in range(0, len(gone), _REMOVALS_AT_ONCE):
            if self._cancel.is_set():
                return
            await self._remove_some(gone[start : start + _REMOVALS_AT_ONCE])
        await self._state.forget_folders(vanished)
        diminished = self._seen.diminished.values()
        await self._state.write_folders([FolderState(f.path, f.digest) for f in diminished])

    async def _remove_some(self, gone: Sequence[tuple[bytes, FileState]]) -> None:
        removals = [
            Removal(song_id, recording_id, portable(folder + b"/" + s.name))
            for folder, s in gone
            for song_id, recording_id in s.songs
        ]
        await self._intake.remove(removals)
        await self._state.forget_files([file_key(folder, s.name) for folder, s in gone])
        self.report.removed += len(removals)
        self._tracker.add(removed=len(removals))

    async def _vanished(self, targets: Sequence[Target]) -> list[bytes]:
        """Return the remembered folders below the targets that were not seen any more."""
        spared = list(self._seen.faults)
        starts = [t.start for t in targets if t.only is None]
        return [
            state.path
            for state in await self._state.all_folders()
            if folder_key(state.path) not in self._seen.folders
            and _is_below(state.path, starts)
            and not _is_below(state.path, spared)
        ]


async def _walked(target: Target) -> AsyncIterator[list[FoundFolder]]:
    """Yield what the walk finds, some folders at a time, without holding up the event loop."""
    walker: Iterator[FoundFolder] = walk(target.start)
    if target.only is not None:
        folder = await asyncio.to_thread(look, target.start)
        walker = iter([folder] if folder else [])
    while folders := await asyncio.to_thread(lambda: list(islice(walker, _FOLDERS_AT_ONCE))):
        yield folders


def _requests(folder: FoundFolder, files: Sequence[FoundFile]) -> Iterator[FolderRequest]:
    for start in range(0, len(files), _FILES_PER_REQUEST):
        some = files[start : start + _FILES_PER_REQUEST]
        wanted = tuple(FileRequest(f.name, f.lyrics) for f in some)
        yield FolderRequest(folder.path, wanted, folder.picture)


def device_of(path: bytes) -> int:
    """Return the device that a folder is on."""
    return os.stat(path).st_dev  # noqa: PTH116 - the path is bytes


def _is_below(path: bytes, folders: Sequence[bytes]) -> bool:
    return any(path == f or path.startswith(f + b"/") for f in folders)
