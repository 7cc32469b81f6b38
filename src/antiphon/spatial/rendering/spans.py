"""Spans of time with gains that stay or ramp: what blocks become once they are interpreted.

Times are fractions until the edge of a sample: a span holds sample s where start <= s < end.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.scene import ObjectBlock, SpeakerBlock

__all__ = ["FOREVER", "Gains", "ObjectSpans", "Span", "check_times", "in_samples", "steady"]

FOREVER = 1 << 62
Gains = NDArray[np.float32]
_Samples = int | Fraction


class Span(NamedTuple):
    """Samples [first, last) at gains ``start + change * (offset + step * (s - first))``."""

    first: int
    last: int
    start: Gains
    change: Gains
    offset: float = 0.0
    step: float = 0.0


@dataclass(frozen=True, slots=True)
class _Reached:
    """Where the block before ended, and at which gains."""

    end: Fraction | None
    gains: Gains


def in_samples(time: Fraction, rate: int) -> _Samples:
    """Return a time in samples; whole where it is whole."""
    whole, rest = divmod(time.numerator * rate, time.denominator)
    return Fraction(time.numerator * rate, time.denominator) if rest else whole


def steady(start: Fraction, end: Fraction | None, rate: int, gains: Gains) -> Span:
    """Return a span at fixed gains; ``end`` None is never."""
    last = FOREVER if end is None else math.ceil(in_samples(end, rate))
    return Span(math.ceil(in_samples(start, rate)), last, gains, np.zeros_like(gains))


class ObjectSpans:
    """The spans of one object, interpreted block by block as time goes on.

    A block ramps from the gains of the one before if it starts where that one ended; after a gap,
    and at the beginning, gains are there at once. ``blocks`` end within ``end``.
    """

    def __init__(self, blocks: tuple[ObjectBlock, ...], end: Fraction | None, rate: int) -> None:
        check_times(blocks, end)
        _check_ramps(blocks)
        self._blocks = blocks
        self._end = end
        self._rate = rate
        self._next = 0
        self._queue: deque[Span] = deque()
        self._reached: _Reached | None = None

    def due(self, until: int) -> Iterator[ObjectBlock]:
        """Yield the blocks that start before sample ``until`` and were not yielded yet.

        Each has to be answered by ``take`` before the next call.
        """
        while self._next < len(self._blocks):
            block = self._blocks[self._next]
            if in_samples(block.start, self._rate) >= until:
                return
            self._next += 1
            yield block

    def take(self, block: ObjectBlock, gains: Gains) -> None:
        """Turn a block and its gains into spans."""
        end = self._end if block.end is None else block.end
        target = self._target(block, end)
        if target > block.start:
            self._ramp(block.start, target, gains)
        if end is None or target < end:
            self._queue.append(steady(target, end, self._rate, gains))
        self._reached = _Reached(end, gains)

    def between(self, first: int, last: int) -> Iterator[Span]:
        """Yield the spans that sound in [first, last), forgetting those that ended before."""
        while self._queue and self._queue[0].last <= first:
            self._queue.popleft()
        for span in self._queue:
            if span.first >= last:
                return
            yield span

    def _target(self, block: ObjectBlock, end: Fraction | None) -> Fraction:
        """Return when the block's gains are reached; without an end, at once."""
        if self._reached is None or self._reached.end != block.start:
            return block.start
        if block.jump:
            return block.start + (block.interpolation or 0)
        return block.start if end is None else end

    def _ramp(self, start: Fraction, target: Fraction, gains: Gains) -> None:
        assert self._reached is not None
        begin, stop = in_samples(start, self._rate), in_samples(target, self._rate)
        first, last = math.ceil(begin), math.ceil(stop)
        if last > first:
            old = self._reached.gains
            offset = float((first - begin) / (stop - begin))
            step = (float((last - begin) / (stop - begin)) - offset) / (last - first)
            self._queue.append(Span(first, last, old, gains - old, offset, step))


def check_times(
    blocks: Sequence[ObjectBlock] | Sequence[SpeakerBlock], end: Fraction | None
) -> None:
    """Refuse blocks that overlap, or that outlast their item (BS.2127, section 7.1)."""
    before: Fraction | None = Fraction(0)
    for block in blocks:
        stop = end if block.end is None else block.end
        if before is None or block.start < before:
            raise SceneInvalid(f"A block at {float(block.start):g} s overlaps the one before.")
        if stop is not None and stop < block.start:
            raise SceneInvalid(f"A block at {float(block.start):g} s ends before it starts.")
        if end is not None and stop is not None and stop > end:
            raise SceneInvalid(f"A block at {float(block.start):g} s ends after its object.")
        before = stop


def _check_ramps(blocks: Sequence[ObjectBlock]) -> None:
    for block in blocks:
        if not block.jump or not block.interpolation or block.end is None:
            continue
        if block.start + block.interpolation > block.end:
            raise SceneInvalid(
                f"The interpolation of a block at {float(block.start):g} s is longer than it."
            )
