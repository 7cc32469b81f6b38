"""From a head to ambisonic filters by magnitude least squares (Schörkhuber et al., DAGA 2018).

Low frequencies are fitted as they are. Above 1.4 kHz, where few components cannot follow the phase
and the ear does not, each bin keeps the phase of the bin below it and fits the magnitude.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from antiphon.spatial.ambisonics.third_order import COMPONENTS, encode
from antiphon.spatial.geometry import Vector
from antiphon.spatial.headphones.hrtf import Hrtf

__all__ = ["TAPS", "BinauralFilters", "magls_filters"]

TAPS = 256
_SIZE = 1024
_CROSSOVER = 1400.0  # Hz
_HALF_OCTAVE = 2.0**0.25
_EARLY = 8  # samples kept before the onset
_LEAD = 32  # samples of room for what the fit puts before it
_FADE = 32
_LEVELLING = 0.5  # 0 fits amplitudes, 2 decibels: quiet sides count, but not as much as loud ones
_QUIETEST = 0.05
_REGULARISATION = 1e-6

Spectrum = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class BinauralFilters:
    """``taps`` (2, 16, 256): from each ACN/SN3D component to the left and right ear.

    ``onset``: samples by which a sound straight ahead is late.
    """

    name: str
    taps: NDArray[np.float32]
    sample_rate: int
    onset: int


def magls_filters(hrtf: Hrtf) -> BinauralFilters:
    """Return the filters of a head at its own rate."""
    early = _trimmed(hrtf)
    target = fft.rfft(early, _SIZE, axis=2)
    field = encode(hrtf.directions)
    fitted = _fit(target, field, hrtf.sample_rate)
    # What was fitted may begin before its time: it is turned to begin after zero.
    taps = np.roll(fft.irfft(fitted, _SIZE, axis=2), _LEAD, axis=2)[:, :, :TAPS]
    taps[:, :, -_FADE:] *= np.hanning(2 * _FADE)[_FADE:]
    ahead = field[np.argmax(hrtf.directions[:, 1])]
    onset = int(np.argmax(np.abs(np.einsum("c,ect->t", ahead, taps))))
    return BinauralFilters(hrtf.name, taps.astype(np.float32), hrtf.sample_rate, onset)


def _trimmed(hrtf: Hrtf) -> Vector:
    """Return the responses without the silence that is common to all, cut to what is kept."""
    level = np.abs(hrtf.responses)
    begins = np.argmax(level > 0.05 * level.max(axis=2, keepdims=True), axis=2)
    start = max(int(begins.min()) - _EARLY, 0)
    return np.asarray(hrtf.responses[:, :, start : start + TAPS - _EARLY])


def _fit(target: Spectrum, field: Vector, rate: int) -> Spectrum:
    """Return the spectra (2, 16, bins) whose sum over components comes nearest to the target."""
    area = _share_of_sphere(field)
    bins = target.shape[2]
    fitted = np.zeros((2, COMPONENTS, bins), np.complex128)
    for number in range(bins):
        blend = _blend(number * rate / _SIZE)
        for ear in range(2):
            wanted = target[:, ear, number]
            size = np.abs(wanted)
            if blend > 0.0:
                phases = np.angle(field @ fitted[ear, :, number - 1])
                wanted = (1.0 - blend) * wanted + blend * size * np.exp(1j * phases)
            quiet = np.maximum(size, _QUIETEST * size.max() + 1e-12) ** (-_LEVELLING * blend)
            fitted[ear, :, number] = _least_squares(field, wanted, area * quiet)
    return fitted


def _least_squares(
    field: Vector, wanted: NDArray[np.complex128], weights: Vector
) -> NDArray[np.complex128]:
    weighted = field.T * (weights / weights.mean())
    normal = weighted @ field
    normal += np.eye(COMPONENTS) * (_REGULARISATION * np.trace(normal) / COMPONENTS)
    return np.asarray(np.linalg.solve(normal, weighted @ wanted))


def _blend(frequency: float) -> float:
    """Return how much of the magnitude fit applies: 0 below the crossover, 1 above."""
    low, high = _CROSSOVER / _HALF_OCTAVE, _CROSSOVER * _HALF_OCTAVE
    if frequency <= low:
        return 0.0
    return float(min(np.log2(frequency / low) / np.log2(high / low), 1.0))


def _share_of_sphere(field: Vector) -> Vector:
    """Return weights under which the harmonics come nearest to being orthogonal.

    Measured directions lie denser in some places and are missing in others.
    """
    directions = field[:, [3, 1, 2]]
    cosines = np.clip(directions @ directions.T, -1.0, 1.0)
    nearest = np.sort(2.0 - 2.0 * cosines, axis=1)[:, 1:5].mean(axis=1)
    return np.asarray(np.maximum(nearest, 1e-9) / nearest.mean())
