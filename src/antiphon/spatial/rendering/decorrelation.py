"""Diffuse sound: one all-pass filter of random phase for each loudspeaker (BS.2127, 7.4).

The filters follow from the rank of a loudspeaker's label in the layout, so they are the same in
every run and every implementation.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from antiphon.spatial.layouts import Layout

__all__ = ["DELAY", "Decorrelator", "decorrelation_filters"]

TAPS = 512
HOP = 512
DELAY = (TAPS - 1) // 2  # samples by which the filters are late on average

_Samples = NDArray[np.float32]


def decorrelation_filters(layout: Layout) -> NDArray[np.float64]:
    """Return the impulse responses, (channels, 512)."""
    ranks = {label: rank for rank, label in enumerate(sorted(layout.labels))}
    return np.array([_filter(ranks[label]) for label in layout.labels])


def _filter(seed: int) -> NDArray[np.float64]:
    """Return one filter: flat in magnitude, phases from the Mersenne Twister's 32-bit words."""
    words = np.random.RandomState(seed).randint(0, 2**32, TAPS // 2 - 1, dtype=np.uint32)
    phases = np.zeros(TAPS // 2 + 1)
    phases[1:-1] = 2.0 * np.pi * (words / 2**32)
    return np.fft.irfft(np.exp(1j * phases))


class Decorrelator:
    """Filters all channels, 512 samples at a time, by overlap-save.

    Output appears for each whole hop of input; DELAY is not compensated here.
    """

    def __init__(self, layout: Layout) -> None:
        self._heard = ~layout.is_lfe
        filters = decorrelation_filters(layout)[self._heard].astype(np.float32)
        self._response = fft.rfft(filters, TAPS + HOP, axis=1)
        self._window = np.zeros((len(filters), TAPS + HOP), np.float32)
        self._filled = 0
        self._width = len(layout.labels)

    def push(self, buses: _Samples) -> _Samples:
        """Take (channels, samples), return what became ready: (channels, a multiple of 512)."""
        heard = buses[self._heard]
        hops = (self._filled + buses.shape[1]) // HOP
        ready = np.zeros((self._width, hops * HOP), np.float32)
        taken = 0
        for hop in range(hops):
            taken += self._fill(heard[:, taken:])
            ready[self._heard, hop * HOP : (hop + 1) * HOP] = self._filtered()
        self._fill(heard[:, taken:])
        return ready

    def _fill(self, buses: _Samples) -> int:
        count = min(buses.shape[1], HOP - self._filled)
        begin = TAPS + self._filled
        self._window[:, begin : begin + count] = buses[:, :count]
        self._filled += count
        return count

    def _filtered(self) -> _Samples:
        spectrum = fft.rfft(self._window, axis=1)
        spectrum *= self._response
        filtered = fft.irfft(spectrum, TAPS + HOP, axis=1)
        self._window[:, :TAPS] = self._window[:, HOP:]
        self._filled = 0
        return filtered[:, TAPS:]
