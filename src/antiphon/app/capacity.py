"""``antiphon capacity``: how much room music takes, how that grows, what could be freed."""

import shutil
from pathlib import Path

import msgspec

from antiphon.app.compose import Installation, open_installation
from antiphon.app.keeping import census_of, plays_of
from antiphon.app.settings import Settings
from antiphon.app.tiering import LOWER
from antiphon.audio import Amount, Capacity, measure
from antiphon.kernel import UnixMs
from antiphon.storage import StorageClass, TieredObjects


class CapacityReport(msgspec.Struct, rename="camel"):
    """How much room media take; ``free`` is what is left on local disks, by class."""

    made_at: UnixMs
    media: Capacity
    free: dict[str, int]


async def capacity(settings: Settings) -> CapacityReport:
    """Count what lies where; change nothing."""
    installation = open_installation(settings)
    try:
        now = installation.clock.now()
        plays = await plays_of(installation)
        media = await measure(census_of(installation), plays, _places(installation), now)
        async for info in installation.objects.list("artwork"):
            media.kinds.setdefault("artwork", Amount()).add(info.size)
        for size in _masters(settings):
            media.kinds.setdefault("masters", Amount()).add(size)
        return CapacityReport(now, media, _free(settings))
    finally:
        await installation.close()


def _masters(settings: Settings) -> list[int]:
    """Return the sizes of what labels delivered, where the workspace is a folder."""
    scheme, _, folder = settings.engine_url("workspace").partition(":")
    found = (Path(folder) / "masters").rglob("*") if scheme == "file" else ()
    return [file.stat().st_size for file in found if file.is_file()]


def _places(installation: Installation) -> list[StorageClass]:
    objects = installation.objects
    if isinstance(objects, TieredObjects):
        return [objects.place(kind) for kind in StorageClass]
    return [StorageClass.HOT] * len(StorageClass)


def _free(settings: Settings) -> dict[str, int]:
    urls = {StorageClass.HOT: settings.engine_url("objects")}
    urls |= {kind: getattr(settings, name) for kind, name in LOWER.items()}
    return {
        str(kind): shutil.disk_usage(Path(url.partition(":")[2])).free
        for kind, url in urls.items()
        if url.startswith("file:")
    }


def report_lines(report: CapacityReport) -> list[str]:
    """Return the report for people."""
    media = report.media
    lines = []
    for title, amounts, unit in (
        ("Stores", media.stores, "objects"),
        ("Classes", media.classes, "recordings"),
        ("Rungs", media.rungs, "renditions"),
        ("Kinds", media.kinds, "items"),
    ):
        lines.append(title)
        for name, amount in amounts.items():
            free = report.free.get(name) if amounts is media.stores else None
            room = "" if free is None else f"   {_size(free)} free on its disk"
            lines.append(f"  {name:<12} {_size(amount.bytes):>10} {amount.count:>9} {unit}{room}")
    lines.append("Growth")
    lines += [f"  {d + ' days':<12} {_size(a.bytes):>10}" for d, a in media.growth.items()]
    lines.append("Could be freed")
    told = {
        "orphans": "named by nobody: goes by itself",
        "departing": "offered no more: goes by itself within two days",
        "sinking": "leaves the hot store",
        "reducing": "if cold songs kept fewer rungs (cold_rungs)",
    }
    for name, amount in media.freed.items():
        lines.append(f"  {name:<12} {_size(amount.bytes):>10}   {told[name]}")
    if media.copies.bytes:
        lines.append(f"  copies       {_size(media.copies.bytes):>10}   lie in two stores")
    if media.incomplete:
        lines.append(f"{len(media.incomplete)} renditions lack objects: {media.incomplete[0]} ...")
    return lines


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.1f} TB"
