"""What is a user name, what is a password, when may a token be used: pure decisions."""

import unicodedata
from enum import Enum

from antiphon.identity.errors import BadPassword, BadUsername
from antiphon.identity.model import Device

ACCESS_SECONDS = 600
REFRESH_MS = 60 * 86_400_000  # 60 days without use end a sign-in
GRACE_MS = 30_000
_MAX_USERNAME = 64
_MAX_TYPED = 1024
_MIN_PASSWORD = 8
_MAX_PASSWORD = 256
_MAX_LABEL = 100


def username_key(raw: str) -> str:
    """Return the form under which a user name is unique: NFKC, case-folded, trimmed."""
    whole = raw[:_MAX_TYPED].encode("utf-8", "replace").decode()  # no lone surrogates
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", whole).casefold())
    return folded.strip()[: _MAX_USERNAME + 1]


def checked_username(raw: str) -> str:
    """Return the user name to store; ``BadUsername`` says what is wrong with it."""
    name = username_key(raw)
    if not 1 <= len(name) <= _MAX_USERNAME:
        raise BadUsername(f"A user name has 1 to {_MAX_USERNAME} characters.", pointer="/username")
    if any(unicodedata.category(c)[0] == "C" or c in " %/\\\"'<>" for c in name):
        detail = (
            "A user name has no spaces, quotes, slashes, signs of markup or control characters."
        )
        raise BadUsername(detail, pointer="/username")
    return name


def checked_password(raw: str) -> str:
    """Return the password in NFC; ``BadPassword`` where its length is out of bounds."""
    password = unicodedata.normalize("NFC", raw)
    if not _MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
        detail = f"A password has {_MIN_PASSWORD} to {_MAX_PASSWORD} characters."
        raise BadPassword(detail, pointer="/password")
    return password


def label(raw: str, *, fallback: str) -> str:
    """Return a display name or device name without control characters, cut to 100 characters."""
    kept = "".join(c for c in unicodedata.normalize("NFC", raw) if unicodedata.category(c) != "Cc")
    return kept.strip()[:_MAX_LABEL] or fallback


class Refresh(Enum):
    """What to do with a refresh token."""

    ROTATE = "rotate"
    REPEAT = "repeat"
    REVOKE = "revoke"
    REFUSE = "refuse"


def decide_refresh(device: Device, token_hash: str, *, now: int) -> Refresh:
    """Decide about a refresh token presented at ``now`` (Unix ms) for ``device``.

    The current token rotates. Its predecessor gets the same child again within the grace; after
    that it must have been copied, so the whole family is revoked (RFC 9700, 4.14.2). Anything
    else was never a token of this family.
    """
    if now - max(device.last_seen_at, device.rotated_at) > REFRESH_MS:
        return Refresh.REFUSE
    if token_hash == device.current_hash:
        return Refresh.ROTATE
    if token_hash == device.previous_hash:
        return Refresh.REPEAT if now - device.rotated_at <= GRACE_MS else Refresh.REVOKE
    return Refresh.REFUSE
