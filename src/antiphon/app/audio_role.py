"""The ``audio`` role: one encoder process."""

import asyncio
import os
import socket

import structlog

from antiphon.app.compose import open_installation
from antiphon.app.metrics import Metrics
from antiphon.app.settings import Settings
from antiphon.audio import run_worker

log = structlog.get_logger()


async def run_audio(settings: Settings, name: str, stop: asyncio.Event) -> None:
    """Take jobs one after another until ``stop``; a job cut short is taken up again later."""
    installation = open_installation(settings)
    metrics = Metrics(settings.data_path / "run" / "metrics", name)
    metrics.watch_engines(installation.guards())
    log.info("audio_worker_started")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(metrics.keep_written(stop))
            # In containers the first processes have the same numbers; their machines do not.
            worker = installation.audio_worker(f"{name}-{socket.gethostname()}-{os.getpid()}")
            group.create_task(run_worker(worker, stop))
    finally:
        await installation.close()
        log.info("audio_worker_stopped")
