"""``antiphon keys repackage``: packages made again after ``protect`` has changed."""

from typing import Final

from antiphon.app.compose import Installation, open_installation
from antiphon.app.settings import Settings
from antiphon.audio import PackageEraser, Repackager

_ACTOR: Final = "command line"


def repackager_of(installation: Installation) -> Repackager:
    """Return what takes packages back, and has them made anew."""
    eraser = PackageEraser(installation.tables, installation.objects)
    return Repackager(eraser, installation.keys, installation.catalog, installation.jobs)


async def repackage(settings: Settings) -> str:
    """Have songs packaged again whose package is not as ``protect`` wants it."""
    installation = open_installation(settings)
    try:
        count = await repackager_of(installation).renew_all()
        if count:
            details = {"recordings": str(count), "protect": settings.protect}
            await installation.audit.append(_ACTOR, "repackaged", "recordings", details)
    finally:
        await installation.close()
    return f"{count} songs are to be packaged again; a running server does it."
