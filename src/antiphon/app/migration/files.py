"""What of an installation lies in files of its folder: secret, keys, settings.

The search index is not moved: it is made again from the log. What belongs to one machine (where it
listens, how many workers it has, its engines) is the target's own.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from antiphon.app.secret import secret_path
from antiphon.app.settings import OWN_FILE, Settings, read_own_file
from antiphon.kernel import Conflict
from antiphon.rights import KEY_FILE

_PART: Final = ".part"
_OF_ONE_MACHINE: Final = frozenset(
    {
        "data", "host", "port", "tables", "objects", "objects_warm", "objects_cold",
        "cache", "events", "workspace", "search", "roles", "http_workers",
        "audio_workers", "secret_file", "drain_seconds",
        "log_format", "log_level",
    }
)  # fmt: skip


def refuse_strange_files(source: Settings, target: Settings) -> None:
    """Raise ``Conflict`` where the target's folder holds another installation's secret or keys."""
    for ours, theirs in ((secret_path(source), secret_path(target)), *_key_files(source, target)):
        if theirs.exists() and ours.exists() and ours.read_bytes() != theirs.read_bytes():
            raise Conflict(f"{theirs} is another installation's: name an empty data folder.")


def copy_secrets(source: Settings, target: Settings) -> None:
    """Copy the secret and the files of keys that lie in the source's folder."""
    for ours, theirs in ((secret_path(source), secret_path(target)), *_key_files(source, target)):
        if ours.exists() and ours != theirs:
            _copy(ours, theirs, mode=0o600)


def copy_settings(source: Settings, target: Settings) -> None:
    """Write what the source's settings say and the target's leave open into the target's folder."""
    news = _news(source, target)
    if not news:
        return
    file = target.data_path / OWN_FILE
    before = file.read_text("utf-8") if file.exists() else ""
    told = f"# What follows was moved here from {source.data_path}.\n"
    tables = {name: value for name, value in news.items() if _is_tables(value)}
    lines = [f"{n} = {_toml(v)}\n" for n, v in news.items() if n not in tables]
    lines = [told, *lines, "\n", before]
    for name, entries in tables.items():
        for entry in entries:
            lines.append(f"\n[[{name}]]\n")
            lines += [f"{key} = {_toml(value)}\n" for key, value in entry.items()]
    part = file.with_name(file.name + _PART)
    part.write_text("".join(lines), "utf-8")
    part.chmod(0o600)
    _sync(part)
    part.rename(file)


def _news(source: Settings, target: Settings) -> dict[str, Any]:
    chosen = read_own_file(target.data_path)
    news: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        ours, theirs = getattr(source, field.name), getattr(target, field.name)
        left_open = theirs == field.default and field.name not in chosen
        if field.name not in _OF_ONE_MACHINE and left_open and ours != field.default:
            news[field.name] = msgspec.to_builtins(ours)
    wraps_otherwise = target.key_encryption and target.key_encryption != source.key_encryption
    if wraps_otherwise and not target.key_encryption_before:
        news["key_encryption_before"] = source.key_encryption or "file:"
    return news


def _key_files(source: Settings, target: Settings) -> Iterator[tuple[Path, Path]]:
    """Yield the files of keys inside the source's folder, and where they go."""
    names = {KEY_FILE}
    for url in (source.key_encryption, source.key_encryption_before):
        scheme, _, rest = url.partition(":")
        if scheme in {"file", "age"} and rest and not Path(rest).is_absolute():
            names.add(rest)
    for name in sorted(names):
        yield source.data_path / name, target.data_path / name


def _copy(source: Path, target: Path, *, mode: int | None = None) -> None:
    """Copy a file so that it is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(target.name + _PART)
    shutil.copy2(source, part)
    if mode is not None:
        part.chmod(mode)
    _sync(part)
    part.rename(target)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _is_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(entry, dict) for entry in value)


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
