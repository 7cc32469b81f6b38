"""Signing in by way of a provider: authorization code with PKCE, bound to one browser.

What a sign-in was begun with lies ten minutes in the cache under its state, and is good for one
answer of the browser that began it, which a cookie shows.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from antiphon.identity import errors
from antiphon.identity.attempts import Attempts
from antiphon.identity.audit import Audit, actor
from antiphon.identity.model import Account, Principal, Role, Tokens
from antiphon.identity.openid.discovery import Directory, Metadata
from antiphon.identity.openid.egress import ask
from antiphon.identity.openid.errors import (
    LinkedElsewhere,
    NoAccountYet,
    NoSuchLink,
    NoSuchProvider,
    OpenIdRefused,
)
from antiphon.identity.openid.id_token import Expected, Person, header_of, person_of
from antiphon.identity.openid.links import Link, Links, link_id
from antiphon.identity.openid.provider import Provider
from antiphon.identity.passkeys import WayIn
from antiphon.identity.rules import label
from antiphon.identity.service import Identity, NewAccount, SignInDevice
from antiphon.kernel import AccountId, Clock, Invalid, random_id
from antiphon.storage import Cache

TTL_SECONDS: Final = 600
_PATH: Final = "/sign-in/openid/"
_FORM_PATH: Final = "/v1/sign-in/openid/"
_SECRET_SECONDS: Final = 300
_NAMES_TRIED: Final = 20


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the secret that its cookie keeps."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What the provider sent back by way of the browser; ``name`` is what a form told once."""

    state: str
    browser: str
    code: str = ""
    issuer: str | None = None
    error: str = ""
    name: str = ""


class _Pending(msgspec.Struct, frozen=True):
    provider: str
    browser: bytes
    nonce: str
    verifier: str
    kind: Literal["sign-in", "link"]
    account_id: str


_encode = msgspec.msgpack.Encoder().encode
_pending = msgspec.msgpack.Decoder(_Pending).decode


class OpenIdSignIn:
    """The use cases of linked sign-ins. ``origin`` is where browsers reach the installation."""

    def __init__(  # noqa: PLR0913 - its ports, each another one
        self,
        identity: Identity,
        links: Links,
        cache: Cache,
        clock: Clock,
        audit: Audit,
        *,
        providers: Sequence[Provider],
        origin: str,
        other_ways: Sequence[WayIn] = (),
    ) -> None:
        self._identity = identity
        self._links = links
        self._cache = cache
        self._clock = clock
        self._audit = audit
        self._providers = {provider.id: provider for provider in providers}
        if len(self._providers) != len(providers):
            raise Invalid("Two openid providers have the same id.")
        self._directories = {p.id: Directory(p, clock) for p in providers}
        self._origin = origin.rstrip("/")
        self._other_ways = tuple(other_ways)
        self._attempts = Attempts(cache)

    def providers(self) -> list[Provider]:
        """Return the providers in the order of the settings."""
        return list(self._providers.values())

    # ------------------------------------------------------------------------------- signing in

    async def begin(self, provider_id: str, *, address: str) -> Begun:
        """Begin a sign-in of one browser; ``ProviderUnavailable``."""
        await self._attempts.spend("openid", address)
        return await self._begun(self._provider(provider_id), "sign-in", "")

    async def sign_in(
        self, provider_id: str, answer: ProviderAnswer, device: SignInDevice
    ) -> tuple[Account, Tokens]:
        """Begin a family of tokens for whom the provider vouches for."""
        provider = self._provider(provider_id)
        _, person = await self._vouched(provider, answer, "sign-in")
        link = await self._links.find(provider.issuer, person.subject)
        account = None if link is None else await self._identity.store.account(link.account_id)
        if link is not None and account is None:
            await self._links.remove(link)
        if account is None:
            account = await self._made(provider, person)
        return account, await self._identity.begin(account, device)

    async def _made(self, provider: Provider, person: Person) -> Account:
        household = await self._identity.store.household()
        if provider.new_accounts == "nobody" or household is None:
            detail = (
                f"No account here belongs to this {provider.name} sign-in: link one first, "
                "or ask the owner of this server."
            )
            raise NoAccountYet(detail, http_status=403)
        account_id = AccountId(random_id())
        link = self._link(provider, person, account_id)
        if not await self._links.add(link):
            raise OpenIdRefused("This sign-in was used twice at once: try again.")
        try:
            account = await self._drafted(person, account_id)
            await self._identity.store.put_account(account)
        except BaseException:
            await self._links.remove(link)
            raise
        details = {"provider": provider.id}
        await self._audit.append(f"account {account_id}", "account_made", account_id, details)
        return account

    async def _drafted(self, person: Person, account_id: AccountId) -> Account:
        """Return the new account under the first of its names that is free."""
        household = await self._identity.store.household()
        assert household is not None, "asked before there is a household"
        wished = person.username or person.mail.partition("@")[0]
        base = "".join(c for c in wished if c.isalnum() or c in "._-")[:48] or "listener"
        for number in range(_NAMES_TRIED):
            name = base if number == 0 else f"{base}-{secrets.token_hex(3)}"
            new = NewAccount(name, "", person.name or wished)
            account = await self._identity.draft(
                new, Role.MEMBER, household[0], passwordless=account_id
            )
            try:
                await self._identity.claim(account)
            except errors.UsernameTaken:
                continue
            return account
        raise errors.UsernameTaken("No user name is free for this sign-in.")

    # ---------------------------------------------------------------------------------- linking

    async def offer(self, principal: Principal, provider_id: str, password: str | None) -> Begun:
        """Begin linking, for somebody who proves who they are here first."""
        provider = self._provider(provider_id)
        account = await self._identity.prove(principal, password)
        return await self._begun(provider, "link", account.id)

    async def link(self, principal: Principal, provider_id: str, answer: ProviderAnswer) -> Link:
        """Link whom the provider vouches for with the account that began it."""
        provider = self._provider(provider_id)
        pending, person = await self._vouched(provider, answer, "link")
        if pending.account_id != principal.account_id:
            raise OpenIdRefused("This was begun by somebody else: begin again.")
        link = self._link(provider, person, principal.account_id)
        if not await self._links.add(link):
            detail = f"This {provider.name} sign-in is linked with an account already."
            raise LinkedElsewhere(detail)
        await self._audit.append(
            actor(principal), "openid_linked", link.id, {"provider": provider.id}
        )
        return link

    async def links(self, principal: Principal) -> list[Link]:
        """Return what is linked with the account that asks."""
        return await self._links.of(principal.account_id)

    async def unlink(self, principal: Principal, wanted: str) -> None:
        """Unlink; ``LastWayIn`` where the account could not be entered without it."""
        mine = await self._links.of(principal.account_id)
        link = next((link for link in mine if link.id == wanted), None)
        if link is None:
            raise NoSuchLink("You have no such linked sign-in.")
        account = await self._identity.account_of(principal)
        ways = len(mine) - 1 + bool(account.password_hash)
        for other in self._other_ways:
            ways += await other.ways_of(account.id)
        if not ways:
            detail = "This is your last way in: set a password or add a passkey first."
            raise errors.LastWayIn(detail)
        await self._links.remove(link)
        await self._audit.append(
            actor(principal), "openid_unlinked", link.id, {"provider": link.provider}
        )

    def _link(self, provider: Provider, person: Person, account_id: AccountId) -> Link:
        return Link(
            id=link_id(provider.issuer, person.subject),
            account_id=account_id,
            provider=provider.id,
            issuer=provider.issuer,
            subject=person.subject,
            shown_as=label(person.mail or person.name or person.username, fallback=provider.name),
            linked_at=self._clock.now(),
        )

    # --------------------------------------------------------------------------------- the flow

    def _provider(self, provider_id: str) -> Provider:
        found = self._providers.get(provider_id)
        if found is None:
            raise NoSuchProvider("There is no such way to sign in.")
        return found

    def _redirect_uri(self, provider: Provider) -> str:
        if provider.posts_form:
            return f"{self._origin}{_FORM_PATH}{provider.id}/form"
        return f"{self._origin}{_PATH}{provider.id}"

    async def _begun(
        self, provider: Provider, kind: Literal["sign-in", "link"], account_id: str
    ) -> Begun:
        metadata = await self._directories[provider.id].metadata()
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        pending = _Pending(provider.id, _hashed(browser), nonce, verifier, kind, account_id)
        await self._cache.set(_state_key(state), _encode(pending), ttl=TTL_SECONDS)
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self._redirect_uri(provider),
            "scope": " ".join(provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": _b64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        if provider.posts_form:
            query["response_mode"] = "form_post"
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return Begun(metadata.authorization_endpoint + joint + urlencode(query), browser)

    async def _vouched(
        self, provider: Provider, answer: ProviderAnswer, kind: str
    ) -> tuple[_Pending, Person]:
        pending = await self._taken(provider, answer, kind)
        directory = self._directories[provider.id]
        metadata = await directory.metadata()
        if answer.issuer is None and metadata.tells_issuer:
            raise OpenIdRefused("The answer does not say which provider it is from.")
        if answer.issuer is not None and answer.issuer != provider.issuer:
            raise OpenIdRefused("The answer is from another provider than was asked.")
        if answer.error or not answer.code:
            raise OpenIdRefused(_REFUSALS.get(answer.error, f"{provider.name} said no: try again."))
        told = await self._exchanged(provider, metadata, answer.code, pending.verifier)
        token, access = told.get("id_token"), told.get("access_token")
        if not isinstance(token, str):
            raise OpenIdRefused(f"{provider.name} sent no ID token.")
        algorithm, kid = header_of(token)
        expected = Expected(
            provider.issuer,
            provider.client_id,
            pending.nonce,
            self._clock.now() // 1000,
            access if isinstance(access, str) else None,
        )
        person = person_of(token, await directory.key(kid, algorithm), algorithm, expected)
        if answer.name and not person.name:
            person = replace(person, name=answer.name[:256])
        return pending, person

    async def _taken(self, provider: Provider, answer: ProviderAnswer, kind: str) -> _Pending:
        """Return what a state was given out for, once."""
        raw = None
        if 0 < len(answer.state) <= 128 and answer.state.isascii():
            raw = await self._cache.get(_state_key(answer.state))
        if raw is None:
            raise OpenIdRefused("This took too long or was used already: sign in again.")
        pending = _pending(raw)
        if not hmac.compare_digest(pending.browser, _hashed(answer.browser)):
            raise OpenIdRefused("This sign-in was begun in another browser: begin again.")
        if pending.provider != provider.id or pending.kind != kind:
            raise OpenIdRefused("This was begun for something else: begin again.")
        # The mark outlives the state, so exactly one of many answers gets past it.
        mark = f"{_state_key(answer.state)}/used"
        if not await self._cache.add(mark, b"1", ttl=2 * TTL_SECONDS):
            raise OpenIdRefused("This was used already: sign in again.")
        await self._cache.delete(_state_key(answer.state))
        return pending

    async def _exchanged(
        self, provider: Provider, metadata: Metadata, code: str, verifier: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri(provider),
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        secret = self._secret(provider)
        if secret and metadata.takes_basic and provider.style != "apple":
            headers["Authorization"] = _basic(provider.client_id, secret)
        else:
            form["client_id"] = provider.client_id
            if secret:
                form["client_secret"] = secret
        body = urlencode(form).encode()
        return await ask(provider, metadata.token_endpoint, body=body, headers=headers)

    def _secret(self, provider: Provider) -> str:
        """Return the client's secret; Apple's is a JWT signed by the team's key."""
        if provider.style != "apple":
            return provider.client_secret
        now = self._clock.now() // 1000
        claims = {
            "iss": provider.team,
            "sub": provider.client_id,
            "aud": provider.issuer,
            "iat": now,
            "exp": now + _SECRET_SECONDS,
        }
        try:
            key = ECKey.import_key(provider.private_key())
            return jwt.encode({"alg": "ES256", "kid": provider.key_id}, claims, key)
        except (JoseError, ValueError, TypeError) as fault:
            raise Invalid(f"The key file of {provider.name} holds no ES256 key.") from fault


_REFUSALS: Final = {
    "access_denied": "You did not allow the sign-in.",
    "user_cancelled_authorize": "You did not allow the sign-in.",
}


def _state_key(state: str) -> str:
    return f"openid/{_hashed(state).hex()}"


def _hashed(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=24).digest()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _basic(client_id: str, secret: str) -> str:
    """Return the header of RFC 6749, 2.3.1: both parts form-encoded first."""
    pair = urlencode({client_id: secret}).replace("=", ":", 1)
    return "Basic " + base64.b64encode(pair.encode()).decode()
