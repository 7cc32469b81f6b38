"""Who there is: accounts of a household, the devices they are signed in on, who is asking."""

from dataclasses import dataclass, field
from enum import StrEnum

from antiphon.kernel import AccountId, DeviceId, HouseholdId, ListenerId, UnixMs

_NEVER = UnixMs(0)


class Role(StrEnum):
    """What an account may do.

    The owner runs the installation and heads its founding household; a head manages the members
    of a household of its own; a member manages nothing.
    """

    OWNER = "owner"
    HEAD = "head"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a listener likes it; strings as the player defines them."""

    quality: str = "auto"
    normalisation: str = "album"
    theme: str = "system"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in. ``username`` is NFKC and lower case; one listener each for now.

    ``password_hash`` is empty where there is no password: a passkey or a linked sign-in is the way
    in. ``is_child`` marks a child's profile. ``epoch`` grows with every change that what was
    issued before must not survive: access tokens of an older epoch are refused.
    """

    id: AccountId
    household_id: HouseholdId
    listener_id: ListenerId
    username: str
    display_name: str
    role: Role
    password_hash: str
    created_at: UnixMs
    preferences: Preferences = field(default_factory=Preferences)
    allows_explicit: bool = True
    is_child: bool = False
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Household:
    """People who live together: their head manages them, rights have their terms for each."""

    id: HouseholdId
    name: str
    created_at: UnixMs


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link into a household; where ``new_household`` is a name, into a new one.

    Only the hash of the link's secret is kept.
    """

    id: str
    secret_hash: str
    household_id: HouseholdId
    new_household: str
    is_child: bool
    allows_explicit: bool
    made_by: AccountId
    made_in: HouseholdId
    created_at: UnixMs
    expires_at: UnixMs


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
    by: str = ""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key pair of an authenticator: only the public half is here (COSE, RFC 9052).

    ``sign_count`` is what the authenticator told last; many tell 0 always. ``is_synced`` says that
    it is kept by the maker's cloud, and so not lost with the device.
    """

    id: str
    account_id: AccountId
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_at: UnixMs
    last_used_at: UnixMs = _NEVER
    is_synced: bool = False


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program's key to an account, within its scopes; ``expires_at`` 0 means that it stays."""

    id: str
    account_id: AccountId
    name: str
    scopes: tuple[str, ...]
    secret_hash: str
    created_at: UnixMs
    expires_at: UnixMs = _NEVER
    last_used_at: UnixMs = _NEVER


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as an access token says.

    ``scopes`` is None for somebody who signed in; an API token has those that it was made with,
    and its own id as ``device_id``.
    """

    account_id: AccountId
    listener_id: ListenerId
    household_id: HouseholdId
    device_id: DeviceId
    role: Role
    allows_explicit: bool = True
    epoch: int = 0
    scopes: frozenset[str] | None = None

    @property
    def is_owner(self) -> bool:
        """Whether this account runs the installation."""
        return self.role is Role.OWNER

    @property
    def manages(self) -> bool:
        """Whether this account manages the members of its household."""
        return self.role is not Role.MEMBER


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives: ``expires_in`` is seconds from now for the access token."""

    access_token: str
    refresh_token: str
    expires_in: int
