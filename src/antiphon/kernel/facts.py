"""Facts: what happened, said in the past tense, and who may hear it.

An event class is a frozen dataclass with a ``type_name`` such as ``"catalog.song_added"`` and a
``version``. Rooms define theirs in ``events.py``; ``eventlog`` carries them.
"""

from dataclasses import dataclass
from typing import ClassVar

from antiphon.kernel.units import UnixMs


@dataclass(frozen=True, slots=True)
class Event:
    """Base of every event. ``key`` orders it: events of one key are seen in order."""

    type_name: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    def key(self) -> str:
        """Return what this event is about; the log keeps order per key."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event as it travels: type, version, id for idempotence, time and payload (JSON)."""

    event_id: str
    type_name: str
    version: int
    key: str
    occurred_at: UnixMs
    payload: bytes
