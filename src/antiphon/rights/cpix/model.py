"""What a CPIX document says: content keys, what DRM systems want said of them, which tracks.

In a request, what is asked for is there and empty; None is what nobody asked for.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from antiphon.kernel import Corrupt, Invalid

CPIX_VERSION: Final = "2.3"
CBCS: Final = "cbcs"


class DrmSystem(StrEnum):
    """DRM systems by their DASH-IF system ids."""

    FAIRPLAY = "94ce86fb-07ff-4f43-adb8-93d2fa968ca2"
    WIDEVINE = "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"
    PLAYREADY = "9a04f079-9840-4286-ab92-e65be0885f95"


class CpixRefused(Corrupt):
    """A document is not CPIX, holds what none may hold, or contradicts itself."""

    code = "cpix_refused"


class SpekeFault(StrEnum):
    """What a key server finds wrong with a request; the first ten texts are the protocol's."""

    NO_CONTENT_ID = "Missing CPIX@contentId"
    NO_VERSION = "Missing CPIX@version"
    BAD_VERSION = "Unsupported CPIX@version"
    NO_SCHEME = "Missing ContentKey@commonEncryptionScheme for KID"
    MIXED_SCHEMES = "Non compliant ContentKey@commonEncryptionScheme combination"
    WRONG_SCHEME = "ContentKey@commonEncryptionScheme non compatible with DRMSystem"
    BAD_SPEKE_VERSION = "Unsupported SPEKE version"
    BAD_CONTRACT = "Malformed encryption contract"
    WRONG_CONTRACT = "Requested CPIX encryption contract not supported"
    NO_CONTRACT = "Missing CPIX encryption contract"
    DENIED = "The key server does not know these credentials"
    OTHER = "The key server refuses the request"


class SpekeRefused(Invalid):
    """The key server refuses the request: asking again is of no use before something is changed."""

    code = "speke_refused"

    def __init__(self, fault: SpekeFault, status: int) -> None:
        super().__init__(f"{fault.value} (SPEKE, HTTP {status}).")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class CpixKey:
    """A content key; ``key`` and ``iv`` are None in a request that leaves them to the server."""

    kid: bytes
    key: bytes | None = field(default=None, repr=False)
    iv: bytes | None = field(default=None, repr=False)
    scheme: str = CBCS


@dataclass(frozen=True, slots=True)
class CpixSystem:
    """What one DRM system wants said of one key; lines and XML as text, boxes as bytes."""

    system_id: str
    kid: bytes
    pssh: bytes | None = None
    content_protection: str | None = None
    hls_media: str | None = None
    hls_master: str | None = None


@dataclass(frozen=True, slots=True)
class AudioFilter:
    """Which audio tracks a key is for; None: no bound on their channels."""

    min_channels: int | None = None
    max_channels: int | None = None


@dataclass(frozen=True, slots=True)
class UsageRule:
    """Which tracks a key is for; a rule for video has no ``audio``."""

    kid: bytes
    track_type: str
    audio: tuple[AudioFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class CpixDocument:
    """A document; empty ``content_id`` and ``version`` are what it does not say."""

    content_id: str
    keys: tuple[CpixKey, ...]
    systems: tuple[CpixSystem, ...] = ()
    rules: tuple[UsageRule, ...] = ()
    version: str = CPIX_VERSION
