"""A small room behind sources that their master sets farther away: late sound from all around."""

import numpy as np
from numpy.typing import NDArray
from scipy import signal

__all__ = ["room_taps"]

_SECONDS = 0.30
_PREDELAY = 0.012
_DECAY_60 = 0.28
_DULL = 5000.0  # Hz
_SEED = 2127


def room_taps(sample_rate: int) -> NDArray[np.float32]:
    """Return the responses (2, 1, taps) of left and right ear, unlike each other, unit energy."""
    noise = np.random.default_rng(_SEED).standard_normal((2, int(_SECONDS * sample_rate)))
    time = np.arange(noise.shape[1]) / sample_rate
    decaying = noise * 10.0 ** (-3.0 * time / _DECAY_60)
    dull = signal.sosfilt(signal.butter(1, _DULL, fs=sample_rate, output="sos"), decaying, axis=1)
    taps = np.pad(dull, ((0, 0), (int(_PREDELAY * sample_rate), 0)))
    taps /= np.sqrt(np.sum(taps**2, axis=1, keepdims=True))
    return np.asarray(taps[:, None, :], np.float32)
