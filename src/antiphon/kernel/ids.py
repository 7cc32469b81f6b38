"""Identifiers: typed strings, either derived from content or random.

A derived id is the same on every machine and every import; a random one names what nobody
can derive (accounts, playlists, grants). Both are lower-case base32 without padding, so they
are safe in URLs, object keys and file names, and their alphabet is ``[a-z2-7]``.
"""

import base64
import hashlib
import re
import secrets
from typing import NewType

SongId = NewType("SongId", str)
RecordingId = NewType("RecordingId", str)
AlbumId = NewType("AlbumId", str)
ArtistId = NewType("ArtistId", str)
GenreId = NewType("GenreId", str)
ArtworkId = NewType("ArtworkId", str)
AccountId = NewType("AccountId", str)
ListenerId = NewType("ListenerId", str)
HouseholdId = NewType("HouseholdId", str)
DeviceId = NewType("DeviceId", str)
PlaylistId = NewType("PlaylistId", str)
GrantId = NewType("GrantId", str)

_DERIVED_BYTES = 10  # 80 bits: a collision among 10^9 items has probability about 4e-7
_RANDOM_BYTES = 15  # 120 bits: cannot be guessed
_WELL_FORMED = re.compile(r"[a-z2-7]{16,24}\Z")


def derived_id(kind: str, *parts: str) -> str:
    """Return the 16-character id that follows from ``parts``; equal parts, equal id."""
    digest = hashlib.blake2b(digest_size=_DERIVED_BYTES, person=kind.encode()[:16])
    for part in parts:
        raw = part.encode("utf-8", "surrogateescape")
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return _text(digest.digest())


def random_id() -> str:
    """Return a fresh 24-character id that cannot be guessed."""
    return _text(secrets.token_bytes(_RANDOM_BYTES))


def is_well_formed(value: str) -> bool:
    """Say whether ``value`` could be an id; everything else is refused at the edge."""
    return _WELL_FORMED.match(value) is not None


def _text(raw: bytes) -> str:
    """Return RFC 4648 base32, lower case and unpadded; two letters at a time where that fits."""
    bits = 8 * len(raw)
    if bits % 10:
        return base64.b32encode(raw).decode().rstrip("=").lower()
    value = int.from_bytes(raw, "big")
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(bits - 10, -1, -10)])


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]
