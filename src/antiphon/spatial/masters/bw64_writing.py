"""Writing BW64 (ITU-R BS.2088): PCM of 24 bits or floats, with ADM beside it where there is some.

A file below 4 GiB is plain RIFF, as every reader knows it; a larger one becomes BW64 when it ends.
"""

import struct
from typing import BinaryIO, Final, Self

import numpy as np
import numpy.typing as npt

from antiphon.spatial.masters.bw64 import PcmFormat

_RIFF_LIMIT: Final = 0xFFFFFFFF
_DS64_BYTES: Final = 28


class Bw64Writer:
    """Writes samples as they come; sizes are put in when it is closed."""

    def __init__(self, file: BinaryIO, how: PcmFormat, chunks: dict[str, bytes]) -> None:
        """Begin a file; ``chunks`` (``chna``, ``axml``, ``bext`` ...) go before the samples."""
        self._file = file
        self._format = how
        self._written = 0
        file.write(b"RIFF\0\0\0\0WAVE")
        self._chunk(b"JUNK", bytes(_DS64_BYTES))
        self._chunk(b"fmt ", _format_chunk(how))
        for name, content in chunks.items():
            self._chunk(name.encode("ascii"), content)
        self._data_at = file.tell()
        file.write(b"data\0\0\0\0")

    def write(self, samples: npt.NDArray[np.floating]) -> None:
        """Append (samples, channels) at full scale 1.0; what is beyond it is clipped."""
        if samples.ndim != 2 or samples.shape[1] != self._format.channels:
            raise ValueError(f"{samples.shape} is not (samples, {self._format.channels})")
        raw = _as_bytes(samples, self._format)
        self._file.write(raw)
        self._written += len(raw)

    def close(self) -> None:
        """Write the sizes; the file itself stays open."""
        if self._written % 2:
            self._file.write(b"\0")
        end = self._file.tell()
        self._put(self._data_at + 4, struct.pack("<I", min(self._written, _RIFF_LIMIT)))
        if end - 8 <= _RIFF_LIMIT:
            self._put(4, struct.pack("<I", end - 8))
        else:
            frames = self._written // self._format.frame_bytes
            sizes = struct.pack("<QQQI", end - 8, self._written, frames, 0)
            self._put(0, b"BW64" + struct.pack("<I", _RIFF_LIMIT))
            self._put(12, b"ds64" + struct.pack("<I", _DS64_BYTES) + sizes)
        self._file.seek(end)

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the sizes."""
        self.close()

    def _chunk(self, name: bytes, content: bytes) -> None:
        pad = b"\0" * (len(content) % 2)
        self._file.write(name + struct.pack("<I", len(content)) + content + pad)

    def _put(self, at: int, raw: bytes) -> None:
        self._file.seek(at)
        self._file.write(raw)


def _format_chunk(how: PcmFormat) -> bytes:
    rate, frame = how.sample_rate, how.frame_bytes
    tag = 3 if how.is_float else 1
    return struct.pack("<HHIIHH", tag, how.channels, rate, rate * frame, frame, how.bits)


def _as_bytes(samples: npt.NDArray[np.floating], how: PcmFormat) -> bytes:
    if how.is_float:
        return samples.astype(f"<f{how.bits // 8}").tobytes()
    scale = float(1 << (how.bits - 1))
    whole = np.clip(np.rint(samples.astype(np.float64) * scale), -scale, scale - 1).astype("<i4")
    if how.bits == 32:
        return whole.tobytes()
    return whole.reshape(-1, 1).view(np.uint8)[:, : how.bits // 8].tobytes()
