"""Between the sphere and the cube (BS.2127, section 10).

The sphere's directions at 0, +-30 and +-110 degrees are the cube's front, front corners and rear
corners; elevations of 30 degrees are its upper edges.
"""

import math
from dataclasses import replace
from typing import NamedTuple

from antiphon.spatial.geometry import Point, azimuth, inside_angles, local_axes, wound_up
from antiphon.spatial.scene import CartesianPosition, ObjectBlock, PolarPosition

__all__ = ["Extent", "cube_point", "sphere_point", "to_cartesian", "to_polar"]

_EDGE_ON_SPHERE = 30.0  # elevation of the upper edges, on the sphere
_EDGE_IN_CUBE = 45.0  # and in the cube
_ORIGIN = 1e-10


class _Corner(NamedTuple):
    azimuth: float
    x: float
    y: float


_CORNERS = (
    _Corner(0.0, 0.0, 1.0),
    _Corner(-30.0, 1.0, 1.0),
    _Corner(-110.0, 1.0, -1.0),
    _Corner(110.0, -1.0, -1.0),
    _Corner(30.0, -1.0, 1.0),
)
_SECTORS = tuple(zip(_CORNERS, (*_CORNERS[1:], _CORNERS[0]), strict=True))  # left, right


class Extent(NamedTuple):
    """Sizes along x, y and z of the cube."""

    x: float
    y: float
    z: float


def cube_point(azimuth: float, elevation: float, distance: float) -> Point:
    """Return the point of the cube for a direction and distance."""
    if abs(elevation) > _EDGE_ON_SPHERE:
        above = (abs(elevation) - _EDGE_ON_SPHERE) / (90.0 - _EDGE_ON_SPHERE)
        steep = _EDGE_IN_CUBE + (90.0 - _EDGE_IN_CUBE) * above
        z = math.copysign(distance, elevation)
        flat = distance * math.tan(math.radians(90.0 - steep))
    else:
        steep = _EDGE_IN_CUBE * elevation / _EDGE_ON_SPHERE
        z = math.tan(math.radians(steep)) * distance
        flat = distance
    left, right = _sector_of_azimuth(azimuth)
    along = _to_linear(
        wound_up(right.azimuth, left.azimuth), right.azimuth, wound_up(right.azimuth, azimuth)
    )
    x = flat * (left.x + (right.x - left.x) * along)
    y = flat * (left.y + (right.y - left.y) * along)
    return x, y, z


def sphere_point(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return azimuth, elevation and distance for a point of the cube."""
    if abs(x) < _ORIGIN and abs(y) < _ORIGIN:
        if abs(z) < _ORIGIN:
            return 0.0, 0.0, 0.0
        return 0.0, math.copysign(90.0, z), abs(z)
    left, right = _sector_of_point(x, y)
    # x, y as a sum of the two corners
    determinant = left.x * right.y - left.y * right.x
    of_left = (x * right.y - y * right.x) / determinant
    of_right = (y * left.x - x * left.y) / determinant
    flat = of_left + of_right
    turned = _from_linear(wound_up(right.azimuth, left.azimuth), right.azimuth, of_right / flat)
    azimuth = wound_up(-180.0, turned)
    steep = math.degrees(math.atan(z / flat))
    if abs(steep) > _EDGE_IN_CUBE:
        above = (abs(steep) - _EDGE_IN_CUBE) / (90.0 - _EDGE_IN_CUBE)
        elevation = _EDGE_ON_SPHERE + (90.0 - _EDGE_ON_SPHERE) * above
        return azimuth, math.copysign(elevation, steep), abs(z)
    return azimuth, _EDGE_ON_SPHERE * steep / _EDGE_IN_CUBE, flat


def to_cartesian(block: ObjectBlock) -> ObjectBlock:
    """Return the block in Cartesian mode; one that is there already is only marked so."""
    place = block.position
    if isinstance(place, CartesianPosition):
        return replace(block, cartesian=True)
    x, y, z = cube_point(place.azimuth, place.elevation, place.distance)
    sizes = _box_of_angles(block.width, block.height, block.depth)
    axes = local_axes(place.azimuth, place.elevation)
    turned = [math.hypot(*(axes[i, k] * sizes[i] for i in range(3))) for k in range(3)]
    return replace(
        block,
        cartesian=True,
        position=CartesianPosition(x, y, z, place.screen_edge),
        width=turned[0],
        depth=turned[1],
        height=turned[2],
    )


def to_polar(block: ObjectBlock) -> ObjectBlock:
    """Return the block in polar mode; one that is there already is only marked so."""
    place = block.position
    if isinstance(place, PolarPosition):
        return replace(block, cartesian=False)
    az, el, distance = sphere_point(place.x, place.y, place.z)
    sizes = Extent(block.width, block.depth, block.height)
    axes = local_axes(az, el)
    turned = [math.hypot(*(axes[k, i] * sizes[i] for i in range(3))) for k in range(3)]
    width, height, depth = _angles_of_box(Extent(*turned))
    return replace(
        block,
        cartesian=False,
        position=PolarPosition(az, el, distance, place.screen_edge),
        width=width,
        height=height,
        depth=depth,
    )


def _sector_of_azimuth(angle: float) -> tuple[_Corner, _Corner]:
    for left, right in _SECTORS:
        if inside_angles(angle, right.azimuth, left.azimuth):
            return left, right
    raise AssertionError(f"no sector holds azimuth {angle}")


def _sector_of_point(x: float, y: float) -> tuple[_Corner, _Corner]:
    angle = azimuth((x, y, 0.0))
    for left, right in _SECTORS:
        start, end = azimuth((right.x, right.y, 0.0)), azimuth((left.x, left.y, 0.0))
        if inside_angles(angle, start, end):
            return left, right
    raise AssertionError(f"no sector holds ({x}, {y})")


def _to_linear(left: float, right: float, angle: float) -> float:
    """Return how far an azimuth is from the left corner (0) to the right one (1)."""
    middle = (left + right) / 2.0
    ratio = math.tan(math.radians(angle - middle)) / math.tan(math.radians(right - middle))
    to_right = 0.5 + 0.5 * ratio
    return math.atan2(to_right, 1.0 - to_right) * (2.0 / math.pi)


def _from_linear(left: float, right: float, along: float) -> float:
    middle = (left + right) / 2.0
    of_left, of_right = math.cos(along * math.pi / 2.0), math.sin(along * math.pi / 2.0)
    to_right = of_right / (of_left + of_right)
    half = math.tan(math.radians(right - middle))
    return middle + math.degrees(math.atan(2.0 * (to_right - 0.5) * half))


def _box_of_angles(width: float, height: float, depth: float) -> Extent:
    """Return the box around an extent that is seen straight ahead."""
    of_width, of_height = math.radians(width / 2.0), math.radians(height / 2.0)
    return Extent(
        math.sin(of_width) if width < 180.0 else 1.0,
        max((1.0 - math.cos(of_width)) / 2.0, (1.0 - math.cos(of_height)) / 2.0, depth),
        math.sin(of_height) if height < 180.0 else 1.0,
    )


def _angles_of_box(box: Extent) -> tuple[float, float, float]:
    """Return width, height and depth of a box that is seen straight ahead."""
    behind = 2.0 * math.degrees(math.acos(_clipped(1.0 - 2.0 * box.y)))
    width = _angle_of(box.x, behind)
    height = _angle_of(box.z, behind)
    explained = _box_of_angles(width, height, 0.0).y
    return width, height, max(0.0, box.y - explained)


def _angle_of(size: float, behind: float) -> float:
    ahead = 2.0 * math.degrees(math.asin(_clipped(size)))
    return ahead + size * max(behind - ahead, 0.0)


def _clipped(value: float) -> float:
    return min(max(value, -1.0), 1.0)
