"""Real spherical harmonics and their norms (BS.2076, section 11.1; BS.2127, section 9.2)."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import lpmv

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Vector

__all__ = ["NORMALIZATIONS", "acn", "harmonics", "norm", "order_and_degree"]

NORMALIZATIONS = ("SN3D", "N3D", "FuMa")
# What FuMa's maxN multiplies SN3D by, for order and |degree|.
_FUMA = {
    (0, 0): math.sqrt(1 / 2),
    (1, 0): 1.0,
    (1, 1): 1.0,
    (2, 0): 1.0,
    (2, 1): 2 / math.sqrt(3),
    (2, 2): 2 / math.sqrt(3),
    (3, 0): 1.0,
    (3, 1): math.sqrt(45 / 32),
    (3, 2): 3 / math.sqrt(5),
    (3, 3): math.sqrt(8 / 5),
}


def acn(order: int, degree: int) -> int:
    """Return the ambisonic channel number."""
    return order * order + order + degree


def order_and_degree(channel: int) -> tuple[int, int]:
    """Return order and degree of an ambisonic channel number."""
    order = math.isqrt(channel)
    return order, channel - order * order - order


def norm(order: int, degree: int, normalization: str) -> float:
    """Return the norm of one harmonic; FuMa ends at order 3."""
    m = abs(degree)
    sn3d = math.sqrt(math.factorial(order - m) / math.factorial(order + m))
    if normalization == "SN3D":
        return sn3d
    if normalization == "N3D":
        return sn3d * math.sqrt(2 * order + 1)
    if normalization != "FuMa":
        raise SceneInvalid(f"There is no ambisonic normalization {normalization}.")
    if order > 3:
        raise SceneInvalid(f"FuMa is defined up to order 3, not {order}.")
    return sn3d * _FUMA[order, m]


def harmonics(
    points: Vector, orders: Sequence[int], degrees: Sequence[int], normalization: str
) -> Vector:
    """Return each harmonic at unit vectors ``points`` (n, 3), shape (harmonics, n)."""
    azimuths = -np.arctan2(points[:, 0], points[:, 1])
    heights = np.sin(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    rows = []
    for order, degree in zip(orders, degrees, strict=True):
        m = abs(degree)
        # lpmv carries the Condon-Shortley phase, which ambisonics leaves out
        legendre = (-1.0) ** m * lpmv(m, order, heights)
        rows.append(norm(order, degree, normalization) * legendre * _around(degree, azimuths))
    return np.array(rows)


def _around(degree: int, azimuths: Vector) -> Vector:
    if degree == 0:
        return np.ones_like(azimuths)
    angle = abs(degree) * azimuths
    return math.sqrt(2.0) * (np.cos(angle) if degree > 0 else np.sin(angle))
