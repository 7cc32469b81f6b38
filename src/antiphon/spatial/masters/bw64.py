"""Reading WAV, RF64 and BW64 (ITU-R BS.2088) as a stream: any size, constant memory.

Sizes are not believed: chunks end where the file does, and what was mended is told in sentences.
"""

import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from antiphon.spatial.errors import MasterUnreadable

MAX_CHANNELS: Final = 512
MAX_CHUNKS: Final = 4096
MAX_METADATA_BYTES: Final = 256 * 1024 * 1024
MIN_RATE: Final = 8_000
MAX_RATE: Final = 384_000

_IDS: Final = {b"RIFF", b"RF64", b"BW64"}
_IN_DS64: Final = 0xFFFFFFFF
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_SUPPORTED: Final = {(_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """How samples lie in the file: little-endian, interleaved."""

    channels: int
    sample_rate: int
    bits: int
    is_float: bool = False

    @property
    def frame_bytes(self) -> int:
        """Return the size of one sample of every channel."""
        return self.channels * self.bits // 8


@dataclass(frozen=True, slots=True)
class _Chunk:
    start: int
    size: int


def begin_of_sound(head: bytes) -> tuple[PcmFormat, int, int | None] | None:
    """Return how samples lie in a file that begins so, where they begin, and their bytes.

    None: more of the file is needed to say so. Bytes are None where only its end tells. Raise
    ``MasterUnreadable`` where it is no such file.
    """
    at = 12
    while len(head) >= at + 8:
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"data":
            found = Bw64File(io.BytesIO(head))
            size = found.told_sizes.get("data") if size == _IN_DS64 else size or None
            return found.format, at + 8, size
        at += 8 + size + size % 2
    if len(head) >= 12 and (head[:4] not in _IDS or head[8:12] != b"WAVE"):
        raise MasterUnreadable("this is no WAV, RF64 or BW64 file: export it again as BW64.")
    return None


class Bw64File:
    """One open file; ``repairs`` names what was mended while its chunks were found."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the chunk table of a seekable ``file``; raise ``MasterUnreadable``."""
        self._file = file
        self._length = file.seek(0, os.SEEK_END)
        self._repairs: list[str] = []
        self._chunks: dict[str, _Chunk] = {}
        self._sizes: dict[str, int] = {}
        self._bad_samples = 0
        self._find_chunks()
        self.format = self._read_format()
        self._data = self._read_data()

    @property
    def told_sizes(self) -> dict[str, int]:
        """Return the sizes of chunks that ``ds64`` tells."""
        return dict(self._sizes)

    @property
    def frames(self) -> int:
        """Return how many samples each channel has."""
        return self._data.size // self.format.frame_bytes

    @property
    def repairs(self) -> tuple[str, ...]:
        """Return what was mended so far; samples that are no numbers are found while reading."""
        bad = f"{self._bad_samples} samples were no finite numbers and were taken as silence."
        return (*self._repairs, bad) if self._bad_samples else tuple(self._repairs)

    def chunk(self, name: str) -> bytes | None:
        """Return the bytes of a chunk of metadata, or None where there is none."""
        found = self._chunks.get(name)
        if found is None:
            return None
        if found.size > MAX_METADATA_BYTES:
            raise MasterUnreadable(
                f"the chunk {name!r} has {found.size} bytes: {MAX_METADATA_BYTES} are allowed."
            )
        return self._bytes(found.start, found.size)

    def read(self, start: int, frames: int) -> Samples:
        """Return up to ``frames`` samples from ``start`` as (samples, channels), full scale 1.0.

        What is no finite number is silence; ``repairs`` counts it.
        """
        frames = max(0, min(frames, self.frames - start))
        size = self.format.frame_bytes
        raw = self._bytes(self._data.start + start * size, frames * size)
        samples = floats_of(raw[: len(raw) - len(raw) % size], self.format)
        if self.format.is_float:
            bad = ~np.isfinite(samples)
            self._bad_samples += int(np.count_nonzero(bad))
            samples[bad] = 0.0
        return samples.reshape(-1, self.format.channels)

    def blocks(self, frames: int) -> Iterator[Samples]:
        """Yield the whole file in blocks of ``frames``; the last may be shorter."""
        for start in range(0, self.frames, frames):
            yield self.read(start, frames)

    def _bytes(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)

    def _find_chunks(self) -> None:
        head = self._bytes(0, 12)
        if len(head) < 12 or head[:4] not in _IDS or head[8:12] != b"WAVE":
            raise MasterUnreadable("this is no WAV, RF64 or BW64 file: export it again as BW64.")
        at = 12
        while at + 8 <= self._length:
            if len(self._chunks) >= MAX_CHUNKS:
                raise MasterUnreadable(f"the file has over {MAX_CHUNKS} chunks.")
            at = self._take_chunk(at)
        if head[:4] != b"RIFF" and "ds64" not in self._chunks:
            self._repairs.append("the chunk ds64 is missing: sizes of 32 bits were taken.")

    def _take_chunk(self, at: int) -> int:
        """Note the chunk at ``at``; return where the next one begins."""
        raw, size = struct.unpack("<4sI", self._bytes(at, 8))
        name = raw.decode("latin-1")
        start, room = at + 8, self._length - at - 8
        size = self._true_size(name, size, room)
        self._chunks.setdefault(name, _Chunk(start, size))
        if name == "ds64":
            self._sizes = _sizes_of_64_bits(self._bytes(start, min(size, 4096)))
        end = start + size
        if size % 2 and self._pad_is_missing(end):
            self._repairs.append(f"the chunk {name!r} has an odd size and no pad byte.")
            return end
        return end + size % 2

    def _true_size(self, name: str, size: int, room: int) -> int:
        if size == _IN_DS64:
            size = self._sizes.get(name, room)
        if name == "data" and size == 0 and room:
            self._repairs.append(
                "the chunk 'data' claims no bytes: the rest of the file was taken."
            )
            return room
        if size > room:
            self._repairs.append(
                f"the chunk {name!r} claims {size} bytes, the file has {room}: it was cut there."
            )
        return min(size, room)

    def _pad_is_missing(self, end: int) -> bool:
        if end >= self._length:
            return False
        here = self._bytes(end, 5)
        return _looks_like_id(here[:4]) and not (here[0] == 0 or _looks_like_id(here[1:5]))

    def _read_format(self) -> PcmFormat:
        found = self._chunks.get("fmt ")
        if found is None or found.size < 16:
            raise MasterUnreadable("the chunk 'fmt ' is missing: nothing says how samples lie.")
        raw = self._bytes(found.start, min(found.size, 40))
        tag, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", raw)
        if tag == _EXTENSIBLE and len(raw) >= 26:
            tag = struct.unpack_from("<H", raw, 24)[0]
        _check_format(tag, channels, rate, bits)
        made = PcmFormat(channels, rate, bits, is_float=tag == _FLOAT)
        if frame != made.frame_bytes:
            self._repairs.append(
                f"'fmt ' says {frame} bytes for a sample of all channels: {made.frame_bytes} it is."
            )
        return made

    def _read_data(self) -> _Chunk:
        found = self._chunks.get("data")
        if found is None:
            raise MasterUnreadable("the chunk 'data' is missing: there is no sound in this file.")
        return found


def _sizes_of_64_bits(raw: bytes) -> dict[str, int]:
    """Return the true sizes that ``ds64`` tells (BS.2088, 4.2): of data, and of its table."""
    if len(raw) < 24:
        return {}
    sizes = {"data": struct.unpack_from("<Q", raw, 8)[0]}
    entries = struct.unpack_from("<I", raw, 24)[0] if len(raw) >= 28 else 0
    for at in range(28, min(28 + 12 * entries, len(raw) - 11), 12):
        name, size = struct.unpack_from("<4sQ", raw, at)
        sizes[name.decode("latin-1")] = size
    return sizes


def _looks_like_id(raw: bytes) -> bool:
    return len(raw) == 4 and all(0x20 <= byte < 0x7F for byte in raw)


def _check_format(tag: int, channels: int, rate: int, bits: int) -> None:
    if not 1 <= channels <= MAX_CHANNELS:
        raise MasterUnreadable(f"{channels} channels: a master has 1 to {MAX_CHANNELS}.")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise MasterUnreadable(f"{rate} Hz: a master has {MIN_RATE} to {MAX_RATE} Hz.")
    if (tag, bits) not in _SUPPORTED:
        raise MasterUnreadable(
            f"format {tag} with {bits} bits: PCM of 16, 24 or 32 bits, or floats, are read."
        )


def floats_of(raw: bytes, how: PcmFormat) -> npt.NDArray[np.float32]:
    """Return interleaved samples as float32; a copy that may be written to."""
    if how.is_float:
        return np.frombuffer(raw, f"<f{how.bits // 8}").astype(np.float32)
    if how.bits == 16:
        return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(1 << 15)
    if how.bits == 32:
        return (np.frombuffer(raw, "<i4") / float(1 << 31)).astype(np.float32)
    padded = np.zeros((len(raw) // 3, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
    return padded.view("<i4").ravel().astype(np.float32) / np.float32(1 << 31)
