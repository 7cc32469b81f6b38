"""Who there is: accounts of a household, the devices they are signed in on, who is asking."""

from dataclasses import dataclass, field
from enum import StrEnum

from antiphon.kernel import AccountId, DeviceId, HouseholdId, ListenerId, UnixMs

_NEVER = UnixMs(0)


class Role(StrEnum):
    """What an account may do: the owner manages users and imports."""

    OWNER = "owner"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a listener likes it; strings as the player defines them."""

    quality: str = "auto"
    normalisation: str = "album"
    theme: str = "system"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in. ``username`` is NFKC and lower case; one listener each for now."""

    id: AccountId
    household_id: HouseholdId
    listener_id: ListenerId
    username: str
    display_name: str
    role: Role
    password_hash: str
    created_at: UnixMs
    preferences: Preferences = field(default_factory=Preferences)


@dataclass(frozen=True, slots=True)
class Device:
    """One sign-in on one device, with its family of refresh tokens.

    Only hashes of tokens are kept: of the one that is good now, and of the one before it, which for
    a short grace gets the same answer again (its first answer may have been lost on the way).
    """

    id: DeviceId
    account_id: AccountId
    name: str
    kind: str
    signed_in_at: UnixMs
    last_seen_at: UnixMs
    current_hash: str
    previous_hash: str = ""
    rotated_at: UnixMs = _NEVER


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as an access token says."""

    account_id: AccountId
    listener_id: ListenerId
    household_id: HouseholdId
    device_id: DeviceId
    role: Role
    allows_explicit: bool = True

    @property
    def is_owner(self) -> bool:
        """Whether this account manages the household."""
        return self.role is Role.OWNER


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives: ``expires_in`` is seconds from now for the access token."""

    access_token: str
    refresh_token: str
    expires_in: int
