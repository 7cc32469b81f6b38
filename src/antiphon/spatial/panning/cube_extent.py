"""Sources with a size, in the cube (BS.2127, section 7.3.11).

A size lights up a grid of virtual sources. Gains and weights are products along the axes, so the
sums are too: each axis is summed alone, with a norm that grows sharper for larger sizes.
"""

import math
from typing import NamedTuple

import numpy as np

from antiphon.spatial.compiled import compiled
from antiphon.spatial.geometry import Vector
from antiphon.spatial.panning.cube import cube_gains, pan_cube

__all__ = ["CubeTables", "cube_energies", "cube_tables"]

_GRID = 40
_FLOOR_EXPONENT = 6.5  # weights below -130 dB are nothing
_FLOOR = 10.0**-_FLOOR_EXPONENT
_FADE = 0.2  # effective size up to which the point itself is heard
_LARGEST = 2.8  # of a scaled size
_NOTHING = 1e-16


class CubeTables(NamedTuple):
    """Loudspeakers in the cube and their shares on the grid.

    ``positions`` (channels, 3); ``grid_z`` (points,); ``x``, ``y``, ``z`` (channels, points);
    ``dimensions``: along how many axes the loudspeakers differ; ``levels``: in how many planes
    they are; ``has_one_plane``, ``has_one_row``: whether all share z, or z and y.
    """

    positions: Vector
    grid: Vector
    grid_z: Vector
    x: Vector
    y: Vector
    z: Vector
    dimensions: int
    levels: int
    has_one_plane: bool
    has_one_row: bool


def cube_tables(positions: Vector) -> CubeTables:
    """Return what panning between loudspeakers at ``positions`` needs."""
    positions = np.ascontiguousarray(positions)
    levels = len(set(positions[:, 2].tolist()))
    grid = np.linspace(-1.0, 1.0, _GRID)
    grid_z = grid if levels >= 3 else np.linspace(0.0, 1.0, _GRID // 2)
    x, y, z = (np.empty((len(positions), len(g))) for g in (grid, grid, grid_z))
    _fill_shares(positions, grid, grid_z, x, y, z)
    differs = (positions != positions[0]).any(axis=0)
    return CubeTables(
        positions,
        grid,
        grid_z,
        x,
        y,
        z,
        dimensions=int(differs.sum()),
        levels=levels,
        has_one_plane=not bool(differs[2]),
        has_one_row=not bool(differs[1] or differs[2]),
    )


@compiled
def _fill_shares(
    positions: Vector, grid: Vector, grid_z: Vector, x: Vector, y: Vector, z: Vector
) -> None:
    for channel in range(len(positions)):
        for k in range(len(grid)):
            share = cube_gains(positions, channel, grid[k], grid[k], 0.0)
            x[channel, k], y[channel, k] = share.x, share.y
        for k in range(len(grid_z)):
            z[channel, k] = cube_gains(positions, channel, 0.0, 0.0, grid_z[k]).z


@compiled
def cube_energies(
    tables: CubeTables, point: Vector, size: Vector, weight: float, energies: Vector
) -> None:
    """Add weight * gain^2 of one source; ``size``: width, height, depth.

    These lie along x, y, z in this order: so do the published gains and the reference renderer,
    though a conversion from polar (section 10) puts depth along y.
    """
    gains = np.empty(len(tables.positions))
    if size[0] == 0.0 and size[1] == 0.0 and size[2] == 0.0:
        pan_cube(tables.positions, point[0], point[1], point[2], gains)
    else:
        _spread(tables, point, size, gains)
    for channel in range(len(gains)):
        energies[channel] += weight * gains[channel] ** 2


@compiled
def _spread(tables: CubeTables, point: Vector, size: Vector, gains: Vector) -> None:
    x, y, z = point[0], point[1], point[2]
    if tables.levels < 3:
        z = max(z, 0.0)
    # a size reaches at least from one grid point to the next
    sx = max(_scaled(size[0]), 2.0 / (_GRID - 1))
    sy = max(_scaled(size[1]), 2.0 / (_GRID - 1))
    sz = max(_scaled(size[2]), 2.0 / (len(tables.grid_z) - 1))
    effective = _effective(tables, sx, sy, sz)
    sized = np.empty(len(gains))
    _sized_gains(tables, (x, y, z), (sx, sy, sz), effective, sized)
    pan_cube(tables.positions, x, y, z, gains)
    fade = min(effective / _FADE, 1.0) * math.pi / 2.0
    near = math.cos(fade) if effective < _FADE else 0.0
    wide = math.sin(fade) if effective < _FADE else 1.0
    for channel in range(len(gains)):
        gains[channel] = near * gains[channel] + wide * sized[channel]
    _normalise(gains)


@compiled
def _sized_gains(
    tables: CubeTables,
    point: tuple[float, float, float],
    size: tuple[float, float, float],
    effective: float,
    gains: Vector,
) -> None:
    """Write unit-energy gains of the lit grid: what is inside, and what its walls reflect."""
    power = 6.0 if effective <= 0.5 else 6.0 - 4.0 * (effective - 0.5) / (_LARGEST - 0.5)
    wx = _weights(tables.grid, point[0], 2.0 * size[0])
    wy = _weights(tables.grid, point[1], 2.0 * size[1])
    wz = _weights(tables.grid_z, point[2], size[2])
    for k in range(len(wz)):
        wz[k] *= math.cos(tables.grid_z[k] * math.pi * (3.0 / 7.0))
    inside = np.empty(len(gains))
    for c in range(len(gains)):
        fx, fy, fz = (
            _sum(tables.x[c], wx, power),
            _sum(tables.y[c], wy, power),
            _sum(tables.z[c], wz, power),
        )
        inside[c] = fx * fy * fz
        gains[c] = (
            _ends(tables.x[c], wx, power) * fy * fz
            + fx * _ends(tables.y[c], wy, power) * fz
            + fx * fy * _ends(tables.z[c], wz, power)
        )
    _normalise(inside)
    mix = _inside_share(tables.dimensions, point, size)
    for c in range(len(gains)):
        gains[c] = (gains[c] + mix * inside[c]) ** (1.0 / power)
    _normalise(gains)


@compiled
def _weights(grid: Vector, centre: float, size: float) -> Vector:
    weights = np.empty(len(grid))
    for k in range(len(grid)):
        weights[k] = 10.0 ** -min((1.5 * (grid[k] - centre) / size) ** 4, _FLOOR_EXPONENT)
    return weights


@compiled
def _sum(shares: Vector, weights: Vector, power: float) -> float:
    total = 0.0
    for k in range(len(weights)):
        if shares[k] != 0.0:
            total += (shares[k] * weights[k]) ** power
    return total if total >= _FLOOR else 0.0


@compiled
def _ends(shares: Vector, weights: Vector, power: float) -> float:
    last = len(weights) - 1
    first, end = shares[0] * weights[0], shares[last] * weights[last]
    return math.pow(first, power) + math.pow(end, power)


@compiled
def _inside_share(
    dimensions: int, point: tuple[float, float, float], size: tuple[float, float, float]
) -> float:
    """Return how much the inside counts: less near a wall."""
    to_wall = 1.0 - abs(point[0])
    if dimensions > 1:
        to_wall = min(to_wall, 1.0 - abs(point[1]))
    if dimensions > 2:
        to_wall = min(to_wall, 1.0 - abs(point[2]))
    if dimensions <= 1:
        return math.pow(_clearance(size[0], to_wall), 3.0)
    if dimensions == 2:
        return math.pow(_clearance(size[0], to_wall) * _clearance(size[1], to_wall), 1.5)
    return (
        _clearance(size[0], to_wall) * _clearance(size[1], to_wall) * _clearance(size[2], to_wall)
    )


@compiled
def _clearance(size: float, to_wall: float) -> float:
    if to_wall >= 2.0 * size and to_wall >= 0.4:
        reach = max(2.0 * size, 0.4)
        return math.pow(reach * reach * reach / (0.16 * 2.0 * size), 1.0 / 3.0)
    return math.pow(to_wall / 2.0 * (to_wall / 0.4) * (to_wall / 0.4), 1.0 / 3.0)


@compiled
def _scaled(size: float) -> float:
    """Return a size from 0 to 1 on the Recommendation's curve from 0 to 2.8."""
    if size <= 0.2:
        return max(size, 0.0) * 1.5
    if size <= 0.5:
        return 0.3 + (size - 0.2) * (0.7 / 0.3)
    if size <= 0.75:
        return 1.0 + (size - 0.5) * 3.2
    return 1.8 + (min(size, 1.0) - 0.75) * 4.0


@compiled
def _effective(tables: CubeTables, sx: float, sy: float, sz: float) -> float:
    """Return one size for three, weighted by rank; only along axes that loudspeakers span."""
    if tables.has_one_row:
        return sx
    if tables.has_one_plane:
        return 0.75 * max(sx, sy) + 0.25 * min(sx, sy)
    largest, smallest = max(sx, sy, sz), min(sx, sy, sz)
    middle = sx + sy + sz - largest - smallest
    return (6.0 * largest + 2.0 * middle + smallest) / 9.0


@compiled
def _normalise(gains: Vector) -> None:
    energy = 0.0
    for gain in gains:
        energy += gain * gain
    length = math.sqrt(energy)
    for channel in range(len(gains)):
        gains[channel] = gains[channel] / length if length > _NOTHING else 0.0
