"""Passkeys: registering, signing in without a name, removing (Web Authentication Level 2).

A challenge lives five minutes in the cache and is good for one answer, of one kind, for one
account. Attestation is not asked for: any authenticator will do.
"""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, Literal, Protocol

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from antiphon.identity import errors
from antiphon.identity.attempts import Attempts
from antiphon.identity.audit import Audit, actor
from antiphon.identity.model import Account, Invitation, Passkey, Principal, Role, Tokens
from antiphon.identity.passkey_store import PasskeyStore
from antiphon.identity.relying_party import RelyingParty
from antiphon.identity.rules import checked_username, label
from antiphon.identity.service import Identity, SignInDevice
from antiphon.kernel import AccountId, Clock, random_id
from antiphon.storage import Cache, Tables

_TTL_SECONDS: Final = 300.0
_TIMEOUT_MS: Final = 300_000
_MOST: Final = 20
_SITE: Final = "Antiphon"
_Kind = Literal["register", "sign-in", "invited"]
_STRICT: Final = (
    WebAuthnException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    NotImplementedError,
)


class WayIn(Protocol):
    """Another way into an account than password and passkeys, such as linked sign-ins."""

    async def ways_of(self, account_id: AccountId, /) -> int:
        """Return how many there are for this account."""
        ...


class _Ceremony(msgspec.Struct, frozen=True):
    """What a challenge was given out for."""

    kind: _Kind
    account_id: str = ""
    invitation_id: str = ""
    must_verify: bool = False


_encode = msgspec.msgpack.Encoder().encode
_ceremony = msgspec.msgpack.Decoder(_Ceremony).decode


class Passkeys:
    """The use cases of passkeys. Without a ``site`` all but the list is ``PasskeysUnavailable``."""

    def __init__(  # noqa: PLR0913 - its ports, each another one
        self,
        identity: Identity,
        tables: Tables,
        cache: Cache,
        clock: Clock,
        audit: Audit,
        *,
        site: RelyingParty | None,
        other_ways: Sequence[WayIn] = (),
    ) -> None:
        self._identity = identity
        self._store = PasskeyStore(tables)
        self._cache = cache
        self._attempts = Attempts(cache)
        self._clock = clock
        self._audit = audit
        self._site = site
        self._other_ways = tuple(other_ways)

    # ------------------------------------------------------------------------------ registering

    async def offer(self, principal: Principal, password: str | None) -> dict[str, Any]:
        """Return creation options (JSON of the standard) for somebody who proves who they are."""
        account = await self._identity.prove(principal, password)
        known, _ = await self._store.of(account.id)
        if len(known) >= _MOST:
            raise errors.PasskeyKnown(f"An account has at most {_MOST} passkeys.")
        must = account.role is not Role.MEMBER
        ceremony = _Ceremony("register", account.id, must_verify=must)
        return await self._creation(ceremony, account.username, account.display_name, known)

    async def register(
        self, principal: Principal, credential: Mapping[str, Any], name: str
    ) -> Passkey:
        """Keep the passkey that an authenticator has made; ``PasskeyRefused``."""
        site = self._required()
        parsed = _parsed_registration(credential)
        ceremony = await self._take("register", parsed.response.client_data_json)
        if ceremony.account_id != principal.account_id:
            raise errors.PasskeyRefused("This was begun by somebody else: begin again.")
        passkey = self._verified(site, parsed, ceremony, name)
        if not await self._store.add(passkey):
            raise errors.PasskeyKnown("This passkey is registered already.")
        await self._audit.append(actor(principal), "passkey_added", passkey.id)
        return passkey

    async def offer_invited(
        self, invitation: Invitation, username: str, display_name: str
    ) -> dict[str, Any]:
        """Return creation options for the account that an invitation will make."""
        name = checked_username(username)
        ceremony = _Ceremony(
            "invited", random_id(), invitation.id, must_verify=bool(invitation.new_household)
        )
        return await self._creation(ceremony, name, label(display_name, fallback=name), ())

    @asynccontextmanager
    async def invited(
        self, invitation: Invitation, credential: Mapping[str, Any]
    ) -> AsyncIterator[AccountId]:
        """Keep the passkey of an account to be; what fails inside takes it away again."""
        site = self._required()
        parsed = _parsed_registration(credential)
        ceremony = await self._take("invited", parsed.response.client_data_json)
        if ceremony.invitation_id != invitation.id:
            raise errors.PasskeyRefused("This was begun for another invitation: begin again.")
        passkey = self._verified(site, parsed, ceremony, "")
        if not await self._store.add(passkey):
            raise errors.PasskeyKnown("This passkey is registered already.")
        try:
            yield passkey.account_id
        except BaseException:
            await self._store.forget(passkey.account_id)
            raise

    async def _creation(
        self, ceremony: _Ceremony, username: str, display_name: str, known: Sequence[Passkey]
    ) -> dict[str, Any]:
        wanted = UserVerificationRequirement.PREFERRED
        if ceremony.must_verify:
            wanted = UserVerificationRequirement.REQUIRED
        options = generate_registration_options(
            rp_id=self._required().id,
            rp_name=_SITE,
            user_id=ceremony.account_id.encode(),
            user_name=username,
            user_display_name=display_name,
            challenge=await self._challenge(ceremony),
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=wanted,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known
            ],
        )
        return options_to_json_dict(options)

    def _verified(
        self, site: RelyingParty, parsed: RegistrationCredential, ceremony: _Ceremony, name: str
    ) -> Passkey:
        try:
            told = verify_registration_response(
                credential=parsed,
                expected_challenge=_challenge_of(parsed.response.client_data_json),
                expected_rp_id=site.id,
                expected_origin=site.origin,
                require_user_verification=ceremony.must_verify,
            )
        except _STRICT as fault:
            raise _refused(fault) from fault
        return Passkey(
            id=random_id(),
            account_id=AccountId(ceremony.account_id),
            credential_id=told.credential_id,
            public_key=told.credential_public_key,
            sign_count=told.sign_count,
            name=label(name, fallback="Passkey"),
            created_at=self._clock.now(),
            is_synced=told.credential_backed_up,
        )

    # -------------------------------------------------------------------------------- signing in

    async def ask(self, address: str) -> dict[str, Any]:
        """Return request options for somebody whose authenticator knows who they are."""
        site = self._required()
        await self._attempts.spend("passkeys", address)
        options = generate_authentication_options(
            rp_id=site.id,
            challenge=await self._challenge(_Ceremony("sign-in")),
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        return options_to_json_dict(options)

    async def sign_in(
        self, credential: Mapping[str, Any], device: SignInDevice, *, address: str
    ) -> tuple[Account, Tokens]:
        """Begin a family of tokens for whom the passkey belongs to; ``PasskeyRefused``."""
        site = self._required()
        await self._attempts.spend("passkeys", address)
        parsed = _parsed_authentication(credential)
        await self._take("sign-in", parsed.response.client_data_json)
        passkey = await self._store.with_credential(parsed.raw_id)
        account = None
        if passkey is not None:
            account = await self._identity.store.account(passkey.account_id)
        if passkey is None or account is None:
            raise errors.PasskeyRefused("This passkey is not known here (any more).")
        handle = parsed.response.user_handle
        if handle is not None and handle != account.id.encode():
            raise errors.PasskeyRefused("This passkey belongs to somebody else.")
        used = self._checked(site, parsed, passkey, must_verify=account.role is not Role.MEMBER)
        if not await self._store.swap(passkey, used):
            raise errors.PasskeyRefused("This passkey was used elsewhere just now: try again.")
        return account, await self._identity.begin(account, device)

    def _checked(
        self,
        site: RelyingParty,
        parsed: AuthenticationCredential,
        passkey: Passkey,
        *,
        must_verify: bool,
    ) -> Passkey:
        try:
            told = verify_authentication_response(
                credential=parsed,
                expected_challenge=_challenge_of(parsed.response.client_data_json),
                expected_rp_id=site.id,
                expected_origin=site.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=must_verify,
            )
        except _STRICT as fault:
            raise _refused(fault) from fault
        return replace(
            passkey,
            sign_count=told.new_sign_count,
            is_synced=told.credential_backed_up,
            last_used_at=self._clock.now(),
        )

    # --------------------------------------------------------------------------------- managing

    async def list(self, principal: Principal) -> Sequence[Passkey]:
        """Return the passkeys of who asks, the oldest first."""
        found, _ = await self._store.of(principal.account_id)
        return found

    async def rename(self, principal: Principal, passkey_id: str, name: str) -> Passkey:
        """Give a passkey another name."""
        while True:
            passkey, _, _ = await self._one(principal, passkey_id)
            chosen = label(name, fallback="Passkey")
            if await self._store.rename(passkey, chosen):
                return replace(passkey, name=chosen)

    async def remove(self, principal: Principal, passkey_id: str) -> None:
        """Remove a passkey; ``LastWayIn`` where the account could not be entered without it."""
        while True:
            passkey, others, version = await self._one(principal, passkey_id)
            account = await self._identity.account_of(principal)
            ways = others + bool(account.password_hash)
            for other in self._other_ways:
                ways += await other.ways_of(account.id)
            if not ways:
                detail = "This is your last way in: set a password or add a passkey first."
                raise errors.LastWayIn(detail)
            if await self._store.remove(passkey, version):
                break
        await self._audit.append(actor(principal), "passkey_removed", passkey_id)

    async def ways_of(self, account_id: AccountId) -> int:
        """Return how many passkeys an account has, for who removes another way in."""
        found, _ = await self._store.of(account_id)
        return len(found)

    async def _one(
        self, principal: Principal, passkey_id: str
    ) -> tuple[Passkey, int, bytes | None]:
        found, version = await self._store.of(principal.account_id)
        for passkey in found:
            if passkey.id == passkey_id:
                return passkey, len(found) - 1, version
        raise errors.NoSuchPasskey("You have no such passkey.")

    # ------------------------------------------------------------------------------- challenges

    def _required(self) -> RelyingParty:
        if self._site is None:
            detail = "Passkeys need an https address with a host name: set public_url."
            raise errors.PasskeysUnavailable(detail)
        return self._site

    async def _challenge(self, ceremony: _Ceremony) -> bytes:
        challenge = secrets.token_bytes(32)
        await self._cache.set(_key(challenge), _encode(ceremony), ttl=_TTL_SECONDS)
        return challenge

    async def _take(self, kind: _Kind, client_data: bytes) -> _Ceremony:
        """Return what a challenge was for, once; ``PasskeyRefused`` for all but the first."""
        try:
            challenge = _challenge_of(client_data)
        except _STRICT as fault:
            raise _refused(fault) from fault
        raw = await self._cache.get(_key(challenge)) if len(challenge) == 32 else None
        if raw is None or (ceremony := _ceremony(raw)).kind != kind:
            raise errors.PasskeyRefused("This took too long or was used already: try again.")
        # The mark outlives the challenge, so exactly one of many answers gets past it.
        if not await self._cache.add(f"{_key(challenge)}/used", b"1", ttl=2 * _TTL_SECONDS):
            raise errors.PasskeyRefused("This was used already: try again.")
        await self._cache.delete(_key(challenge))
        return ceremony


def _challenge_of(client_data: bytes) -> bytes:
    return parse_client_data_json(client_data).challenge


def _parsed_registration(credential: Mapping[str, Any]) -> RegistrationCredential:
    try:
        return parse_registration_credential_json(dict(credential))
    except _STRICT as fault:
        raise _refused(fault) from fault


def _parsed_authentication(credential: Mapping[str, Any]) -> AuthenticationCredential:
    try:
        return parse_authentication_credential_json(dict(credential))
    except _STRICT as fault:
        raise _refused(fault) from fault


def _refused(fault: Exception) -> errors.PasskeyRefused:
    return errors.PasskeyRefused("The passkey could not be verified.", reason=str(fault)[:200])


def _key(challenge: bytes) -> str:
    return f"passkey/{bytes_to_base64url(challenge)}"
