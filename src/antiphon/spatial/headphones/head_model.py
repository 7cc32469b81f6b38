"""A head that is computed, not measured: the default where nobody chose another.

A rigid sphere (Duda and Martens, J. Acoust. Soc. Am. 104, 1998) gives the shadow and the delay; a
notch that rises with elevation and a dull rear stand for the pinna (Raykar et al., 2005). No data
of anybody's head is in it.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

from antiphon.spatial.ambisonics.third_order import spiral
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Vector
from antiphon.spatial.headphones.hrtf import Hrtf, minimum_phase

__all__ = ["RADIUS_MM", "modelled_head"]

RADIUS_MM = 87.5
Spectra = NDArray[np.complex128]
_SOUND = 343.0  # m/s
_EAR_AZIMUTH = 100.0
_TERMS = 60
_SIZE = 512
_DIRECTIONS = 1200
_ANGLES = 361
_DELAY = 24  # samples before the earliest onset


@lru_cache(maxsize=8)
def modelled_head(sample_rate: int = 48_000, radius_mm: float = RADIUS_MM) -> Hrtf:
    """Return the model's responses for a head of this radius, 60 to 120 mm."""
    if not 60.0 <= radius_mm <= 120.0:
        raise SceneInvalid("A head's radius is 60 to 120 mm.")
    points = spiral(_DIRECTIONS)
    frequencies = fft.rfftfreq(_SIZE, 1.0 / sample_rate)
    sphere = _sphere(frequencies, radius_mm / 1000.0)
    delay = np.exp(-2j * np.pi * frequencies * (_DELAY / sample_rate + radius_mm / 1000.0 / _SOUND))
    pinna = np.array([minimum_phase(_pinna(frequencies, p), _SIZE) for p in points])
    responses = np.empty((_DIRECTIONS, 2, _SIZE))
    for ear, side in enumerate((1.0, -1.0)):
        spectra = _at_ear(sphere, points, side) * pinna * delay
        responses[:, ear] = fft.irfft(spectra, _SIZE, axis=1)
    return Hrtf(f"model, {radius_mm:g} mm", points, responses, sample_rate)


def _at_ear(sphere: Spectra, points: Vector, side: float) -> Spectra:
    azimuth = math.radians(_EAR_AZIMUTH)
    ear = np.array((-side * math.sin(azimuth), math.cos(azimuth), 0.0))
    angles = np.degrees(np.arccos(np.clip(points @ ear, -1.0, 1.0))) * (_ANGLES - 1) / 180.0
    below = np.minimum(angles.astype(int), _ANGLES - 2)
    share = (angles - below)[:, None]
    return np.asarray((1.0 - share) * sphere[below] + share * sphere[below + 1])


def _sphere(frequencies: Vector, radius: float) -> Spectra:
    """Return the pressure on a rigid sphere, (angles of incidence from 0 to 180, frequencies).

    Relative to the pressure at its centre without it; the series ends where its terms vanish.
    """
    cosines = np.cos(np.linspace(0.0, np.pi, _ANGLES))
    ka = 2.0 * np.pi * frequencies / _SOUND * radius
    total = np.ones((_ANGLES, len(ka)), np.complex128)
    heard = ka > 0.0
    x = ka[heard]
    series = np.zeros((_ANGLES, len(x)), np.complex128)
    for n in range(_TERMS):
        slope = special.spherical_jn(n, x, derivative=True) - 1j * special.spherical_yn(
            n, x, derivative=True
        )
        term = (1j**n) * (2 * n + 1) / slope
        term = np.where(n > 1.5 * x + 12, 0.0, term)
        series += special.eval_legendre(n, cosines)[:, None] * term[None, :]
    total[:, heard] = -1j * series / x**2
    return total


def _pinna(frequencies: Vector, point: Vector) -> Vector:
    """Return the magnitude of what the outer ear adds for one direction."""
    f = np.maximum(frequencies, 1.0)
    elevation = math.degrees(math.asin(float(np.clip(point[2], -1.0, 1.0))))
    height = (np.clip(elevation, -45.0, 90.0) + 45.0) / 135.0
    notch_at = 6500.0 + 4500.0 * height
    depth = 9.0 * max(math.cos(math.radians(elevation)), 0.0)
    concha = 9.0 * np.exp(-((np.log2(f / 4200.0) / 0.75) ** 2))
    notch = -depth * np.exp(-((np.log2(f / notch_at) / 0.22) ** 2))
    rear = -2.5 * (1.0 - float(point[1])) / (1.0 + (3500.0 / f) ** 4)
    return np.asarray(10.0 ** ((concha + notch + rear) / 20.0))
