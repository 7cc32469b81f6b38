"""Zone exclusion: loudspeakers that an object must not use (BS.2127, sections 7.3.6 and 7.3.12)."""

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.geometry import Vector, inside_angles
from antiphon.spatial.layouts import Layout, Loudspeaker
from antiphon.spatial.scene import CartesianZone, PolarZone, Zone

__all__ = ["ZoneRules", "with_whole_rows"]

_SLACK = 1e-6
_Mask = NDArray[np.bool_]
_LAYER_EDGES = (-10.0, 10.0, 75.0)
# Where an excluded loudspeaker's energy goes first: by its layer, the rank of each other layer
# (bottom, middle, upper, top).
_LAYER_RANKS = ((0, 1, 2, 3), (3, 0, 1, 2), (3, 2, 0, 1), (3, 2, 1, 0))


class ZoneRules:
    """Which loudspeakers of a layout (without LFE) zones exclude, and what takes their place."""

    def __init__(self, layout: Layout) -> None:
        self._speakers = layout.loudspeakers
        self._positions = layout.nominal_positions
        self._substitutes = [self._ranked_groups(i) for i in range(len(self._speakers))]

    def excluded(self, zones: tuple[Zone, ...]) -> _Mask:
        """Return which loudspeakers any of the zones holds."""
        mask = np.zeros(len(self._speakers), bool)
        for zone in zones:
            mask |= self._in_box(zone) if isinstance(zone, CartesianZone) else self._in_angles(zone)
        return mask

    def energy_downmix(self, excluded: _Mask) -> Vector | None:
        """Return how energy moves, from row to column; None where nothing is to be moved."""
        if excluded.all() or not excluded.any():
            return None
        downmix = np.zeros((len(excluded), len(excluded)))
        for i, groups in enumerate(self._substitutes):
            group = next(g for g in groups if not excluded[g].all())
            sounding = group[~excluded[group]]
            downmix[i, sounding] = 1.0 / len(sounding)
        return downmix

    def _in_box(self, zone: CartesianZone) -> _Mask:
        low = np.array((zone.min_x, zone.min_y, zone.min_z)) - _SLACK
        high = np.array((zone.max_x, zone.max_y, zone.max_z)) + _SLACK
        inside = (self._positions > low) & (self._positions < high)
        return np.asarray(inside.all(axis=1))

    def _in_angles(self, zone: PolarZone) -> _Mask:
        return np.array([_is_in_angles(speaker, zone) for speaker in self._speakers])

    def _ranked_groups(self, i: int) -> list[NDArray[np.intp]]:
        """Return groups of loudspeakers that may stand in for one, best first, itself leading."""
        keys = [self._distance_key(i, j) for j in range(len(self._speakers))]
        groups: list[tuple[tuple[float, ...], list[int]]] = []
        for j, key in enumerate(keys):
            same = next((group for known, group in groups if _are_close(known, key)), None)
            if same is None:
                groups.append((key, [j]))
            else:
                same.append(j)
        return [np.array(group) for _, group in sorted(groups, key=lambda entry: entry[0])]

    def _distance_key(self, i: int, j: int) -> tuple[float, ...]:
        """Rank by layer, then by keeping front and rear apart, then by distance."""
        a, b = self._positions[i], self._positions[j]
        rank = _LAYER_RANKS[_layer(self._speakers[i])][_layer(self._speakers[j])]
        crosses = abs(_sign(a[1]) - _sign(b[1]))
        return rank, crosses, float(np.linalg.norm(a - b)), float(abs(a[1] - b[1]))


def with_whole_rows(positions: Vector, excluded: _Mask) -> _Mask:
    """Return the exclusions of the cube: a lost side loudspeaker takes its row along.

    Where nothing would be left, nothing is excluded (BS.2127, section 7.3.6.2).
    """
    whole = excluded.copy()
    for i, (x, y, z) in enumerate(positions):
        if whole[i] and abs(x) == 1.0 and abs(y) != 1.0:
            whole |= (positions[:, 1] == y) & (positions[:, 2] == z)
    return np.zeros_like(whole) if whole.all() else whole


def _is_in_angles(speaker: Loudspeaker, zone: PolarZone) -> bool:
    elevation = speaker.nominal_elevation
    if not zone.min_elevation - _SLACK < elevation < zone.max_elevation + _SLACK:
        return False
    if abs(elevation) > 90.0 - _SLACK:
        return True
    return inside_angles(speaker.nominal_azimuth, zone.min_azimuth, zone.max_azimuth, _SLACK)


def _are_close(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return all(abs(x - y) < _SLACK for x, y in zip(a, b, strict=True))


def _layer(speaker: Loudspeaker) -> int:
    return sum(speaker.nominal_elevation >= edge for edge in _LAYER_EDGES)


def _sign(value: float) -> int:
    return int(value > _SLACK) - int(value < -_SLACK)
