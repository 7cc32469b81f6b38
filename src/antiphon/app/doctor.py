"""``antiphon doctor``: is the installation well, and if not, what to do."""

import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import msgspec

from antiphon.app.keys import open_key_vault
from antiphon.app.settings import Settings
from antiphon.eventlog import open_eventlog
from antiphon.kernel import AntiphonError, SystemClock
from antiphon.storage import SetCell, open_cache, open_objects, open_tables, open_workspace

_LOW_DISK_BYTES = 2 * 1024**3
_SLOW_MS = 250.0
_TABLE = "doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``detail`` says what was found and, where not ok, what to do."""

    subject: str
    ok: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at the data folder, every engine, the music folders and the machine."""
    if not settings.data_path.exists():
        return [Finding("data", ok=False, detail=f"{settings.data_path} does not exist yet.")]
    findings = [_data(settings), _files()]
    for subject, check in _ENGINES.items():
        findings.append(await _engine(subject, check, settings))
    findings.append(await _keys(settings))
    findings += [_music(Path(folder)) for folder in settings.music]
    findings.append(_player())
    return findings


def print_findings(findings: list[Finding], *, as_json: bool) -> int:
    """Print them and return the exit status: 1 where something is wrong."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([asdict(f) for f in findings])))
    else:
        for finding in findings:
            mark = click.style("ok  ", fg="green") if finding.ok else click.style("bad ", fg="red")
            click.echo(f"{mark} {finding.subject:<12} {finding.detail}")
    return 0 if all(f.ok for f in findings) else 1


async def _engine(
    subject: str, check: Callable[[Settings], Awaitable[None]], settings: Settings
) -> Finding:
    url = settings.engine_url(subject)
    began = time.perf_counter()
    try:
        await check(settings)
    except AntiphonError as error:
        return Finding(subject, ok=False, detail=f"{url}: {error.detail}")
    except Exception as fault:  # noqa: BLE001 - whatever an engine says is the finding
        return Finding(subject, ok=False, detail=f"{url}: {fault}")
    took = (time.perf_counter() - began) * 1000
    if took > _SLOW_MS:
        detail = f"{url} took {took:.0f} ms to open, write and read: the disk is slow or busy."
        return Finding(subject, ok=True, detail=detail)
    return Finding(subject, ok=True, detail=f"{url} ({took:.1f} ms to open, write and read)")


async def _keys(settings: Settings) -> Finding:
    try:
        tables = open_tables(settings.engine_url("tables"))
        try:
            await open_key_vault(settings, tables, SystemClock()).check()
        finally:
            await tables.close()
    except AntiphonError as error:
        return Finding("keys", ok=False, detail=error.detail)
    except Exception as fault:  # noqa: BLE001 - whatever an engine says is the finding
        return Finding("keys", ok=False, detail=f"Keys cannot be looked at: {fault}")
    held = settings.key_encryption.partition(":")[0] or "file"
    return Finding("keys", ok=True, detail=f"what is wrapped can be opened ({held})")


async def _tables(settings: Settings) -> None:
    tables = open_tables(settings.engine_url("tables"))
    try:
        await tables.mutate(_TABLE, b"probe", [SetCell("d", "", b"1")])
        row = await tables.read(_TABLE, b"probe")
        assert row is not None, "a row just written is not there"
    finally:
        await tables.close()


async def _objects(settings: Settings) -> None:
    objects = open_objects(settings.engine_url("objects"))
    try:
        await objects.put("doctor/probe", b"probe")
        assert await objects.get("doctor/probe") == b"probe", "an object reads back differently"
        await objects.delete("doctor/probe")
    finally:
        await objects.close()


async def _cache(settings: Settings) -> None:
    cache = open_cache(settings.engine_url("cache"))
    try:
        await cache.set("doctor", b"1", ttl=5)
        assert await cache.get("doctor") == b"1", "a value just cached is not there"
    finally:
        await cache.close()


async def _events(settings: Settings) -> None:
    events = open_eventlog(settings.engine_url("events"))
    try:
        async with events.subscribe("doctor", group="doctor") as subscription:
            await subscription.poll(wait=0)
    finally:
        await events.close()


async def _workspace(settings: Settings) -> None:
    workspace = open_workspace(settings.engine_url("workspace"))
    workspace.write("doctor/probe", b"1")
    workspace.delete("doctor/probe")
    workspace.close()


_ENGINES: dict[str, Callable[[Settings], Awaitable[None]]] = {
    "tables": _tables,
    "objects": _objects,
    "cache": _cache,
    "events": _events,
    "workspace": _workspace,
}


def _data(settings: Settings) -> Finding:
    data = settings.data_path
    secret = data / "secret"
    if not secret.exists():
        return Finding(
            "data", ok=False, detail=f"{data} holds no installation: run antiphon serve."
        )
    if secret.stat().st_mode & 0o077:
        return Finding("data", ok=False, detail=f"Others can read {secret}: chmod 600 it.")
    free = shutil.disk_usage(data).free
    room = f"{free / 1e9:.1f} GB free"
    if free < _LOW_DISK_BYTES:
        return Finding("data", ok=False, detail=f"{data} has only {room}: make room.")
    return Finding("data", ok=True, detail=f"{data} ({room})")


def _files() -> Finding:
    import resource  # noqa: PLC0415 - not on every system

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most < 4096:  # listeners, segments, environments
        detail = f"This process may open {most} files: raise the limit with ulimit -n 65536."
        return Finding("files", ok=most >= 1024, detail=detail)
    return Finding("files", ok=True, detail=f"{most} files may be open")


def _music(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding("music", ok=False, detail=f"{folder} is no folder: mount or rename it.")
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding("music", ok=False, detail=f"{folder} may not be read: check permissions.")
    return Finding("music", ok=True, detail=str(folder))


def _player() -> Finding:
    built = (Path(__file__).parent / "player" / "index.html").exists()
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if not built:
        return Finding("player", ok=False, detail="The web player is not built: run make setup.")
    return Finding("player", ok=True, detail=f"built ({version})")
