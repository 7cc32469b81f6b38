"""What the audio room makes: loudness, renditions and the package of a recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from antiphon.kernel import (
    BitsPerSecond,
    Lufs,
    RecordingId,
    SampleCount,
    SampleRateHz,
    TruePeakDb,
    UnixMs,
)

AccessUnit = tuple[bytes, int]
"""Coded bytes of one packet, and its duration in samples."""


class Coding(StrEnum):
    """How a rung is coded, by the name of FFmpeg's encoder."""

    AAC = "aac"
    FLAC = "flac"
    ALAC = "alac"
    OPUS = "libopus"


class SpatialKind(StrEnum):
    """What an immersive master is rendered to."""

    AMBISONICS = "ambisonics"
    BINAURAL = "binaural"
    FIVE_ONE = "5.1"
    SEVEN_ONE = "7.1"
    SEVEN_ONE_FOUR = "7.1.4"


class Rung(StrEnum):
    """One step of the ladder, or one rendering of an immersive master.

    The value is the path segment of its objects and URLs.
    """

    AAC_64 = "aac-64"
    AAC_128 = "aac-128"
    AAC_256 = "aac-256"
    FLAC = "flac"
    ALAC = "alac"
    AMBISONICS_OPUS = "ambisonics-opus"
    BINAURAL_AAC = "binaural-aac"
    BINAURAL_FLAC = "binaural-flac"
    FIVE_ONE_AAC = "5-1-aac"
    FIVE_ONE_FLAC = "5-1-flac"
    SEVEN_ONE_AAC = "7-1-aac"
    SEVEN_ONE_FLAC = "7-1-flac"
    SEVEN_ONE_FOUR_OPUS = "7-1-4-opus"

    @property
    def coding(self) -> Coding:
        """Return how it is coded."""
        return _CODINGS.get(self, Coding.AAC)

    @property
    def is_lossless(self) -> bool:
        """Whether decoding gives the samples back that were encoded."""
        return self.coding in {Coding.FLAC, Coding.ALAC}

    @property
    def spatial_kind(self) -> SpatialKind | None:
        """Return what it is a rendering to; None for the rungs of stereo."""
        return _KINDS.get(self)


_CODINGS = {
    Rung.FLAC: Coding.FLAC,
    Rung.ALAC: Coding.ALAC,
    Rung.AMBISONICS_OPUS: Coding.OPUS,
    Rung.BINAURAL_FLAC: Coding.FLAC,
    Rung.FIVE_ONE_FLAC: Coding.FLAC,
    Rung.SEVEN_ONE_FLAC: Coding.FLAC,
    Rung.SEVEN_ONE_FOUR_OPUS: Coding.OPUS,
}
_KINDS = {
    Rung.AMBISONICS_OPUS: SpatialKind.AMBISONICS,
    Rung.BINAURAL_AAC: SpatialKind.BINAURAL,
    Rung.BINAURAL_FLAC: SpatialKind.BINAURAL,
    Rung.FIVE_ONE_AAC: SpatialKind.FIVE_ONE,
    Rung.FIVE_ONE_FLAC: SpatialKind.FIVE_ONE,
    Rung.SEVEN_ONE_AAC: SpatialKind.SEVEN_ONE,
    Rung.SEVEN_ONE_FLAC: SpatialKind.SEVEN_ONE,
    Rung.SEVEN_ONE_FOUR_OPUS: SpatialKind.SEVEN_ONE_FOUR,
}
STEREO_RUNGS = tuple(rung for rung in Rung if rung.spatial_kind is None)
SPATIAL_RUNGS = tuple(rung for rung in Rung if rung.spatial_kind is not None)
CORE_SPATIAL_RUNGS = (Rung.AMBISONICS_OPUS, Rung.BINAURAL_AAC, Rung.FIVE_ONE_AAC)
"""What every immersive master is rendered to; the others are made when somebody asks for them."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """EBU R128 integrated loudness and true peak (BS.1770-4); album values once all are known."""

    integrated: Lufs
    true_peak: TruePeakDb
    album_integrated: Lufs | None = None
    album_true_peak: TruePeakDb | None = None


class Segment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One media segment: how many samples it presents and how many bytes it has.

    A Struct, not a dataclass: a package holds hundreds, and reading one makes them all.
    """

    samples: SampleCount
    size: int


@dataclass(frozen=True, slots=True)
class Rendition:
    """One rung of one recording, packaged as CMAF.

    Objects: ``{prefix}/init.mp4`` and ``{prefix}/{n}.m4s`` with n from 0. Media time runs at
    ``sample_rate`` ticks a second; presentation begins ``priming`` samples into the media (hidden
    by the edit list), so segment k's media time starts at the sum of the samples before it plus
    ``priming`` for k > 0, and at 0 for k = 0. ``samples`` is the sum over the segments.
    ``cue_shift`` (samples, signed, at ``sample_rate``): how much later than in the lossless
    rendition this one's sample 0 lies in the music; non-zero only inside album-continuous runs.
    ``codec`` is the RFC 6381 name: ``mp4a.40.2``, ``fLaC``, ``alac`` or ``Opus``. ``kid`` is the id
    of the key that its samples are encrypted with (cbcs), 32 hex digits; empty: they are in the
    clear. ``gain_db``: what brings a spatial one to the loudness of the song's stereo.
    """

    rung: Rung
    codec: str
    prefix: str
    sample_rate: SampleRateHz
    channels: int
    bit_depth: int
    priming: SampleCount
    cue_shift: int
    samples: SampleCount
    init_size: int
    segments: tuple[Segment, ...]
    average_bandwidth: BitsPerSecond
    peak_bandwidth: BitsPerSecond
    kid: str = ""
    gain_db: float = 0.0

    @property
    def init_key(self) -> str:
        """Return the object key of the init section."""
        return f"{self.prefix}/init.mp4"

    def segment_key(self, number: int) -> str:
        """Return the object key of one media segment, counted from 0."""
        return f"{self.prefix}/{number}.m4s"

    @property
    def keys(self) -> list[str]:
        """Return the keys of all its objects, the init section last."""
        return [*map(self.segment_key, range(len(self.segments))), self.init_key]

    @property
    def size(self) -> int:
        """Return how many bytes its objects have."""
        return self.init_size + sum(segment.size for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Departing:
    """A rendition that is offered no more, and still sent to whom it was granted before.

    ``since`` is when it was offered last; ``made_at`` when it was packaged.
    """

    rendition: Rendition
    since: UnixMs
    made_at: UnixMs


@dataclass(frozen=True, slots=True)
class Package:
    """All that is ready of one recording; grows as rungs are finished.

    ``made_at`` is when each rung was. ``reduced`` are rungs that were taken away to save room, and
    are made again when the recording is played.
    """

    recording_id: RecordingId
    content_hash: str
    renditions: tuple[Rendition, ...]
    loudness: Loudness | None = None
    complete: bool = False
    departing: tuple[Departing, ...] = ()
    reduced: tuple[Rung, ...] = ()
    made_at: Mapping[Rung, UnixMs] = field(default_factory=dict, compare=False)

    def rendition(self, rung: Rung) -> Rendition | None:
        """Return one rung, or None while it is not ready."""
        return next((r for r in self.renditions if r.rung is rung), None)


@dataclass(frozen=True, slots=True)
class Measure:
    """What the first pass over a recording found, kept for the album's sake.

    ``histogram`` is ``(bin, blocks, energy)`` of the gating blocks above -70 LUFS (see
    ``loudness``); peaks are linear, 1.0 at full scale. ``head_peak`` and ``tail_peak`` are those
    of the first and last 1024 samples: they tell whether a seam to a neighbour is live.
    """

    histogram: tuple[tuple[int, int, float], ...]
    true_peak: float
    head_peak: float
    tail_peak: float
