"""The ``events`` role: imports, projections, the sweep of what killed processes left, media."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

import antiphon.audio.events
import antiphon.catalog.events
import antiphon.identity.events
from antiphon.app.accounts import chart_maker_of, ledger_of, play_counts_of
from antiphon.app.archiving import ARCHIVED, archiving
from antiphon.app.compose import Installation, open_installation
from antiphon.app.demo_role import demo_folder, ensure_demo
from antiphon.app.importing import folder_import
from antiphon.app.keeping import KeptMedia
from antiphon.app.lag_metrics import OPERATOR_GROUP, LagMetrics
from antiphon.app.metrics import Metrics
from antiphon.app.search_role import tell_when_complete
from antiphon.app.settings import Settings
from antiphon.archive import Pseudonyms, group_of
from antiphon.charts import CHARTS_GROUP, ChartsFeed
from antiphon.eventlog import EventTypes, Projection, Projector, Record, dead_topic_of
from antiphon.identity.events import UserRemoved
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
from antiphon.voice import VoiceStore

log = structlog.get_logger()

_SWEEP_SECONDS = 5.0
_RETRY_SECONDS = 5.0
_TRIM_SECONDS = 3600.0
HISTORY_GROUP = "history"
DEPARTURES_GROUP = "departures"
_DAY_MS = 24 * 3600 * 1000
_MEGABYTE = 1024 * 1024


async def run_events(settings: Settings, name: str, stop: asyncio.Event) -> None:
    """Run until ``stop``; every part resumes where it was."""
    installation = open_installation(settings)
    metrics = Metrics(settings.data_path / "run" / "metrics", name)
    metrics.watch_engines(installation.guards())
    log.info("events_process_started")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(metrics.keep_written(stop))
            group.create_task(_sweep(installation, stop))
            group.create_task(_trim(installation, stop))
            for projection in every_projection(installation):
                counter = metrics.projected.labels(projection.group)
                projector = Projector(installation.events, projection, seen=counter.inc)
                group.create_task(projector.run(stop))
            counter = metrics.projected.labels(LEDGER_GROUP)
            feed = LedgerFeed(installation.events, ledger_of(installation), seen=counter.inc)
            group.create_task(feed.run(stop))
            counter = metrics.projected.labels(CHARTS_GROUP)
            charts = ChartsFeed(installation.events, play_counts_of(installation), seen=counter.inc)
            group.create_task(charts.run(stop))
            making = chart_maker_of(installation).run(lambda: charts.counted, stop)
            group.create_task(making)
            for task in archiving(installation, metrics, stop):
                group.create_task(task)
            lag = LagMetrics(metrics, installation.events)
            group.create_task(lag.run(topics_by_group(installation), stop))
            media = KeptMedia(installation)
            metrics.watch(media.collector)
            group.create_task(media.run(stop))
            group.create_task(_import(installation, stop))
            if "music" in settings.roles:
                group.create_task(tell_when_complete(installation, stop))
    finally:
        await installation.close()
        log.info("events_process_stopped")


def every_projection(installation: Installation) -> list[Projection]:
    """Return all projections: those of the rooms, and those that join rooms."""
    return [*installation.projections(), history(installation), departures(installation)]


def topics_by_group(installation: Installation) -> dict[str, str]:
    """Return what each group of this installation reads."""
    found = {projection.group: projection.topic for projection in every_projection(installation)}
    found |= {LEDGER_GROUP: TOPIC, CHARTS_GROUP: TOPIC}  # these commit by themselves
    if installation.settings.archive_seconds:
        found |= {group_of(topic): topic for topic in ARCHIVED}
    return found


def departures(installation: Installation) -> Projection:
    """Return the projection that forgets removed users: the rooms are strangers.

    The library is cleared, what voice learned is forgotten, and the key goes by which the archive
    could tell who somebody was.
    """
    pseudonyms = Pseudonyms(installation.tables)
    learned = VoiceStore(installation.tables, installation.cache)

    async def handle(batch: Sequence[tuple[Record, Event]]) -> None:
        for _, event in batch:
            if isinstance(event, UserRemoved):
                await installation.library.forget_listener(event.listener_id)
                await learned.forget_listener(event.listener_id)
                await pseudonyms.shred(event.listener_id)

    types = EventTypes(UserRemoved)
    return Projection(DEPARTURES_GROUP, antiphon.identity.events.TOPIC, types, handle)


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


def retained_topics(groups: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the topics that are trimmed, each with the groups that must have read what goes.

    ``catalog`` is not among them: the search index is made again from its whole length. A dead
    letter stays until somebody has dealt with it (``dead_letters``).
    """
    topics: dict[str, list[str]] = {antiphon.audio.events.TOPIC: []}
    for group, topic in groups.items():
        topics.setdefault(topic, []).append(group)
        topics[dead_topic_of(topic, group)] = [OPERATOR_GROUP]
    topics.pop(antiphon.catalog.events.TOPIC, None)
    return topics


async def _trim(installation: Installation, stop: asyncio.Event) -> None:
    chosen = installation.settings
    while not stop.is_set():
        now = installation.clock.now()
        before = UnixMs(now - chosen.keep_events_days * _DAY_MS if chosen.keep_events_days else 0)
        try:
            for topic, groups in retained_topics(topics_by_group(installation)).items():
                gone = await installation.events.trim(
                    topic,
                    read_by=groups,
                    before=before,
                    most_bytes=chosen.keep_events_mb * _MEGABYTE or None,
                )
                if gone:
                    log.info("log_trimmed", topic=topic, records=gone)
        except AntiphonError as error:
            log.warning("log_trim_failed", reason=error.detail)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _TRIM_SECONDS)


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
