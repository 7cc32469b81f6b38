"""The sum of everything: tracks times gains into loudspeaker buses, in machine code.

Each output sample is the same sum in the same order however the time is cut into blocks, so it
does not depend on the size of blocks, to the last bit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.compiled import compiled
from antiphon.spatial.rendering.spans import Span
from antiphon.spatial.rendering.tracks import TrackBlock

__all__ = ["SpanTable"]

_TILE = 1024  # samples that are worked on at once, so that they stay in the cache
_PADDING = 16  # keeps the tracks of a tile from sharing cache lines

_Ints = NDArray[np.int64]
_Samples = NDArray[np.float32]


class _Table(NamedTuple):
    """Spans side by side: their samples of the block, and how far into the ramp it begins."""

    row: _Ints
    begin: _Ints
    end: _Ints
    lead: _Ints
    offset: NDArray[np.float64]
    step: NDArray[np.float64]
    start: _Samples
    change: _Samples


class SpanTable:
    """Spans side by side, made once for as long as the same spans sound."""

    def __init__(self, spans: Sequence[tuple[int, Span]]) -> None:
        self._spans = len(spans)
        if not spans:
            return
        self._row = np.array([row for row, _ in spans])
        self._first = np.array([span.first for _, span in spans])
        self._last = np.array([span.last for _, span in spans])
        self._offset = np.array([span.offset for _, span in spans])
        self._step = np.array([span.step for _, span in spans])
        self._start = np.array([span.start for _, span in spans])
        self._change = np.array([span.end for _, span in spans]) - self._start

    def mix(self, first: int, tracks: TrackBlock, buses: _Samples) -> None:
        """Add tracks, whose block begins at sample ``first``, to buses (buses, samples).

        Spans name rows of tracks and say what their gains are.
        """
        if not self._spans:
            return
        table = _Table(
            self._row,
            np.maximum(self._first - first, 0),
            np.minimum(self._last - first, len(tracks.block)),
            first - self._first,
            self._offset,
            self._step,
            self._start,
            self._change,
        )
        _mix(table, tracks, buses)


@compiled
def _mix(table: _Table, tracks: TrackBlock, buses: _Samples) -> None:
    direct = len(tracks.channels)
    planar = np.empty((direct + len(tracks.derived), _TILE + _PADDING), np.float32)
    ramped = np.empty(_TILE, np.float32)
    for tile in range(0, len(tracks.block), _TILE):
        tile_end = min(tile + _TILE, len(tracks.block))
        _pick(tracks, tile, tile_end, planar)
        for i in range(len(table.row)):
            begin, end = max(table.begin[i], tile), min(table.end[i], tile_end)
            if begin >= end:
                continue
            track = planar[table.row[i], begin - tile : end - tile]
            if table.step[i] != 0.0:
                _ramp(track, table.offset[i], table.step[i], table.lead[i] + begin, ramped)
            for bus in range(len(buses)):
                start, change = table.start[i, bus], table.change[i, bus]
                if change != 0.0:
                    _add_ramped(track, start, ramped, change, buses[bus, begin:end])
                elif start != 0.0:
                    _add(track, start, buses[bus, begin:end])


@compiled
def _pick(tracks: TrackBlock, begin: int, end: int, planar: _Samples) -> None:
    """Copy a tile of every track into a row of its own."""
    direct = len(tracks.channels)
    for t in range(end - begin):
        for i in range(direct):
            planar[i, t] = tracks.block[begin + t, tracks.channels[i]]
    for i in range(len(tracks.derived)):
        planar[direct + i, : end - begin] = tracks.derived[i, begin:end]


@compiled
def _ramp(track: _Samples, offset: float, step: float, lead: int, ramped: _Samples) -> None:
    for t in range(len(track)):
        ramped[t] = track[t] * np.float32(offset + step * (lead + t))


@compiled
def _add_ramped(
    track: _Samples, start: float, ramped: _Samples, change: float, bus: _Samples
) -> None:
    for t in range(len(track)):
        bus[t] += track[t] * start + ramped[t] * change


@compiled
def _add(track: _Samples, start: float, bus: _Samples) -> None:
    for t in range(len(track)):
        bus[t] += track[t] * start
