"""Bytes of a file, read where they are asked for, and what a look at them says."""

import os
from dataclasses import dataclass
from enum import StrEnum

from antiphon.catalog import SourceFormat
from antiphon.kernel import Corrupt


class Source:
    """An open file: positioned reads that never fail at the end, only come back shorter."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size

    def at(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes from ``offset``."""
        return os.pread(self._fd, count, offset) if 0 <= offset < self.size else b""

    def need(self, offset: int, count: int, what: str) -> bytes:
        """Return exactly ``count`` bytes from ``offset``, or say that the file is cut short."""
        data = self.at(offset, count)
        if len(data) < count:
            raise Corrupt(f"truncated: the file ends within {what}")
        return data


class Container(StrEnum):
    """What the coded audio is wrapped in."""

    FLAC = "flac"
    OGG = "ogg"
    MPEG = "mpeg"
    ADTS = "adts"
    MP4 = "mp4"
    WAV = "wav"
    AIFF = "aiff"
    WAVPACK = "wavpack"
    APE = "ape"
    DSF = "dsf"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file is, and where in it the coded audio lies.

    ``start`` to ``end`` holds no tags. ``facts`` is what the headers say of the sound, in bytes:
    part of its identity. ``fixed_size`` marks coding whose size says nothing of the content, so
    that only a hash over all of it can tell two sounds apart.
    """

    container: Container
    format: SourceFormat
    start: int
    end: int
    facts: bytes = b""
    fixed_size: bool = False


def shortfall(have: int, declared: int) -> str:
    """Return how much of what was declared is there."""
    share = 100 * max(have, 0) // declared if declared else 0
    return f"truncated: {share} % of the audio is there"
