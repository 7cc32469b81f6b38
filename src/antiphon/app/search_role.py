"""The search index of a machine that serves music while the ``events`` role runs elsewhere."""

import asyncio
from contextlib import suppress

import structlog

from antiphon.app.compose import Installation, open_installation
from antiphon.app.lag_metrics import LagMetrics
from antiphon.app.machine import index_completed, index_is_complete
from antiphon.app.metrics import Metrics
from antiphon.app.settings import Settings
from antiphon.eventlog import Projector
from antiphon.kernel import AntiphonError

log = structlog.get_logger()

_LOOK_SECONDS = 0.5


async def run_search(settings: Settings, name: str, stop: asyncio.Event) -> None:
    """Keep this machine's index at the catalogue's state until ``stop``."""
    installation = open_installation(settings)
    metrics = Metrics(settings.data_path / "run" / "metrics", name)
    metrics.watch_engines(installation.guards())
    projection = installation.index_projection()
    counter = metrics.projected.labels(projection.group)
    log.info("search_process_started")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(metrics.keep_written(stop))
            projector = Projector(installation.events, projection, seen=counter.inc)
            group.create_task(projector.run(stop))
            group.create_task(tell_when_complete(installation, stop))
            lag = LagMetrics(metrics, installation.events)
            group.create_task(lag.run({projection.group: projection.topic}, stop))
    finally:
        await installation.close()
        log.info("search_process_stopped")


async def tell_when_complete(installation: Installation, stop: asyncio.Event) -> None:
    """Note when the index has caught up for the first time: the machine is not ready before."""
    projection = installation.index_projection()
    while not stop.is_set() and not index_is_complete(installation.settings):
        with suppress(AntiphonError):  # the log is away: the next look tells
            if await installation.events.lag(projection.topic, group=projection.group) == 0:
                index_completed(installation.settings)
                log.info("search_index_complete")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
