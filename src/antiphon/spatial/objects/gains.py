"""An object's block becomes direct and diffuse gains for each loudspeaker (BS.2127, section 7.3).

Every block is first interpreted: which points sound, how large, at which share of the energy. All
points of many blocks are then panned at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Point, Vector, cartesian, directions
from antiphon.spatial.layouts import Layout
from antiphon.spatial.objects.divergence import diverged
from antiphon.spatial.objects.locking import CUBE_WEIGHTS, Locking
from antiphon.spatial.objects.screen import ScreenRules
from antiphon.spatial.objects.zones import ZoneRules, with_whole_rows
from antiphon.spatial.panning.cube import cube_positions
from antiphon.spatial.panning.cube_extent import CubeTables, cube_energies, cube_tables
from antiphon.spatial.panning.polar_extent import extent_tables, polar_energies
from antiphon.spatial.scene import (
    CartesianPosition,
    ObjectBlock,
    PolarPosition,
    PolarScreen,
    Position,
    PositionOffset,
    Screen,
)

__all__ = ["ObjectGains", "PlacedBlock"]

_POLAR_WEIGHTS = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block with what its item says about it."""

    block: ObjectBlock
    screen: Screen = PolarScreen()  # noqa: RUF009 - frozen
    offset: PositionOffset | None = None
    gain: float = 1.0


# x, y, z (or azimuth, elevation, distance), width, height, depth, owner, share of the energy
_Source = tuple[float, float, float, float, float, float, int, float]


class ObjectGains:
    """The gain calculator of one layout."""

    def __init__(self, layout: Layout) -> None:
        heard = layout.without_lfe
        self._channels = np.flatnonzero(~layout.is_lfe)
        self._width = len(layout.labels)
        self._screen = ScreenRules(layout)
        self._zones = ZoneRules(heard)
        self._extents = extent_tables(heard)
        self._cube = cube_positions(heard)
        self._locking = Locking(heard, heard.positions, _POLAR_WEIGHTS)
        self._cube_locking = Locking(heard, self._cube, CUBE_WEIGHTS)
        self._cube_tables = lru_cache(maxsize=256)(self._cube_without)

    def gains(self, blocks: Sequence[PlacedBlock]) -> Vector:
        """Return gains (blocks, 2, channels of the layout): direct, then diffuse."""
        energies = np.zeros((len(blocks), len(self._channels)))
        plain: list[_Source] = []
        polar: list[_Source] = []
        for i, placed in enumerate(blocks):
            if placed.block.cartesian:
                self._pan_in_cube(placed, energies[i])
            elif (told := _as_told(i, placed)) is not None:
                plain.append(told)
            else:
                self._collect(i, placed, polar)
        if plain:
            polar_energies(self._extents, _turned(np.array(plain)), energies)
        if polar:
            polar_energies(self._extents, np.array(polar), energies)
        self._move_energy_out_of_zones(blocks, energies)
        gains = np.zeros((len(blocks), 2, self._width))
        gains[:, :, self._channels] = np.sqrt(np.nan_to_num(energies))[:, None, :]
        gains *= _levels(blocks)
        return gains

    def _collect(self, owner: int, placed: PlacedBlock, sources: list[_Source]) -> None:
        block = placed.block
        point = self._screened(placed)
        if block.channel_lock is not None:
            point = self._locking.locked(point, block.channel_lock)
        size = (block.width, block.height, block.depth)
        if block.divergence is None:
            sources.append((*point, *size, owner, 1.0))
            return
        for weight, place in diverged(point, block.divergence, cartesian_mode=False):
            sources.append((*place, *size, owner, weight))

    def _pan_in_cube(self, placed: PlacedBlock, energies: Vector) -> None:
        block = placed.block
        excluded = self._excluded(block)
        point = self._screened(placed)
        if block.channel_lock is not None:
            point = self._cube_locking.locked(point, block.channel_lock, excluded)
        size = np.array((block.width, block.height, block.depth), np.float64)
        heard = np.zeros(len(self._cube)) if excluded is None else np.zeros(int((~excluded).sum()))
        tables = self._cube_tables(None if excluded is None else excluded.tobytes())
        for weight, place in diverged(point, block.divergence, cartesian_mode=True):
            cube_energies(tables, np.array(place), size, weight, heard)
        energies[... if excluded is None else ~excluded] = heard

    def _excluded(self, block: ObjectBlock) -> NDArray[np.bool_] | None:
        if not block.zones:
            return None
        return with_whole_rows(self._cube, self._zones.excluded(block.zones))

    def _cube_without(self, mask: bytes | None) -> CubeTables:
        if mask is None:
            return cube_tables(self._cube)
        return cube_tables(self._cube[~np.frombuffer(mask, bool)])

    def _screened(self, placed: PlacedBlock) -> Point:
        """Return the block's point after its offset, screen scaling and screen-edge lock."""
        block, mode = placed.block, placed.block.cartesian
        position = block.position
        if placed.offset is not None:
            position = _shifted(position, placed.offset)
        point = _point(position)
        if block.screen_ref:
            point = self._screen.scaled(point, placed.screen, cartesian_mode=mode)
        edge = position.screen_edge
        if edge.horizontal is None and edge.vertical is None:
            return point
        return self._screen.locked(point, edge, cartesian_mode=mode)

    def _move_energy_out_of_zones(self, blocks: Sequence[PlacedBlock], energies: Vector) -> None:
        for i, placed in enumerate(blocks):
            if placed.block.zones and not placed.block.cartesian:
                downmix = self._zones.energy_downmix(self._zones.excluded(placed.block.zones))
                if downmix is not None:
                    energies[i] = energies[i] @ downmix


def _as_told(owner: int, placed: PlacedBlock) -> _Source | None:
    """Return a block that sounds from the very direction that it names, with that direction."""
    block = placed.block
    at = block.position
    if (
        placed.offset is not None
        or block.channel_lock is not None
        or block.divergence is not None
        or block.screen_ref
        or not isinstance(at, PolarPosition)
        or at.screen_edge.horizontal is not None
        or at.screen_edge.vertical is not None
    ):
        return None
    width, height, depth = block.width, block.height, block.depth
    return (at.azimuth, at.elevation, at.distance, width, height, depth, owner, 1.0)


def _turned(sources: Vector) -> Vector:
    sources[:, :3] = directions(sources[:, 0], sources[:, 1]) * sources[:, 2:3]
    return sources


def _levels(blocks: Sequence[PlacedBlock]) -> Vector:
    """Return what the direct and the diffuse path are multiplied by, (blocks, 2, 1)."""
    gain = np.array([placed.block.gain * placed.gain for placed in blocks])
    diffuse = np.array([placed.block.diffuse for placed in blocks])
    return np.stack((gain * np.sqrt(1.0 - diffuse), gain * np.sqrt(diffuse)), axis=1)[:, :, None]


def _point(position: Position) -> Point:
    if isinstance(position, PolarPosition):
        return cartesian(position.azimuth, position.elevation, position.distance)
    return (
        min(max(position.x, -1.0), 1.0),
        min(max(position.y, -1.0), 1.0),
        min(max(position.z, -1.0), 1.0),
    )


def _shifted(position: Position, offset: PositionOffset) -> Position:
    if offset.cartesian != isinstance(position, CartesianPosition):
        raise SceneInvalid("A position offset must use the coordinates of the object's positions.")
    if isinstance(position, CartesianPosition):
        return CartesianPosition(
            position.x + offset.first,
            position.y + offset.second,
            position.z + offset.third,
            position.screen_edge,
        )
    return PolarPosition(
        position.azimuth + offset.first,
        min(max(position.elevation + offset.second, -90.0), 90.0),
        max(position.distance + offset.third, 0.0),
        position.screen_edge,
    )
