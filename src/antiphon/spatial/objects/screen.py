"""Screens: positions that scale with the screen, and positions at its edges (BS.2127, 7.3.3-4)."""

import math
from dataclasses import dataclass

import numpy as np

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Point, azimuth, cartesian, elevation, local_axes, polar
from antiphon.spatial.layouts import Layout
from antiphon.spatial.objects.conversion import cube_point, sphere_point
from antiphon.spatial.scene import PolarScreen, Screen, ScreenEdge

__all__ = ["Edges", "ScreenRules", "edges_of"]

_NO_TURN = 1e-3  # degrees between the azimuths of the upper and the lower edge


@dataclass(frozen=True, slots=True)
class Edges:
    """The azimuths of the sides and the elevations of top and bottom."""

    left: float
    right: float
    bottom: float
    top: float

    def moved_to(self, other: "Edges", az: float, el: float) -> tuple[float, float]:
        """Return a direction that lies to the other screen as it lies to this one."""
        return (
            float(
                np.interp(
                    az,
                    (-180.0, self.right, self.left, 180.0),
                    (-180.0, other.right, other.left, 180.0),
                )
            ),
            float(
                np.interp(
                    el,
                    (-90.0, self.bottom, self.top, 90.0),
                    (-90.0, other.bottom, other.top, 90.0),
                )
            ),
        )


def edges_of(screen: Screen) -> Edges:
    """Return where a screen's edges are seen."""
    if isinstance(screen, PolarScreen):
        place = screen.centre
        centre = np.array(cartesian(place.azimuth, place.elevation, place.distance))
        width = place.distance * math.tan(math.radians(screen.width_azimuth / 2.0))
        axes = local_axes(place.azimuth, place.elevation)
        aside, upward = axes[0] * width, axes[2] * (width / screen.aspect_ratio)
    else:
        centre = np.array((screen.centre.x, screen.centre.y, screen.centre.z))
        width = screen.width_x / 2.0
        aside = np.array((width, 0.0, 0.0))
        upward = np.array((0.0, 0.0, width / screen.aspect_ratio))
    left, right = azimuth(_point(centre - aside)), azimuth(_point(centre + aside))
    low, high = _point(centre - upward), _point(centre + upward)
    if right > left:
        raise SceneInvalid("A screen must not reach behind the listener.")
    if azimuth(low) - azimuth(high) > _NO_TURN:
        raise SceneInvalid("A screen must not reach over or under the listener.")
    return Edges(left, right, elevation(low), elevation(high))


class ScreenRules:
    """What a layout's screen does to positions; without a screen, nothing."""

    def __init__(self, layout: Layout) -> None:
        self._edges = None if layout.screen is None else edges_of(layout.screen)
        self._is_narrowed = "U+045" in layout.labels

    def scaled(self, point: Point, reference: Screen, *, cartesian_mode: bool) -> Point:
        """Return a position that was meant for the reference screen as it is for this one."""
        if self._edges is None:
            return point
        az, el, distance = sphere_point(*point) if cartesian_mode else polar(point)
        az, el = edges_of(reference).moved_to(self._edges, az, el)
        return self._placed(az, el, distance, cartesian_mode=cartesian_mode)

    def locked(self, point: Point, edge: ScreenEdge, *, cartesian_mode: bool) -> Point:
        """Return a position with its direction at the named edges."""
        if not self.locks(edge):
            return point
        az, el, distance = sphere_point(*point) if cartesian_mode else polar(point)
        az, el = self.locked_direction(az, el, edge)
        return self._placed(az, el, distance, cartesian_mode=cartesian_mode)

    def locks(self, edge: ScreenEdge) -> bool:
        """Return whether there is a screen and an edge to lock to."""
        asked = edge.horizontal is not None or edge.vertical is not None
        return asked and self._edges is not None

    def locked_direction(self, az: float, el: float, edge: ScreenEdge) -> tuple[float, float]:
        """Return azimuth and elevation at the named edges."""
        if self._edges is None:
            return az, el
        sides = {"left": self._edges.left, "right": self._edges.right}
        ends = {"top": self._edges.top, "bottom": self._edges.bottom}
        return sides.get(edge.horizontal or "", az), ends.get(edge.vertical or "", el)

    def _placed(self, az: float, el: float, distance: float, *, cartesian_mode: bool) -> Point:
        if not cartesian_mode:
            return cartesian(az, el, distance)
        return cube_point(self._narrowed(az, el), el, distance)

    def _narrowed(self, az: float, el: float) -> float:
        """Return the azimuth that keeps vertical lines vertical where U+045 stands over M+030."""
        if not self._is_narrowed:
            return az
        front = float(np.interp(el, (0.0, 30.0, 90.0), (30.0, 20.0, 30.0)))
        return float(np.interp(az, (-180.0, -30.0, 30.0, 180.0), (-180.0, -front, front, 180.0)))


def _point(vector: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Point:
    return float(vector[0]), float(vector[1]), float(vector[2])
