"""Composing the demo catalogue beside the service, so that nobody waits for it to start."""

import asyncio
import os
import sys
from pathlib import Path

import structlog

from antiphon.app.settings import Settings, hand_over

log = structlog.get_logger()


def demo_folder(settings: Settings) -> Path:
    """Return where the demo catalogue lies."""
    return settings.data_path / "demo"


def compose_demo(settings: Settings) -> None:
    """Compose what is not there yet; a run of some seconds in a process of its own."""
    from antiphon.app.demo import generate  # noqa: PLC0415 - loads SciPy: in this process only

    generate(demo_folder(settings))
    log.info("demo_composed")


async def ensure_demo(settings: Settings) -> Path:
    """Have the demo catalogue composed by a child process; return its folder."""
    folder = demo_folder(settings)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "antiphon.app.process",
        "demo",
        "demo",
        env={**os.environ, **hand_over(settings)},
    )
    try:
        status = await child.wait()
    except asyncio.CancelledError:
        child.terminate()
        raise
    if status != 0:
        log.error("demo_failed", status=status)
    return folder
