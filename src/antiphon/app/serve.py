"""The supervisor: one process per role, restarted when it dies, stopped together."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from antiphon.app.settings import Settings, hand_over

log = structlog.get_logger()

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_HEALTHY_SECONDS = 30.0
_GRACE_SECONDS = 20.0


@dataclass(slots=True)
class _Child:
    """One supervised process: its role and how often it has died lately."""

    role: str
    name: str
    process: asyncio.subprocess.Process | None = None
    pause: float = field(default=_FIRST_PAUSE_SECONDS)


class Supervisor:
    """Starts the processes of the chosen roles and keeps them running until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._children = [_Child(role, name) for role, name in _plan(settings)]
        self._stop = asyncio.Event()
        self._draining: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM; then let every child finish what it is doing."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._asked)
        async with asyncio.TaskGroup() as group:
            for child in self._children:
                group.create_task(self._keep(child))

    def _asked(self) -> None:
        """Stop after draining; asked a second time, stop at once."""
        seconds = self._settings.drain_seconds
        if not seconds or self._draining is not None:
            self._stop.set()
            return
        log.info("draining", seconds=seconds)
        draining_mark(self._settings).touch()
        self._draining = asyncio.get_running_loop().call_later(seconds, self._stop.set)

    async def _keep(self, child: _Child) -> None:
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            began = loop.time()
            child.process = await self._spawn(child)
            await self._wait(child.process)
            if self._stop.is_set():
                return
            healthy = loop.time() - began > _HEALTHY_SECONDS
            child.pause = (
                _FIRST_PAUSE_SECONDS if healthy else min(child.pause * 2, _LONGEST_PAUSE_SECONDS)
            )
            log.error("process_died", process=child.name, status=child.process.returncode)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), child.pause)

    async def _spawn(self, child: _Child) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "antiphon.app.process",
            child.role,
            child.name,
            env={**os.environ, **hand_over(self._settings)},
            start_new_session=True,  # a terminal's Ctrl-C reaches the supervisor alone
        )

    async def _wait(self, process: asyncio.subprocess.Process) -> None:
        stopping = asyncio.create_task(self._stop.wait())
        dying = asyncio.create_task(process.wait())
        await asyncio.wait({stopping, dying}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(asyncio.shield(dying), _GRACE_SECONDS)
            except TimeoutError:
                log.warning("process_killed", pid=process.pid, after_seconds=_GRACE_SECONDS)
                process.kill()
        await dying


def draining_mark(settings: Settings) -> Path:
    """Return the file that is there while the server is about to stop."""
    return settings.data_path / "run" / "draining"


def _plan(settings: Settings) -> list[tuple[str, str]]:
    plan: list[tuple[str, str]] = []
    if "music" in settings.roles:
        plan.append(("music", "music"))
        if settings.shares_log and "events" not in settings.roles:
            plan.append(("search", "search"))
        if settings.wyoming_user:
            plan.append(("wyoming", "wyoming"))
    if "events" in settings.roles:
        plan.append(("events", "events"))
    if "audio" in settings.roles:
        plan += [("audio", f"audio-{n + 1}") for n in range(settings.audio_worker_count())]
    return plan
