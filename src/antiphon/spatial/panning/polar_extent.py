"""Sources with a size, in polar coordinates (BS.2127, section 6.1.3 and 7.3.9.2).

A size lights up virtual sources that are spread evenly over the sphere; each was panned once. The
shape is a band of ``width`` by ``height`` with round ends, faded out over ten degrees.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from antiphon.spatial.compiled import compiled
from antiphon.spatial.geometry import Vector, directions
from antiphon.spatial.layouts import Layout
from antiphon.spatial.panning.point_source import PannerTables, PointSourcePanner, pan_point

__all__ = ["ExtentTables", "add_polar_energy", "extent_tables", "polar_energies"]

_ROWS = 37  # of virtual sources from pole to pole, 5 degrees apart
_FADE = 10.0  # degrees
_SMALLEST = 0.2  # size of an extent of 0 in the distance rule
_NEGLIGIBLE = 1e-10
_AT_LOUDSPEAKERS = 1.0 - 1e-13
_POLE = 90.0 - 1e-5


class ExtentTables(NamedTuple):
    """A panner, the virtual sources (n, 3) and their gains (n, channels)."""

    panner: PannerTables
    sources: Vector
    gains: Vector


class _Shape(NamedTuple):
    """A band on the sphere: its axes by row (right, front, up), its round ends, in radians."""

    axes: Vector
    ends: Vector
    reach: float
    radius: float


@lru_cache(maxsize=64)
def extent_tables(layout: Layout) -> ExtentTables:
    """Return what extent panning on a layout needs."""
    panner = PointSourcePanner(layout)
    sources = _virtual_sources()
    return ExtentTables(panner.tables, sources, panner.pan(sources))


def _virtual_sources() -> Vector:
    """Return points spread evenly over the sphere, in rows of equal elevation."""
    rows = []
    for elevation in np.linspace(-90.0, 90.0, _ROWS):
        count = max(round(math.cos(math.radians(elevation)) * 2 * (_ROWS - 1)), 1)
        rows.append(directions(np.arange(count) * (360.0 / count), elevation))
    return np.concatenate(rows)


@compiled
def polar_energies(tables: ExtentTables, sources: Vector, energies: Vector) -> None:
    """Add the energy at each loudspeaker for many sources.

    ``sources`` (n, 8): x, y, z, width, height, depth, owner, weight; ``energies`` (owners,
    channels): weight * gain^2 is added to the row of each source's owner.
    """
    gains = np.empty(tables.panner.channels)
    for source in sources:
        add_polar_energy(tables, source, source[7], gains, energies[int(source[6])])


@compiled
def add_polar_energy(
    tables: ExtentTables, source: Vector, weight: float, gains: Vector, energies: Vector
) -> None:
    """Add weight * gain^2 of one source: x, y, z, width, height, depth; ``gains`` is scratch."""
    point, size = source[:3], source[3:6]
    distance = math.sqrt(_dot(point, point))
    depth = size[2]
    if depth == 0.0:
        _add_at(tables, point, size, distance, weight, gains, energies)
    else:
        far, near = distance + depth / 2.0, max(distance - depth / 2.0, 0.0)
        _add_at(tables, point, size, far, weight / 2.0, gains, energies)
        _add_at(tables, point, size, near, weight / 2.0, gains, energies)


@compiled
def _add_at(  # noqa: PLR0913, PLR0917 - machine code takes its scratch along
    tables: ExtentTables,
    point: Vector,
    size: Vector,
    distance: float,
    weight: float,
    gains: Vector,
    energies: Vector,
) -> None:
    """Add the energies of one source as seen from ``distance``: part point, part spread."""
    width, height = _seen_from(size[0], distance), _seen_from(size[1], distance)
    spread = min(max(width, height) / _FADE, 1.0)
    if 1.0 - spread > _NEGLIGIBLE:
        pan_point(tables.panner, point[0], point[1], point[2], gains)
        for channel in range(len(gains)):
            energies[channel] += weight * (1.0 - spread) * gains[channel] ** 2
    if spread > _NEGLIGIBLE:
        shape = _shape(point, max(width, _FADE / 2.0), max(height, _FADE / 2.0))
        _light(tables, shape, gains)
        for channel in range(len(gains)):
            energies[channel] += weight * spread * gains[channel] ** 2


@compiled
def _seen_from(extent: float, distance: float) -> float:
    """Return an extent in degrees as it looks from ``distance``: 360 at 0, itself at 1."""
    if extent == 0.0 and distance > _AT_LOUDSPEAKERS:
        return 0.0
    size = _SMALLEST + (1.0 - _SMALLEST) * min(max(extent, 0.0), 360.0) / 360.0
    at_one = 4.0 * math.degrees(math.atan2(size, 1.0))
    here = 4.0 * math.degrees(math.atan2(size, distance))
    if here <= at_one:
        return extent * here / at_one
    return min(extent + (360.0 - extent) * (here - at_one) / (360.0 - at_one), 360.0)


@compiled
def _shape(point: Vector, width: float, height: float) -> _Shape:
    axes = _axes_towards(point)
    wide, high = math.radians(width) / 2.0, math.radians(height) / 2.0
    radius = min(wide, high)
    if high > wide:
        wide, high = high, wide
        axes = np.stack((axes[2], axes[1], axes[0]))
    reach = _closing_behind(wide, high) - radius
    ends = np.empty((2, 3))
    for k in range(3):
        ends[0, k] = math.cos(reach) * axes[1, k] - math.sin(reach) * axes[0, k]
        ends[1, k] = math.cos(reach) * axes[1, k] + math.sin(reach) * axes[0, k]
    return _Shape(axes, ends, reach, radius)


@compiled
def _closing_behind(wide: float, high: float) -> float:
    """Return half the width, stretched so that a full one meets itself behind the listener."""
    quarter = math.pi / 4.0
    stretched = wide
    if wide > 2.0 * quarter:
        stretched = 2.0 * quarter + (wide - 2.0 * quarter) * (math.pi + high - 2.0 * quarter) / (
            2.0 * quarter
        )
    share = min(max((high - quarter) / quarter, 0.0), 1.0)
    return stretched + (wide - stretched) * share


@compiled
def _axes_towards(point: Vector) -> Vector:
    """Return right, front and up of a listener who faces the point; (0, 1, 0) for the origin."""
    x, y, z = point[0], point[1], point[2]
    if math.sqrt(x * x + y * y + z * z) < _NEGLIGIBLE:
        x, y, z = 0.0, 1.0, 0.0
    azimuth = math.atan2(x, y)
    elevation = math.atan2(z, math.hypot(x, y))
    if abs(math.degrees(elevation)) > _POLE:
        azimuth = 0.0
    sin_az, cos_az = math.sin(azimuth), math.cos(azimuth)
    sin_el, cos_el = math.sin(elevation), math.cos(elevation)
    axes = np.empty((3, 3))
    axes[0, 0], axes[0, 1], axes[0, 2] = cos_az, -sin_az, 0.0
    axes[1, 0], axes[1, 1], axes[1, 2] = sin_az * cos_el, cos_az * cos_el, sin_el
    axes[2, 0], axes[2, 1], axes[2, 2] = -sin_az * sin_el, -cos_az * sin_el, cos_el
    return axes


@compiled
def _light(tables: ExtentTables, shape: _Shape, gains: Vector) -> None:
    """Write the unit-energy gains of all virtual sources within a shape."""
    gains[:] = 0.0
    fade = math.radians(_FADE)
    front = shape.axes[1]
    farthest = shape.reach + shape.radius + fade
    threshold = math.cos(farthest) - _NEGLIGIBLE if farthest < math.pi else -2.0
    for i in range(len(tables.sources)):
        source = tables.sources[i]
        if _dot(source, front) < threshold:
            continue
        weight = 1.0 - _outside(shape, source) / fade
        if weight > 0.0:
            weight = min(weight, 1.0)
            for channel in range(len(gains)):
                gains[channel] += weight * tables.gains[i, channel]
    energy = 0.0
    for channel in range(len(gains)):
        energy += gains[channel] ** 2
    for channel in range(len(gains)):
        gains[channel] /= math.sqrt(energy)


@compiled
def _outside(shape: _Shape, source: Vector) -> float:
    """Return how far a source lies outside a shape, in radians; negative within."""
    azimuth = math.atan2(_dot(source, shape.axes[0]), _dot(source, shape.axes[1]))
    if abs(azimuth) <= shape.reach:
        up = min(max(_dot(source, shape.axes[2]), -1.0), 1.0)
        return abs(math.asin(up)) - shape.radius
    nearest = max(_dot(source, shape.ends[0]), _dot(source, shape.ends[1]))
    return math.acos(min(max(nearest, -1.0), 1.0)) - shape.radius


@compiled
def _dot(a: Vector, b: Vector) -> float:
    return float(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
