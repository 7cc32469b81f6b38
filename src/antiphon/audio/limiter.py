"""A limiter by true peak that looks ahead, the same gain for all channels. Pure.

Nothing but a gain is applied, never above 1: what stays below the ceiling passes to the bit, and
where something is turned down, all channels are, so that nothing moves in the room. The gain that
each sample needs is held over a window to both sides and smoothed within it, so that it has arrived
when the peak does, and follows no single period of anything above 25 Hz.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from antiphon.audio.loudness import interpolation

_REACH_SECONDS: Final = 0.02
_FACTOR: Final = 4
_TAPS: Final = 24  # of each interpolating filter
_BEFORE: Final = _TAPS // 2 - 1
_PIECE: Final = 1024

Samples = NDArray[np.float32]


class Limiter:
    """Holds (samples, channels) of float32 below ``ceiling`` (linear, of full scale).

    ``push`` gives what is ready, up to ``latency`` samples less than came, and ``finish`` the rest:
    the first sample that comes out is the first that went in. ``least`` is the smallest gain yet.
    """

    def __init__(self, rate: int, channels: int, *, ceiling: float) -> None:
        self.least = 1.0
        self._ceiling = ceiling
        self._reach = max(1, round(rate * _REACH_SECONDS))
        self._filters = interpolation(_FACTOR)
        self._overshoot = float(np.abs(self._filters).sum(axis=1).max())
        self.latency = 2 * self._reach + _TAPS
        # Behind what is due lies what the windows need of the past, silence at first.
        self._held = np.zeros((self.latency, channels), np.float32)

    def push(self, samples: Samples) -> Samples:
        """Take the next samples, return those that are ready."""
        self._held = np.concatenate((self._held, samples))
        ready = len(self._held) - 2 * self.latency
        if ready <= 0:
            return self._held[:0]
        out = self._limited(ready)
        self._held = self._held[ready:]
        return out

    def finish(self) -> Samples:
        """Return the rest."""
        return self.push(np.zeros((self.latency, self._held.shape[1]), np.float32))

    def _limited(self, ready: int) -> Samples:
        """Return the samples between the context before and the context behind."""
        begin, end = self.latency, self.latency + ready
        held = self._held
        if _highest(held) * self._overshoot <= self._ceiling:
            return held[begin:end]
        needed = np.minimum(1.0, self._ceiling / np.maximum(self._envelope(held), 1e-12))
        width = 2 * self._reach + 1
        # Two windows of half the width: each smoothed value lies within what was held.
        gain = ndimage.minimum_filter1d(needed, width, mode="nearest")
        for _ in range(2):
            gain = ndimage.uniform_filter1d(gain, self._reach, mode="nearest")
        part = np.minimum(gain[begin:end], 1.0).astype(np.float32)
        self.least = min(self.least, float(part.min(initial=1.0)))
        limited: Samples = held[begin:end] * part[:, None]
        return limited

    def _envelope(self, held: Samples) -> NDArray[np.float64]:
        """Return for each sample the highest level at it or on the way to the next."""
        level: NDArray[np.float64] = np.abs(held).max(axis=1).astype(np.float64)
        loud = np.flatnonzero(np.abs(held).max(axis=0) * self._overshoot > self._ceiling)
        for channel in loud:
            x = np.ascontiguousarray(held[:, channel])
            for start in range(0, len(x) - _TAPS + 1, _PIECE):
                piece = x[start : start + _PIECE + _TAPS - 1]
                if _highest(piece) * self._overshoot > self._ceiling:
                    between = self._between(piece)
                    here = level[start + _BEFORE : start + _BEFORE + len(between)]
                    np.maximum(here, between, out=here)
        return level

    def _between(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        shape = (_TAPS, len(x) - _TAPS + 1)
        shifted: NDArray[Any] = np.lib.stride_tricks.as_strided(x, shape, x.strides * 2)
        highest: NDArray[np.float32] = np.abs(self._filters @ shifted).max(axis=0)
        return highest


def _highest(x: Samples) -> float:
    return max(float(x.max()), -float(x.min())) if x.size else 0.0
