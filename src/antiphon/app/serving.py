"""``antiphon serve``: prepare the data folder, then run the supervisor."""

import asyncio
import os
import shutil
import socket
from pathlib import Path

import click
import structlog

from antiphon.app.logs import configure_logs
from antiphon.app.machine import join, machine_id
from antiphon.app.presence import enter, refuse_half_moved
from antiphon.app.secret import read_secret
from antiphon.app.serve import Supervisor, draining_mark
from antiphon.app.settings import Settings
from antiphon.app.tiering import tier_rules
from antiphon.kernel import Conflict, Invalid, Unavailable

log = structlog.get_logger()

_LEAST_FREE_BYTES = 200 * 1024 * 1024


def serve(settings: Settings) -> None:
    """Serve until a signal says stop."""
    configure_logs(log_format=settings.log_format, level=settings.log_level, role="supervisor")
    prepare_data(settings)
    tier_rules(settings)  # refuses what cannot be
    _check_folders(settings)
    _check_speakers(settings)
    _check_port(settings)
    with enter(settings):
        draining_mark(settings).unlink(missing_ok=True)
        (settings.data_path / "run" / "pid").write_text(str(os.getpid()), "ascii")
        asyncio.run(_join(settings))
        _announce(settings)
        asyncio.run(Supervisor(settings).run())


async def _join(settings: Settings) -> None:
    try:
        await join(settings)
    except Unavailable as fault:  # its processes wait for it, and come up when it is there
        log.warning("tables_unavailable", reason=fault.detail)


def prepare_data(settings: Settings) -> None:
    """Make the data folder and its secret; clear what the last run left behind in ``run``."""
    data = settings.data_path
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if shutil.disk_usage(data).free < _LEAST_FREE_BYTES:
            raise Unavailable(f"Less than 200 MB are free for {data}: make room and start again.")
        refuse_half_moved(settings)
        read_secret(settings)
        (data / "run").mkdir(exist_ok=True)
        machine_id(settings)
    except OSError as fault:
        raise Unavailable(f"The data folder {data} cannot be used: {fault.strerror}.") from fault


def _check_folders(settings: Settings) -> None:
    for folder in settings.music:
        if not Path(folder).is_dir():
            raise Invalid(f"There is no music folder {folder}.")


def _check_speakers(settings: Settings) -> None:
    if settings.siri_key:
        from antiphon.gateways import read_sirikit_key  # noqa: PLC0415 - heavy, and rarely needed

        read_sirikit_key(settings.siri_key)


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as fault:
            where = f"{settings.host}:{settings.port}"
            raise Conflict(
                f"Cannot listen on {where} ({fault.strerror}): stop what uses it or choose --port."
            ) from fault


def _announce(settings: Settings) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    click.echo(f"\n  Antiphon is at {settings.public_url or f'http://{host}:{settings.port}'}/\n")
