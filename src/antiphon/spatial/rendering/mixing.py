"""The sum of everything: tracks times gains into buses, in machine code.

Each output sample is the same sum in the same order however the time is cut into blocks, so it
does not depend on the size of blocks, to the last bit: voice after voice, and of each voice what
stays before what ramps.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.compiled import compiled
from antiphon.spatial.rendering.spans import Timeline
from antiphon.spatial.rendering.tracks import TrackBlock

__all__ = ["SPARE", "SpanTable", "mix", "span_table"]

_TILE = 256  # samples that are worked on at once: sixteen buses of them stay in the nearest cache
_GROUP = 4  # buses that are added to at once
SPARE = _GROUP - 1
_PADDING = 16  # keeps the tracks of a tile from sharing cache lines

_Ints = NDArray[np.int64]
_Shares = NDArray[np.float64]
_Samples = NDArray[np.float32]
_Index = np.uintp
_Indices = NDArray[np.uintp]


class SpanTable(NamedTuple):
    """Spans side by side, (spans, ...), for as long as the same spans sound.

    Sample s of ``first`` to ``last`` is at the share ``offset + step * (s - first)`` of the way; a
    step of 0 stays. ``used``: the ``size`` buses of each span whose gains are not zero, with their
    gains ``start`` and what is added to them by the end, ``change``. They are rounded up to a
    multiple of four by spare buses behind the last one, each another, so that none overlap.
    """

    row: _Indices
    first: _Ints
    last: _Ints
    offset: _Shares
    step: _Shares
    size: _Ints
    used: _Indices
    start: _Samples
    change: _Samples


class _Scratch(NamedTuple):
    """Room for a tile: 0, 1, 2 ...; shares of a ramp; a track times them."""

    numbers: _Shares
    shares: _Samples
    ramped: _Samples


@compiled
def span_table(
    time: Timeline, spans: _Ints, places: _Ints, gains: _Samples, numbers: _Ints
) -> SpanTable:
    """Return the table of these spans of a timeline.

    ``places``: the row of each object's track. ``gains`` (rows, buses): those of the blocks that
    the spans name; ``numbers``: the row of each block there.
    """
    count, buses = len(spans), gains.shape[1]
    wide = (buses + _GROUP - 1) // _GROUP * _GROUP
    table = SpanTable(
        np.empty(count, np.uintp),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.float64),
        np.empty(count, np.float64),
        np.empty(count, np.int64),
        np.empty((count, wide), np.uintp),
        np.zeros((count, wide), np.float32),
        np.zeros((count, wide), np.float32),
    )
    for i in range(count):
        span = spans[i]
        table.row[i] = places[time.owner[span]]
        table.first[i], table.last[i] = time.first[span], time.last[span]
        table.offset[i], table.step[i] = time.offset[span], time.step[span]
        before, after = gains[numbers[time.before[span]]], gains[numbers[time.after[span]]]
        found = 0
        for bus in range(buses):
            if before[bus] != 0.0 or after[bus] != 0.0:
                table.used[i, found] = bus
                table.start[i, found] = before[bus]
                table.change[i, found] = after[bus] - before[bus]
                found += 1
        spare = buses
        while found % _GROUP:
            table.used[i, found] = spare
            found += 1
            spare += 1
        table.size[i] = found
    return table


@compiled
def mix(
    moving: SpanTable, steady: SpanTable, position: int, tracks: TrackBlock, buses: _Samples
) -> None:
    """Add tracks, whose block begins at sample ``position``, to buses (buses + SPARE, samples).

    What is in the spare ones is meant for nobody.
    """
    rows = len(tracks.channels) + len(tracks.derived)
    planar = np.empty((rows, _TILE + _PADDING), np.float32)
    scratch = _Scratch(
        np.arange(_TILE).astype(np.float64),
        np.empty(_TILE, np.float32),
        np.empty(_TILE, np.float32),
    )
    for begin in range(0, len(tracks.block), _TILE):
        end = min(begin + _TILE, len(tracks.block))
        _pick(tracks, begin, end, planar)
        _add_spans(moving, position, begin, end, planar, scratch, buses)
        _add_spans(steady, position, begin, end, planar, scratch, buses)


@compiled
def _pick(tracks: TrackBlock, begin: int, end: int, planar: _Samples) -> None:
    """Copy a tile of every track into a row of its own, eight samples of each at a time."""
    block, channels, derived = tracks.block, tracks.channels, tracks.derived
    direct = len(channels)
    whole = begin + (end - begin) // 8 * 8
    for t in range(begin, whole, 8):
        for i in range(direct):
            channel, to = channels[i], t - begin
            planar[i, to] = block[t, channel]
            planar[i, to + 1] = block[t + 1, channel]
            planar[i, to + 2] = block[t + 2, channel]
            planar[i, to + 3] = block[t + 3, channel]
            planar[i, to + 4] = block[t + 4, channel]
            planar[i, to + 5] = block[t + 5, channel]
            planar[i, to + 6] = block[t + 6, channel]
            planar[i, to + 7] = block[t + 7, channel]
    for t in range(whole, end):
        for i in range(direct):
            planar[i, t - begin] = block[t, channels[i]]
    for i in range(len(derived)):
        for t in range(begin, end):
            planar[direct + i, t - begin] = derived[i, t]


@compiled
def _add_spans(  # noqa: PLR0913, PLR0917 - machine code takes its scratch along
    table: SpanTable,
    position: int,
    tile: int,
    tile_end: int,
    planar: _Samples,
    scratch: _Scratch,
    buses: _Samples,
) -> None:
    # taken out of their tuples once: doing so counts references, which costs more than a loop
    rows, used, start, change, count = table.row, table.used, table.start, table.change, table.size
    first, last, offset, step = table.first, table.last, table.offset, table.step
    numbers, shares, ramped = scratch.numbers, scratch.shares, scratch.ramped
    known = -1  # the span whose shares are at hand: many objects move in step
    for i in range(len(rows)):
        begin, end = max(first[i] - position, tile), min(last[i] - position, tile_end)
        if begin >= end:
            continue
        # indices without a sign: nothing is counted from the end, and loops stay simple
        at, low, high, row = np.uintp(tile), np.uintp(begin - tile), np.uintp(end - tile), rows[i]
        if step[i] == 0.0:
            _add_steady(i, used, start, count[i], planar, row, at, low, high, buses)
            continue
        if known < 0 or not (
            first[i] == first[known]
            and last[i] == last[known]
            and offset[i] == offset[known]
            and step[i] == step[known]
        ):
            known, lead = i, float(position + tile - first[i])
            _fill_shares(offset[i], step[i], lead, numbers, low, high, shares)
        _times(planar, row, shares, low, high, ramped)
        _add_ramped(i, used, start, change, count[i], planar, row, ramped, at, low, high, buses)


@compiled
def _fill_shares(  # noqa: PLR0913, PLR0917
    offset: float,
    step: float,
    lead: float,
    numbers: _Shares,
    low: _Index,
    high: _Index,
    shares: _Samples,
) -> None:
    for t in range(low, high):
        shares[t] = np.float32(offset + step * (lead + numbers[t]))


@compiled
def _times(
    planar: _Samples,
    row: _Index,
    shares: _Samples,
    low: _Index,
    high: _Index,
    ramped: _Samples,
) -> None:
    for t in range(low, high):
        ramped[t] = planar[row, t] * shares[t]


@compiled
def _add_steady(  # noqa: PLR0913, PLR0917
    i: int,
    used: _Indices,
    start: _Samples,
    count: int,
    planar: _Samples,
    row: _Index,
    at: _Index,
    low: _Index,
    high: _Index,
    buses: _Samples,
) -> None:
    for k in range(0, count, _GROUP):
        one, two, three, four = used[i, k], used[i, k + 1], used[i, k + 2], used[i, k + 3]
        g1, g2, g3, g4 = start[i, k], start[i, k + 1], start[i, k + 2], start[i, k + 3]
        for t in range(low, high):
            sound = planar[row, t]
            buses[one, at + t] += sound * g1
            buses[two, at + t] += sound * g2
            buses[three, at + t] += sound * g3
            buses[four, at + t] += sound * g4


@compiled
def _add_ramped(  # noqa: PLR0913, PLR0917
    i: int,
    used: _Indices,
    start: _Samples,
    change: _Samples,
    count: int,
    planar: _Samples,
    row: _Index,
    ramped: _Samples,
    at: _Index,
    low: _Index,
    high: _Index,
    buses: _Samples,
) -> None:
    for k in range(0, count, _GROUP):
        one, two, three, four = used[i, k], used[i, k + 1], used[i, k + 2], used[i, k + 3]
        g1, g2, g3, g4 = start[i, k], start[i, k + 1], start[i, k + 2], start[i, k + 3]
        c1, c2, c3, c4 = change[i, k], change[i, k + 1], change[i, k + 2], change[i, k + 3]
        for t in range(low, high):
            sound, ramp = planar[row, t], ramped[t]
            buses[one, at + t] = (buses[one, at + t] + sound * g1) + ramp * c1
            buses[two, at + t] = (buses[two, at + t] + sound * g2) + ramp * c2
            buses[three, at + t] = (buses[three, at + t] + sound * g3) + ramp * c3
            buses[four, at + t] = (buses[four, at + t] + sound * g4) + ramp * c4
