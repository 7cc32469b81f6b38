"""An object's block becomes direct and diffuse gains for each loudspeaker (BS.2127, section 7.3).

Every block is first interpreted: which points sound, how large, at which share of the energy. All
points of many blocks are then panned at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Point, Vector, cartesian
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


@dataclass(slots=True)
class _Sources:
    """Points to be panned: where, how large, whose, at which share of the energy."""

    points: list[Point] = field(default_factory=list)
    sizes: list[tuple[float, float, float]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)


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
        polar = _Sources()
        for i, placed in enumerate(blocks):
            if placed.block.cartesian:
                self._pan_in_cube(placed, energies[i])
            else:
                self._collect(i, placed, polar)
        if polar.points:
            polar_energies(
                self._extents,
                np.array(polar.points),
                np.array(polar.sizes),
                np.array(polar.weights),
                np.array(polar.owners),
                energies,
            )
        self._move_energy_out_of_zones(blocks, energies)
        levels = np.array([_levels(placed) for placed in blocks]).reshape(-1, 2, 1)
        gains = np.zeros((len(blocks), 2, self._width))
        gains[:, :, self._channels] = np.sqrt(np.nan_to_num(energies))[:, None, :] * levels
        return gains

    def _collect(self, owner: int, placed: PlacedBlock, sources: _Sources) -> None:
        block = placed.block
        point = self._screened(placed)
        if block.channel_lock is not None:
            point = self._locking.locked(point, block.channel_lock)
        size = (block.width, block.height, block.depth)
        if block.divergence is None:
            parts = [(1.0, point)]
        else:
            parts = diverged(point, block.divergence, cartesian_mode=False)
        for weight, place in parts:
            sources.points.append(place)
            sources.sizes.append(size)
            sources.weights.append(weight)
            sources.owners.append(owner)

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
        return self._screen.locked(point, position.screen_edge, cartesian_mode=mode)

    def _move_energy_out_of_zones(self, blocks: Sequence[PlacedBlock], energies: Vector) -> None:
        for i, placed in enumerate(blocks):
            if placed.block.zones and not placed.block.cartesian:
                downmix = self._zones.energy_downmix(self._zones.excluded(placed.block.zones))
                if downmix is not None:
                    energies[i] = energies[i] @ downmix


def _levels(placed: PlacedBlock) -> tuple[float, float]:
    gain, diffuse = placed.block.gain * placed.gain, placed.block.diffuse
    return gain * math.sqrt(1.0 - diffuse), gain * math.sqrt(diffuse)


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
