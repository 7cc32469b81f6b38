"""``antiphon keys repackage``: packages made again after ``protect`` has changed."""

from typing import Final

from antiphon.app.compose import Installation, open_installation
from antiphon.app.settings import Settings
from antiphon.audio import Package, PackageEraser

_ACTOR: Final = "command line"


async def repackage(settings: Settings) -> str:
    """Have songs packaged again whose package is not as ``protect`` wants it.

    They are away for a moment: a worker prepares each in turn, or at once when it is asked for.
    """
    installation = open_installation(settings)
    eraser, count = PackageEraser(installation.tables, installation.objects), 0
    try:
        async for package in eraser.all_packages():
            if await _is_as_wanted(installation, package):
                continue
            recording = await installation.catalog.recording(package.recording_id)
            await eraser.erase([package.recording_id])
            if recording is not None:
                master, count = recording.master, count + 1
                await installation.jobs.enqueue(
                    recording.id, master.content_hash, master.path, recording.album_id
                )
        if count:
            details = {"recordings": str(count), "protect": settings.protect}
            await installation.audit.append(_ACTOR, "repackaged", "recordings", details)
    finally:
        await installation.close()
    return f"{count} songs are to be packaged again; a running server does it."


async def _is_as_wanted(installation: Installation, package: Package) -> bool:
    """Say whether every rung is encrypted with the key that it would get now, or in the clear."""
    if not await installation.keys.is_protected(package.recording_id):
        return not any(rendition.kid for rendition in package.renditions)
    keys = await installation.keys.keys(package.recording_id, fresh=True)
    by_rung = {rung: key.kid.hex() for rung, key in keys.items()}
    return all(r.kid == by_rung.get(r.rung) for r in package.renditions)
