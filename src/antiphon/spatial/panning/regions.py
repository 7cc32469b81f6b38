"""Regions of the sphere, flattened for machine code (BS.2127, section 6.1.2).

A region is a triplet of loudspeakers, a ring of them around a virtual one, or a quad.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.compiled import compiled
from antiphon.spatial.geometry import Vector, ring_order

__all__ = ["RegionList", "Regions", "find_gains"]

_TRIPLET, _RING, _QUAD = 0, 1, 2
_GAIN_SLACK = -1e-11
_ROOT_SLACK = 1e-10

_Ints = NDArray[np.int64]


class Regions(NamedTuple):
    """All regions side by side: n of them, at most r loudspeakers in a ring.

    ``solution`` (n, 3, 3): for triplets and rings the inverse of the corner matrix, for quads the
    polynomial of x; ``second`` (n, 3, 3): the polynomial of y; ``corners`` (n, 4, 3).
    """

    kind: _Ints
    speakers: _Ints
    solution: Vector
    second: Vector
    corners: Vector
    ring: _Ints
    ring_size: _Ints


@dataclass
class RegionList:
    """Collects regions in the order in which they are asked; ``positions``: real unit vectors."""

    positions: Vector
    _rows: list[tuple[int, Sequence[int], Vector, Vector, Vector, Sequence[int]]] = field(
        default_factory=list
    )

    def add_triplet(self, speakers: Sequence[int]) -> None:
        """Add a triangle of three loudspeakers."""
        self._add_triangle(_TRIPLET, speakers, self.positions[list(speakers)], ())

    def add_ring(self, speakers: Sequence[int], centre: Vector) -> None:
        """Add loudspeakers around a virtual one, which is spread over them at equal power."""
        around = [speakers[i] for i in ring_order(self.positions[list(speakers)])]
        for first, second in zip(around, [*around[1:], around[0]], strict=True):
            corners = np.stack((self.positions[first], self.positions[second], centre))
            self._add_triangle(_RING, (first, second, -1), corners, speakers)

    def add_quad(self, speakers: Sequence[int]) -> None:
        """Add four loudspeakers in one plane of the hull."""
        order = [speakers[i] for i in ring_order(self.positions[list(speakers)])]
        corners = self.positions[order]
        x, y = _polynomial(corners), _polynomial(corners[[1, 2, 3, 0]])
        self._rows.append((_QUAD, order, x, y, corners, ()))

    def flattened(self) -> Regions:
        """Return everything that was added."""
        widest = max(len(row[5]) for row in self._rows)
        ring = np.zeros((len(self._rows), max(widest, 1)), np.int64)
        for i, row in enumerate(self._rows):
            ring[i, : len(row[5])] = row[5]
        return Regions(
            np.array([row[0] for row in self._rows]),
            np.array([row[1] for row in self._rows]),
            np.array([row[2] for row in self._rows]),
            np.array([row[3] for row in self._rows]),
            np.array([row[4] for row in self._rows]),
            ring,
            np.array([len(row[5]) for row in self._rows]),
        )

    def _add_triangle(
        self, kind: int, speakers: Sequence[int], corners: Vector, ring: Sequence[int]
    ) -> None:
        padded = np.concatenate((corners, np.zeros((1, 3))))
        inverse = np.asarray(np.linalg.inv(corners), np.float64)
        self._rows.append((kind, (*speakers, -1), inverse, np.zeros((3, 3)), padded, ring))


def _polynomial(corners: Vector) -> Vector:
    """Return rows a, b, c so that direction d lies at x where (a.d) x^2 + (b.d) x + c.d = 0."""
    p0, p1, p2, p3 = corners
    along, opposite = p1 - p0, p2 - p3
    return np.stack(
        (
            np.cross(along, opposite),
            np.cross(p0, opposite) + np.cross(along, p3),
            np.cross(p0, p3),
        )
    )


@compiled
def find_gains(regions: Regions, x: float, y: float, z: float, gains: Vector) -> bool:
    """Write unit-energy gains for direction (x, y, z) from the first region that accepts it.

    ``gains`` has a place for every loudspeaker and is all zero. False: no region accepted.
    """
    # taken out of their tuple once: doing so counts references, which costs more than a region
    kind, solution, second, corners = (
        regions.kind,
        regions.solution,
        regions.second,
        regions.corners,
    )
    for i in range(len(kind)):
        if kind[i] == _QUAD:
            across = _unit_root(solution, i, x, y, z)
            along = _unit_root(second, i, x, y, z) if across >= 0.0 else -1.0
            if along >= 0.0 and _faces(corners, i, across, along, x, y, z):
                _write_quad(regions, i, across, along, gains)
                return True
            continue
        a = x * solution[i, 0, 0] + y * solution[i, 1, 0] + z * solution[i, 2, 0]
        b = x * solution[i, 0, 1] + y * solution[i, 1, 1] + z * solution[i, 2, 1]
        c = x * solution[i, 0, 2] + y * solution[i, 1, 2] + z * solution[i, 2, 2]
        if a >= _GAIN_SLACK and b >= _GAIN_SLACK and c >= _GAIN_SLACK:
            _write_triangle(regions, i, a, b, c, gains)
            return True
    return False


@compiled
def _write_triangle(regions: Regions, i: int, a: float, b: float, c: float, gains: Vector) -> None:
    scale = 1.0 / math.sqrt(a * a + b * b + c * c)
    a, b, c = max(a * scale, 0.0), max(b * scale, 0.0), max(c * scale, 0.0)
    gains[regions.speakers[i, 0]] = a
    gains[regions.speakers[i, 1]] = b
    if regions.kind[i] == _TRIPLET:
        gains[regions.speakers[i, 2]] = c
        return
    ring, size = regions.ring, regions.ring_size[i]
    share = c / math.sqrt(size)
    energy = 0.0
    for k in range(size):
        gains[ring[i, k]] += share
        energy += gains[ring[i, k]] ** 2
    length = math.sqrt(energy)
    for k in range(size):
        gains[ring[i, k]] /= length


@compiled
def _parts(across: float, along: float) -> tuple[float, float, float, float]:
    """Return the shares of the four corners."""
    return (
        (1.0 - across) * (1.0 - along),
        across * (1.0 - along),
        across * along,
        (1.0 - across) * along,
    )


@compiled
def _faces(  # noqa: PLR0913, PLR0917
    corners: Vector, i: int, across: float, along: float, x: float, y: float, z: float
) -> bool:
    """Return whether a direction points to the quad, not away from it."""
    parts = _parts(across, along)
    facing = 0.0
    for k in range(4):
        facing += parts[k] * (corners[i, k, 0] * x + corners[i, k, 1] * y + corners[i, k, 2] * z)
    return facing > 0.0


@compiled
def _write_quad(regions: Regions, i: int, across: float, along: float, gains: Vector) -> None:
    parts = _parts(across, along)
    energy = 0.0
    for k in range(4):
        energy += parts[k] ** 2
    length = math.sqrt(energy)
    for k in range(4):
        gains[regions.speakers[i, k]] = parts[k] / length


@compiled
def _unit_root(polynomials: Vector, i: int, x: float, y: float, z: float) -> float:
    """Return the root in [0, 1] of a quad's polynomial at a direction, or -1."""
    a = polynomials[i, 0, 0] * x + polynomials[i, 0, 1] * y + polynomials[i, 0, 2] * z
    b = polynomials[i, 1, 0] * x + polynomials[i, 1, 1] * y + polynomials[i, 1, 2] * z
    c = polynomials[i, 2, 0] * x + polynomials[i, 2, 1] * y + polynomials[i, 2, 2] * z
    if abs(a) < _ROOT_SLACK:
        return -1.0 if b == 0.0 else _within_unit(-c / b)
    inside = b * b - 4.0 * a * c
    if inside < 0.0:
        if math.sqrt(-inside) / abs(2.0 * a) >= _ROOT_SLACK:
            return -1.0
        inside = 0.0
    q = -0.5 * (b + math.copysign(math.sqrt(inside), b))
    root = _within_unit(q / a)
    if root >= 0.0 or q == 0.0:
        return root
    return _within_unit(c / q)


@compiled
def _within_unit(root: float) -> float:
    if -_ROOT_SLACK < root < 1.0 + _ROOT_SLACK:
        return min(max(root, 0.0), 1.0)
    return -1.0
