"""What a provider says of itself: its endpoints and its keys, remembered.

Keys are good for an hour; an unknown key id has them read again, at most once a minute; where the
provider cannot be reached, what was read within a day serves on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from antiphon.identity.openid.egress import ask
from antiphon.identity.openid.errors import OpenIdRefused, ProviderUnavailable
from antiphon.identity.openid.provider import Provider
from antiphon.kernel import Clock

log = structlog.get_logger()

FRESH_SECONDS: Final = 3600.0
STALE_SECONDS: Final = 86_400.0
AGAIN_SECONDS: Final = 60.0
_MOST_KEYS: Final = 50
_LEAST_RSA_BITS: Final = 2048
_TYPES: Final = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA"}


@dataclass(frozen=True, slots=True)
class Metadata:
    """The endpoints of a provider, and how it likes to be asked."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    tells_issuer: bool
    takes_basic: bool
    userinfo_endpoint: str = ""
    revocation_endpoint: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    metadata: Metadata
    keys: Sequence[Key]
    at: float


class Directory:
    """What one provider says of itself, as this process knows it."""

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._turn = asyncio.Lock()
        self._read: _Read | None = None
        self._tried_at = float("-inf")

    async def metadata(self) -> Metadata:
        """Return the endpoints; ``ProviderUnavailable``."""
        return (await self._known(FRESH_SECONDS)).metadata

    async def key(self, kid: object, algorithm: str) -> Key:
        """Return the provider's key of this id for this algorithm; ``OpenIdRefused`` if none."""
        key = _chosen((await self._known(FRESH_SECONDS)).keys, kid, algorithm)
        if key is None and self._clock.monotonic() - self._tried_at >= AGAIN_SECONDS:
            key = _chosen((await self._known(AGAIN_SECONDS)).keys, kid, algorithm)
        if key is None:
            raise OpenIdRefused("The provider signed with a key that it does not publish.")
        return key

    async def _known(self, fresh: float) -> _Read:
        async with self._turn:
            now = self._clock.monotonic()
            read = self._read
            if read is not None and now - read.at < fresh:
                return read
            if read is not None and now - self._tried_at < AGAIN_SECONDS:
                return read
            self._tried_at = now
            try:
                self._read = await self._fetched(now)
            except ProviderUnavailable as fault:
                if read is None or now - read.at >= STALE_SECONDS:
                    raise
                log.warning("provider_unreachable", provider=self._provider.id, why=fault.detail)
                return read
            return self._read

    async def _fetched(self, now: float) -> _Read:
        issuer = self._provider.issuer
        told = await ask(self._provider, issuer.rstrip("/") + "/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise ProviderUnavailable(f"{self._provider.name} calls itself by another name.")
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        metadata = Metadata(
            authorization_endpoint=self._endpoint(told, "authorization_endpoint"),
            token_endpoint=self._endpoint(told, "token_endpoint"),
            jwks_uri=self._endpoint(told, "jwks_uri"),
            tells_issuer=told.get("authorization_response_iss_parameter_supported") is True,
            takes_basic=isinstance(methods, list) and "client_secret_basic" in methods,
            userinfo_endpoint=self._endpoint(told, "userinfo_endpoint", is_needed=False),
            revocation_endpoint=self._endpoint(told, "revocation_endpoint", is_needed=False),
        )
        keys = (await ask(self._provider, metadata.jwks_uri)).get("keys")
        if not isinstance(keys, list):
            raise ProviderUnavailable(f"{self._provider.name} publishes no keys.")
        imported = [key for raw in keys[:_MOST_KEYS] if (key := _imported(raw)) is not None]
        return _Read(metadata, imported, now)

    def _endpoint(self, told: dict[str, Any], name: str, *, is_needed: bool = True) -> str:
        url = told.get(name)
        if url is None and not is_needed:
            return ""
        if not isinstance(url, str) or not self._provider.may_ask(url):
            raise ProviderUnavailable(f"{self._provider.name} names no proper {name}.")
        return url


def _imported(raw: object) -> Key | None:
    """Return a public key for signatures; None for any other, which is no fault."""
    if not isinstance(raw, dict) or raw.get("use", "sig") != "sig":
        return None
    if raw.get("kty") not in {"RSA", "EC"}:
        return None
    key: RSAKey | ECKey
    try:
        key = RSAKey.import_key(raw) if raw["kty"] == "RSA" else ECKey.import_key(raw)
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    bits = key.public_key.key_size  # 256 for the curve
    if raw["kty"] == "RSA" and bits < _LEAST_RSA_BITS:
        return None
    return key


def _chosen(keys: Sequence[Key], kid: object, algorithm: str) -> Key | None:
    wanted = _TYPES[algorithm]
    fitting = [
        key for key in keys if key.key_type == wanted and key.get("alg") in {None, algorithm}
    ]
    if kid is None:
        return fitting[0] if len(fitting) == 1 else None
    return next((key for key in fitting if key.get("kid") == kid), None)
