"""Keys that sign access tokens: ES256 pairs of this installation, changed every 90 days.

They live in one row, so that a change is one check-and-mutate however many processes try. The
private half is wrapped by AES-256-GCM under a key derived from the installation's secret: a copy
of the tables alone signs nothing. A new key is published for twice the life of a token before it
signs, and an old one stays as long after its last signature: no process, and no reader of the
published keys, meets a token before its key.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey

from antiphon.identity.rules import ACCESS_SECONDS
from antiphon.kernel import Clock, Corrupt
from antiphon.storage import Condition, SetCell, Tables

log = structlog.get_logger()

OVERLAP_MS: Final = 2 * ACCESS_SECONDS * 1000
SIGNS_FOR_MS: Final = 90 * 86_400_000
_RELOAD_SECONDS: Final = 60.0  # well within the overlap
_TABLE: Final = "signing_keys"
_ROW: Final = b"access"
_FAMILY: Final = "i"
_NONCE_BYTES: Final = 12


class StoredKey(msgspec.Struct, frozen=True):
    """One key pair as it lies in the row; ``signs_from`` is Unix ms."""

    kid: str
    public: dict[str, str]
    nonce: bytes
    wrapped: bytes
    signs_from: int


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now."""

    kid: str
    key: ECKey


_encode = msgspec.msgpack.Encoder().encode
_keys = msgspec.msgpack.Decoder(tuple[StoredKey, ...]).decode


def signing_at(keys: Sequence[StoredKey], now: int) -> StoredKey:
    """Return the newest key whose time has come; the oldest where the clock was set back."""
    begun = [key for key in keys if key.signs_from <= now]
    return max(begun, key=_begin) if begun else min(keys, key=_begin)


def kept_at(keys: Sequence[StoredKey], now: int) -> list[StoredKey]:
    """Return the keys that may still have signed a living token, and those that will sign."""
    current = signing_at(keys, now)
    replaced = current.signs_from + OVERLAP_MS <= now
    return [k for k in keys if k.signs_from >= current.signs_from or not replaced]


def is_due(keys: Sequence[StoredKey], now: int) -> bool:
    """Say whether the newest key has signed for its 90 days, less the time of announcement."""
    return max(key.signs_from for key in keys) + SIGNS_FOR_MS - OVERLAP_MS <= now


def _begin(key: StoredKey) -> int:
    return key.signs_from


class SigningKeys:
    """The keys as this process knows them: loaded at need, and again every minute."""

    def __init__(self, tables: Tables, clock: Clock, secret: bytes) -> None:
        wrapping = hashlib.blake2b(b"", digest_size=32, key=secret, person=b"signing-keys")
        self._seal = AESGCM(wrapping.digest())
        self._tables = tables
        self._clock = clock
        self._stored: tuple[StoredKey, ...] = ()
        self._public: dict[str, ECKey] = {}
        self._signing: SigningKey | None = None
        self._loaded_at = float("-inf")

    def public(self, kid: object) -> ECKey | None:
        """Return the public key of this id among those that are good now, or None."""
        return self._public.get(kid) if isinstance(kid, str) else None

    async def signing(self) -> SigningKey:
        """Return the key to sign with now; the first call ever makes it."""
        await self.keep_current()
        stored = signing_at(self._stored, self._clock.now())
        if self._signing is None or self._signing.kid != stored.kid:
            self._signing = SigningKey(stored.kid, self._unwrapped(stored))
        return self._signing

    async def published(self) -> Mapping[str, list[dict[str, str]]]:
        """Return the public keys as a JWK set (RFC 7517)."""
        await self.keep_current()
        return {"keys": [key.public for key in self._stored]}

    async def keep_current(self) -> None:
        """Read the keys again where they were read a minute ago; change them where it is due."""
        if self._clock.monotonic() - self._loaded_at >= _RELOAD_SECONDS:
            await self._load(rotate=False)

    async def rotate(self) -> str:
        """Announce a new key whatever the age of the old one; return its id."""
        return await self._load(rotate=True)

    async def _load(self, *, rotate: bool) -> str:
        made = ""
        while True:
            row = await self._tables.read(_TABLE, _ROW)
            raw = None if row is None else row.value(_FAMILY, "")
            now = self._clock.now()
            before = () if raw is None else _keys(raw)
            after = kept_at(before, now) if before else []
            if not before or is_due(before, now) or rotate:
                fresh = self._made(now + OVERLAP_MS if before else now)
                after.append(fresh)
                made = fresh.kid
            if tuple(after) == before or await self._swapped(raw, after):
                break
        if made:
            log.info("signing_key_announced", kid=made)
        self._stored = tuple(after)
        known = self._public
        self._public = {k.kid: known.get(k.kid) or _imported(k.public) for k in after}
        self._loaded_at = self._clock.monotonic()
        return made

    async def _swapped(self, raw: bytes | None, after: Sequence[StoredKey]) -> bool:
        return await self._tables.check_and_mutate(
            _TABLE,
            _ROW,
            Condition(_FAMILY, "", raw),
            then=[SetCell(_FAMILY, "", _encode(tuple(after)))],
        )

    def _made(self, signs_from: int) -> StoredKey:
        key = ECKey.generate_key("P-256", private=True)
        kid = key.thumbprint()
        public = {k: str(v) for k, v in key.as_dict(private=False).items() if k in _PUBLIC_FIELDS}
        nonce = secrets.token_bytes(_NONCE_BYTES)
        wrapped = self._seal.encrypt(nonce, key.as_der(private=True), kid.encode())
        described = {**public, "kid": kid, "use": "sig", "alg": "ES256"}
        return StoredKey(kid, described, nonce, wrapped, signs_from)

    def _unwrapped(self, stored: StoredKey) -> ECKey:
        try:
            raw = self._seal.decrypt(stored.nonce, stored.wrapped, stored.kid.encode())
        except InvalidTag as fault:
            detail = "The signing keys belong to another secret: restore the data folder whole."
            raise Corrupt(detail) from fault
        return ECKey.import_key(raw)


_PUBLIC_FIELDS: Final = {"kty", "crv", "x", "y"}


def _imported(public: Mapping[str, Any]) -> ECKey:
    return ECKey.import_key({name: public[name] for name in _PUBLIC_FIELDS})
