"""Taking packages back: of purged recordings, and of those that are to be packaged otherwise."""

from collections.abc import AsyncIterator, Sequence

from antiphon.audio.model import Package
from antiphon.audio.store import TABLE, PackageStore
from antiphon.kernel import RecordingId
from antiphon.storage import DeleteRow, Objects, Tables


class PackageEraser:
    """Forgets what is packaged of recordings; who plays one of them now loses it.

    What was in the clear stays in the object store, out of reach, until it is collected: other
    recordings with the same sound may use it.
    """

    def __init__(self, tables: Tables, objects: Objects) -> None:
        self._tables = tables
        self._objects = objects
        self._packages = PackageStore(tables)

    async def erase(self, recording_ids: Sequence[RecordingId]) -> None:
        """Forget packages, then delete their encrypted objects. Safe to do again."""
        for package in await self._packages.packages(recording_ids):
            if package is not None:
                # Objects go while the row still names them, so that a kill leaves none behind.
                await self._delete_objects(package)
                await self._tables.mutate(TABLE, package.recording_id.encode(), [DeleteRow()])

    async def all_packages(self) -> AsyncIterator[Package]:
        """Yield every package there is, in order of recordings."""
        async for package in self._packages.every():
            yield package

    async def _delete_objects(self, package: Package) -> None:
        for rendition in (*package.renditions, *(d.rendition for d in package.departing)):
            for key in rendition.keys if rendition.kid else ():
                await self._objects.delete(key)
