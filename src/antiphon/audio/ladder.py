"""The ladder: access units become segments, segments become renditions.

Fed in chunks; what comes back are objects to store. Nothing here reads or writes anything.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from numpy.typing import NDArray

from antiphon.audio.cmaf import TrackSpec, init_section, media_segment
from antiphon.audio.encode import Encoder
from antiphon.audio.encryption import Protection, SampleCipher
from antiphon.audio.loudness import LoudnessMeter, loudness_of
from antiphon.audio.model import AccessUnit, Coding, Loudness, Measure, Rendition, Rung, Segment
from antiphon.audio.rules import AAC_FRAME, AAC_PRIMING, segment_length, shortest_tail
from antiphon.kernel import BitsPerSecond, SampleCount, SampleRateHz

_CODECS = {
    Coding.AAC: "mp4a.40.2",
    Coding.FLAC: "fLaC",
    Coding.ALAC: "alac",
    Coding.OPUS: "Opus",
}
_MAKING = "_"  # in no rung, variant or key id
_VARIANT_LETTERS = 12


@dataclass(frozen=True, slots=True)
class MediaObject:
    """Bytes to be stored under a key."""

    key: str
    data: bytes


def object_prefix(
    content_hash: str,
    rung: Rung,
    *,
    variant: str = "",
    protection: Protection | None = None,
    making: str = "",
) -> str:
    """Return where a rendition lies.

    ``variant`` tells apart what depends on its neighbours, and the key id what it is encrypted
    with: nothing that was packaged otherwise is ever mixed with it. ``making`` tells each time of
    making it apart: what was written once is never written again, so that who removes what nobody
    names cannot remove what somebody is just making.
    """
    folder = ".".join(part for part in (rung, variant, kid_of(protection)) if part)
    last = f"{folder}{_MAKING}{making}" if making else folder
    return f"{object_folder(content_hash)}/{last}"


def immersive_variant(content_hash: str) -> str:
    """Return what tells renditions of one immersive master from those of another."""
    return content_hash[:_VARIANT_LETTERS]


def is_rendered_from(rendition: Rendition, content_hash: str) -> bool:
    """Say whether a spatial rendition is of this immersive master."""
    last = rendition.prefix.rpartition("/")[2].partition(_MAKING)[0]
    return last.split(".")[1:2] == [immersive_variant(content_hash)]


def without_making(prefix: str) -> str:
    """Return where a rendition lies, but for which time of making it this was."""
    above, _, last = prefix.rpartition("/")
    return f"{above}/{last.partition(_MAKING)[0]}"


def object_folder(content_hash: str) -> str:
    """Return where all renditions of one sound lie, and nothing else."""
    return f"media/{content_hash[:2]}/{content_hash}"


def kid_of(protection: Protection | None) -> str:
    """Return the key id in hex; empty in the clear."""
    return "" if protection is None else protection.key.kid.hex()


class RungWriter:
    """Cuts one rung's access units into segments.

    Lossless rungs are cut every ``segment_length`` samples, a tail that is too short staying with
    the segment before. AAC is cut after the given access units (``cuts``), counted without the
    priming one; anything else as ``lengths`` say, in samples of media time.
    """

    def __init__(
        self,
        spec: TrackSpec,
        prefix: str,
        *,
        cuts: Sequence[int] | None = None,
        lengths: Sequence[int] | None = None,
        cue_shift: int = 0,
    ) -> None:
        self._spec = spec
        self._prefix = prefix
        self._cue_shift = cue_shift
        self._held: list[AccessUnit] = []
        self._held_samples = 0
        self._segments: list[Segment] = []
        self._media_time = 0
        self._lengths = lengths if cuts is None else _aac_lengths(cuts, spec.priming)
        self._every = segment_length(spec.sample_rate)
        self._tail = shortest_tail(spec.sample_rate)
        self._cipher = SampleCipher(spec.protection.key) if spec.protection else None

    def add(self, units: Sequence[AccessUnit]) -> list[MediaObject]:
        """Take access units; return the segments that are complete."""
        self._held.extend(units)
        self._held_samples += sum(duration for _, duration in units)
        objects = []
        while (length := self._next_length()) is not None:
            objects.append(self._cut(length))
        return objects

    def tell(self, loudness: Loudness | None) -> None:
        """Say what loudness the init section is to carry, where it was not known before."""
        self._spec = replace(self._spec, loudness=loudness)

    def finish(
        self, codec_data: bytes, *, samples: int | None = None
    ) -> tuple[list[MediaObject], Rendition]:
        """Return the last segment and the init section, and the rendition.

        ``samples`` is how many are presented, where the last access unit holds more than that.
        """
        media = self._media_time + self._held_samples - self._spec.priming
        presented = media if samples is None else samples
        last = self._cut(self._held_samples)
        end = self._segments[-1]
        shown = SampleCount(end.samples - (media - presented))
        self._segments[-1] = Segment(shown, end.size)
        spec = replace(self._spec, codec_data=codec_data, samples=presented)
        init = MediaObject(f"{self._prefix}/init.mp4", init_section(spec))
        return [last, init], self._rendition(spec, len(init.data))

    def _next_length(self) -> int | None:
        if self._lengths is None:
            return self._every if self._held_samples >= self._every + self._tail else None
        done = len(self._segments)
        ready = done < len(self._lengths) and self._held_samples > self._lengths[done]
        return self._lengths[done] if ready else None

    def _cut(self, length: int) -> MediaObject:
        taken, count = 0, 0
        while taken < length:
            taken += self._held[count][1]
            count += 1
        units, self._held = self._held[:count], self._held[count:]
        number = len(self._segments)
        rolls = not self._spec.rung.is_lossless
        data = media_segment(number, self._media_time, units, rolls=rolls, cipher=self._cipher)
        hidden = self._spec.priming if number == 0 else 0
        self._segments.append(Segment(SampleCount(taken - hidden), len(data)))
        self._media_time += taken
        self._held_samples -= taken
        return MediaObject(f"{self._prefix}/{number}.m4s", data)

    def _rendition(self, spec: TrackSpec, init_size: int) -> Rendition:
        average, peak = bandwidths(self._segments, spec.sample_rate)
        return Rendition(
            rung=spec.rung,
            codec=_CODECS[spec.rung.coding],
            prefix=self._prefix,
            sample_rate=SampleRateHz(spec.sample_rate),
            channels=spec.channels,
            bit_depth=spec.bit_depth,
            priming=SampleCount(spec.priming),
            cue_shift=self._cue_shift,
            samples=SampleCount(spec.samples),
            init_size=init_size,
            segments=tuple(self._segments),
            average_bandwidth=average,
            peak_bandwidth=peak,
            kid=kid_of(spec.protection),
        )


class LosslessPass:
    """The first pass over a recording: FLAC and loudness, so that it can be played at once.

    ``hurry`` measures in a second thread while the first encodes: someone is waiting.
    """

    def __init__(  # noqa: PLR0913 - what the sound is, and what is to become of it
        self,
        content_hash: str,
        *,
        rate: int,
        channels: int,
        bit_depth: int,
        protection: Protection | None = None,
        hurry: bool = False,
        making: str = "",
    ) -> None:
        self._second = ThreadPoolExecutor(1) if hurry else None
        self._meter = LoudnessMeter(rate, channels)
        self._encoder = Encoder(Rung.FLAC, rate=rate, channels=channels, bit_depth=bit_depth)
        spec = lossless_spec(Rung.FLAC, rate=rate, channels=channels, bit_depth=bit_depth)
        self._writer = RungWriter(
            replace(spec, protection=protection),
            object_prefix(content_hash, Rung.FLAC, protection=protection, making=making),
        )

    def push(self, pcm: NDArray[Any]) -> list[MediaObject]:
        """Take PCM of shape (samples, channels); return segments to store."""
        if self._second is None:
            self._meter.push(pcm)
            return self._writer.add(self._encoder.push(pcm))
        measured = self._second.submit(self._meter.push, pcm)
        objects = self._writer.add(self._encoder.push(pcm))
        measured.result()
        return objects

    def finish(self) -> tuple[list[MediaObject], Rendition, Measure]:
        """Return the last objects, the rendition and what was measured."""
        measure = self._meter.finish()
        objects = self._writer.add(self._encoder.finish())
        self._writer.tell(loudness_of(measure))
        last, rendition = self._writer.finish(self._encoder.codec_data)
        return objects + last, rendition, measure


class AlacPass:
    """One song's ALAC rung from the PCM of its FLAC rung."""

    def __init__(
        self,
        content_hash: str,
        flac: Rendition,
        loudness: Loudness | None,
        protection: Protection | None = None,
        *,
        making: str = "",
    ) -> None:
        rate, channels, depth = flac.sample_rate, flac.channels, flac.bit_depth
        self._encoder = Encoder(Rung.ALAC, rate=rate, channels=channels, bit_depth=depth)
        spec = lossless_spec(Rung.ALAC, rate=rate, channels=channels, bit_depth=depth)
        self._writer = RungWriter(
            replace(spec, loudness=loudness, protection=protection),
            object_prefix(content_hash, Rung.ALAC, protection=protection, making=making),
        )

    def push(self, pcm: NDArray[Any]) -> list[MediaObject]:
        """Take PCM; return segments to store."""
        return self._writer.add(self._encoder.push(pcm))

    def finish(self) -> tuple[list[MediaObject], Rendition]:
        """Return the last objects and the rendition."""
        objects = self._writer.add(self._encoder.finish())
        last, rendition = self._writer.finish(self._encoder.codec_data)
        return objects + last, rendition


def aac_spec(
    rung: Rung,
    *,
    rate: int,
    channels: int,
    bitrate: int,
    loudness: Loudness | None,
    protection: Protection | None = None,
) -> TrackSpec:
    """Return what an AAC rung's init section says, but for its length and codec data."""
    return TrackSpec(
        rung=rung,
        codec_data=b"",
        sample_rate=rate,
        channels=channels,
        bit_depth=16,
        priming=AAC_PRIMING,
        samples=0,
        bitrate=bitrate,
        loudness=loudness,
        protection=protection,
    )


def lossless_spec(rung: Rung, *, rate: int, channels: int, bit_depth: int) -> TrackSpec:
    """Return what a lossless rung's init section says, but for its length and codec data."""
    return TrackSpec(
        rung=rung,
        codec_data=b"",
        sample_rate=rate,
        channels=channels,
        bit_depth=bit_depth,
        priming=0,
        samples=0,
    )


def bandwidths(segments: Sequence[Segment], rate: int) -> tuple[BitsPerSecond, BitsPerSecond]:
    """Return average and peak bits per second over the segments.

    The peak is over segments of at least half the longest one's duration (RFC 8216, 4.1): a last
    one shorter than that counts together with the one before it.
    """
    groups: list[tuple[int, int]] = [(s.samples, s.size) for s in segments]
    if len(groups) > 1 and groups[-1][0] * 2 < max(samples for samples, _ in groups):
        (samples, size), (tail, tail_size) = groups[-2:]
        groups[-2:] = [(samples + tail, size + tail_size)]
    total, size = sum(s.samples for s in segments), sum(s.size for s in segments)
    peak = max(_bits_per_second(size, samples, rate) for samples, size in groups)
    return _bits_per_second(size, total, rate), peak


def _bits_per_second(size: int, samples: int, rate: int) -> BitsPerSecond:
    return BitsPerSecond(-(-size * 8 * rate // max(samples, 1)))


def _aac_lengths(cuts: Sequence[int], priming: int) -> list[int]:
    starts = (-priming // AAC_FRAME, *cuts)
    return [(b - a) * AAC_FRAME for a, b in pairwise(starts)]
