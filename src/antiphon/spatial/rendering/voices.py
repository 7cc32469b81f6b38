"""Voices: what a scene's items become, each a track with spans of gains for the buses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.ambisonics.decoder import decoder
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.layouts import Layout
from antiphon.spatial.objects.gains import ObjectGains, PlacedBlock
from antiphon.spatial.rendering.mixing import SpanTable
from antiphon.spatial.rendering.spans import (
    FOREVER,
    ObjectSpans,
    Span,
    check_times,
    in_samples,
    steady,
    timed_blocks,
)
from antiphon.spatial.rendering.tracks import is_silent
from antiphon.spatial.scene import (
    HoaItem,
    Item,
    ObjectBlock,
    ObjectItem,
    Scene,
    SpeakerItem,
    Track,
)
from antiphon.spatial.speakers.gains import SpeakerGains

__all__ = [
    "Due",
    "MovingVoices",
    "SteadyVoice",
    "has_diffuse",
    "heard_objects",
    "is_heard",
    "layout_rows",
    "placed",
    "steady_voices",
]

Due = tuple[int, ObjectBlock]
RowsOf = Callable[[Sequence[Due]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class SteadyVoice:
    """A track whose gains are known beforehand."""

    track: Track
    spans: tuple[Span, ...]


class MovingVoices:
    """Objects of a scene; gains are worked out for all of them at once, when they are due.

    ``rows`` answers blocks that are due, each with the number of its item, with gains for all
    buses (blocks, buses).
    """

    def __init__(
        self, items: Sequence[ObjectItem], rows: RowsOf, rate: int, places: Sequence[int]
    ) -> None:
        """``places``: the row of each item's track among the tracks that are mixed."""
        self._spans = [ObjectSpans(item.blocks, item.end, rate) for item in items]
        self._places = places
        self._rows = rows
        self._table = SpanTable(())
        self._until = 0  # no span begins, ends or becomes due before

    def table(self, first: int, last: int) -> SpanTable:
        """Return the spans of samples [first, last), with the rows of their tracks."""
        if last > self._until:
            self._interpret(last)
            self._table = SpanTable(
                [
                    (place, span)
                    for place, spans in zip(self._places, self._spans, strict=True)
                    for span in spans.between(first, last)
                ]
            )
            self._until = min((spans.changes(first) for spans in self._spans), default=FOREVER)
        return self._table

    def _interpret(self, until: int) -> None:
        due = [(i, timed) for i, spans in enumerate(self._spans) for timed in spans.due(until)]
        if due:
            rows = self._rows([(i, timed.block) for i, timed in due])
            for (i, timed), row in zip(due, rows, strict=True):
                self._spans[i].take(timed, row)


def heard_objects(scene: Scene) -> list[ObjectItem]:
    """Return the scene's objects that are heard."""
    return [item for item in scene.items if isinstance(item, ObjectItem) and is_heard(item)]


def has_diffuse(items: Iterable[ObjectItem]) -> bool:
    """Return whether any block is ever diffuse."""
    return any(block.diffuse > 0.0 for item in items for block in item.blocks)


def placed(item: ObjectItem, block: ObjectBlock) -> PlacedBlock:
    """Return a block with what its item says about it."""
    return PlacedBlock(block, item.screen, item.offset, item.gain)


def layout_rows(items: Sequence[ObjectItem], layout: Layout) -> RowsOf:
    """Return what gives objects their gains on a layout.

    Buses: direct gains of all channels, then diffuse ones if any object is ever diffuse.
    """
    gains = ObjectGains(layout)
    depth = 2 if has_diffuse(items) else 1

    def rows(due: Sequence[Due]) -> NDArray[np.float32]:
        made = gains.gains([placed(items[i], block) for i, block in due])[:, :depth]
        return made.astype(np.float32).reshape(len(due), -1)

    return rows


def steady_voices(scene: Scene, layout: Layout) -> list[SteadyVoice]:
    """Return the scene's loudspeaker channels and ambisonic components that are heard."""
    speakers = SpeakerGains(layout)
    voices: list[SteadyVoice] = []
    for item in scene.items:
        if isinstance(item, SpeakerItem) and is_heard(item):
            voices.append(_speaker_voice(item, speakers, scene.sample_rate))
        elif isinstance(item, HoaItem) and is_heard(item):
            voices += _hoa_voices(item, layout, scene.sample_rate)
    return voices


def is_heard(item: Item) -> bool:
    """Return whether anything of an item can sound."""
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
