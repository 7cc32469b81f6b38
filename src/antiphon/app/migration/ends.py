"""The two ends of a move."""

from dataclasses import dataclass
from pathlib import Path

from antiphon.app.doctor import shown
from antiphon.app.secret import secret_path
from antiphon.app.settings import Settings, settings_at
from antiphon.app.tiering import LOWER
from antiphon.audio import MEDIA
from antiphon.eventlog import MovableLog, open_eventlog
from antiphon.kernel import Invalid, NotFound
from antiphon.storage import (
    Objects,
    OperatedTables,
    TieredObjects,
    Workspace,
    open_objects,
    open_tables,
    open_workspace,
)

_PORTS = ("tables", "events", "objects")


@dataclass(frozen=True, slots=True)
class End:
    """An installation's settings and its engines, opened bare: no cache between."""

    settings: Settings
    tables: OperatedTables
    objects: Objects
    events: MovableLog
    workspace: Workspace

    async def close(self) -> None:
        """Close the engines."""
        await self.workspace.close()
        await self.events.close()
        await self.objects.close()
        await self.tables.close()


def open_end(settings: Settings) -> End:
    """Open the engines that the settings name."""
    return End(
        settings,
        open_tables(settings.engine_url("tables")),
        _all_stores(settings),
        open_eventlog(settings.engine_url("events")),
        open_workspace(settings.engine_url("workspace")),
    )


class _AtRest(TieredObjects):
    """Stores that are only read through: nothing is copied up because it was looked at."""

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object from the nearest store that has it."""
        for store in self.stores.values():
            data = await store.get(key, start=start, length=length)
            if data is not None:
                return data
        return None


def _all_stores(settings: Settings) -> Objects:
    hot = open_objects(settings.engine_url("objects"))
    lower = {
        kind: open_objects(url, engine=name)
        for kind, name in LOWER.items()
        if (url := getattr(settings, name))
    }
    return _AtRest(hot, lower, prefix=f"{MEDIA}/") if lower else hot


def two_ends(source: str, target: str) -> tuple[Settings, Settings]:
    """Return the settings of both ends; ``Invalid`` where one cannot be moved to the other."""
    ours, theirs = settings_at(_place(source)), settings_at(_place(target))
    if not secret_path(ours).exists():
        raise NotFound(f"{source} holds no installation: there is no {secret_path(ours)}.")
    if ours.data_path == theirs.data_path:
        raise Invalid("Both ends have the same data folder: name another one for the target.")
    for port in ("tables", "events"):
        if ours.engine_url(port) == theirs.engine_url(port):
            url = shown(ours.engine_url(port))
            raise Invalid(f"Both ends have the same {port}, {url}: nothing would move.")
    return ours, theirs


def engines_of(settings: Settings) -> str:
    """Return the engines of an end, for people."""
    return ", ".join(shown(settings.engine_url(port)) for port in _PORTS)


def _place(told: str) -> Path:
    scheme, colon, rest = told.partition(":")
    if colon and scheme == "file":
        return Path(rest.removeprefix("//") if rest.startswith("///") else rest)
    if colon and rest.startswith("//"):
        raise Invalid(
            f"{told} is one engine, and an installation has several: write them into "
            "antiphon.toml in a data folder, and name that folder."
        )
    return Path(told)
