"""Signing in and out, renewing, users of the household, and the check on every request."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from antiphon.eventlog import Outbox
from antiphon.identity import errors
from antiphon.identity.api_token_store import ApiTokenStore
from antiphon.identity.attempts import Attempts
from antiphon.identity.events import UserRemoved
from antiphon.identity.model import Account, Device, Preferences, Principal, Role, Tokens
from antiphon.identity.openid.links import Links
from antiphon.identity.passkey_store import PasskeyStore
from antiphon.identity.passwords import Passwords
from antiphon.identity.rules import (
    ACCESS_SECONDS,
    Refresh,
    checked_password,
    checked_username,
    decide_refresh,
    label,
    username_key,
)
from antiphon.identity.signing_keys import SigningKeys
from antiphon.identity.store import IdentityStore, rotated
from antiphon.identity.tokens import (
    AccessTokens,
    hash_refresh_secret,
    new_refresh_secret,
    next_refresh_secret,
    refresh_token,
    split_refresh_token,
)
from antiphon.kernel import (
    AccountId,
    Clock,
    DeviceId,
    HouseholdId,
    ListenerId,
    Unavailable,
    random_id,
)
from antiphon.storage import Cache, Tables

log = structlog.get_logger()

_BEARER = b"Bearer "
_RELOAD_SECONDS = 1.0
_FRESH_MS = 15 * 60_000
# Media addresses made with an access token live for six hours, and ask whether their device does.
_REVOCATION_KEPT_MS = 6 * 3600 * 1000 + (ACCESS_SECONDS + 60) * 1000


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody chose for a new account, as typed."""

    username: str
    password: str
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class SignInDevice:
    """What a device calls itself."""

    name: str = ""
    kind: str = ""


class Identity:
    """Who is asking. Run ``keep_current`` beside it, so that revocations reach this process."""

    def __init__(
        self, tables: Tables, cache: Cache, outbox: Outbox, clock: Clock, secret: bytes
    ) -> None:
        self._store = IdentityStore(tables, outbox)
        self._passkeys = PasskeyStore(tables)
        self._api_tokens = ApiTokenStore(tables)
        self._links = Links(tables)
        self._admitted: Callable[[bytes], Principal | None] = _nobody
        self._attempts = Attempts(cache)
        self._clock = clock
        self._secret = secret
        self._passwords = Passwords()
        self._signing = SigningKeys(tables, clock, secret)
        self._access = AccessTokens(self._signing, clock)
        self._revoked: dict[DeviceId, int] = {}
        self._epochs: dict[AccountId, int] = {}

    @property
    def store(self) -> IdentityStore:
        """Return the rows of accounts, for the other services of this room."""
        return self._store

    @property
    def signing_keys(self) -> SigningKeys:
        """Return the keys that sign access tokens."""
        return self._signing

    def authenticate(self, authorization: bytes | None) -> Principal:
        """Return who sent this ``Authorization`` header; ``NotSignedIn`` otherwise."""
        if authorization is None or not authorization.startswith(_BEARER):
            raise errors.NotSignedIn("Send an access token: Authorization: Bearer ...")
        principal = self._admitted(authorization)
        if principal is None:
            principal = self._access.verify(authorization[len(_BEARER) :])
        if principal.device_id in self._revoked:
            raise errors.NotSignedIn("This device was signed out: sign in again.")
        if principal.epoch < self._epochs.get(principal.account_id, 0):
            raise errors.NotSignedIn("The account has changed: renew the access token.")
        return principal

    def accept_api_tokens(self, admitted: Callable[[bytes], Principal | None]) -> None:
        """Ask ``admitted`` first whom a header speaks for: API tokens are checked elsewhere."""
        self._admitted = admitted

    def is_revoked(self, device_id: DeviceId) -> bool:
        """Say whether a device was signed out within the life of anything that it was given."""
        return device_id in self._revoked

    async def device_names(
        self, household: HouseholdId, device_ids: Sequence[DeviceId]
    ) -> dict[DeviceId, str]:
        """Return what devices of a household are called."""
        wanted = set(device_ids)
        return {
            device.id: device.name
            for account in await self._store.accounts()
            if account.household_id == household
            for device in await self._store.devices(account.id)
            if device.id in wanted
        }

    async def keep_current(self, stop: asyncio.Event) -> None:
        """Learn of revocations by other processes every second, until ``stop``."""
        while not stop.is_set():
            try:
                await self.reload()
            except Unavailable as fault:  # what was revoked stays so, and news comes later
                log.warning("revocations_not_read", reason=fault.detail)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RELOAD_SECONDS)

    async def reload(self) -> None:
        """Read revocations and signing keys, and forget what no living token needs."""
        found = await self._store.revocations()
        oldest = self._clock.now() - _REVOCATION_KEPT_MS
        for device_id, at in found.items():
            if at < oldest:
                await self._store.forget_revocation(device_id)
        self._revoked = {i: at for i, at in found.items() if at >= oldest}
        await self._reload_epochs()
        await self._signing.keep_current()

    async def _reload_epochs(self) -> None:
        oldest = self._clock.now() - (ACCESS_SECONDS + 60) * 1000
        found = await self._store.epochs()
        for account_id, (_, at) in found.items():
            if at < oldest:
                await self._store.forget_epoch(account_id)
        self._epochs = {i: epoch for i, (epoch, at) in found.items() if at >= oldest}

    async def setup_needed(self) -> bool:
        """Say whether there is no owner yet."""
        return await self._store.household() is None

    async def set_up(self, new: NewAccount, device: SignInDevice) -> tuple[Account, Tokens]:
        """Make the owner and the household; ``AlreadySetUp`` for all but the first caller."""
        if not await self.setup_needed():
            raise errors.AlreadySetUp("This household has its owner already: sign in.")
        account = await self.draft(new, Role.OWNER, HouseholdId(random_id()))
        await self._store.put_account(account)
        if not await self._store.found(account):
            await self._store.remove_account(account)
            raise errors.AlreadySetUp("This household has its owner already: sign in.")
        await self._store.claim_name(account)
        return account, await self.begin(account, device)

    async def sign_in(
        self, username: str, password: str, device: SignInDevice, *, address: str
    ) -> tuple[Account, Tokens]:
        """Check the password and begin a family of tokens; ``WrongCredentials`` otherwise."""
        key = username_key(username)
        await self._attempts.check(key, address)
        account = await self._named(key)
        stored = None if account is None else account.password_hash or None
        if not await self._passwords.verify(stored, password[:1024]) or account is None:
            await self._attempts.failed(key, address)
            raise errors.WrongCredentials("User name or password is wrong.")
        if self._passwords.is_outdated(account.password_hash):
            fresh = await self._passwords.hash(password)
            await self._store.update_account(
                account.id, lambda found: replace(found, password_hash=fresh)
            )
        return account, await self.begin(account, device)

    async def renew(self, token: str) -> Tokens:
        """Exchange a refresh token; ``SignInEnded`` where it is not good any more."""
        parts = split_refresh_token(token)
        if parts is None:
            raise errors.SignInEnded("The refresh token is not valid: sign in again.")
        account_id, device_id, secret = parts
        device = await self._store.device(account_id, device_id)
        account = await self._store.account(account_id)
        if device is None or account is None:
            raise errors.SignInEnded("This sign-in has ended: sign in again.")
        return await self._renewed(account, device, secret)

    async def sign_out(self, principal: Principal) -> None:
        """End the sign-in that is asking; that it has just ended elsewhere is fine."""
        with suppress(errors.NoSuchDevice):
            await self.revoke_device(principal, principal.device_id)

    async def devices(self, principal: Principal) -> list[Device]:
        """Return where this account is signed in, the latest seen first."""
        return await self._store.devices(principal.account_id)

    async def revoke_device(self, principal: Principal, device_id: DeviceId) -> None:
        """End one of the account's own sign-ins; within seconds in every process."""
        device = await self._store.device(principal.account_id, device_id)
        if device is None:
            raise errors.NoSuchDevice("You are not signed in on that device.")
        await self._revoke(device)

    async def account_of(self, principal: Principal) -> Account:
        """Return the account that is asking."""
        account = await self._store.account(principal.account_id)
        if account is None:
            raise errors.NotSignedIn("This account is gone.")
        return account

    async def change(
        self,
        principal: Principal,
        *,
        display_name: str | None = None,
        preferences: Preferences | None = None,
    ) -> Account:
        """Change what an account says of itself."""

        def wanted(account: Account) -> Account:
            name = account.display_name
            if display_name is not None:
                name = label(display_name, fallback=account.username)
            chosen = preferences or account.preferences
            return replace(account, display_name=name, preferences=chosen)

        changed = await self._store.update_account(principal.account_id, wanted)
        if changed is None:
            raise errors.NotSignedIn("This account is gone.")
        return changed

    async def change_password(self, principal: Principal, current: str, new: str) -> None:
        """Set a new password and end all other sign-ins; the current one must fit."""
        account = await self.account_of(principal)
        if not account.password_hash:
            await self.prove(principal, None)
        elif not await self._passwords.verify(account.password_hash, current[:1024]):
            raise errors.WrongCredentials("The current password is wrong.", http_status=403)
        await self._set_password(account, new, spare=principal.device_id)

    async def prove(self, principal: Principal, password: str | None) -> Account:
        """Return the account of who asks, if they show that it is them: ``ProofNeeded`` otherwise.

        The password is proof, and so is a sign-in of the last quarter of an hour. What adds a way
        in asks for this, so that a borrowed access token opens no door for good.
        """
        account = await self.account_of(principal)
        if password:
            await self._attempts.check(account.username, f"proof/{account.id}")
            if await self._passwords.verify(account.password_hash or None, password[:1024]):
                return account
            await self._attempts.failed(account.username, f"proof/{account.id}")
            raise errors.WrongCredentials("The password is wrong.", http_status=403)
        device = await self._store.device(account.id, principal.device_id)
        if device is None or self._clock.now() - device.signed_in_at > _FRESH_MS:
            detail = "Send your password, or sign in again first."
            raise errors.ProofNeeded(detail, http_status=403)
        return account

    async def reset_password(self, username: str, new: str) -> Account:
        """Set a password from the machine itself, ending every sign-in of that user."""
        account = await self._named(username_key(username))
        if account is None:
            raise errors.NoSuchUser(f"There is no user {username!r}.")
        await self._set_password(account, new, spare=None)
        return account

    async def set_password(self, account: Account, new: str) -> None:
        """Set somebody's password, ending every sign-in of theirs."""
        await self._set_password(account, new, spare=None)

    async def users(self) -> list[Account]:
        """Return the accounts of all households, by user name."""
        return await self._store.accounts()

    async def add_user(
        self, new: NewAccount, *, household_id: HouseholdId | None = None
    ) -> Account:
        """Make a member, of the founding household if none is named; ``UsernameTaken``."""
        household = await self._store.household()
        if household is None:
            raise errors.NoSuchUser("Make the owner first: open the player, or add --owner.")
        account = await self.draft(new, Role.MEMBER, household_id or household[0])
        await self.claim(account)
        await self._store.put_account(account)
        return account

    async def claim(self, account: Account) -> None:
        """Take the user name for an account to be; ``UsernameTaken`` where another has it."""
        if not await self._store.claim_name(account):
            holder = await self._store.account_named(account.username)
            if holder is not None:
                raise errors.UsernameTaken("This user name is taken.", pointer="/username")
            await self._store.remove_account(account)  # a claim left by a killed process
            if not await self._store.claim_name(account):
                raise errors.UsernameTaken("This user name is taken.", pointer="/username")

    async def remove_user(self, account_id: AccountId) -> None:
        """Remove a member with all sign-ins; the owner stays. Others hear ``UserRemoved``."""
        account = await self._store.account(account_id)
        if account is None:
            raise errors.NoSuchUser("There is no such user.")
        if account.role is Role.OWNER:
            raise errors.OwnerOnly("The owner cannot be removed.", http_status=403)
        for device in await self._store.devices(account.id):
            await self._revoke(device)
        for token_id in await self._api_tokens.forget(account.id):
            await self.end_device(account.id, DeviceId(token_id))
        await self._passkeys.forget(account.id)
        await self._links.forget(account.id)
        await self._store.remove_account(account, [UserRemoved(account.id, account.listener_id)])

    async def allow_explicit(self, account_id: AccountId, *, allows: bool) -> Account:
        """Say whether an account may hear explicit songs; in force everywhere within seconds."""

        def wanted(account: Account) -> Account:
            return replace(account, allows_explicit=allows, epoch=account.epoch + 1)

        return await self.update(account_id, wanted)

    async def update(self, account_id: AccountId, change: Callable[[Account], Account]) -> Account:
        """Change an account; ``NoSuchUser`` where it is gone."""
        changed = await self._store.update_account(account_id, change)
        if changed is None:
            raise errors.NoSuchUser("There is no such user.")
        if changed.epoch:
            self._epochs[account_id] = changed.epoch
        return changed

    async def user_named(self, username: str) -> Account | None:
        """Return the account with this user name, or None."""
        return await self._named(username_key(username))

    async def _named(self, key: str) -> Account | None:
        account = await self._store.account_named(key)
        if account is not None:
            return account
        household = await self._store.household()
        owner = None if household is None else await self._store.account(household[1])
        if owner is None or owner.username != key:
            return None
        await self._store.claim_name(owner)  # a set-up killed before its last step
        return owner

    async def draft(
        self,
        new: NewAccount,
        role: Role,
        household_id: HouseholdId,
        *,
        passwordless: AccountId | None = None,
    ) -> Account:
        """Return an account that is nowhere yet; with ``passwordless`` that id and no password."""
        username = checked_username(new.username)
        password_hash = ""
        if passwordless is None:
            password_hash = await self._passwords.hash(checked_password(new.password))
        return Account(
            id=passwordless or AccountId(random_id()),
            household_id=household_id,
            listener_id=ListenerId(random_id()),
            username=username,
            display_name=label(new.display_name, fallback=new.username.strip()),
            role=role,
            password_hash=password_hash,
            created_at=self._clock.now(),
        )

    async def begin(self, account: Account, chosen: SignInDevice, *, by: str = "") -> Tokens:
        """Begin a family of tokens for somebody who has proven who they are.

        ``by`` is the linked sign-in by which they have, for ``end_linked``.
        """
        now = self._clock.now()
        secret = new_refresh_secret()
        device = Device(
            id=DeviceId(random_id()),
            account_id=account.id,
            name=label(chosen.name, fallback="A device"),
            kind=label(chosen.kind, fallback="other"),
            signed_in_at=now,
            last_seen_at=now,
            current_hash=hash_refresh_secret(secret),
            by=by,
        )
        await self._store.put_device(device)
        return await self._tokens(account, device, secret)

    async def _renewed(self, account: Account, device: Device, secret: str) -> Tokens:
        now = self._clock.now()
        child = next_refresh_secret(self._secret, device.id, secret)
        match decide_refresh(device, hash_refresh_secret(secret), now=now):
            case Refresh.ROTATE:
                after = rotated(device, current_hash=hash_refresh_secret(child), now=now)
                if not await self._store.swap_device(device, after):
                    return await self._renew_again(account, device, secret)
                return await self._tokens(account, after, child)
            case Refresh.REPEAT:
                return await self._tokens(account, device, child)
            case Refresh.REVOKE:
                await self._revoke(device)
                detail = "This sign-in was used from two places and has been ended: sign in again."
                raise errors.SignInEnded(detail)
            case Refresh.REFUSE:
                raise errors.SignInEnded("The refresh token is not valid: sign in again.")

    async def _renew_again(self, account: Account, device: Device, secret: str) -> Tokens:
        """Two requests exchanged one token at once; whoever comes second gets the same child."""
        current = await self._store.device(account.id, device.id)
        if current is None:
            raise errors.SignInEnded("This sign-in has ended: sign in again.")
        return await self._renewed(account, current, secret)

    async def _tokens(self, account: Account, device: Device, secret: str) -> Tokens:
        access = self._access.issue(account, device.id, await self._signing.signing())
        return Tokens(access, refresh_token(device, secret), ACCESS_SECONDS)

    async def _set_password(self, account: Account, new: str, *, spare: DeviceId | None) -> None:
        password_hash = await self._passwords.hash(checked_password(new))
        await self._store.update_account(
            account.id, lambda found: replace(found, password_hash=password_hash)
        )
        for device in await self._store.devices(account.id):
            if device.id != spare:
                await self._revoke(device)

    async def end_device(self, account_id: AccountId, device_id: DeviceId) -> None:
        """End what goes by this device id, a sign-in or an API token, in every process."""
        now = self._clock.now()
        await self._store.revoke(account_id, device_id, now=now)
        self._revoked[device_id] = now

    async def end_linked(self, account_id: AccountId, by: str, until: int) -> int:
        """End the sign-ins that came by a linked sign-in until then (Unix ms); return how many."""
        found = await self._store.devices(account_id)
        ending = [device for device in found if device.by == by and device.signed_in_at <= until]
        for device in ending:
            await self._revoke(device)
        return len(ending)

    async def _revoke(self, device: Device) -> None:
        await self.end_device(device.account_id, device.id)


def _nobody(_authorization: bytes) -> None:
    """Know no API token."""
