"""Envelopes: content keys sealed under a data key, data keys wrapped by a key-encryption key.

A content key is sealed by AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; what it is for
(key id, recording, version of the format) is authenticated with it, so a sealed key that somebody
moves to another row does not open. A data key seals few keys, far below the 2^32 that random
nonces allow.
"""

import secrets
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from antiphon.kernel import RecordingId
from antiphon.rights.keys.model import KEY_BYTES, ContentKey, KeysUnreadable

DATA_KEY_BYTES: Final = 32
VERSION: Final = 1
_NONCE_BYTES: Final = 12
_BINDING_BYTES: Final = 16

Random = Callable[[int], bytes]


class Wrapped(msgspec.Struct, frozen=True, array_like=True):
    """A wrapped key and the name of the key-encryption key that wrapped it."""

    by: str
    blob: bytes


class KeyEncryption(Protocol):
    """A key-encryption key, wherever it is held.

    Raises ``KeysUnavailable`` where it cannot be asked now and ``KeysUnreadable`` where it says
    that it did not wrap this, or that it was altered. Any number of calls at once.
    """

    def opens(self, by: str) -> bool:
        """Say whether what was wrapped under that name may open here."""
        ...

    async def wrap(self, plain: bytes) -> Wrapped:
        """Wrap up to 64 bytes under the newest key."""
        ...

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return what was wrapped."""
        ...

    async def advance(self, generation: int) -> None:
        """Make the key of a new generation where keys are made here; twice is the same as once."""
        ...

    async def forget(self, used: frozenset[str], before: int) -> None:
        """Drop keys of generations under ``before`` that wrap nothing in ``used`` any more."""
        ...


class KeyRing:
    """A key-encryption key that wraps, and those before it, which still open. One itself."""

    def __init__(self, current: KeyEncryption, *before: KeyEncryption) -> None:
        self._current = current
        self._all = (current, *before)

    def opens(self, by: str) -> bool:
        """Say whether one of them may open it."""
        return any(one.opens(by) for one in self._all)

    async def wrap(self, plain: bytes) -> Wrapped:
        """Wrap under the current one."""
        return await self._current.wrap(plain)

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return what was wrapped, by the first that opens it."""
        fault: KeysUnreadable | None = None
        for one in self._all:
            if one.opens(wrapped.by):
                try:
                    return await one.unwrap(wrapped)
                except KeysUnreadable as refusal:
                    fault = refusal
        raise fault or not_configured(wrapped.by)

    async def advance(self, generation: int) -> None:
        """Advance the current one."""
        await self._current.advance(generation)

    async def forget(self, used: frozenset[str], before: int) -> None:
        """Let the current one forget."""
        await self._current.forget(used, before)


def not_configured(by: str) -> KeysUnreadable:
    """Return the error for a name that nothing here opens."""
    return KeysUnreadable(
        f"Keys are wrapped by {by!r}, which is not configured: restore its file, "
        "or name it in key_encryption_before."
    )


def bound(data_key: bytes, name: str) -> bytes:
    """Return what is wrapped for a data key: the key, and what it is the key of."""
    return data_key + _binding(name)


def unbound(plain: bytes, name: str) -> bytes:
    """Return the data key; ``KeysUnreadable`` where it was wrapped as another's."""
    data_key, binding = plain[:DATA_KEY_BYTES], plain[DATA_KEY_BYTES:]
    if len(data_key) != DATA_KEY_BYTES or not secrets.compare_digest(binding, _binding(name)):
        raise KeysUnreadable(f"The data key of {name} is another's, or damaged.")
    return data_key


def seal(data_key: bytes, of: RecordingId, content_key: ContentKey, random: Random) -> bytes:
    """Return nonce and ciphertext of a content key."""
    return encrypt(data_key, content_key.key + content_key.iv, _aad(content_key.kid, of), random)


def unseal(data_key: bytes, of: RecordingId, kid: bytes, sealed: bytes) -> ContentKey:
    """Return the content key; ``KeysUnreadable`` where anything of it was altered."""
    plain = decrypt(data_key, sealed, _aad(kid, of))
    if plain is None:
        raise KeysUnreadable(f"The content key {kid.hex()} does not open: its row was altered.")
    return ContentKey(kid, plain[:KEY_BYTES], plain[KEY_BYTES:])


def encrypt(key: bytes, plain: bytes, aad: bytes, random: Random) -> bytes:
    """Return nonce and AES-256-GCM ciphertext with its tag."""
    nonce = random(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, aad)


def decrypt(key: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    """Return what ``encrypt`` was given, or None where key, text or ``aad`` is another."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):
        return None


def _aad(kid: bytes, of: RecordingId) -> bytes:
    return kid + of.encode() + bytes([VERSION])


def _binding(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=_BINDING_BYTES, person=b"antiphon-dek").digest()
