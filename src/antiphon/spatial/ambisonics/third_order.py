"""Third-order ambisonics in ACN order with SN3D norms: encoding points, turning the sphere.

Sixteen components; closed forms of the harmonics, so that many moving points cost little.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.compiled import compiled
from antiphon.spatial.geometry import Vector

__all__ = ["COMPONENTS", "encode", "rotation", "turn"]

ORDER = 3
COMPONENTS = 16
Samples = NDArray[np.float32]
_POINTS = 64  # enough to tell sixteen harmonics apart to rounding
_A, _B, _C = math.sqrt(3.0), math.sqrt(5.0 / 8.0), math.sqrt(15.0)
_D, _E = math.sqrt(3.0 / 8.0), math.sqrt(3.0) / 2.0


def encode(points: Vector) -> Vector:
    """Return the gains (n, 16) of points (n, 3): right, front, up; distance does not matter."""
    gains = np.empty((len(points), COMPONENTS))
    _encode(np.ascontiguousarray(points, np.float64), gains)
    return gains


@compiled
def _encode(points: Vector, gains: Vector) -> None:
    for i in range(len(points)):
        right, front, up = points[i, 0], points[i, 1], points[i, 2]
        length = math.sqrt(right * right + front * front + up * up)
        if length == 0.0:
            gains[i, :] = 0.0
            gains[i, 0] = 1.0
            continue
        x, y, z = front / length, -right / length, up / length
        row = gains[i]
        row[0], row[1], row[2], row[3] = 1.0, y, z, x
        row[4], row[5] = _A * x * y, _A * y * z
        row[6] = (3.0 * z * z - 1.0) / 2.0
        row[7], row[8] = _A * x * z, _E * (x * x - y * y)
        row[9] = _B * y * (3.0 * x * x - y * y)
        row[10] = _C * x * y * z
        row[11] = _D * y * (5.0 * z * z - 1.0)
        row[12] = z * (5.0 * z * z - 3.0) / 2.0
        row[13] = _D * x * (5.0 * z * z - 1.0)
        row[14] = _C / 2.0 * z * (x * x - y * y)
        row[15] = _B * x * (x * x - 3.0 * y * y)


def rotation(turn: Vector) -> Vector:
    """Return the matrix (16, 16) that turns a sound field as ``turn`` (3, 3) turns its points."""
    points, inverse = _known()
    matrix = np.zeros((COMPONENTS, COMPONENTS))
    _rotation(np.ascontiguousarray(turn, np.float64), points, inverse, matrix)
    return matrix


@compiled
def _rotation(turn: Vector, points: Vector, inverse: Vector, matrix: Vector) -> None:
    """Fit each order by itself to points that are encoded where they were turned to."""
    turned = np.empty_like(points)
    for i in range(len(points)):
        for axis in range(3):
            turned[i, axis] = (
                turn[axis, 0] * points[i, 0]
                + turn[axis, 1] * points[i, 1]
                + turn[axis, 2] * points[i, 2]
            )
    gains = np.empty((len(points), COMPONENTS))
    _encode(turned, gains)
    for order in range(ORDER + 1):
        for to in range(order * order, (order + 1) * (order + 1)):
            for of in range(order * order, (order + 1) * (order + 1)):
                for i in range(len(points)):
                    matrix[to, of] += inverse[of, i] * gains[i, to]


@compiled
def turn(before: Samples, after: Samples, field: Samples, turned: Samples) -> None:
    """Write a field (16, samples) turned by a matrix that goes from one to another on the way.

    The last sample is turned by ``after`` alone. Orders do not mix, so most of a matrix is zero.
    """
    samples = field.shape[1]
    shares = np.empty(samples, np.float32)
    for t in range(samples):
        shares[t] = np.float32((t + 1.0) / samples)
    turned[:] = 0.0
    for order in range(ORDER + 1):
        for to in range(order * order, (order + 1) * (order + 1)):
            for of in range(order * order, (order + 1) * (order + 1)):
                gain, change = before[to, of], after[to, of] - before[to, of]
                if change == 0.0:
                    for t in range(samples):
                        turned[to, t] += field[of, t] * gain
                else:
                    for t in range(samples):
                        turned[to, t] += field[of, t] * (gain + change * shares[t])


@lru_cache(maxsize=1)
def _known() -> tuple[Vector, Vector]:
    points = spiral(_POINTS)
    return points, np.asarray(np.linalg.pinv(encode(points)), np.float64)


def spiral(count: int) -> Vector:
    """Return points (count, 3) that cover the sphere evenly, along a golden spiral."""
    number = np.arange(count) + 0.5
    height = 1.0 - 2.0 * number / count
    around = math.pi * (3.0 - math.sqrt(5.0)) * number
    flat = np.sqrt(1.0 - height * height)
    return np.stack((flat * np.cos(around), flat * np.sin(around), height), axis=1)
