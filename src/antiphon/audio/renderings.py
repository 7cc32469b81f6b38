"""Immersive masters as renditions: rendered, brought to the loudness of the stereo, encoded.

What is rendered together shares a gain and a limiter: the ears' pair and the field that players
turn themselves, so that both are equally loud and neither clips. Nothing here reads or writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from antiphon.audio.cmaf import TrackSpec
from antiphon.audio.decode import to_pcm
from antiphon.audio.encode import Encoder
from antiphon.audio.encryption import Protection
from antiphon.audio.ladder import MediaObject, RungWriter
from antiphon.audio.limiter import Limiter
from antiphon.audio.loudness import LoudnessMeter, channel_weight, loudness_of
from antiphon.audio.model import Coding, Loudness, Measure, Rendition, Rung, SpatialKind
from antiphon.audio.rules import (
    AAC_PRIMING,
    OPUS_RATE,
    SPATIAL_BITRATES,
    aac_cuts,
    aac_rate,
    opus_cuts,
    segment_samples,
)
from antiphon.spatial import (
    EarsFeed,
    Feed,
    FieldFeed,
    LoudspeakerFeed,
    Scene,
    default_filters,
)

Samples = NDArray[np.float32]

CEILING_DBTP: Final = -2.0
"""One below what is promised: decoded AAC and Opus overshoot what was encoded by less than that."""
_FIELD_CHANNELS: Final = 16
_MOST_GAIN_DB: Final = 24.0
_BITS: Final = 24
_SIDES_LAST: Final = [0, 1, 2, 3, 6, 7, 4, 5]  # as codecs want 7.1; BS.2051 has the sides first


class Group(StrEnum):
    """What is rendered and levelled together."""

    HEADPHONES = "headphones"
    FIVE_ONE = "0+5+0"
    SEVEN_ONE = "0+7+0"
    SEVEN_ONE_FOUR = "4+7+0"


_GROUPS: Final = {
    SpatialKind.AMBISONICS: Group.HEADPHONES,
    SpatialKind.BINAURAL: Group.HEADPHONES,
    SpatialKind.FIVE_ONE: Group.FIVE_ONE,
    SpatialKind.SEVEN_ONE: Group.SEVEN_ONE,
    SpatialKind.SEVEN_ONE_FOUR: Group.SEVEN_ONE_FOUR,
}


def group_of(rung: Rung) -> Group:
    """Return with what a rung is rendered."""
    assert rung.spatial_kind is not None
    return _GROUPS[rung.spatial_kind]


class LevelPass:
    """One pass over a master that measures groups, each with a gain in dB, limited or not."""

    def __init__(self, scene: Scene, gains: Mapping[Group, float], *, limited: bool) -> None:
        self.samples = 0
        self._groups = {g: _Levelled(scene, g, db, limited=limited) for g, db in gains.items()}
        self._meters = {g: levelled.meter() for g, levelled in self._groups.items()}

    def push(self, block: Samples) -> None:
        """Take the next samples of the master."""
        self.samples += len(block)
        for group, levelled in self._groups.items():
            self._meters[group].push(levelled.push(block))

    def finish(self) -> dict[Group, Measure]:
        """Return what was measured."""
        for group, levelled in self._groups.items():
            self._meters[group].push(levelled.finish())
        return {group: meter.finish() for group, meter in self._meters.items()}


def gain_to(target: float | None, measure: Measure) -> float:
    """Return the dB that bring what was measured to ``target``; 0 where either is silence."""
    loudness = loudness_of(measure)
    if target is None or loudness is None:
        return 0.0
    return min(max(target - loudness.integrated, -_MOST_GAIN_DB), _MOST_GAIN_DB)


def clips(measure: Measure, gain_db: float) -> bool:
    """Say whether a gain brings what was measured above the ceiling."""
    return measure.true_peak * 10 ** (gain_db / 20) > 10 ** (CEILING_DBTP / 20)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rung to make: where it is to lie, and how it is protected."""

    rung: Rung
    prefix: str
    protection: Protection | None


class EncodePass:
    """One pass over a master that makes rungs; ``samples`` is the length of the master."""

    def __init__(
        self, scene: Scene, wanted: Sequence[Wanted], gains: Mapping[Group, float], samples: int
    ) -> None:
        self._groups = {g: _Levelled(scene, g, db, limited=True) for g, db in gains.items()}
        self._meters = {g: levelled.meter() for g, levelled in self._groups.items()}
        self._rungs = [(group_of(w.rung), _Encoded(w, scene.sample_rate, samples)) for w in wanted]

    def push(self, block: Samples) -> list[MediaObject]:
        """Take the next samples of the master; return segments to store."""
        return self._given({g: levelled.push(block) for g, levelled in self._groups.items()})

    def finish(self, target: float | None) -> tuple[list[MediaObject], list[Rendition]]:
        """Return the last objects and the renditions; ``target`` is the loudness of the stereo."""
        objects = self._given({g: levelled.finish() for g, levelled in self._groups.items()})
        measures = {group: meter.finish() for group, meter in self._meters.items()}
        renditions = []
        for group, encoded in self._rungs:
            last, rendition = encoded.finish(loudness_of(measures[group]))
            objects += last
            left = round(gain_to(target, measures[group]), 2)
            renditions.append(replace(rendition, gain_db=left))
        return objects, renditions

    def _given(self, ready: Mapping[Group, Samples]) -> list[MediaObject]:
        for group, samples in ready.items():
            self._meters[group].push(samples)
        return [o for group, encoded in self._rungs for o in encoded.push(ready[group])]


class _Levelled:
    """One group: rendered, brought to a level, and where wanted held below the ceiling."""

    def __init__(self, scene: Scene, group: Group, gain_db: float, *, limited: bool) -> None:
        self._feed: Feed = (
            _HeadphonesFeed(scene)
            if group is Group.HEADPHONES
            else LoudspeakerFeed(scene, group.value)
        )
        self._gain = np.float32(10 ** (gain_db / 20))
        self._rate = scene.sample_rate
        ceiling = 10 ** (CEILING_DBTP / 20)
        self._limiter = (
            Limiter(self._rate, self._feed.channels, ceiling=ceiling) if limited else None
        )

    def push(self, block: Samples) -> Samples:
        return self._levelled(self._feed.render(block))

    def finish(self) -> Samples:
        last = self._levelled(self._feed.tail())
        return last if self._limiter is None else np.concatenate((last, self._limiter.finish()))

    def meter(self) -> LoudnessMeter:
        """Return a meter for it: a field is as loud as it is to the ears."""
        if isinstance(self._feed, LoudspeakerFeed):
            speakers = self._feed.layout.loudspeakers
            weights = [channel_weight(s.azimuth, s.elevation, is_lfe=s.is_lfe) for s in speakers]
        else:
            weights = [0.0] * _FIELD_CHANNELS + [1.0, 1.0]
        return LoudnessMeter(self._rate, self._feed.channels, weights=weights)

    def _levelled(self, samples: Samples) -> Samples:
        loud = samples * self._gain
        return loud if self._limiter is None else self._limiter.push(loud)


class _HeadphonesFeed:
    """The field and the ears' pair side by side, 18 channels, in step."""

    channels = _FIELD_CHANNELS + 2

    def __init__(self, scene: Scene) -> None:
        self._field = FieldFeed(scene)
        self._ears = EarsFeed(scene, default_filters(scene.sample_rate))
        self._waiting = np.zeros((0, _FIELD_CHANNELS), np.float32)

    def render(self, block: Samples) -> Samples:
        return self._together(self._field.render(block), self._ears.render(block))

    def tail(self) -> Samples:
        return self._together(self._field.tail(), self._ears.tail())

    def _together(self, field: Samples, ears: Samples) -> Samples:
        waiting = np.concatenate((self._waiting, field))
        self._waiting = waiting[len(ears) :]
        both: Samples = np.concatenate((waiting[: len(ears)], ears), axis=1)
        return both


class _Encoded:
    """One rung on its way: its channels, its rate, its encoder and its segments."""

    def __init__(self, wanted: Wanted, rate: int, samples: int) -> None:
        rung = wanted.rung
        self._rung = rung
        self._columns = _columns(rung)
        channels = _CHANNELS[rung]
        out = {Coding.OPUS: OPUS_RATE, Coding.AAC: aac_rate(rate)}.get(rung.coding, rate)
        self._total = round(samples * out / rate)
        self._fed = 0
        self._resampler = (
            soxr.ResampleStream(rate, out, channels, dtype="float32", quality="HQ")
            if out != rate
            else None
        )
        self._encoder = Encoder(rung, rate=out, channels=channels, bit_depth=_BITS)
        head = self._encoder.codec_data
        priming = _pre_skip(head) if rung.coding is Coding.OPUS else 0
        spec = TrackSpec(
            rung=rung,
            codec_data=b"",
            sample_rate=out,
            channels=channels,
            bit_depth=_BITS if rung.is_lossless else 16,
            priming=AAC_PRIMING if rung.coding is Coding.AAC else priming,
            samples=0,
            bitrate=SPATIAL_BITRATES.get(rung, 0),
            protection=wanted.protection,
        )
        cuts = lengths = None
        if rung.coding is Coding.AAC:
            cuts = aac_cuts(len(segment_samples(samples, rate)), rate)
        elif rung.coding is Coding.OPUS:
            lengths = opus_cuts(self._total, priming)
        self._writer = RungWriter(spec, wanted.prefix, cuts=cuts, lengths=lengths)

    def push(self, samples: Samples) -> list[MediaObject]:
        chosen = np.ascontiguousarray(samples[:, self._columns])
        if self._resampler is not None:
            chosen = self._resampler.resample_chunk(chosen)
        return self._encode(chosen)

    def finish(self, loudness: Loudness | None) -> tuple[list[MediaObject], Rendition]:
        rest = np.zeros((0, _CHANNELS[self._rung]), np.float32)
        if self._resampler is not None:
            rest = self._resampler.resample_chunk(rest, last=True)
        missing = max(0, self._total - self._fed - len(rest))
        objects = self._encode(np.pad(rest, ((0, missing), (0, 0))))
        objects += self._writer.add(self._encoder.finish())
        self._writer.tell(loudness)
        samples = None if self._rung.is_lossless else self._total
        last, rendition = self._writer.finish(self._encoder.codec_data, samples=samples)
        return objects + last, rendition

    def _encode(self, samples: Samples) -> list[MediaObject]:
        samples = samples[: self._total - self._fed]
        self._fed += len(samples)
        pcm: NDArray[Any] = to_pcm(samples, _BITS) if self._rung.is_lossless else samples
        return self._writer.add(self._encoder.push(pcm))


_KIND_CHANNELS: Final = {
    SpatialKind.AMBISONICS: _FIELD_CHANNELS,
    SpatialKind.BINAURAL: 2,
    SpatialKind.FIVE_ONE: 6,
    SpatialKind.SEVEN_ONE: 8,
    SpatialKind.SEVEN_ONE_FOUR: 12,
}
_CHANNELS: Final = {
    rung: _KIND_CHANNELS[rung.spatial_kind] for rung in Rung if rung.spatial_kind is not None
}


def _columns(rung: Rung) -> slice | list[int]:
    """Return which channels of its group a rung has, in its order."""
    kind = rung.spatial_kind
    if kind is SpatialKind.AMBISONICS:
        return slice(0, _FIELD_CHANNELS)
    if kind is SpatialKind.BINAURAL:
        return slice(_FIELD_CHANNELS, None)
    return _SIDES_LAST if kind is SpatialKind.SEVEN_ONE else slice(None)


def _pre_skip(head: bytes) -> int:
    return int.from_bytes(head[10:12], "little")
