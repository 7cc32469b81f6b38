"""What happens to the sound, told on the topic ``audio``."""

from dataclasses import dataclass
from typing import ClassVar

from antiphon.kernel import Event, RecordingId

TOPIC = "audio"


@dataclass(frozen=True, slots=True)
class RecordingReady(Event):
    """A recording can be played on these rungs; told again when more are ready."""

    recording_id: RecordingId
    rungs: tuple[str, ...]
    type_name: ClassVar[str] = "audio.recording_ready"

    @property
    def key(self) -> str:
        """Return the recording's id."""
        return self.recording_id


ALL_EVENTS: tuple[type[Event], ...] = (RecordingReady,)
