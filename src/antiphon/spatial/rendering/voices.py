"""Voices: what a scene's items become, each a track with spans of gains for the buses."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from antiphon.spatial.ambisonics.decoder import decoder
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.layouts import Layout
from antiphon.spatial.objects.gains import ObjectGains, PlacedBlock
from antiphon.spatial.rendering.spans import (
    ObjectSpans,
    Span,
    check_times,
    in_samples,
    steady,
    timed_blocks,
)
from antiphon.spatial.rendering.tracks import is_silent
from antiphon.spatial.scene import HoaItem, Item, ObjectItem, Scene, SpeakerItem, Track
from antiphon.spatial.speakers.gains import SpeakerGains

__all__ = ["MovingVoices", "SteadyVoice", "moving_voices", "steady_voices"]


@dataclass(frozen=True, slots=True)
class SteadyVoice:
    """A track whose gains are known beforehand."""

    track: Track
    spans: tuple[Span, ...]


class MovingVoices:
    """All objects of a scene; gains are worked out for all of them at once, when they are due.

    Buses: direct gains of all channels, then diffuse ones if any object is ever diffuse.
    """

    def __init__(self, items: list[ObjectItem], layout: Layout, rate: int) -> None:
        self.tracks = [item.track for item in items]
        self.is_diffuse = any(block.diffuse > 0.0 for item in items for block in item.blocks)
        self._items = items
        self._spans = [ObjectSpans(item.blocks, item.end, rate) for item in items]
        self._gains = ObjectGains(layout)
        self._depth = 2 if self.is_diffuse else 1

    def between(self, first: int, last: int) -> Iterator[tuple[int, Span]]:
        """Yield the spans of samples [first, last) with the number of their object."""
        self._interpret(last)
        for i, spans in enumerate(self._spans):
            for span in spans.between(first, last):
                yield i, span

    def _interpret(self, until: int) -> None:
        due = [(i, timed) for i, spans in enumerate(self._spans) for timed in spans.due(until)]
        if not due:
            return
        placed = [
            PlacedBlock(timed.block, item.screen, item.offset, item.gain)
            for item, timed in ((self._items[i], timed) for i, timed in due)
        ]
        gains = self._gains.gains(placed)[:, : self._depth].astype(np.float32)
        rows = gains.reshape(len(due), -1)
        for (i, timed), row in zip(due, rows, strict=True):
            self._spans[i].take(timed, row)


def moving_voices(scene: Scene, layout: Layout) -> MovingVoices:
    """Return the scene's objects that are heard."""
    items = [item for item in scene.items if isinstance(item, ObjectItem) and _is_heard(item)]
    return MovingVoices(items, layout, scene.sample_rate)


def steady_voices(scene: Scene, layout: Layout) -> list[SteadyVoice]:
    """Return the scene's loudspeaker channels and ambisonic components that are heard."""
    speakers = SpeakerGains(layout)
    voices: list[SteadyVoice] = []
    for item in scene.items:
        if isinstance(item, SpeakerItem) and _is_heard(item):
            voices.append(_speaker_voice(item, speakers, scene.sample_rate))
        elif isinstance(item, HoaItem) and _is_heard(item):
            voices += _hoa_voices(item, layout, scene.sample_rate)
    return voices


def _is_heard(item: Item) -> bool:
    if item.mute or item.gain == 0.0:
        return False
    tracks = item.tracks if isinstance(item, HoaItem) else (item.track,)
    return not all(is_silent(track) for track in tracks)


def _speaker_voice(item: SpeakerItem, speakers: SpeakerGains, rate: int) -> SteadyVoice:
    end = None if item.end is None else in_samples(item.end, rate)
    timed = list(timed_blocks(item.blocks, item.end, rate))
    check_times(timed, end, rate)
    spans = []
    for block, start, stop in timed:
        gains = speakers.gains(block, item.frequency, item.packs) * item.gain
        spans.append(steady(start, stop, gains.astype(np.float32)))
    return SteadyVoice(item.track, tuple(spans))


def _hoa_voices(item: HoaItem, layout: Layout, rate: int) -> Iterator[SteadyVoice]:
    count = len(item.tracks)
    if not len(item.orders) == len(item.degrees) == count or len(item.gains) not in {0, count}:
        raise SceneInvalid("An ambisonic item needs an order and a degree for each of its tracks.")
    columns = decoder(layout, item.orders, item.degrees, item.normalization).T * item.gain
    if item.gains:
        columns *= np.array(item.gains)[:, None]
    start = in_samples(item.start, rate)
    end = None if item.end is None else in_samples(item.end, rate)
    for track, column in zip(item.tracks, columns, strict=True):
        yield SteadyVoice(track, (steady(start, end, column.astype(np.float32)),))
