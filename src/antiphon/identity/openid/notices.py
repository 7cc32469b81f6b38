"""What Apple tells a server of people who sign in by way of it: whether a notice is Apple's.

A JWT is posted whose claim ``events`` is JSON in a string, after Apple's public documentation
("Processing changes for Sign in with Apple accounts"); it was not tried with Apple's servers.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from antiphon.identity.openid.errors import OpenIdRefused
from antiphon.identity.openid.provider import Provider
from antiphon.kernel import UnixMs

NOTICE_SECONDS: Final = (
    86_400  # how old a notice may be: it may be sent again for want of an answer
)
_LEEWAY: Final = 30
_LONGEST: Final = 255


class NoticeKind(Enum):
    """What has happened at the provider; both spellings of a removed account are documented."""

    CONSENT_REVOKED = ("consent-revoked",)
    ACCOUNT_DELETED = ("account-delete", "account-deleted")
    MAIL_ENABLED = ("email-enabled",)
    MAIL_DISABLED = ("email-disabled",)
    UNKNOWN = ()

    @property
    def ends_sign_ins(self) -> bool:
        """Whether who is signed in by way of it has to be signed out."""
        return self in {NoticeKind.CONSENT_REVOKED, NoticeKind.ACCOUNT_DELETED}


@dataclass(frozen=True, slots=True)
class Notice:
    """One event of one person. ``mark`` names the notice for good, ``until`` is when it was made.

    Nothing that began after ``until`` is touched, so a notice that comes again does no harm.
    """

    kind: NoticeKind
    subject: str
    mark: str
    until: UnixMs


class _Event(msgspec.Struct, frozen=True):
    type: str
    sub: str


_event = msgspec.json.Decoder(_Event).decode


def notice_of(token: str, key: Key, algorithm: str, provider: Provider, *, now: int) -> Notice:
    """Return what a notice tells; ``OpenIdRefused`` for any fault. ``now`` is Unix seconds."""
    try:
        claims = jwt.decode(token, key, algorithms=[algorithm]).claims
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as fault:
        raise OpenIdRefused("The notice is not signed by the provider.") from fault
    if claims.get("iss") != provider.issuer:
        raise OpenIdRefused("The notice was issued by somebody else.")
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if not {provider.client_id, *provider.notice_audiences} & {a for a in listed if _is_text(a)}:
        raise OpenIdRefused("The notice is for another service.")
    issued = _issued(claims, now)
    name = claims.get("jti")
    if not _is_text(name):
        raise OpenIdRefused("The notice has no name.")
    event = _told(claims.get("events"))
    kind = next((kind for kind in NoticeKind if event.type in kind.value), NoticeKind.UNKNOWN)
    named = msgspec.json.encode([provider.issuer, name])
    mark = hashlib.blake2b(named, digest_size=20, person=b"openid-notice").hexdigest()
    return Notice(kind, event.sub, mark, UnixMs(issued * 1000 + 999))


def _issued(claims: dict[str, Any], now: int) -> int:
    issued, expires = _time(claims.get("iat")), _time(claims.get("exp", now + 1))
    if issued > now + _LEEWAY:
        raise OpenIdRefused("The notice is from the future: check the clocks.")
    if issued < now - NOTICE_SECONDS or expires <= now - _LEEWAY:
        raise OpenIdRefused("The notice is too old.")
    return min(issued, now)


def _time(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise OpenIdRefused("The notice has no proper times.")


def _told(events: object) -> _Event:
    try:
        if isinstance(events, str):
            event = _event(events.encode("utf-8", "replace"))
        else:
            event = msgspec.convert(events, _Event)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as fault:
        raise OpenIdRefused("The notice tells of nothing that is known here.") from fault
    if not _is_text(event.sub):
        raise OpenIdRefused("The notice is about nobody.")
    return event


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST
