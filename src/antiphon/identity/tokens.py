"""Tokens: short access tokens that any process can verify, refresh tokens that only rows know."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from antiphon.identity.errors import NotSignedIn
from antiphon.identity.model import Account, Device, Principal, Role
from antiphon.identity.rules import ACCESS_SECONDS
from antiphon.identity.signing_keys import SigningKey, SigningKeys
from antiphon.kernel import (
    AccountId,
    Clock,
    DeviceId,
    HouseholdId,
    ListenerId,
    is_well_formed,
)

_ISSUER = "antiphon"
_AUDIENCE = "antiphon/api"
_ALGORITHM = "ES256"
_LEEWAY_SECONDS = 5
_MAX_TOKEN = 2048
_CACHED = 20_000
_REFRESH_BYTES = 32


class AccessTokens:
    """Issues and verifies access tokens (JWT, RFC 7519), algorithm pinned, key by its id.

    Verified tokens are remembered until they expire, so that a token costs a signature check
    once per process; what can change meanwhile (a revoked device) is checked each time.
    """

    def __init__(self, keys: SigningKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()

    def issue(self, account: Account, device_id: DeviceId, signing: SigningKey) -> str:
        """Return a token good for ten minutes."""
        now = self._clock.now() // 1000
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": account.id,
            "lis": account.listener_id,
            "hou": account.household_id,
            "dev": device_id,
            "rol": account.role.value,
            **_exceptions(account),
            "iat": now,
            "nbf": now,
            "exp": now + ACCESS_SECONDS,
        }
        header = {"alg": _ALGORITHM, "kid": signing.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, signing.key, algorithms=[_ALGORITHM])

    def verify(self, token: bytes) -> Principal:
        """Return who the token speaks for; ``NotSignedIn`` for any fault at all."""
        now = self._clock.now() / 1000
        known = self._known.get(token)
        if known is not None and known[1] > now:
            return known[0]
        principal, expires = self._checked(token, now)
        self._known[token] = (principal, expires)
        if len(self._known) > _CACHED:
            self._known.popitem(last=False)
        return principal

    def _checked(self, token: bytes, now: float) -> tuple[Principal, float]:
        if len(token) > _MAX_TOKEN:
            raise NotSignedIn("The access token is too long.")
        try:
            decoded = jwt.decode(token, self._key_for, algorithms=[_ALGORITHM])
            if decoded.header.get("typ") != "at+jwt":
                raise NotSignedIn("The access token was not issued here.")
            return _principal(decoded.claims, now)
        except (JoseError, ValueError, KeyError, TypeError) as fault:
            raise NotSignedIn("The access token is not valid: sign in again.") from fault

    def _key_for(self, token: Any) -> ECKey:
        """Return the installation's key that the header names; what else it says is no matter."""
        key = self._keys.public(token.headers().get("kid"))
        if key is None:
            raise NotSignedIn("The access token was not issued here.")
        return key


def _exceptions(account: Account) -> dict[str, object]:
    """Return the claims that most accounts do without: absent they mean yes, and epoch 0."""
    claims: dict[str, object] = {}
    if not account.allows_explicit:
        claims["xpl"] = False
    if account.epoch:
        claims["epo"] = account.epoch
    return claims


def _principal(claims: dict[str, object], now: float) -> tuple[Principal, float]:
    if claims["iss"] != _ISSUER or claims["aud"] != _AUDIENCE:
        raise NotSignedIn("The access token is for another service.")
    expires, begins = claims["exp"], claims["nbf"]
    if not isinstance(expires, int) or not isinstance(begins, int):
        raise NotSignedIn("The access token has no proper times.")
    if not begins - _LEEWAY_SECONDS <= now < expires:
        raise NotSignedIn("The access token has expired.")
    ids = [str(claims[name]) for name in ("sub", "lis", "hou", "dev")]
    if not all(map(is_well_formed, ids)):
        raise NotSignedIn("The access token is not valid.")
    epoch = claims.get("epo", 0)
    if not isinstance(epoch, int):
        raise NotSignedIn("The access token is not valid.")
    principal = Principal(
        AccountId(ids[0]),
        ListenerId(ids[1]),
        HouseholdId(ids[2]),
        DeviceId(ids[3]),
        Role(str(claims["rol"])),
        claims.get("xpl", True) is True,
        epoch,
    )
    return principal, float(expires)


def new_refresh_secret() -> str:
    """Return the secret part of the first refresh token of a family."""
    return secrets.token_urlsafe(_REFRESH_BYTES)


def next_refresh_secret(key: bytes, device_id: DeviceId, parent: str) -> str:
    """Return the child of a refresh secret: always the same, so a lost answer can be repeated."""
    message = f"{device_id}:{parent}".encode()
    return hmac.digest(key, message, "sha256").hex()


def hash_refresh_secret(secret: str) -> str:
    """Return what is stored of a refresh secret; its 256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def refresh_token(device: Device, secret: str) -> str:
    """Return the token as the client keeps it."""
    return f"{device.account_id}.{device.id}.{secret}"


def split_refresh_token(token: str) -> tuple[AccountId, DeviceId, str] | None:
    """Return account, device and secret of a token, or None where it has another form."""
    parts = token.split(".")
    if len(token) > _MAX_TOKEN or len(parts) != 3 or not all(map(is_well_formed, parts[:2])):
        return None
    return AccountId(parts[0]), DeviceId(parts[1]), parts[2]
