"""Spans of time with gains that stay or ramp: what blocks become once they are interpreted.

Times are exact fractions until the edge of a sample: a span holds sample s where start <= s < end.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.compiled import compiled
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.scene import ObjectBlock, ObjectItem, SpeakerBlock

__all__ = [
    "FOREVER",
    "Gains",
    "Samples",
    "Span",
    "TimedBlock",
    "Timeline",
    "check_times",
    "in_samples",
    "named_blocks",
    "sounding",
    "steady",
    "timed_blocks",
    "timeline",
]

FOREVER = 1 << 62
Gains = NDArray[np.float32]
Ints = NDArray[np.int64]
Shares = NDArray[np.float64]
Samples = int | Fraction
_Block = TypeVar("_Block", ObjectBlock, SpeakerBlock)


class Span(NamedTuple):
    """Samples [first, last) at fixed gains."""

    first: int
    last: int
    gains: Gains


class TimedBlock(NamedTuple, Generic[_Block]):
    """A block with its times in samples; ``end`` None is never."""

    block: _Block
    start: Samples
    end: Samples | None


def in_samples(time: Fraction, rate: int) -> Samples:
    """Return a time in samples; whole where it is whole."""
    numerator, denominator = time.as_integer_ratio()
    whole, rest = divmod(numerator * rate, denominator)
    return Fraction(numerator * rate, denominator) if rest else whole


def steady(start: Samples, end: Samples | None, gains: Gains) -> Span:
    """Return a span at fixed gains; ``end`` None is never."""
    last = FOREVER if end is None else math.ceil(end)
    return Span(math.ceil(start), last, gains)


class Timeline(NamedTuple):
    """Spans of many objects, an object's after another's, each in the order of time.

    Span i sounds in samples [first, last) and leads from the gains of block ``before`` to those of
    block ``after`` (the same block: they stay); blocks are numbered through all objects. ``begins``
    (objects + 1): where each object's spans are.
    """

    first: Ints
    last: Ints
    offset: Shares
    step: Shares
    before: Ints
    after: Ints
    owner: Ints
    begins: Ints


_Timing = tuple[int, int, float, float, int, int, int]


def timeline(items: Sequence[ObjectItem], rate: int) -> Timeline:
    """Return when which blocks of objects sound; refuse times that have no meaning.

    A block ramps from the gains of the one before if it starts where that one ended; after a gap,
    and at the beginning, gains are there at once. A block without an end lasts until the item's.
    """
    rows: list[_Timing] = []
    begins = [0]
    number = 0
    for owner, item in enumerate(items):
        timed = list(timed_blocks(item.blocks, item.end, rate))
        check_times(timed, None if item.end is None else in_samples(item.end, rate), rate)
        _check_ramps(item.blocks)
        rows += _timings(timed, owner, number, rate)
        begins.append(len(rows))
        number += len(timed)
    columns = list(zip(*rows, strict=True)) or [()] * 7
    first, last, offset, step, before, after, owners = columns
    return Timeline(
        np.array(first, np.int64),
        np.array(last, np.int64),
        np.array(offset, np.float64),
        np.array(step, np.float64),
        np.array(before, np.int64),
        np.array(after, np.int64),
        np.array(owners, np.int64),
        np.array(begins, np.int64),
    )


def _timings(
    blocks: Sequence[TimedBlock[ObjectBlock]], owner: int, number: int, rate: int
) -> Iterator[_Timing]:
    """Yield the spans of one object, whose blocks are counted from ``number``."""
    reached: Samples | None = -1
    for i, timed in enumerate(blocks, number):
        start, end = timed.start, timed.end
        target = _target(timed, rate) if reached == start else start
        if target != start:
            first, last = math.ceil(start), math.ceil(target)
            if last > first:
                offset, step = _ramp(start, target, first, last)
                yield first, last, offset, step, i - 1, i, owner
        if target != end:
            last = FOREVER if end is None else math.ceil(end)
            yield math.ceil(target), last, 0.0, 0.0, i, i, owner
        reached = end


def _target(timed: TimedBlock[ObjectBlock], rate: int) -> Samples:
    """Return when a block that follows another reaches its gains; without an end, at once."""
    if timed.block.jump:
        length = timed.block.interpolation
        return timed.start + (in_samples(length, rate) if length else 0)
    return timed.start if timed.end is None else timed.end


def _ramp(start: Samples, target: Samples, first: int, last: int) -> tuple[float, float]:
    """Return the share of the way at sample ``first``, and what each sample adds to it."""
    if first == start and last == target:
        return 0.0, 1.0 / (last - first)
    offset = float((first - start) / (target - start))
    end = float((last - start) / (target - start))
    return offset, (end - offset) / (last - first)


def sounding(time: Timeline, first: int, last: int, cursors: Ints) -> tuple[Ints, int]:
    """Return the spans that sound in samples [first, last), and when the next one begins.

    ``cursors``: for each object a span before which none matters; they move along.
    """
    found = np.empty(len(time.first), np.int64)
    count, following = _sounding(time, first, last, cursors, found)
    return found[:count], following


@compiled
def _sounding(time: Timeline, first: int, last: int, cursors: Ints, found: Ints) -> tuple[int, int]:
    count, following = 0, FOREVER
    for item in range(len(cursors)):
        end = time.begins[item + 1]
        while cursors[item] < end and time.last[cursors[item]] <= first:
            cursors[item] += 1
        span = cursors[item]
        while span < end and time.first[span] < last:
            found[count] = span
            count += 1
            span += 1
        if span < end:
            following = min(following, time.first[span])
    return count, following


@compiled
def named_blocks(time: Timeline, spans: Ints) -> Ints:
    """Return the blocks whose gains these spans need, each of them once.

    Spans of one object are neighbours in the order of time, and so share only with the one before.
    """
    found = np.empty(2 * len(spans), np.int64)
    count, newest = 0, -1
    for span in spans:
        for block in (time.before[span], time.after[span]):
            if block > newest:
                found[count] = newest = block
                count += 1
    return found[:count]


def timed_blocks(
    blocks: Iterable[_Block], end: Fraction | None, rate: int
) -> "Iterator[TimedBlock[_Block]]":
    """Yield blocks with their times in samples; one without an end lasts until ``end``."""
    last = None if end is None else in_samples(end, rate)
    for block in blocks:
        stop = last if block.end is None else in_samples(block.end, rate)
        yield TimedBlock(block, in_samples(block.start, rate), stop)


def check_times(blocks: "Iterable[TimedBlock[_Block]]", end: Samples | None, rate: int) -> None:
    """Refuse blocks that overlap, or that outlast their item (BS.2127, section 7.1)."""
    before: Samples | None = 0
    for _, start, stop in blocks:
        if before is None or start < before:
            raise SceneInvalid(f"A block at {float(start) / rate:g} s overlaps the one before.")
        if stop is not None and stop < start:
            raise SceneInvalid(f"A block at {float(start) / rate:g} s ends before it starts.")
        if end is not None and stop is not None and stop > end:
            raise SceneInvalid(f"A block at {float(start) / rate:g} s ends after its object.")
        before = stop


def _check_ramps(blocks: Sequence[ObjectBlock]) -> None:
    for block in blocks:
        if not block.jump or not block.interpolation or block.end is None:
            continue
        if block.start + block.interpolation > block.end:
            raise SceneInvalid(
                f"The interpolation of a block at {float(block.start):g} s is longer than it."
            )
