"""What a child of the supervisor runs: one role."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable

from antiphon.app.demo_role import compose_demo
from antiphon.app.lifeline import end_with_parent
from antiphon.app.logs import configure_logs
from antiphon.app.settings import Settings, handed_over

_Role = Callable[[Settings, str, asyncio.Event], Awaitable[None]]

_AUDIO_NICENESS = 10
_HEADER_DEADLINE_MS = 10_000
_CONNECTIONS = 20_000


def main() -> None:
    """Run the role named by the first argument under the name of the second."""
    role, name = sys.argv[1], sys.argv[2]
    settings = handed_over()
    configure_logs(log_format=settings.log_format, level=settings.log_level, role=name)
    end_with_parent()
    _allow_many_files()
    if role == "music":
        _serve_http(settings)
    elif role == "demo":
        compose_demo(settings)
    elif role == "audio":
        os.nice(_AUDIO_NICENESS)
        from antiphon.app.audio_role import run_audio  # noqa: PLC0415 - loads FFmpeg: this role only

        asyncio.run(_until_signal(run_audio, settings, name))
    elif role == "wyoming":
        from antiphon.app.satellites import run_wyoming  # noqa: PLC0415 - this role only

        asyncio.run(_until_signal(run_wyoming, settings, name))
    elif role == "search":
        from antiphon.app.search_role import run_search  # noqa: PLC0415 - this role only

        asyncio.run(_until_signal(run_search, settings, name))
    else:
        from antiphon.app.events_role import run_events  # noqa: PLC0415 - this role only

        asyncio.run(_until_signal(run_events, settings, name))


def _allow_many_files() -> None:
    """Raise this process's own limit of open files as far as the system lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _serve_http(settings: Settings) -> None:
    from granian import Granian  # noqa: PLC0415 - this role only
    from granian.constants import Interfaces, Loops  # noqa: PLC0415
    from granian.http import HTTP1Settings  # noqa: PLC0415

    Granian(
        "antiphon.app.http:create",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=settings.http_worker_count(),
        websockets=True,
        backlog=4096,
        backpressure=_CONNECTIONS,  # idle ones are cheap, and must not keep others out
        log_enabled=False,
        respawn_failed_workers=True,
        respawn_interval=2.0,
        workers_kill_timeout=15,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_DEADLINE_MS),
    ).serve()


async def _until_signal(run: _Role, settings: Settings, name: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run(settings, name, stop)


if __name__ == "__main__":
    main()
