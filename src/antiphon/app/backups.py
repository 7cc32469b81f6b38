"""Backup and restore of an embedded installation.

A backup is a folder: compact copies of the tables and the log, the secret, artwork, what labels
delivered, wherever the workspace is, and on request the packaged audio. Of the keys that open
content keys it holds the file in the data folder, and no other. Tables are copied before the log,
so every event that the copied log lacks stands as an outbox cell or an intent in no later state
than the tables; projections are replayed from the log after a restore, and they are idempotent.
"""

import asyncio
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import lmdb
import msgspec

from antiphon import __version__
from antiphon.app.settings import Settings
from antiphon.kernel import Conflict, Corrupt, Invalid
from antiphon.rights import KEY_FILE
from antiphon.storage import FileParts, open_workspace

_MANIFEST = "antiphon-backup.json"
_MEDIA = "media"
_SECRETS = ("secret", KEY_FILE)

_MASTERS = "masters"


class _Manifest(msgspec.Struct):
    version: str
    made_at: str
    media: bool


def back_up(settings: Settings, target: Path, *, media: bool) -> str:
    """Copy the installation to the new folder ``target``; the server may run meanwhile."""
    _embedded_only(settings)
    data = settings.data_path
    if not (data / "secret").exists():
        raise Invalid(f"{data} holds no installation.")
    if target.exists():
        raise Conflict(f"{target} exists: name a new folder for the backup.")
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name in ("tables", "events"):
        _copy_environments(data / name, part / name)
    _copy_objects(data / "objects", part / "objects", media=media)
    asyncio.run(_copy_masters(settings, part))
    for name in _SECRETS:
        if (data / name).exists():
            shutil.copy2(data / name, part / name)
    manifest = _Manifest(__version__, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), media)
    (part / _MANIFEST).write_bytes(msgspec.json.encode(manifest))
    part.rename(target)
    return f"Backed up {data} to {target} ({_size(target) / 1e6:.1f} MB). {_about_keys(settings)}"


async def restore(settings: Settings, source: Path) -> str:
    """Put the backup at ``source`` into the data folder, which must not hold an installation."""
    _embedded_only(settings)
    manifest = _read_manifest(source)
    data = settings.data_path
    if (data / "secret").exists() or (data / "tables").exists():
        raise Conflict(f"{data} holds an installation: name an empty folder with --data.")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("tables", "events", "objects"):
        if (source / name).exists():
            shutil.copytree(source / name, data / name, dirs_exist_ok=True)
    for name in _SECRETS:
        if (source / name).exists():
            shutil.copy2(source / name, data / name)
            (data / name).chmod(0o600)
    await _put_masters_back(settings, source, _files(source / _MASTERS))
    from antiphon.app.rebuild import rebuild_projections  # noqa: PLC0415 - opens the engines

    await rebuild_projections(settings, media=manifest.media)
    await _told(settings, manifest)
    return f"Restored the backup of {manifest.made_at} into {data}."


async def _told(settings: Settings, manifest: _Manifest) -> None:
    """Write down that what came after the backup, in this very log too, is gone."""
    from antiphon.app.compose import open_installation  # noqa: PLC0415 - opens the engines

    installation = open_installation(settings)
    try:
        details = {"version": manifest.version, "media": str(manifest.media).lower()}
        await installation.audit.append("command line", "restored", manifest.made_at, details)
    finally:
        await installation.close()


def _about_keys(settings: Settings) -> str:
    if settings.key_encryption in {"", "file:", f"file:{KEY_FILE}"}:
        return "It can open every content key: keep it as safe as the data folder."
    return "The key-encryption key is not in it: back that up by itself."


def _embedded_only(settings: Settings) -> None:
    for port in ("tables", "events"):
        if not settings.engine_url(port).startswith("lmdb:"):
            raise Invalid(f"The {port} engine is not embedded: back it up with its own tools.")


def _copy_environments(source: Path, target: Path) -> None:
    for file in sorted(source.rglob("data.mdb")):
        copy = target / file.parent.relative_to(source)
        copy.mkdir(parents=True)
        with lmdb.open(str(file.parent), readonly=True, max_dbs=0, create=False) as environment:
            environment.copy(str(copy), compact=True)


def _copy_objects(source: Path, target: Path, *, media: bool) -> None:
    if source.exists():
        skipped = () if media else (_MEDIA,)
        shutil.copytree(
            source,
            target,
            ignore=lambda folder, _: skipped if Path(folder) == source else (),
            copy_function=_link_or_copy,
        )


async def _copy_masters(settings: Settings, target: Path) -> None:
    """Copy what labels delivered, from wherever the workspace is: it is nowhere else."""
    workspace = open_workspace(settings.engine_url("workspace"))
    try:
        for path in await workspace.list(_MASTERS):
            async with workspace.local(path) as file:
                await asyncio.to_thread(_keep, file, target / path)
    finally:
        await workspace.close()


async def _put_masters_back(settings: Settings, source: Path, files: Sequence[Path]) -> None:
    workspace = open_workspace(settings.engine_url("workspace"))
    try:
        for file in files:
            await workspace.write(file.relative_to(source).as_posix(), FileParts(file))
    finally:
        await workspace.close()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _keep(file: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    _link_or_copy(str(file), str(copy))


def _link_or_copy(source: str, target: str) -> str:
    """Objects never change in place, so a hard link is as good as a copy and takes no room."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
    return target


def _read_manifest(source: Path) -> _Manifest:
    try:
        return msgspec.json.decode((source / _MANIFEST).read_bytes(), type=_Manifest)
    except FileNotFoundError as fault:
        raise Invalid(f"{source} is not a backup: it has no {_MANIFEST}.") from fault
    except msgspec.DecodeError as fault:
        raise Corrupt(f"{source / _MANIFEST} is damaged: {fault}") from fault


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in _files(folder))
