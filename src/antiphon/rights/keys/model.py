"""What content keys are, and what tells players of commercial DRM systems about them."""

from dataclasses import dataclass
from typing import Final, Literal

from antiphon.kernel import Corrupt, Unavailable

KEY_BYTES: Final = 16  # AES-128, as ISO/IEC 23001-7 (Common Encryption) has it

Protect = Literal["labels", "everything", "nothing"]


class KeysUnavailable(Unavailable):
    """The key-encryption key, or the server that gives keys, cannot be asked now."""

    code = "keys_unavailable"


class KeysUnreadable(Corrupt):
    """A stored key does not open: another key-encryption key is configured, or it was altered."""

    code = "keys_unreadable"


@dataclass(frozen=True, slots=True, repr=False)
class ContentKey:
    """The key of one rung of one recording, 16 bytes each: id, AES-128 key, constant IV (cbcs)."""

    kid: bytes
    key: bytes
    iv: bytes

    def __post_init__(self) -> None:
        if not all(len(part) == KEY_BYTES for part in (self.kid, self.key, self.iv)):
            raise ValueError("a content key has 16 bytes each of id, key and vector")

    def __repr__(self) -> str:
        """Name the key without showing it."""
        return f"ContentKey(kid={self.kid.hex()})"


@dataclass(frozen=True, slots=True)
class DrmSignalling:
    """What one DRM system wants said of a key: a ``pssh`` box, lines for playlists, XML for DASH.

    ``system_id`` is a UUID in lower case (94ce86fb-07ff-4f43-adb8-93d2fa968ca2 is FairPlay). The
    lines are whole playlist lines (``#EXT-X-KEY:...`` and ``#EXT-X-SESSION-KEY:...``). Nothing of
    it is secret.
    """

    system_id: str
    pssh: bytes = b""
    hls_media: str = ""
    hls_master: str = ""
    content_protection: str = ""


@dataclass(frozen=True, slots=True)
class ProtectedKey:
    """A content key with the signalling that came with it."""

    key: ContentKey
    signalling: tuple[DrmSignalling, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """What is stored: data keys by what wraps them, and how far a rotation is.

    ``unopened`` are the key-encryption keys that some data key needs and nothing here can ask.
    """

    generation: int
    is_rotating: bool
    recordings: int
    content_keys: int
    data_keys: dict[str, int]
    unopened: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did; ``rewrapped`` counts data keys, in this run."""

    generation: int
    rewrapped: int
    resumed: bool
