"""From masters that arrived to jobs."""

from collections.abc import Sequence

from antiphon.audio.jobs import AudioJobs
from antiphon.catalog.events import TOPIC, ImmersiveArrived, MasterArrived
from antiphon.eventlog import EventTypes, Projection, Record
from antiphon.kernel import Event


class JobProjection:
    """Asks for the first pass over every recording whose sound is new, and for renderings.

    Idempotent.
    """

    group = "audio"
    topic = TOPIC
    types = EventTypes(MasterArrived, ImmersiveArrived)

    def __init__(self, jobs: AudioJobs) -> None:
        self._jobs = jobs

    @property
    def projection(self) -> Projection:
        """Return what a ``Projector`` runs."""
        return Projection(self.group, self.topic, self.types, self.handle)

    async def handle(self, batch: Sequence[tuple[Record, Event]]) -> None:
        """Enqueue each recording."""
        for _, event in batch:
            if isinstance(event, MasterArrived):
                await self._jobs.enqueue(
                    event.recording_id, event.content_hash, event.path, event.album_id
                )
            elif isinstance(event, ImmersiveArrived):
                await self._jobs.enqueue_spatial(
                    event.recording_id, event.content_hash, event.path, event.album_id
                )
