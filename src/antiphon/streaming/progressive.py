"""A rendition as one file: init section, an index made on the fly, then all segments.

The file exists nowhere: a range of it maps to ranges of the objects. The index (``sidx``, ISO/IEC
14496-12, 8.16.3) lets plain players know the duration and seek without reading everything.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from antiphon.audio import Rendition

_STARTS_WITH_SAP_1 = 0x90000000


@dataclass(frozen=True, slots=True)
class Span:
    """Some bytes of the file: of the object ``key``, or of the index where ``key`` is None."""

    key: str | None
    start: int
    length: int


class ProgressiveFile:
    """The layout of one rendition's file."""

    def __init__(self, rendition: Rendition) -> None:
        self.index = segment_index(rendition)
        keys = [rendition.segment_key(n) for n in range(len(rendition.segments))]
        self._parts: list[tuple[str | None, int]] = [
            (rendition.init_key, rendition.init_size),
            (None, len(self.index)),
            *zip(keys, (s.size for s in rendition.segments), strict=True),
        ]
        self.size = sum(size for _, size in self._parts)

    def spans(self, wanted: range) -> Iterator[Span]:
        """Yield, in order, what makes up the bytes at the positions ``wanted``."""
        begin = 0
        for key, size in self._parts:
            first = max(wanted.start, begin) - begin
            last = min(wanted.stop, begin + size) - begin
            if first < last:
                yield Span(key, first, last - first)
            begin += size


def segment_index(rendition: Rendition) -> bytes:
    """Return the ``sidx`` box of a rendition; its durations count the priming as well."""
    sizes = [s.size for s in rendition.segments]
    durations = [int(s.samples) for s in rendition.segments]
    durations[0] += rendition.priming
    references = b"".join(
        struct.pack(">3I", size, duration, _STARTS_WITH_SAP_1)
        for size, duration in zip(sizes, durations, strict=True)
    )
    head = struct.pack(">5I", 0, 1, rendition.sample_rate, 0, 0)  # v0, track 1, from time 0
    count = struct.pack(">HH", 0, len(sizes))
    body = head + count + references
    return struct.pack(">I4s", 8 + len(body), b"sidx") + body
