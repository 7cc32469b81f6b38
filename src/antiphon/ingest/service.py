"""Importing folders: scans, and watching for what changes between them."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from antiphon.catalog import ArtworkShelf, CatalogWriter
from antiphon.ingest.intake import Intake
from antiphon.ingest.model import Phase, ScanReport
from antiphon.ingest.readers import ProcessReader, Reader, ThreadReader
from antiphon.ingest.scan import Scan, Target, device_of
from antiphon.ingest.state import Failure, IngestState, is_within, portable
from antiphon.ingest.tracking import Listener, Tracker
from antiphon.kernel import Clock, Invalid
from antiphon.storage import Objects, Tables

log = structlog.get_logger()

_LEASE_SECONDS = 5.0
_MAX_REPORTED = 10_000


class FolderImport:
    """Brings the catalogue to what lies in folders. One scan at a time, over all processes.

    Files are read in ``readers`` processes of their own, or, not ``isolated``, in threads of this.
    """

    def __init__(
        self,
        writer: CatalogWriter,
        tables: Tables,
        objects: Objects,
        clock: Clock,
        *,
        readers: int | None = None,
        isolated: bool = True,
    ) -> None:
        self._writer = writer
        self._shelf = ArtworkShelf.on(tables, objects)
        self._state = IngestState(tables, clock)
        self._clock = clock
        self._readers = readers or os.cpu_count() or 1
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
        return await self.scan_targets(targets, progress, cancel)

    async def scan_targets(
        self,
        targets: Sequence[Target],
        progress: Listener | None = None,
        cancel: asyncio.Event | None = None,
    ) -> ScanReport:
        """Scan parts of collections."""
        tracker = Tracker(progress, self._clock)
        holder = await self._state.take_lease()
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(self._keep_lease(holder))
                report = await self._scan(targets, tracker, cancel or asyncio.Event())
                keeping.cancel()
        except BaseException:
            tracker.enter(Phase.FAILED)
            raise
        finally:
            await self._state.drop_lease(holder)
        tracker.enter(Phase.CANCELLED if report.cancelled else Phase.DONE)
        return report

    async def failures(self) -> list[Failure]:
        """Return every file and folder that is not in the catalogue, and why."""
        return await self._state.failures()

    async def _scan(
        self, targets: Sequence[Target], tracker: Tracker, cancel: asyncio.Event
    ) -> ScanReport:
        intake = Intake(self._state, self._writer, self._shelf, self._clock)
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


def _target(path: Path) -> Target:
    whole = os.fsencode(path.absolute())
    if path.is_file():
        folder, name = os.path.split(whole)
        return Target(folder, folder, name)
    return Target(whole, whole, missing=not path.exists())


def _holds(start: bytes, known: Sequence[bytes]) -> bool:
    return any(path == start or path.startswith(start + b"/") for path in known)
