"""What comes in with an utterance: who asks, what they hear, on which devices they could."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from antiphon.kernel import HouseholdId, ListenerId, SongId
from antiphon.voice.model import Transcript


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks; ``allows_explicit`` is false where the profile or the device wants it so.

    ``may_change`` is false for who comes with a token that must not change what is kept.
    """

    listener_id: ListenerId
    household_id: HouseholdId
    allows_explicit: bool = True
    may_change: bool = True


@dataclass(frozen=True, slots=True)
class Situation:
    """Where they are. ``dialogue`` names what turns belong together: a device, a session.

    ``devices`` maps the ids of devices in reach to their names.
    """

    dialogue: str = ""
    playing: SongId | None = None
    devices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """One utterance, as text."""

    asker: Asker
    transcript: Transcript
    situation: Situation = field(default_factory=Situation)
