"""Taking packages back: of purged recordings, and of those that are to be packaged otherwise."""

from collections.abc import AsyncIterator, Sequence

from antiphon.audio.ladder import object_folder
from antiphon.audio.model import Package
from antiphon.audio.store import TABLE, PackageStore
from antiphon.kernel import RecordingId
from antiphon.storage import DeleteRow, Objects, Tables


class PackageEraser:
    """Forgets what is packaged of recordings; who plays one of them now loses it.

    All that was ever packaged of their sound goes, in the clear or encrypted: a recording's id
    follows from its sound, so that nobody else's objects lie there.
    """

    def __init__(self, tables: Tables, objects: Objects) -> None:
        self._tables = tables
        self._objects = objects
        self._packages = PackageStore(tables)

    async def erase(self, recording_ids: Sequence[RecordingId]) -> None:
        """Delete the objects of packages, then forget them. Safe to do again."""
        for package in await self.packages(recording_ids):
            # Objects go while the row still names them, so that a kill leaves none behind.
            await self._delete_objects(package.content_hash)
            await self._tables.mutate(TABLE, package.recording_id.encode(), [DeleteRow()])

    async def packages(self, recording_ids: Sequence[RecordingId]) -> list[Package]:
        """Return the packages that there are of these recordings."""
        found = await self._packages.packages(recording_ids)
        return [package for package in found if package is not None]

    async def all_packages(self) -> AsyncIterator[Package]:
        """Yield every package there is, in order of recordings."""
        async for package in self._packages.every():
            yield package

    async def _delete_objects(self, content_hash: str) -> None:
        keys = [info.key async for info in self._objects.list(object_folder(content_hash))]
        for key in keys:
            await self._objects.delete(key)
