"""The code flow with a provider: authorization code with PKCE, bound to one browser.

What a sign-in was begun with lies ten minutes in the cache under its state, and is good for one
answer of the browser that began it, which a cookie shows.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec
import structlog

from antiphon.identity.openid.client_auth import authenticated
from antiphon.identity.openid.discovery import Directory, Metadata
from antiphon.identity.openid.egress import ask, json_object, send
from antiphon.identity.openid.errors import (
    NoSuchProvider,
    OpenIdRefused,
    ProviderUnavailable,
)
from antiphon.identity.openid.id_token import Expected, Person, described, header_of, person_of
from antiphon.identity.openid.provider import Provider
from antiphon.kernel import Clock, Invalid
from antiphon.storage import Cache

log = structlog.get_logger()

TTL_SECONDS: Final = 600
Kind = Literal["sign-in", "link", "invited"]
_PATH: Final = "/sign-in/openid/"
_FORM_PATH: Final = "/v1/sign-in/openid/"
_BAD_REQUEST: Final = 400
_LONGEST_TOKEN: Final = 8192


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


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom a provider vouches for, what for, and the token by which its consent is given back.

    ``refresh_token`` is empty where the provider gave none, or takes none back.
    """

    bound_to: str
    person: Person
    refresh_token: str = field(repr=False, default="")


class _Pending(msgspec.Struct, frozen=True):
    provider: str
    browser: bytes
    nonce: str
    verifier: str
    kind: Kind
    bound_to: str


_encode = msgspec.msgpack.Encoder().encode
_pending = msgspec.msgpack.Decoder(_Pending).decode


class CodeFlow:
    """The providers of an installation that browsers reach at ``origin``, and the way there."""

    def __init__(
        self, cache: Cache, clock: Clock, *, providers: Sequence[Provider], origin: str
    ) -> None:
        self._cache = cache
        self._clock = clock
        self._by_id = {provider.id: provider for provider in providers}
        if len(self._by_id) != len(providers):
            raise Invalid("Two openid providers have the same id.")
        self._directories = {p.id: Directory(p, clock) for p in providers}
        self._origin = origin.rstrip("/")

    def providers(self) -> list[Provider]:
        """Return the providers in the order of the settings."""
        return list(self._by_id.values())

    def provider(self, provider_id: str) -> Provider:
        """Return the provider with this id; ``NoSuchProvider``."""
        found = self._by_id.get(provider_id)
        if found is None:
            raise NoSuchProvider("There is no such way to sign in.")
        return found

    def directory(self, provider: Provider) -> Directory:
        """Return what the provider says of itself."""
        return self._directories[provider.id]

    def _redirect_uri(self, provider: Provider) -> str:
        if provider.posts_form:
            return f"{self._origin}{_FORM_PATH}{provider.id}/form"
        return f"{self._origin}{_PATH}{provider.id}"

    async def begun(self, provider: Provider, kind: Kind, bound_to: str) -> Begun:
        """Return where to send a browser; what comes back is good for ``kind`` only.

        ``bound_to`` is told again by ``vouched``: for whom, or for what, this was begun.
        """
        metadata = await self._directories[provider.id].metadata()
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        pending = _Pending(provider.id, _hashed(browser), nonce, verifier, kind, bound_to)
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

    async def vouched(self, provider: Provider, answer: ProviderAnswer, kind: Kind) -> Vouched:
        """Return whom the provider vouches for; ``OpenIdRefused``, ``ProviderUnavailable``."""
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
        person = await self._described(provider, metadata, person, expected.access_token)
        if answer.name and not person.name:
            person = replace(person, name=answer.name[:256])
        return Vouched(pending.bound_to, person, _kept_token(metadata, told))

    async def _taken(self, provider: Provider, answer: ProviderAnswer, kind: Kind) -> _Pending:
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
        body, headers = authenticated(
            provider, form, takes_basic=metadata.takes_basic, now=self._clock.now() // 1000
        )
        status, raw = await send(provider, metadata.token_endpoint, body=body, headers=headers)
        if status == _BAD_REQUEST and b'"invalid_grant"' in raw:
            raise OpenIdRefused(f"{provider.name} does not take this answer (any more): try again.")
        return json_object(provider, status, raw)

    async def _described(
        self, provider: Provider, metadata: Metadata, person: Person, access: str | None
    ) -> Person:
        """Return the person with the names that a strict provider tells on being asked only.

        ID tokens of the code flow need not hold them (OpenID Connect Core 1.0, 5.4). They prove
        nothing, so a provider that does not tell them keeps nobody out.
        """
        if person.is_described or not metadata.userinfo_endpoint or access is None:
            return person
        headers = {"Authorization": f"Bearer {access}"}
        try:
            told = await ask(provider, metadata.userinfo_endpoint, headers=headers)
        except ProviderUnavailable as fault:
            log.info("userinfo_not_told", provider=provider.id, why=fault.detail)
            return person
        return described(person, told)


_REFUSALS: Final = {
    "access_denied": "You did not allow the sign-in.",
    "user_cancelled_authorize": "You did not allow the sign-in.",
}


def _kept_token(metadata: Metadata, told: Mapping[str, Any]) -> str:
    token = told.get("refresh_token")
    is_token = isinstance(token, str) and len(token) <= _LONGEST_TOKEN
    return str(token) if is_token and metadata.revocation_endpoint else ""


def _state_key(state: str) -> str:
    return f"openid/{_hashed(state).hex()}"


def _hashed(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=24).digest()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
