"""Common Encryption, scheme ``cbcs``, as audio has it: ISO/IEC 23001-7, 9.4 and 10.4.

Every whole block of 16 bytes of every sample is AES-128-CBC from the same vector anew; what is left
of a sample (under 16 bytes) stays in the clear. So a sample can be opened without its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from antiphon.audio.boxes import write_box, write_full_box
from antiphon.audio.model import AccessUnit

SYSTEM_ID: Final = UUID("1077efec-c0b2-4d02-ace3-3c1e52e2fb4b")
"""The W3C's common system: players of Clear Key find the key id by it (W3C cenc-initdata)."""

_SCHEME: Final = b"cbcs\0\1\0\0"  # version 1.0
_NO_PATTERN: Final = 0  # audio: every block, none skipped
_IS_PROTECTED: Final = 1
_BLOCK: Final = 16
_ENTRY_HEAD: Final = 36  # a box header and the fields of an AudioSampleEntry


class ContentKey(Protocol):
    """The key of one rung of one recording: 16 bytes each of key id, AES key and vector."""

    @property
    def kid(self) -> bytes:
        """Return the key id, which is no secret."""
        ...

    @property
    def key(self) -> bytes:
        """Return the key."""
        ...

    @property
    def iv(self) -> bytes:
        """Return the constant initialisation vector."""
        ...


@dataclass(frozen=True, slots=True)
class Protection:
    """How a track is protected; ``pssh`` are whole boxes that other DRM systems want in it."""

    key: ContentKey
    pssh: tuple[bytes, ...] = ()


class SampleCipher:
    """Encrypts and decrypts the samples of one track."""

    def __init__(self, key: ContentKey) -> None:
        self._cipher = Cipher(AES(key.key), CBC(key.iv))

    def sealed(self, units: Sequence[AccessUnit]) -> list[AccessUnit]:
        """Return access units encrypted; sizes and durations stay."""
        opened = self._cipher.encryptor
        return [(_applied(opened(), data), duration) for data, duration in units]

    def opened(self, units: Sequence[AccessUnit]) -> list[AccessUnit]:
        """Return access units decrypted."""
        opened = self._cipher.decryptor
        return [(_applied(opened(), data), duration) for data, duration in units]


class _Context(Protocol):
    def update(self, data: bytes, /) -> bytes: ...


def _applied(context: _Context, data: bytes) -> bytes:
    whole = len(data) & -_BLOCK
    if whole == len(data):
        return context.update(data)
    return context.update(data[:whole]) + data[whole:]


def protected_entry(entry: bytes, key: ContentKey) -> bytes:
    """Return a sample entry renamed to ``enca``, with what it was and by which key it is opened.

    That comes before the codec's own box: FFmpeg takes an ALAC cookie for nothing until it knows.
    """
    tenc = bytes([0, _NO_PATTERN, _IS_PROTECTED, 0]) + key.kid + bytes([_BLOCK]) + key.iv
    sinf = write_box(
        b"sinf",
        write_box(b"frma", entry[4:8]),
        write_full_box(b"schm", 0, 0, _SCHEME),
        write_box(b"schi", write_full_box(b"tenc", 1, 0, tenc)),
    )
    return write_box(b"enca", entry[8:_ENTRY_HEAD], sinf, entry[_ENTRY_HEAD:])


def pssh_box(kid: bytes) -> bytes:
    """Return the ``pssh`` that names a key id to players of Clear Key."""
    count, nothing = (1).to_bytes(4, "big"), bytes(4)
    return write_full_box(b"pssh", 1, 0, SYSTEM_ID.bytes, count, kid, nothing)


def empty_senc(samples: int) -> bytes:
    """Return a ``senc`` for samples that need no word of their own: the vector is constant.

    Some receivers insist on the box (Apple's HLS authoring specification, 1.41).
    """
    return write_full_box(b"senc", 0, 0, samples.to_bytes(4, "big"))
