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
    """Filters all channels, ``hop`` samples at a time, by overlap-save.

    Output appears for each whole hop of input; DELAY is not compensated here.
    """

    def __init__(self, layout: Layout, hop: int) -> None:
        self._hop = hop
        self._heard = np.flatnonzero(~layout.is_lfe)
        self._channels = len(layout.labels)
        filters = decorrelation_filters(layout)[self._heard].astype(np.float32)
        self._response = fft.rfft(filters, TAPS + hop, axis=1)
        self._history = np.zeros((len(self._heard), TAPS), np.float32)

    def push(self, buses: _Samples) -> _Samples:
        """Take (channels, samples), return what became ready: (channels, a multiple of the hop)."""
        waiting = np.concatenate((self._history, buses[self._heard]), axis=1)
        hop, size = self._hop, TAPS + self._hop
        hops = (waiting.shape[1] - TAPS) // hop
        self._history = waiting[:, hops * hop :]
        ready = np.zeros((self._channels, hops * hop), np.float32)
        for begin in range(0, hops * hop, hop):
            spectra = fft.rfft(waiting[:, begin : begin + size], axis=1)
            spectra *= self._response
            filtered = fft.irfft(spectra, size, axis=1, overwrite_x=True)
            ready[self._heard, begin : begin + hop] = filtered[:, TAPS:]
        return ready
