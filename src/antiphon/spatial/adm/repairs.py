"""Times that real masters get wrong, mended by name; whatever is done is told.

The rules are those that authoring tools make necessary: a block ends where the next begins, ramps
inside itself, and no later than its audioObject.
"""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from antiphon.spatial.adm.model import Channel
from antiphon.spatial.scene import ObjectBlock, SpeakerBlock

TimedBlock = TypeVar("TimedBlock", ObjectBlock, SpeakerBlock)


class Mended:
    """Counts what was mended in one channel, and says it in a sentence each."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel.id
        self._counts: dict[str, int] = {}

    def note(self, what: str) -> None:
        """Count one repair."""
        self._counts[what] = self._counts.get(what, 0) + 1

    @property
    def sentences(self) -> list[str]:
        """Return one sentence for each kind."""
        return [f"{self._channel}: {what} ({n} of its blocks)." for what, n in self._counts.items()]


def in_time(
    channel: Channel, blocks: Iterable[TimedBlock], start: Fraction, end: Fraction | None
) -> tuple[tuple[TimedBlock, ...], list[str]]:
    """Return blocks at absolute times within [start, end], in order, none overlapping.

    ``start`` and ``end`` are the audioObject's. The sentences name what had to be mended.
    """
    mended = Mended(channel)
    ordered = sorted(blocks, key=lambda block: block.start)
    made: list[TimedBlock] = []
    for number, block in enumerate(ordered):
        following = ordered[number + 1].start if number + 1 < len(ordered) else None
        timed = _ended(block, following, mended)
        placed = _placed(timed, start, end, mended)
        if placed is not None:
            made.append(placed)
    return tuple(made), mended.sentences


def _ended(block: TimedBlock, following: Fraction | None, mended: Mended) -> TimedBlock:
    """End a block where the next begins, if it says something else by mistake."""
    if following is None:
        return block
    if block.end is None:
        mended.note("a block without duration ends where the next begins")
        return replace(block, end=following)
    if block.end > following:
        mended.note("a block overlaps the next: it ends where that begins")
        return replace(block, end=following)
    gap = following - block.end
    if 0 < gap <= _ROUNDING:
        mended.note("a gap of rounding between blocks was closed")
        return replace(block, end=following)
    return block


def _placed(
    block: TimedBlock, start: Fraction, end: Fraction | None, mended: Mended
) -> TimedBlock | None:
    """Shift a block to its audioObject's time and cut it where that ends."""
    begins = start + block.start
    ends = end if block.end is None else start + block.end
    if end is not None and begins > end:
        mended.note("a block begins after its audioObject ends: it was left out")
        return None
    if end is not None and ends is not None and ends > end:
        mended.note("a block lasts longer than its audioObject: it was cut there")
        ends = end
    placed = replace(block, start=begins, end=ends)
    return _with_ramp_inside(placed, mended) if isinstance(placed, ObjectBlock) else placed


def _with_ramp_inside(block: ObjectBlock, mended: Mended) -> ObjectBlock:
    length = block.interpolation
    if length is None or block.end is None or length <= block.end - block.start:
        return block
    mended.note("an interpolationLength is longer than its block: it was shortened")
    return replace(block, interpolation=block.end - block.start)


_ROUNDING = Fraction(1, 10_000)
"""Authoring tools round times to samples and to five decimals; both are below 0.1 ms."""
