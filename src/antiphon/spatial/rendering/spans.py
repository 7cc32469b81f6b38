"""Spans of time with gains that stay or ramp: what blocks become once they are interpreted.

Times are exact fractions until the edge of a sample: a span holds sample s where start <= s < end.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.scene import ObjectBlock, SpeakerBlock

__all__ = [
    "FOREVER",
    "Gains",
    "ObjectSpans",
    "Samples",
    "Span",
    "TimedBlock",
    "check_times",
    "in_samples",
    "steady",
    "timed_blocks",
]

FOREVER = 1 << 62
Gains = NDArray[np.float32]
Samples = int | Fraction
_Block = TypeVar("_Block", ObjectBlock, SpeakerBlock)


class Span(NamedTuple):
    """Samples [first, last) at gains from ``start`` towards ``end``.

    Sample s is at the share ``offset + step * (s - first)`` of the way; a step of 0 stays.
    """

    first: int
    last: int
    start: Gains
    end: Gains
    offset: float = 0.0
    step: float = 0.0


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
    return Span(math.ceil(start), last, gains, gains)


class ObjectSpans:
    """The spans of one object, interpreted block by block as time goes on.

    A block ramps from the gains of the one before if it starts where that one ended; after a gap,
    and at the beginning, gains are there at once. A block without an end lasts until ``end``.
    """

    def __init__(self, blocks: tuple[ObjectBlock, ...], end: Fraction | None, rate: int) -> None:
        timed = list(timed_blocks(blocks, end, rate))
        check_times(timed, None if end is None else in_samples(end, rate), rate)
        _check_ramps(blocks)
        self._blocks = iter(timed)
        self._rate = rate
        self._queue: deque[Span] = deque()
        self._next = next(self._blocks, None)
        self._reached: Samples | None = None
        self._gains: Gains | None = None

    def due(self, until: int) -> Iterator[TimedBlock[ObjectBlock]]:
        """Yield the blocks that start before sample ``until`` and were not yielded yet.

        Each is to be answered by ``take``, in order, before ``between`` is called.
        """
        while self._next is not None and self._next.start < until:
            yield self._next
            self._next = next(self._blocks, None)

    def take(self, timed: TimedBlock[ObjectBlock], gains: Gains) -> None:
        """Turn a block and its gains into spans."""
        target = self._target(timed)
        if target != timed.start:
            self._ramp(timed.start, target, gains)
        if target != timed.end:
            self._queue.append(steady(target, timed.end, gains))
        self._reached, self._gains = timed.end, gains

    def changes(self, after: int) -> int:
        """Return until which sample the spans that sound at ``after`` are all that do.

        That is the start of the next block, the end of a span, or the start of a later one.
        """
        edges = [edge for span in self._queue for edge in (span.first, span.last) if edge > after]
        if self._next is not None:
            edges.append(math.ceil(self._next.start))
        return min(edges, default=FOREVER)

    def between(self, first: int, last: int) -> Iterator[Span]:
        """Yield the spans that sound in [first, last), forgetting those that ended before."""
        while self._queue and self._queue[0].last <= first:
            self._queue.popleft()
        for span in self._queue:
            if span.first >= last:
                return
            yield span

    def _target(self, timed: TimedBlock[ObjectBlock]) -> Samples:
        """Return when the block's gains are reached; without an end, at once."""
        if self._gains is None or self._reached != timed.start:
            return timed.start
        if timed.block.jump:
            length = timed.block.interpolation
            return timed.start + (in_samples(length, self._rate) if length else 0)
        return timed.start if timed.end is None else timed.end

    def _ramp(self, start: Samples, target: Samples, gains: Gains) -> None:
        assert self._gains is not None
        first, last = math.ceil(start), math.ceil(target)
        if last > first:
            offset, end = 0.0, 1.0
            if first != start or last != target:
                offset = float((first - start) / (target - start))
                end = float((last - start) / (target - start))
            step = (end - offset) / (last - first)
            self._queue.append(Span(first, last, self._gains, gains, offset, step))


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
