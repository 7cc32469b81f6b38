"""What an audio worker is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from antiphon.audio.jobs import AudioJobs
from antiphon.audio.store import Outbox, PackageStore
from antiphon.catalog import Recording, Song
from antiphon.kernel import AlbumId, RecordingId
from antiphon.storage import Objects, Signals


class Catalogue(Protocol):
    """What the worker asks of ``antiphon.catalog.Catalog``."""

    async def recording(self, recording_id: RecordingId, /) -> Recording | None:
        """Return a recording, or None."""
        ...

    async def album_songs(self, album_id: AlbumId, /) -> Sequence[Song]:
        """Return an album's songs in playing order."""
        ...


@dataclass(frozen=True, slots=True)
class AudioWorker:
    """The ports of one worker process; ``name`` says which one in leases and logs."""

    name: str
    jobs: AudioJobs
    packages: PackageStore
    catalog: Catalogue
    objects: Objects
    outbox: Outbox
    signals: Signals


def ready_channel(recording_id: RecordingId) -> str:
    """Return the channel on which a recording's new rungs are signalled."""
    return f"audio.ready.{recording_id}"
