"""Angles and directions of BS.2127, section 3: azimuth to the left, elevation up, in degrees.

Cartesian vectors are x to the right, y to the front, z up.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Point",
    "Vector",
    "azimuth",
    "cartesian",
    "directions",
    "elevation",
    "inside_angles",
    "local_axes",
    "polar",
    "ring_order",
    "wound_up",
]

Vector = NDArray[np.float64]
Point = tuple[float, float, float]


def cartesian(azimuth: float, elevation: float, distance: float = 1.0) -> Point:
    """Return the point at a direction and distance."""
    az, el = math.radians(-azimuth), math.radians(elevation)
    flat = math.cos(el) * distance
    return math.sin(az) * flat, math.cos(az) * flat, math.sin(el) * distance


def directions(azimuths: ArrayLike, elevations: ArrayLike) -> Vector:
    """Return the unit vectors of many directions, shape (..., 3)."""
    az, el = np.broadcast_arrays(np.radians(azimuths), np.radians(elevations))
    return np.stack((-np.sin(az) * np.cos(el), np.cos(az) * np.cos(el), np.sin(el)), axis=-1)


def azimuth(point: Point) -> float:
    """Return the azimuth of a point in [-180, 180]."""
    return -math.degrees(math.atan2(point[0], point[1]))


def elevation(point: Point) -> float:
    """Return the elevation of a point in [-90, 90]."""
    return math.degrees(math.atan2(point[2], math.hypot(point[0], point[1])))


def polar(point: Point) -> tuple[float, float, float]:
    """Return azimuth, elevation and distance of a point."""
    return azimuth(point), elevation(point), math.hypot(*point)


def local_axes(azimuth: float, elevation: float) -> Vector:
    """Return the rows right, front and up of a listener who faces this direction, shape (3, 3)."""
    return np.array(
        (
            cartesian(azimuth - 90.0, 0.0),
            cartesian(azimuth, elevation),
            cartesian(azimuth, elevation + 90.0),
        )
    )


def wound_up(start: float, angle: float) -> float:
    """Return ``angle`` turned by whole circles into [start, start + 360)."""
    while angle - 360.0 >= start:
        angle -= 360.0
    while angle < start:
        angle += 360.0
    return angle


def inside_angles(angle: float, start: float, end: float, tolerance: float = 0.0) -> bool:
    """Return whether ``angle`` lies on the way anticlockwise from ``start`` to ``end``.

    A range of a whole circle, such as -180 to 180, holds every angle; one from an angle to itself
    holds only that.
    """
    while end - 360.0 > start:
        end -= 360.0
    while end < start:
        end += 360.0
    return wound_up(start - tolerance, angle) <= end + tolerance


def ring_order(points: Vector) -> NDArray[np.intp]:
    """Return the order that walks around the corners of a convex, nearly flat polygon (n, 3)."""
    around = points - points.mean(axis=0)
    first = around[0]
    second = min(around[1:], key=lambda corner: abs(float(np.dot(corner, first))))
    return np.argsort(np.arctan2(around @ first, around @ second))
