"""Taking packages back: of purged recordings, and of those that are to be packaged otherwise."""

from collections.abc import AsyncIterator, Sequence

from antiphon.audio.model import Package
from antiphon.audio.store import TABLE, PackageStore
from antiphon.kernel import RecordingId
from antiphon.storage import DeleteRow, Objects, Tables

_PAGE = 500


class PackageEraser:
    """Forgets what is packaged of recordings; who plays one of them now loses it.

    What was in the clear stays in the object store, out of reach: other recordings with the same
    sound may use it.
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
        start = b""
        while rows := await self._tables.scan(TABLE, start=start, limit=_PAGE):
            ids = [RecordingId(row.key.decode()) for row in rows]
            for package in await self._packages.packages(ids):
                if package is not None:
                    yield package
            start = rows[-1].key + b"\0"

    async def _delete_objects(self, package: Package) -> None:
        for rendition in package.renditions:
            if rendition.kid:
                for number in range(len(rendition.segments)):
                    await self._objects.delete(rendition.segment_key(number))
                await self._objects.delete(rendition.init_key)
