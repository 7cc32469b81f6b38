"""Importing folders: scans, watching for what changes between them, and who may ask for more."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from antiphon.catalog import ArtworkShelf, CatalogWriter
from antiphon.ingest.changes import Changes
from antiphon.ingest.intake import Intake
from antiphon.ingest.model import ImportRecord, Phase, ScanReport
from antiphon.ingest.readers import ProcessReader, Reader, ThreadReader
from antiphon.ingest.scan import Scan, Target, device_of
from antiphon.ingest.state import Failure, IngestState, is_within, portable
from antiphon.ingest.together import alongside, waited
from antiphon.ingest.tracking import Listener, Tracker
from antiphon.kernel import AntiphonError, Clock, Conflict, Invalid, random_id
from antiphon.storage import Objects, Tables

log = structlog.get_logger()

_LEASE_SECONDS = 5.0
_TELL_SECONDS = 0.5
_REQUEST_SECONDS = 1.0
_MAX_REPORTED = 10_000
_MAX_READERS = 8


class FolderImport:
    """Brings the catalogue to what lies in folders. One scan at a time, over all processes.

    Files are read in ``readers`` processes of their own, or, not ``isolated``, in threads of this.
    ``batch_files`` are taken in at a time: more are faster, fewer are seen sooner.
    """

    def __init__(  # noqa: PLR0913 - ports first, the rest by keyword
        self,
        writer: CatalogWriter,
        tables: Tables,
        objects: Objects,
        clock: Clock,
        *,
        readers: int | None = None,
        isolated: bool = True,
        batch_files: int = 500,
    ) -> None:
        self._writer = writer
        self._shelf = ArtworkShelf.on(tables, objects)
        self._state = IngestState(tables, clock)
        self._clock = clock
        # One core for this process: taking in costs about as much as reading.
        self._readers = readers or max(1, min(_MAX_READERS, (os.cpu_count() or 1) - 1))
        self._batch_files = batch_files
        self._make: Callable[[], Reader] = ProcessReader if isolated else ThreadReader

    async def scan(
        self,
        paths: Sequence[Path],
        progress: Listener | None = None,
        cancel: asyncio.Event | None = None,
    ) -> ScanReport:
        """Scan folders and files; return what was done.

        A path that is not there is ``Invalid`` unless something was imported from it before: then
        what was imported is kept, and the report says so. ``Conflict`` while another scan runs.
        """
        targets = await asyncio.to_thread(lambda: [_target(path) for path in paths])
        known = [f.path for f in await self._state.all_folders()]
        for target in targets:
            if target.missing and not _holds(target.start, known):
                raise Invalid(f"There is no folder {os.fsdecode(target.start)!r}.")
        return await self._run(targets, random_id(), progress, cancel)

    async def serve(
        self, paths: Sequence[Path], stop: asyncio.Event, *, watch: bool = True
    ) -> None:
        """Scan once, then whenever something changes or somebody asks, until ``stop``."""
        targets = await asyncio.to_thread(lambda: [_target(path) for path in paths])
        changes = Changes([t.start for t in targets])
        changes.everything()
        helpers = [self._heed(changes, stop)]
        if watch and targets:
            helpers.append(changes.watch(stop))
        await alongside(self._follow(targets, changes, stop), *helpers)

    async def watch(self, paths: Sequence[Path], stop: asyncio.Event) -> None:
        """Import what changes below the paths, until ``stop``."""
        await self.serve(paths, stop)

    async def failures(self) -> list[Failure]:
        """Return every file and folder that is not in the catalogue, and why."""
        return await self._state.failures()

    async def _run(
        self,
        targets: Sequence[Target],
        import_id: str,
        progress: Listener | None,
        cancel: asyncio.Event | None,
    ) -> ScanReport:
        """Scan under the lease, telling all processes how far it is."""
        holder = await self._state.take_lease()
        tracker = Tracker(progress, self._clock)
        stop = asyncio.Event()
        phase = Phase.FAILED
        try:
            report = await alongside(
                self._scan(targets, tracker, stop),
                self._keep_lease(holder),
                self._tell(import_id, tracker, stop),
                _passed_on(cancel, stop),
            )
            phase = Phase.CANCELLED if report.cancelled else Phase.DONE
        finally:
            tracker.enter(phase)
            await self._state.note_import(ImportRecord(id=import_id, progress=tracker.now))
            await self._state.drop_lease(holder)
        return report

    async def _scan(
        self, targets: Sequence[Target], tracker: Tracker, cancel: asyncio.Event
    ) -> ScanReport:
        intake = Intake(
            self._state, self._writer, self._shelf, self._clock, batch_files=self._batch_files
        )
        scan = Scan(self._state, intake, tracker, cancel)
        await scan.run(targets, readers=self._readers, make=self._make)
        for root in {t.root for t in targets} - scan.faulty:
            with suppress(OSError):
                await self._state.note_root_device(root, await asyncio.to_thread(device_of, root))
        report = scan.report
        starts = [portable(t.start) for t in targets]
        failures = [
            (f.path, f.reason)
            for f in await self._state.failures()
            if any(is_within(f.path, start) for start in starts)
        ]
        report.failed = failures[:_MAX_REPORTED]
        return report

    async def _keep_lease(self, holder: str) -> None:
        while True:
            await asyncio.sleep(_LEASE_SECONDS)
            await self._state.keep_lease(holder)

    async def _tell(self, import_id: str, tracker: Tracker, stop: asyncio.Event) -> None:
        """Tell how far the import is, and heed who asks to end it."""
        told = None
        while True:
            if tracker.now != told:
                told = tracker.now
                await self._state.note_import(ImportRecord(id=import_id, progress=told))
            await asyncio.sleep(_TELL_SECONDS)
            if await self._state.cancel_requested(import_id):
                stop.set()

    async def _heed(self, changes: Changes, stop: asyncio.Event) -> None:
        """Look for requests."""
        while not await waited(stop, _REQUEST_SECONDS):
            if await self._state.requested_import():
                changes.everything()

    async def _follow(
        self, targets: Sequence[Target], changes: Changes, stop: asyncio.Event
    ) -> None:
        """Scan what changed, as often as it changes."""
        while not stop.is_set():
            starts = await changes.next(stop)
            wanted = [t for target in targets for t in _narrowed(target, starts)]
            if wanted and not stop.is_set() and not await self._followed(wanted, stop):
                changes.again(starts)
                await waited(stop, _LEASE_SECONDS)

    async def _followed(self, targets: Sequence[Target], stop: asyncio.Event) -> bool:
        """Scan, and log what came of it; return False while another process scans."""
        import_id = await self._state.requested_import() or random_id()
        try:
            report = await self._run(targets, import_id, None, stop)
        except Conflict:
            return False
        except AntiphonError as fault:
            log.exception("import_failed", reason=fault.detail)
        else:
            if report.added or report.changed or report.moved or report.removed:
                log.info("folders_scanned", **_counts(report))
        await self._state.answer_request(import_id)
        return True


async def _passed_on(cancel: asyncio.Event | None, stop: asyncio.Event) -> None:
    if cancel is not None:
        await cancel.wait()
        stop.set()


def _target(path: Path) -> Target:
    path = path.expanduser().absolute()
    whole = os.fsencode(path)
    if path.is_file():
        folder, name = os.path.split(whole)
        return Target(folder, folder, name)
    return Target(whole, whole, missing=not path.exists())


def _narrowed(target: Target, starts: Sequence[bytes]) -> list[Target]:
    """Return the parts of a target that lie at or below the starts, or all of it."""
    inside = [s for s in starts if s.startswith(target.root + b"/")]
    if target.only is not None or any(_is_at_or_below(target.root, s) for s in starts):
        return [target]
    return [Target(target.root, start) for start in inside]


def _is_at_or_below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder + b"/")


def _holds(start: bytes, known: Sequence[bytes]) -> bool:
    return any(_is_at_or_below(path, start) for path in known)


def _counts(report: ScanReport) -> dict[str, int]:
    return {
        "added": report.added,
        "changed": report.changed,
        "moved": report.moved,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "failed": len(report.failed),
    }
