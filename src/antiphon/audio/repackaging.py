"""Packages made again where protection has changed: by command, or because a label delivers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from antiphon.audio.encryption import ContentKey
from antiphon.audio.erasing import PackageEraser
from antiphon.audio.jobs import AudioJobs
from antiphon.audio.model import Package
from antiphon.audio.ports import Catalogue
from antiphon.kernel import RecordingId


class Protections(Protocol):
    """What is asked of ``antiphon.rights.KeyVault``."""

    async def is_protected(self, recording_id: RecordingId, /) -> bool:
        """Say whether what is packaged of this recording from now on is protected."""
        ...

    async def keys(
        self, recording_id: RecordingId, /, *, fresh: bool = False
    ) -> Mapping[str, ContentKey]:
        """Return a recording's keys by rung."""
        ...


class Repackager:
    """Takes packages back, and has those made anew that are not as they would be made now.

    Songs are away for a moment: a worker prepares each in turn, or at once when it is asked for.
    """

    def __init__(
        self, eraser: PackageEraser, keys: Protections, catalog: Catalogue, jobs: AudioJobs
    ) -> None:
        self._eraser = eraser
        self._keys = keys
        self._catalog = catalog
        self._jobs = jobs

    async def erase(self, recording_ids: Sequence[RecordingId]) -> None:
        """Take packages back for good."""
        await self._eraser.erase(recording_ids)

    async def renew(self, recording_ids: Sequence[RecordingId]) -> None:
        """Have packaged again what was packaged otherwise of these."""
        for package in await self._eraser.packages(recording_ids):
            await self._renewed(package)

    async def renew_all(self) -> int:
        """Have packaged again whatever was packaged otherwise; return how many songs."""
        return sum([await self._renewed(package) async for package in self._eraser.all_packages()])

    async def _renewed(self, package: Package) -> bool:
        """Erase one package and ask for another, if it is not as it would be made now."""
        if await self._is_as_wanted(package):
            return False
        recording = await self._catalog.recording(package.recording_id)
        await self._eraser.erase([package.recording_id])
        if recording is None:
            return False
        master = recording.master
        await self._jobs.enqueue(recording.id, master.content_hash, master.path, recording.album_id)
        return True

    async def _is_as_wanted(self, package: Package) -> bool:
        """Say whether every rung has the key that it would get now, or is in the clear by right."""
        if not await self._keys.is_protected(package.recording_id):
            return not any(rendition.kid for rendition in package.renditions)
        keys = await self._keys.keys(package.recording_id, fresh=True)
        by_rung = {rung: key.kid.hex() for rung, key in keys.items()}
        return all(r.kid == by_rung.get(r.rung) for r in package.renditions)
