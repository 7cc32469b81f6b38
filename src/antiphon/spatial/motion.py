"""Where things are over time, thinned for those who draw a scene."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from antiphon.spatial.geometry import directions
from antiphon.spatial.scene import (
    CartesianPosition,
    HoaItem,
    Item,
    ObjectItem,
    PolarPosition,
    Position,
    PositionOffset,
    Scene,
    SpeakerItem,
)

__all__ = ["Motion", "motion_of"]

_NEAR: Final = 0.01  # of the way to the loudspeakers: nobody sees less

Point = tuple[int, float, float, float]


@dataclass(frozen=True, slots=True)
class Motion:
    """One item: its kind (``object``, ``speaker`` or ``field``) and where it is.

    ``track``: milliseconds and x (right), y (front), z (up), a straight line between two points;
    empty for a field, which is everywhere.
    """

    name: str
    kind: str
    track: tuple[Point, ...]


def motion_of(scene: Scene, *, points_per_second: float) -> list[Motion]:
    """Return all items that sound, each with at most so many points a second."""
    step = 1000.0 / points_per_second
    heard = (item for item in scene.items if not item.mute)
    return [_motion(item, step) for item in heard]


def _motion(item: Item, step: float) -> Motion:
    if isinstance(item, HoaItem):
        return Motion(item.name, "field", ())
    if isinstance(item, SpeakerItem):
        return Motion(item.name, "speaker", tuple(_standing(item)))
    return Motion(item.name, "object", tuple(_thinned(list(_moving(item)), step)))


def _standing(item: SpeakerItem) -> Iterator[Point]:
    for block in item.blocks[:1]:
        told = block.position
        values = (told.first.value, told.second.value, told.third.value)
        made = CartesianPosition(*values) if told.cartesian else PolarPosition(*values)
        yield (_ms(item.start), *_xyz(made, None))


def _moving(item: ObjectItem) -> Iterator[Point]:
    """Yield where the object arrives, and where it leaves from where it did not move before."""
    before: tuple[float, float, float] | None = None
    for block in item.blocks:
        begin = _ms(item.start + block.start) if block.start < item.start else _ms(block.start)
        here = _xyz(block.position, item.offset)
        ramp = block.interpolation or Fraction(0) if block.jump else None
        lasts = (block.end or block.start) - block.start
        if before is None:
            yield (begin, *here)
        else:
            yield (begin, *before)
            yield (begin + _ms(lasts if ramp is None else min(ramp, lasts)), *here)
        before = here


def _thinned(points: Sequence[Point], step: float) -> Iterator[Point]:
    """Yield the first point, then those that lie off the line, none sooner than ``step`` ms."""
    if not points:
        return
    last = points[0]
    yield last
    for point, following in pairwise([*points[1:], None]):
        assert point is not None, "only the last pair ends with nothing"
        is_end = following is None
        if not is_end and (point[0] - last[0] < step or _on_line(last, point, following)):
            continue
        if is_end and _apart(last, point) < _NEAR:
            return
        if is_end and point[0] - last[0] < step:
            continue
        yield point
        last = point


def _on_line(a: Point, b: Point, c: Point | None) -> bool:
    if c is None or c[0] == a[0]:
        return False
    share = (b[0] - a[0]) / (c[0] - a[0])
    return all(
        abs(p + (r - p) * share - q) < _NEAR / 2
        for p, q, r in zip(a[1:], b[1:], c[1:], strict=True)
    )


def _apart(a: Point, b: Point) -> float:
    return max(abs(p - q) for p, q in zip(a[1:], b[1:], strict=True))


def _xyz(position: Position, offset: PositionOffset | None) -> tuple[float, float, float]:
    if isinstance(position, CartesianPosition):
        at = (position.x, position.y, position.z)
        if offset is not None and offset.cartesian:
            at = (at[0] + offset.first, at[1] + offset.second, at[2] + offset.third)
        return _rounded(at)
    angles = (position.azimuth, position.elevation, position.distance)
    if offset is not None and not offset.cartesian:
        angles = (angles[0] + offset.first, angles[1] + offset.second, angles[2] + offset.third)
    azimuth, elevation, distance = angles
    x, y, z = directions([azimuth], [elevation])[0] * distance
    return _rounded((float(x), float(y), float(z)))


def _rounded(at: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = (round(value, 3) + 0.0 for value in at)
    return x, y, z


def _ms(seconds: Fraction) -> int:
    return round(seconds * 1000)
