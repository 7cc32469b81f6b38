"""The ``events`` role: imports, projections, and the sweep of what killed processes left."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from antiphon.app.compose import Installation, open_installation
from antiphon.app.importing import folder_import
from antiphon.app.metrics import Metrics
from antiphon.app.settings import Settings
from antiphon.eventlog import EventTypes, Projection, Projector, Record
from antiphon.ingest import FolderImport
from antiphon.kernel import AntiphonError, Conflict, Event, UnixMs
from antiphon.library import PlayNews
from antiphon.streaming.events import (
    TOPIC,
    PlayEnded,
    PlayEvent,
    PlayPaused,
    PlayProgressed,
    PlayStarted,
)

log = structlog.get_logger()

_SWEEP_SECONDS = 5.0
_RETRY_SECONDS = 5.0
HISTORY_GROUP = "history"


async def run_events(settings: Settings, name: str, stop: asyncio.Event) -> None:
    """Run until ``stop``; every part resumes where it was."""
    installation = open_installation(settings)
    metrics = Metrics(settings.data_path / "run" / "metrics", name)
    log.info("events_process_started")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(metrics.keep_written(stop))
            group.create_task(_sweep(installation, stop))
            for projection in [*installation.projections(), history(installation)]:
                counter = metrics.projected.labels(projection.group)
                projector = Projector(installation.events, projection, seen=counter.inc)
                group.create_task(projector.run(stop))
            group.create_task(_import(installation, stop))
    finally:
        await installation.close()
        log.info("events_process_stopped")


def history(installation: Installation) -> Projection:
    """Return the projection that makes plays into history: streaming and library are strangers."""

    async def handle(batch: Sequence[tuple[Record, Event]]) -> None:
        for _, event in batch:
            if isinstance(event, PlayEvent):
                await installation.library.record_play(_news(event))

    types = EventTypes(PlayStarted, PlayProgressed, PlayPaused, PlayEnded)
    return Projection(HISTORY_GROUP, TOPIC, types, handle)


def _news(event: PlayEvent) -> PlayNews:
    return PlayNews(
        grant_id=event.grant_id,
        listener_id=event.listener_id,
        song_id=event.song_id,
        position_ms=event.position_ms,
        at=UnixMs(event.at_ms),
        heard_ms=event.heard_ms if isinstance(event, PlayEnded) else None,
    )


async def _sweep(installation: Installation, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            finished = await installation.outbox.sweep()
            if finished:
                log.info("outbox_swept", changes=finished)
        except AntiphonError as error:
            log.warning("outbox_sweep_failed", reason=error.detail)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _SWEEP_SECONDS)


async def _import(installation: Installation, stop: asyncio.Event) -> None:
    folders = [Path(folder) for folder in installation.settings.music]
    if not folders:
        await stop.wait()
        return
    imports = folder_import(installation)
    await _scan(imports, folders, stop)
    if installation.settings.watch and not stop.is_set():
        await imports.watch(folders, stop)


async def _scan(imports: FolderImport, folders: Sequence[Path], stop: asyncio.Event) -> None:
    """Scan the folders once; wait while another process does."""
    while not stop.is_set():
        try:
            report = await imports.scan(folders, cancel=stop)
        except Conflict:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)
            continue
        except AntiphonError as error:
            log.exception("import_failed", reason=error.detail)
            return
        log.info(
            "folders_scanned",
            added=report.added,
            changed=report.changed,
            removed=report.removed,
            unchanged=report.unchanged,
            failed=len(report.failed),
        )
        return
