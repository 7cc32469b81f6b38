"""Households: who manages whom, children, and invitations by one-time links."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from antiphon.identity import errors
from antiphon.identity.audit import Audit, actor
from antiphon.identity.household_store import HouseholdStore
from antiphon.identity.model import (
    Account,
    Household,
    Invitation,
    Principal,
    Role,
    Tokens,
)
from antiphon.identity.rules import label
from antiphon.identity.service import Identity, NewAccount, SignInDevice
from antiphon.kernel import AccountId, Clock, HouseholdId, UnixMs, is_well_formed, random_id
from antiphon.storage import Tables

FOUNDING_NAME = "Home"
_HOUR_MS = 3_600_000
_MAX_HOURS = 30 * 24
_MAX_TOKEN = 128


@dataclass(frozen=True, slots=True)
class Profile:
    """What a head decides for somebody: a child's profile, and whether explicit songs are heard."""

    is_child: bool = False
    allows_explicit: bool = True


@dataclass(frozen=True, slots=True)
class UserChange:
    """What to change of a user; None stays. ``password`` is for children only."""

    display_name: str | None = None
    is_child: bool | None = None
    allows_explicit: bool | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class InvitationWish:
    """What to invite to: the own household, or with ``new_household`` one of its own."""

    new_household: str | None = None
    profile: Profile = Profile()
    hours: int = 7 * 24


@dataclass(frozen=True, slots=True)
class HouseholdSummary:
    """A household as the owner of the installation sees it."""

    household: Household
    is_founding: bool
    heads: tuple[str, ...]
    members: int


class Households:
    """Users of households, as their heads manage them. Every change is written down."""

    def __init__(self, identity: Identity, tables: Tables, clock: Clock, audit: Audit) -> None:
        self._identity = identity
        self._store = HouseholdStore(tables)
        self._clock = clock
        self._audit = audit

    # ----------------------------------------------------------------------------------- users

    async def users(self, principal: Principal) -> list[Account]:
        """Return the accounts of the household that asks, by user name."""
        found = await self._identity.users()
        return [account for account in found if account.household_id == principal.household_id]

    async def add(self, principal: Principal, new: NewAccount, profile: Profile) -> Account:
        """Make a member of the household that asks; ``UsernameTaken`` where the name is used."""
        account = await self._identity.add_user(new, household_id=principal.household_id)
        account = await self._fitted(account, profile)
        await self._told(principal, "user_added", account.id, _profile_details(account))
        return account

    async def change(
        self, principal: Principal, account_id: AccountId, change: UserChange
    ) -> Account:
        """Change a user; what they may hear is in force within seconds."""
        account = await self._managed(principal, account_id)
        if change.password is not None:
            if not (change.is_child if change.is_child is not None else account.is_child):
                detail = "Only a child's password can be set by somebody else."
                raise errors.NotAChild(detail, pointer="/password")
            await self._identity.set_password(account, change.password)
        changed = await self._identity.update(account_id, lambda found: _changed(found, change))
        details = _profile_details(changed)
        if change.password is not None:
            details["password"] = "set"  # noqa: S105 - a fact, no password
        await self._told(principal, "user_changed", account_id, details)
        return changed

    async def remove(self, principal: Principal, account_id: AccountId) -> None:
        """Remove a user with all sign-ins; nobody removes themselves or the owner."""
        account = await self._managed(principal, account_id)
        if account.id == principal.account_id or account.role is Role.OWNER:
            detail = "The owner and the head of a household cannot remove themselves."
            raise errors.OwnerOnly(detail, http_status=403)
        await self._identity.remove_user(account.id)
        await self._told(principal, "user_removed", account_id)

    async def _managed(self, principal: Principal, account_id: AccountId) -> Account:
        """Return an account that the asker manages; any other is not there."""
        account = await self._identity.store.account(account_id)
        is_mine = account is not None and account.household_id == principal.household_id
        if account is None or not principal.manages or not (is_mine or principal.is_owner):
            raise errors.NoSuchUser("There is no such user.")
        return account

    async def _fitted(self, account: Account, profile: Profile) -> Account:
        if profile == Profile(account.is_child, account.allows_explicit):
            return account
        wish = UserChange(is_child=profile.is_child, allows_explicit=profile.allows_explicit)
        return await self._identity.update(account.id, lambda found: _changed(found, wish))

    # ------------------------------------------------------------------------------ households

    async def own(self, principal: Principal) -> Household:
        """Return the household that asks."""
        return await self._household(principal.household_id)

    async def rename(self, principal: Principal, name: str) -> Household:
        """Give the household that asks another name."""
        before = await self.own(principal)
        after = replace(before, name=label(name, fallback=FOUNDING_NAME))
        await self._store.put(after)
        await self._told(principal, "household_renamed", after.id)
        return after

    async def everyone(self) -> list[HouseholdSummary]:
        """Return all households, the founding one first."""
        founding = await self._founding()
        accounts = await self._identity.users()
        known = {h.id: h for h in await self._store.households()}
        known.setdefault(founding, await self._household(founding))
        found = [
            HouseholdSummary(
                household,
                household.id == founding,
                tuple(a.display_name for a in accounts if _heads(a, household.id)),
                sum(a.household_id == household.id for a in accounts),
            )
            for household in known.values()
        ]
        return sorted(found, key=lambda s: (not s.is_founding, s.household.name.casefold()))

    async def exists(self, household_id: HouseholdId) -> bool:
        """Say whether there is such a household."""
        return (
            household_id == await self._founding()
            or await self._store.household(household_id) is not None
        )

    async def dissolve(self, principal: Principal, household_id: HouseholdId) -> None:
        """Remove a household with everybody in it; the founding one stays."""
        if household_id == await self._founding():
            raise errors.OwnerOnly("The founding household cannot be removed.", http_status=403)
        if await self._store.household(household_id) is None:
            raise errors.NoSuchHousehold("There is no such household.")
        for invitation in await self._store.invitations():
            if invitation.household_id == household_id:
                await self._store.take(invitation)
        for account in await self._identity.users():
            if account.household_id == household_id:
                await self._identity.remove_user(account.id)
        await self._store.remove(household_id)
        await self._told(principal, "household_removed", household_id)

    async def _founding(self) -> HouseholdId:
        found = await self._identity.store.household()
        if found is None:
            raise errors.NoSuchHousehold("There is no household yet.")
        return found[0]

    async def _household(self, household_id: HouseholdId) -> Household:
        found = await self._store.household(household_id)
        return found or Household(household_id, FOUNDING_NAME, UnixMs(0))

    # ----------------------------------------------------------------------------- invitations

    async def invite(self, principal: Principal, wish: InvitationWish) -> tuple[Invitation, str]:
        """Return an invitation and the secret of its link, which is shown this once."""
        if wish.new_household is not None and not principal.is_owner:
            raise errors.OwnerOnly("Only the owner makes new households.", http_status=403)
        if not 1 <= wish.hours <= _MAX_HOURS:
            detail = f"An invitation is good for 1 to {_MAX_HOURS} hours."
            raise errors.BadInvitation(detail, pointer="/hours")
        secret = secrets.token_urlsafe(32)
        now = self._clock.now()
        fresh = wish.new_household is not None
        invitation = Invitation(
            id=random_id(),
            secret_hash=_hashed(secret),
            household_id=HouseholdId(random_id()) if fresh else principal.household_id,
            new_household=label(wish.new_household or "", fallback="A household") if fresh else "",
            is_child=wish.profile.is_child and not fresh,
            allows_explicit=wish.profile.allows_explicit or fresh,
            made_by=principal.account_id,
            made_in=principal.household_id,
            created_at=now,
            expires_at=UnixMs(now + wish.hours * _HOUR_MS),
        )
        await self._store.invite(invitation)
        await self._told(principal, "invitation_made", invitation.id, {"new": str(fresh).lower()})
        return invitation, f"{invitation.id}.{secret}"

    async def invitations(self, principal: Principal) -> list[Invitation]:
        """Return what this household has open, the newest first; expired ones are cleared."""
        mine = [i for i in await self._store.invitations() if i.made_in == principal.household_id]
        now = self._clock.now()
        for invitation in mine:
            if invitation.expires_at <= now:
                await self._store.take(invitation)
        return [invitation for invitation in mine if invitation.expires_at > now]

    async def withdraw(self, principal: Principal, invitation_id: str) -> None:
        """Make a link worthless."""
        invitation = await self._store.invitation(invitation_id)
        if invitation is None or invitation.made_in != principal.household_id:
            raise errors.NoSuchInvitation("There is no such invitation.")
        await self._store.take(invitation)
        await self._told(principal, "invitation_withdrawn", invitation_id)

    async def open(self, token: str) -> tuple[Invitation, Household]:
        """Return what a link invites to; ``NoSuchInvitation`` where it is not good (any more)."""
        invitation_id, _, secret = token[:_MAX_TOKEN].partition(".")
        found = None
        if is_well_formed(invitation_id):
            found = await self._store.invitation(invitation_id)
        fits = found is not None and hmac.compare_digest(found.secret_hash, _hashed(secret))
        if found is None or not fits or found.expires_at <= self._clock.now():
            raise errors.NoSuchInvitation("This invitation is not good any more: ask for another.")
        inviting = await self._identity.store.account(found.made_by)
        if inviting is None or inviting.role is Role.MEMBER:
            raise errors.NoSuchInvitation("Who sent this invitation is gone: ask for another.")
        if found.new_household:
            return found, Household(found.household_id, found.new_household, found.created_at)
        return found, await self._household(found.household_id)

    async def accept(
        self,
        token: str,
        new: NewAccount,
        device: SignInDevice,
        *,
        passwordless: AccountId | None = None,
        by: str = "",
    ) -> tuple[Account, Tokens]:
        """Make the account that was invited, once.

        ``passwordless`` is whose passkey or linked sign-in is kept, ``by`` the latter's id.
        """
        invitation, household = await self.open(token)
        account = await self._identity.draft(
            new,
            Role.HEAD if invitation.new_household else Role.MEMBER,
            invitation.household_id,
            passwordless=passwordless,
        )
        account = replace(
            account, is_child=invitation.is_child, allows_explicit=invitation.allows_explicit
        )
        await self._identity.claim(account)
        if not await self._store.take(invitation):
            await self._identity.store.remove_account(account)
            raise errors.NoSuchInvitation("This invitation was used already: ask for another.")
        if invitation.new_household:
            await self._store.put(replace(household, created_at=self._clock.now()))
        await self._identity.store.put_account(account)
        details = {"invitation": invitation.id, "household": account.household_id}
        await self._audit.append(f"account {account.id}", "invitation_taken", account.id, details)
        return account, await self._identity.begin(account, device, by=by)

    async def _told(
        self,
        principal: Principal,
        action: str,
        subject: str,
        details: Mapping[str, str] | None = None,
    ) -> None:
        await self._audit.append(actor(principal), action, subject, details)


def _changed(account: Account, change: UserChange) -> Account:
    """Return the account with the wish; a new epoch where older tokens must not live on."""
    after = replace(
        account,
        display_name=account.display_name
        if change.display_name is None
        else label(change.display_name, fallback=account.username),
        is_child=account.is_child if change.is_child is None else change.is_child,
        allows_explicit=account.allows_explicit
        if change.allows_explicit is None
        else change.allows_explicit,
    )
    if change.allows_explicit is None:
        return after
    return replace(after, epoch=account.epoch + 1)


def _profile_details(account: Account) -> dict[str, str]:
    return {
        "child": str(account.is_child).lower(),
        "explicit": str(account.allows_explicit).lower(),
    }


def _heads(account: Account, household_id: HouseholdId) -> bool:
    return account.household_id == household_id and account.role is not Role.MEMBER


def _hashed(secret: str) -> str:
    """Return what is kept of a link's secret; its 256 random bits need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
