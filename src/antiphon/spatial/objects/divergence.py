"""Divergence: an object is heard from both sides of its place (BS.2127, section 7.3.7)."""

import numpy as np

from antiphon.spatial.geometry import Point, azimuth, cartesian, elevation, local_axes
from antiphon.spatial.scene import CartesianDivergence, Divergence, PolarDivergence

__all__ = ["diverged"]

_DEFAULT_ANGLE = 45.0


def diverged(
    point: Point, divergence: Divergence | None, *, cartesian_mode: bool
) -> list[tuple[float, Point]]:
    """Return the places an object sounds from, each with its share of the energy.

    A divergence that was given in the other coordinates has the default range of these.
    """
    if divergence is None or divergence.value == 0.0:
        return [(1.0, point)]
    value = divergence.value
    side, centre = value / (value + 1.0), (1.0 - value) / (value + 1.0)
    if cartesian_mode:
        left, right = _apart(point, divergence)
        point = (_clipped(point[0]), _clipped(point[1]), _clipped(point[2]))
    else:
        left, right = _aside(point, divergence)
    return [(side, left), (centre, point), (side, right)]


def _apart(point: Point, divergence: Divergence) -> tuple[Point, Point]:
    reach = divergence.range if isinstance(divergence, CartesianDivergence) else None
    x, y, z = point
    y, z = _clipped(y), _clipped(z)
    return (_clipped(x + (reach or 0.0)), y, z), (_clipped(x - (reach or 0.0)), y, z)


def _aside(point: Point, divergence: Divergence) -> tuple[Point, Point]:
    is_polar = isinstance(divergence, PolarDivergence)
    angle = divergence.range if is_polar and divergence.range is not None else _DEFAULT_ANGLE
    distance = float(np.linalg.norm(point))
    axes = local_axes(azimuth(point), elevation(point))
    left = np.array(cartesian(angle, 0.0, distance)) @ axes
    right = np.array(cartesian(-angle, 0.0, distance)) @ axes
    return (
        (float(left[0]), float(left[1]), float(left[2])),
        (float(right[0]), float(right[1]), float(right[2])),
    )


def _clipped(value: float) -> float:
    return min(max(value, -1.0), 1.0)
