"""What an audio worker is given."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from antiphon.audio.encryption import ContentKey, Protection
from antiphon.audio.jobs import AudioJobs
from antiphon.audio.ladder import kid_of
from antiphon.audio.model import Rendition, Rung
from antiphon.audio.store import Outbox, PackageStore
from antiphon.catalog import Recording, Song, os_path
from antiphon.kernel import AlbumId, Clock, RecordingId, SystemClock, Unavailable
from antiphon.storage import Objects, Signals, Workspace, workspace_path


class Catalogue(Protocol):
    """What the worker asks of ``antiphon.catalog.Catalog``."""

    async def recording(self, recording_id: RecordingId, /) -> Recording | None:
        """Return a recording, or None."""
        ...

    async def album_songs(self, album_id: AlbumId, /) -> Sequence[Song]:
        """Return an album's songs in playing order."""
        ...


class Signalling(Protocol):
    """What another DRM system wants said of a key."""

    @property
    def pssh(self) -> bytes:
        """Return its whole ``pssh`` box, or nothing."""
        ...


class ContentKeys(Protocol):
    """What the worker asks of ``antiphon.rights.KeyVault``."""

    async def content_key(self, recording_id: RecordingId, rung: str, /) -> ContentKey | None:
        """Return the key to package a rung with, the same at every call; None: in the clear."""
        ...

    async def signalling(self, recording_id: RecordingId, rung: str, /) -> Sequence[Signalling]:
        """Return what other DRM systems want said of that key."""
        ...


@dataclass(frozen=True, slots=True)
class AudioWorker:
    """The ports of one worker process; ``name`` says which one in leases and logs.

    Without ``keys`` everything is packaged in the clear; ``workspace`` is where masters are that
    no machine has for itself. ``before_rendering`` makes what players need with renderings.
    """

    name: str
    jobs: AudioJobs
    packages: PackageStore
    catalog: Catalogue
    objects: Objects
    outbox: Outbox
    signals: Signals
    keys: ContentKeys | None = None
    clock: Clock = field(default_factory=SystemClock)
    workspace: Workspace | None = None
    before_rendering: Callable[[], Awaitable[None]] | None = None

    @asynccontextmanager
    async def master(self, name: str) -> AsyncIterator[str]:
        """Enter to have a master at a path of this machine, as the system spells it."""
        path = workspace_path(name)
        if path is None or self.workspace is None:
            yield os_path(name)
            return
        async with self.workspace.local(path) as file:
            yield str(file)

    async def protection(self, recording_id: RecordingId, rung: Rung) -> Protection | None:
        """Return how a rung is to be protected; None: not at all."""
        key = None if self.keys is None else await self.keys.content_key(recording_id, rung)
        if self.keys is None or key is None:
            return None
        told = await self.keys.signalling(recording_id, rung)
        return Protection(key, tuple(system.pssh for system in told if system.pssh))

    async def confirm(self, recording_id: RecordingId, renditions: Sequence[Rendition]) -> None:
        """Delete what was packaged otherwise than it would be now; ``Unavailable``: do it again.

        A label may deliver a recording, and so have it encrypted, while it is being packaged.
        """
        for made in renditions:
            if kid_of(await self.protection(recording_id, made.rung)) != made.kid:
                for each in renditions:
                    await self._discard(each)
                raise Unavailable("Its protection changed while it was being packaged.")

    async def _discard(self, rendition: Rendition) -> None:
        for number in range(len(rendition.segments)):
            await self.objects.delete(rendition.segment_key(number))
        await self.objects.delete(rendition.init_key)


def ready_channel(recording_id: RecordingId) -> str:
    """Return the channel on which a recording's new rungs are signalled."""
    return f"audio.ready.{recording_id}"
