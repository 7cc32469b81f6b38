"""What streaming speaks of: what a player can do, what is on offer, and who asks."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from antiphon.audio import Rung
from antiphon.kernel import DeviceId, GrantId, HouseholdId, ListenerId, SongId, UnixMs
from antiphon.rights import CommercialModel, UseType


class Preference(StrEnum):
    """The quality that the listener asked for."""

    AUTO = "auto"
    LOSSLESS = "lossless"
    HIGH = "high"
    STANDARD = "standard"
    LOW = "low"


class SpatialPreference(StrEnum):
    """Whether the listener wants immersive masters in space.

    ``automatic``: where the player says that it can; ``always``: unless it says that it cannot.
    """

    AUTOMATIC = "automatic"
    ALWAYS = "always"
    OFF = "off"


class Caller(Protocol):
    """Who asks: the part of identity's principal that streaming needs."""

    @property
    def listener_id(self) -> ListenerId:
        """Return whose ears these are."""
        ...

    @property
    def device_id(self) -> DeviceId:
        """Return on which device."""
        ...

    @property
    def household_id(self) -> HouseholdId:
        """Return the household whose terms count."""
        ...

    @property
    def allows_explicit(self) -> bool:
        """Return whether explicit songs may be played to this listener."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What decides which variants a play gets; equal wishes get equal answers.

    ``codecs`` None means that the player did not tell; ``kbps`` None that nothing was measured.
    """

    codecs: frozenset[str] | None = None
    max_sample_rate: int | None = None
    max_channels: int | None = None
    kbps: int | None = None
    save_data: bool = False
    preference: Preference = Preference.AUTO
    spatial: SpatialPreference = SpatialPreference.OFF


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision is as it is: a stable code and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A rung that was left out, and why."""

    rung: Rung
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Which variants a play gets and with which it begins; ``chosen`` is None where none plays.

    ``spatial``: the renderings in space that it gets besides.
    """

    chosen: Rung | None
    variants: tuple[Rung, ...]
    reasons: tuple[Reason, ...]
    excluded: tuple[Exclusion, ...]
    spatial: tuple[Rung, ...] = ()


@dataclass(frozen=True, slots=True)
class MediaPass:
    """What a signed URL prefix permits: these rungs of one song, to one device, until then.

    The first rung is the one to begin with.
    """

    grant_id: GrantId
    song_id: SongId
    listener_id: ListenerId
    device_id: DeviceId
    household_id: HouseholdId
    use: UseType
    expires_at: UnixMs
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class PlayTicket:
    """What a play's public id proves: who was granted which song, when, and on what terms."""

    grant_id: GrantId
    song_id: SongId
    issued_at: UnixMs
    territory: str
    model: CommercialModel
    use: UseType
