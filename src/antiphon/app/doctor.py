"""``antiphon doctor``: is the installation well, and if not, what to do."""

import asyncio
import os
import re
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import msgspec

from antiphon.app.keys import open_key_vault
from antiphon.app.machine import index_is_complete
from antiphon.app.presence import refuse_half_moved
from antiphon.app.probes import PROBES, Examined, Probe, Refused, probe_objects
from antiphon.app.secret import secret_path
from antiphon.app.settings import Settings
from antiphon.app.tiering import LOWER
from antiphon.kernel import AntiphonError, SystemClock
from antiphon.storage import open_tables

_LOW_DISK_BYTES = 2 * 1024**3
_SLOW_MS = 250.0
_PATIENCE_SECONDS = 60.0  # a first connection may make a schema or topics


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``detail`` says what was found and, where not ok, what to do.

    What ``needs_care`` works now, and may not tomorrow.
    """

    subject: str
    ok: bool
    detail: str
    needs_care: bool = False


async def examine(settings: Settings) -> list[Finding]:
    """Look at the data folder, every engine, the music folders and the machine."""
    if not settings.data_path.exists():
        return [Finding("data", ok=False, detail=f"{settings.data_path} does not exist yet.")]
    findings = [_data(settings), _files()]
    lower = {name: probe_objects for name in LOWER.values() if getattr(settings, name)}
    probes = {**PROBES, **lower}
    for found in await asyncio.gather(*(_engine(*item, settings) for item in probes.items())):
        findings += found
    findings += _together(settings)
    if all(finding.ok for finding in findings):  # an installation opens all engines, or none
        findings += await _dead_letters(settings)
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
            click.echo(f"{_mark(finding)} {finding.subject:<12} {finding.detail}")
    return 0 if all(f.ok for f in findings) else 1


async def _dead_letters(settings: Settings) -> list[Finding]:
    """Look for events that nobody could handle and nobody has dealt with."""
    from antiphon.app.dead_letters import group_states  # noqa: PLC0415 - loads the imports

    try:
        states = await group_states(settings)
    except Exception:  # noqa: BLE001 - what is wrong with an engine is told already
        return []
    return [
        Finding(
            "events",
            ok=True,
            detail=f"{state.group} could not handle {state.dead} events: see antiphon events dead.",
            needs_care=True,
        )
        for state in states
        if state.dead
    ]


def _together(settings: Settings) -> list[Finding]:
    """Look at what several machines need to be one installation."""
    found = []
    if settings.shares_log and settings.engine_url("cache").startswith("memory:"):
        told = "other machines may share the log, and this cache reaches none: name a redis:// one."
        found.append(Finding("cache", ok=True, detail=told, needs_care=True))
    if settings.shares_log and not settings.workspace:
        told = (
            "labels' masters lie in this machine's folder: name an hdfs:// or a mounted file: one."
        )
        found.append(Finding("workspace", ok=True, detail=told, needs_care=True))
    if settings.shares_log and not index_is_complete(settings) and "music" in settings.roles:
        told = "this machine's index is not complete yet: it is made while the server runs."
        found.append(Finding("search", ok=True, detail=told, needs_care=True))
    return found


def _mark(finding: Finding) -> str:
    if not finding.ok:
        return click.style("bad ", fg="red")
    return (
        click.style("care", fg="yellow") if finding.needs_care else click.style("ok  ", fg="green")
    )


async def _engine(subject: str, probe: Probe, settings: Settings) -> list[Finding]:
    url = shown(settings.engine_url(subject))
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            found = await probe(settings.engine_url(subject))
    except Refused as fault:
        return [Finding(subject, ok=False, detail=f"{url} {fault}")]
    except TimeoutError:
        detail = f"{url} did not do in {_PATIENCE_SECONDS:.0f} s what it was asked to."
        return [Finding(subject, ok=False, detail=detail)]
    except AntiphonError as error:
        return [Finding(subject, ok=False, detail=f"{url}: {error.detail}")]
    except Exception as fault:  # noqa: BLE001 - whatever an engine says is the finding
        return [Finding(subject, ok=False, detail=f"{url}: {fault}")]
    return _told(subject, url, found)


def _told(subject: str, url: str, found: Examined) -> list[Finding]:
    product = f", {found.about.product}" if found.about else ""
    detail = f"{url}{product} ({found.milliseconds:.1f} ms to read)"
    if found.milliseconds > _SLOW_MS:
        detail += ": slow, or busy, or far away"
    advice = found.about.advice if found.about else ()
    return [
        Finding(subject, ok=True, detail=detail),
        *(Finding(subject, ok=True, detail=line, needs_care=True) for line in advice),
    ]


def shown(url: str) -> str:
    """Return a URL without its password, for people and logs."""
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:***@", url)


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


def _data(settings: Settings) -> Finding:
    data = settings.data_path
    secret = secret_path(settings)
    try:
        refuse_half_moved(settings)
    except AntiphonError as error:
        return Finding("data", ok=False, detail=error.detail)
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
