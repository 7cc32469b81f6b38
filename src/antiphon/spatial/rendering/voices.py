"""Voices: what a scene's items become, each a track with spans of gains for the buses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.ambisonics.decoder import decoder
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.layouts import Layout
from antiphon.spatial.objects.gains import PlacedBlock, object_gains
from antiphon.spatial.rendering.mixing import SpanTable, span_table
from antiphon.spatial.rendering.spans import (
    Ints,
    Span,
    Timeline,
    check_times,
    in_samples,
    named_blocks,
    sounding,
    steady,
    timed_blocks,
    timeline,
)
from antiphon.spatial.rendering.tracks import Tracks, is_silent
from antiphon.spatial.scene import (
    HoaItem,
    Item,
    ObjectItem,
    Scene,
    SpeakerItem,
    Track,
)
from antiphon.spatial.speakers.gains import SpeakerGains

__all__ = [
    "MovingVoices",
    "SteadyVoice",
    "has_diffuse",
    "heard_objects",
    "is_heard",
    "layout_rows",
    "placed_blocks",
    "steady_table",
    "steady_voices",
]

_AHEAD = 2048  # samples that are interpreted at once at least

RowsOf = Callable[[Ints], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class SteadyVoice:
    """A track whose gains are known beforehand."""

    track: Track
    spans: tuple[Span, ...]


class MovingVoices:
    """Objects of a scene; gains are worked out when they are needed, of all objects at once.

    ``rows`` answers numbers of blocks, counted through all items, with gains for all buses
    (blocks, buses); ``places``: the row of each item's track among the tracks that are mixed.
    """

    def __init__(
        self, items: Sequence[ObjectItem], rows: RowsOf, rate: int, places: Sequence[int]
    ) -> None:
        self._time = timeline(items, rate)
        self._cursors = self._time.begins[:-1].copy()
        self._places = np.array(places, np.int64)
        self._rows = rows
        self._known = np.zeros(0, np.int64)  # blocks whose gains are at hand
        self._gains = rows(self._known)
        self._numbers = np.full(sum(len(item.blocks) for item in items), -1)
        self._table = self._table_of(self._known)
        self._until = 0  # no other span begins before

    def table(self, first: int, last: int) -> SpanTable:
        """Return the spans of samples [first, last), with the rows of their tracks."""
        if last > self._until:
            ahead = max(last, first + _AHEAD)
            found, self._until = sounding(self._time, first, ahead, self._cursors)
            self._table = self._table_of(found)
        return self._table

    def _table_of(self, spans: Ints) -> SpanTable:
        self._know(named_blocks(self._time, spans))
        return span_table(self._time, spans, self._places, self._gains, self._numbers)

    def _know(self, blocks: Ints) -> None:
        """Keep the gains of these blocks and of no others, working out what is not at hand."""
        numbers = self._numbers[blocks]
        fresh = numbers < 0
        gains = np.empty((len(blocks), self._gains.shape[1]), np.float32)
        gains[~fresh] = self._gains[numbers[~fresh]]
        if fresh.any():
            gains[fresh] = self._rows(blocks[fresh])
        self._numbers[self._known] = -1
        self._numbers[blocks] = np.arange(len(blocks))
        self._known, self._gains = blocks, gains


def heard_objects(scene: Scene) -> list[ObjectItem]:
    """Return the scene's objects that are heard."""
    return [item for item in scene.items if isinstance(item, ObjectItem) and is_heard(item)]


def has_diffuse(items: Iterable[ObjectItem]) -> bool:
    """Return whether any block is ever diffuse."""
    return any(block.diffuse > 0.0 for item in items for block in item.blocks)


def placed_blocks(items: Iterable[ObjectItem]) -> list[PlacedBlock]:
    """Return the blocks of all items, each with what its item says about it."""
    return [
        PlacedBlock(block, item.screen, item.offset, item.gain)
        for item in items
        for block in item.blocks
    ]


def layout_rows(items: Sequence[ObjectItem], layout: Layout) -> RowsOf:
    """Return what gives objects their gains on a layout.

    Buses: direct gains of all channels, then diffuse ones if any object is ever diffuse.
    """
    prepared = object_gains(layout).prepared(placed_blocks(items))
    depth = 2 if has_diffuse(items) else 1

    def rows(numbers: Ints) -> NDArray[np.float32]:
        made = prepared.gains(numbers)[:, :depth]
        return made.astype(np.float32).reshape(len(numbers), depth * len(layout.labels))

    return rows


def steady_table(voices: Sequence[SteadyVoice], tracks: Tracks, buses: int) -> SpanTable:
    """Return the spans of voices whose gains are known, for ``buses`` buses."""
    spans = [(tracks.row(voice.track), span) for voice in voices for span in voice.spans]
    gains = np.zeros((len(spans), buses), np.float32)
    for row, (_, span) in zip(gains, spans, strict=True):
        row[: len(span.gains)] = span.gains
    count = np.arange(len(spans))
    time = Timeline(
        np.array([span.first for _, span in spans], np.int64),
        np.array([span.last for _, span in spans], np.int64),
        np.zeros(len(spans)),
        np.zeros(len(spans)),
        count,
        count,
        count,
        count,
    )
    places = np.array([row for row, _ in spans], np.int64)
    return span_table(time, count, places, gains, count)


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
