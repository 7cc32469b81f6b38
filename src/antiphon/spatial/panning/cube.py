"""Panning in the cube, for blocks in Cartesian mode (BS.2127, sections 7.3.9.3 and 7.3.10).

Loudspeakers sit in planes (z) of rows (y) of columns (x); a source is balanced between the two
nearest planes, then rows, then columns.
"""

import math
from typing import NamedTuple

import numpy as np

from antiphon.spatial.compiled import compiled
from antiphon.spatial.geometry import Vector
from antiphon.spatial.layouts import Layout, Loudspeaker
from antiphon.spatial.objects.conversion import cube_point

__all__ = ["Balance", "cube_gains", "cube_positions", "pan_cube", "pan_in_cube"]

# The place of each loudspeaker in the cube (BS.2127, table 9), by |azimuth| and by layer.
_WALLS = {
    0.0: (0.0, 1.0),
    30.0: (-1.0, 1.0),
    45.0: (-1.0, 1.0),
    60.0: (-1.0, 0.414214),
    90.0: (-1.0, 0.0),
    110.0: (-1.0, -1.0),
    135.0: (-1.0, -1.0),
    180.0: (0.0, -1.0),
}
_EXACT = 1e-10


class Balance(NamedTuple):
    """Shares of one channel along each axis."""

    x: float
    y: float
    z: float


def cube_positions(layout: Layout) -> Vector:
    """Return the place of every loudspeaker in the cube, (channels, 3)."""
    return np.array([_place(speaker) for speaker in layout.loudspeakers])


def pan_in_cube(positions: Vector, point: tuple[float, float, float]) -> Vector:
    """Return gains (channels,) of a point between loudspeakers at ``positions``."""
    gains = np.empty(len(positions))
    pan_cube(positions, point[0], point[1], point[2], gains)
    return gains


def _place(speaker: Loudspeaker) -> tuple[float, float, float]:
    azimuth = speaker.nominal_azimuth
    side = 1.0 if azimuth >= 0.0 else -1.0
    if speaker.label.endswith("SC"):
        return _screen_place(speaker.azimuth)
    if speaker.label == "T+000":
        return (0.0, 0.0, 1.0)
    x, y = _WALLS[abs(azimuth)]
    height = float(np.sign(speaker.nominal_elevation))
    return (side * x + 0.0, y, height)


def _screen_place(azimuth: float) -> tuple[float, float, float]:
    """Return the place of a screen loudspeaker: on the front wall or on a side wall, exactly."""
    x, y, _ = cube_point(abs(azimuth), 0.0, 1.0)
    x = -1.0 if abs(x + 1.0) < _EXACT else x
    y = 1.0 if abs(y - 1.0) < _EXACT else y
    return (math.copysign(1.0, azimuth) * x, y, 0.0)


@compiled
def pan_cube(positions: Vector, x: float, y: float, z: float, gains: Vector) -> None:
    """Write the gains of one point."""
    for channel in range(len(positions)):
        share = cube_gains(positions, channel, x, y, z)
        gains[channel] = share.x * share.y * share.z


@compiled
def cube_gains(positions: Vector, channel: int, x: float, y: float, z: float) -> Balance:
    """Return the shares of a channel for a point: in its row, its plane, and between planes."""
    own = positions[channel]
    return Balance(
        _share(positions, own, 0, x),
        _share(positions, own, 1, y),
        _share(positions, own, 2, z),
    )


@compiled
def _share(positions: Vector, own: Vector, axis: int, value: float) -> float:
    """Balance along an axis between the nearest neighbours on both sides of ``value``.

    Neighbours are in the same row for x, in the same plane for y, anywhere for z.
    """
    low, high = -math.inf, math.inf
    for i in range(len(positions)):
        if axis < 2 and positions[i, 2] != own[2]:
            continue
        if axis < 1 and positions[i, 1] != own[1]:
            continue
        place = positions[i, axis]
        if place <= value:
            low = max(low, place)
        if place >= value:
            high = min(high, place)
    if low == -math.inf:
        return 1.0 if own[axis] == high else 0.0
    if high == math.inf:
        return 1.0 if own[axis] == low else 0.0
    if own[axis] < low or own[axis] > high:
        return 0.0
    if low == high:
        return 1.0
    angle = (value - low) / (high - low) * math.pi / 2.0
    return math.cos(angle) if own[axis] == low else math.sin(angle)
