"""Head-related impulse responses: what a head makes of sound from each direction."""

from dataclasses import dataclass, replace
from math import gcd

import numpy as np
from scipy import fft, signal

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Vector

__all__ = ["Hrtf", "diffuse_field_equalised", "minimum_phase", "resampled"]

_MAX_BOOST_DB = 12.0


@dataclass(frozen=True, slots=True)
class Hrtf:
    """Impulse responses of one head.

    ``directions`` (n, 3): unit vectors, right, front, up. ``responses`` (n, 2, taps): left, right,
    full scale 1.0, with the true delay between the ears.
    """

    name: str
    directions: Vector
    responses: Vector
    sample_rate: int

    def __post_init__(self) -> None:
        """Refuse what no head makes."""
        shape = self.responses.shape
        if self.directions.shape != (shape[0], 3) or len(shape) != 3 or shape[1] != 2:
            raise SceneInvalid("An HRTF has a direction for each pair of responses.")
        if not np.isfinite(self.responses).all() or not np.isfinite(self.directions).all():
            raise SceneInvalid("An HRTF holds finite numbers only.")


def resampled(hrtf: Hrtf, sample_rate: int) -> Hrtf:
    """Return the same head at another rate; levels stay as they are."""
    if hrtf.sample_rate == sample_rate:
        return hrtf
    common = gcd(hrtf.sample_rate, sample_rate)
    up, down = sample_rate // common, hrtf.sample_rate // common
    padded = np.pad(hrtf.responses, ((0, 0), (0, 0), (32, 32)))
    responses = signal.resample_poly(padded, up, down, axis=2) * (down / up)
    return replace(hrtf, responses=responses, sample_rate=sample_rate)


def diffuse_field_equalised(hrtf: Hrtf) -> Hrtf:
    """Return the head without what all directions share: headphones bring that colour themselves.

    The mean power over directions and ears becomes flat (at most 12 dB up), in minimum phase.
    """
    size = fft.next_fast_len(4 * hrtf.responses.shape[2])
    spectra = fft.rfft(hrtf.responses, size, axis=2)
    weights = _areas(hrtf.directions)[:, None, None]
    power = np.sum(weights * np.abs(spectra) ** 2, axis=(0, 1)) / (2.0 * weights.sum())
    colour = np.sqrt(power)
    least = colour.max() * 10.0 ** (-_MAX_BOOST_DB / 20.0)
    inverse = minimum_phase(1.0 / np.maximum(_smooth(colour), least), size)
    spectra *= inverse
    responses = fft.irfft(spectra, size, axis=2)[:, :, : hrtf.responses.shape[2]]
    return replace(hrtf, responses=responses)


def minimum_phase(magnitude: Vector, size: int) -> Vector:
    """Return the spectrum (size // 2 + 1) of this magnitude whose energy comes earliest."""
    cepstrum = fft.irfft(np.log(np.maximum(magnitude, 1e-9)), size)
    fold = np.zeros(size)
    fold[0] = 1.0
    fold[1 : (size + 1) // 2] = 2.0
    if size % 2 == 0:
        fold[size // 2] = 1.0
    return np.asarray(np.exp(fft.rfft(cepstrum * fold)))


def _smooth(colour: Vector) -> Vector:
    """Return the magnitude averaged over a third of an octave: narrow dips are not filled up."""
    bins = np.arange(len(colour))
    low = np.maximum((bins * 2.0 ** (-1 / 6)).astype(int), 0)
    high = np.minimum((bins * 2.0 ** (1 / 6)).astype(int) + 1, len(colour))
    total = np.concatenate(([0.0], np.cumsum(colour**2)))
    return np.asarray(np.sqrt((total[high] - total[low]) / np.maximum(high - low, 1)))


def _areas(directions: Vector) -> Vector:
    """Return how much of the sphere each direction stands for, up to a factor.

    The nearer its neighbours, the less: the mean squared distance to the four nearest.
    """
    cosines = np.clip(directions @ directions.T, -1.0, 1.0)
    nearest = np.sort(2.0 - 2.0 * cosines, axis=1)[:, 1:5]
    return np.asarray(np.maximum(nearest.mean(axis=1), 1e-9))
