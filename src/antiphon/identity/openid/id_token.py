"""Whether an ID token proves who signed in (OpenID Connect Core 1.0, 3.1.3.7)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from antiphon.identity.openid.errors import OpenIdRefused

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
_LEEWAY: Final = 30
_OLDEST: Final = 3600
_MOST_BYTES: Final = 16 * 1024
_MOST_SUBJECT: Final = 255


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token has to say. ``now`` is Unix seconds."""

    issuer: str
    client_id: str
    nonce: str
    now: int
    access_token: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for; only ``subject`` is ever gone by."""

    subject: str
    name: str = ""
    username: str = ""
    mail: str = ""
    mail_is_verified: bool = False

    @property
    def is_described(self) -> bool:
        """Whether anything is known that somebody would be called by."""
        return bool(self.name or self.username or self.mail)


def header_of(token: str) -> tuple[str, object]:
    """Return algorithm and key id of a token that is none of ours yet; ``OpenIdRefused``."""
    if len(token) > _MOST_BYTES or token.count(".") != 2:
        raise OpenIdRefused("The provider's ID token has not the form of one.")
    first = token.split(".", 1)[0]
    try:
        raw = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))
        header = msgspec.json.decode(raw, type=dict[str, Any])
    except (ValueError, msgspec.DecodeError, RecursionError) as fault:
        raise OpenIdRefused("The provider's ID token has not the form of one.") from fault
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise OpenIdRefused("The provider's ID token is signed in no way that is accepted.")
    return str(algorithm), header.get("kid")


def person_of(token: str, key: Key, algorithm: str, expected: Expected) -> Person:
    """Return whom a token vouches for; ``OpenIdRefused`` for any fault at all."""
    try:
        claims = jwt.decode(token, key, algorithms=[algorithm]).claims
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as fault:
        raise OpenIdRefused("The provider's ID token is not signed by the provider.") from fault
    _check_parties(claims, expected)
    _check_times(claims, expected.now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(), expected.nonce.encode()
    ):
        raise OpenIdRefused("The provider's ID token belongs to another sign-in.")
    _check_access_token(claims, expected.access_token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT:
        raise OpenIdRefused("The provider's ID token names nobody.")
    return _told(subject, claims)


def described(person: Person, told: Mapping[str, Any]) -> Person:
    """Return the person as UserInfo describes them; ``OpenIdRefused`` where it is of another."""
    if told.get("sub") != person.subject:
        raise OpenIdRefused("The provider told of somebody else than signed in.")
    return _told(person.subject, told)


def _told(subject: str, claims: Mapping[str, Any]) -> Person:
    return Person(
        subject,
        _text(claims, "name"),
        _text(claims, "preferred_username"),
        _text(claims, "email"),
        claims.get("email_verified") in {True, "true"},
    )


def _check_parties(claims: dict[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise OpenIdRefused("The ID token was issued by somebody else.")
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in listed:
        raise OpenIdRefused("The ID token is for another service.")
    authorized = claims.get("azp")
    if authorized is None and len(listed) > 1:
        raise OpenIdRefused("The ID token is for several services and names none as the asker.")
    if authorized is not None and authorized != expected.client_id:
        raise OpenIdRefused("The ID token was asked for by another service.")


def _check_times(claims: dict[str, Any], now: int) -> None:
    expires, issued = _time(claims.get("exp")), _time(claims.get("iat"))
    begins = _time(claims.get("nbf", issued))
    if now >= expires + _LEEWAY:
        raise OpenIdRefused("The ID token has expired.")
    if max(issued, begins) > now + _LEEWAY:
        raise OpenIdRefused("The ID token is from the future: check the clocks.")
    if issued < now - _OLDEST:
        raise OpenIdRefused("The ID token is too old.")


def _check_access_token(claims: dict[str, Any], access_token: str | None) -> None:
    told = claims.get("at_hash")
    if told is None or access_token is None:
        return
    half = hashlib.sha256(access_token.encode()).digest()[:16]  # all algorithms here end in 256
    wanted = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), wanted.encode()):
        raise OpenIdRefused("The ID token belongs to another access token.")


def _time(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12:
        return value
    raise OpenIdRefused("The ID token has no proper times.")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value[:256] if isinstance(value, str) else ""
