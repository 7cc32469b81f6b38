"""Many inputs to two ears through long filters with little delay.

Uniformly partitioned overlap-save: filters are cut into parts as long as a block, the spectra of
the last blocks are kept, and each output block is one sum of products and one inverse transform.
The delay is the block itself.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from antiphon.spatial.compiled import compiled
from antiphon.spatial.errors import SceneInvalid

__all__ = ["EarConvolver"]

_Samples = NDArray[np.float32]
_Spectra = NDArray[np.complex64]


class EarConvolver:
    """Filters (ears, inputs, taps), blocks of a fixed size; equals direct convolution."""

    def __init__(self, taps: _Samples, block: int) -> None:
        if block < 16 or block & (block - 1):
            raise SceneInvalid("A block has a power of two of samples, 16 or more.")
        ears, inputs, length = taps.shape
        parts = -(-length // block)
        padded = np.zeros((ears, inputs, parts * block), np.float32)
        padded[:, :, :length] = taps
        split = padded.reshape(ears, inputs, parts, block)
        self._filters = np.ascontiguousarray(
            fft.rfft(split, 2 * block, axis=3).transpose(2, 0, 1, 3), np.complex64
        )
        self._block = block
        self._window = np.zeros((inputs, 2 * block), np.float32)
        self._past = np.zeros((parts, inputs, block + 1), np.complex64)
        self._now = 0

    def push(self, samples: _Samples) -> _Samples:
        """Take (inputs, block), return (ears, block)."""
        block = self._block
        self._window[:, :block] = self._window[:, block:]
        self._window[:, block:] = samples
        self._past[self._now] = fft.rfft(self._window, axis=1)
        total = np.zeros((self._filters.shape[1], block + 1), np.complex64)
        _accumulate(self._past, self._filters, self._now, total)
        self._now = (self._now + 1) % len(self._past)
        ears = fft.irfft(total, 2 * block, axis=1, overwrite_x=True)
        return np.asarray(ears[:, block:])


@compiled
def _accumulate(past: _Spectra, filters: _Spectra, now: int, total: _Spectra) -> None:
    parts, ears, inputs, bins = filters.shape
    for part in range(parts):
        row = (now - part) % parts
        for source in range(inputs):
            for ear in range(ears):
                for k in range(bins):
                    total[ear, k] += past[row, source, k] * filters[part, ear, source, k]
