"""The ``events`` role: imports, projections, and the sweep of what killed processes left."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from antiphon.app.accounts import ledger_of
from antiphon.app.compose import Installation, open_installation
from antiphon.app.demo_role import demo_folder, ensure_demo
from antiphon.app.importing import folder_import
from antiphon.app.metrics import Metrics
from antiphon.app.settings import Settings
from antiphon.eventlog import EventTypes, Projection, Projector, Record
from antiphon.kernel import AntiphonError, Event, UnixMs
from antiphon.library import PlayNews
from antiphon.rights import LEDGER_GROUP, LedgerFeed
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
            counter = metrics.projected.labels(LEDGER_GROUP)
            feed = LedgerFeed(installation.events, ledger_of(installation), seen=counter.inc)
            group.create_task(feed.run(stop))
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
    imports = folder_import(installation)
    if installation.settings.demo:
        composing = asyncio.create_task(ensure_demo(installation.settings))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({composing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (composing, stopping):
            task.cancel()
        folders.append(demo_folder(installation.settings))
    while not stop.is_set():
        try:
            await imports.serve(folders, stop, watch=installation.settings.watch)
        except AntiphonError as error:
            log.exception("imports_failed", reason=error.detail)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)
