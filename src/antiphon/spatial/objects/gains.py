"""An object's block becomes direct and diffuse gains for each loudspeaker (BS.2127, section 7.3).

Blocks are read into arrays once. Most sound from the very place that they name, and all of these
are panned in one compiled call; what is locked, scaled to a screen, spread apart or kept out of
zones is interpreted one by one first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.compiled import compiled
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Point, Vector, cartesian, directions
from antiphon.spatial.layouts import Layout
from antiphon.spatial.objects.divergence import diverged
from antiphon.spatial.objects.locking import CUBE_WEIGHTS, Locking
from antiphon.spatial.objects.screen import ScreenRules
from antiphon.spatial.objects.zones import ZoneRules, with_whole_rows
from antiphon.spatial.panning.cube import cube_positions
from antiphon.spatial.panning.cube_extent import CubeTables, cube_energies, cube_tables
from antiphon.spatial.panning.polar_extent import (
    ExtentTables,
    add_polar_energy,
    extent_tables,
    polar_energies,
)
from antiphon.spatial.scene import (
    CartesianPosition,
    ObjectBlock,
    PolarPosition,
    PolarScreen,
    Position,
    PositionOffset,
    Screen,
)

__all__ = ["ObjectGains", "PlacedBlock", "PreparedBlocks", "object_gains"]

_POLAR_WEIGHTS = (1.0, 1.0, 1.0)
_ON_SPHERE, _IN_CUBE, _BY_ITSELF = 0, 1, 2  # how a block is worked out

_Kinds = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block with what its item says about it."""

    block: ObjectBlock
    screen: Screen = PolarScreen()  # noqa: RUF009 - frozen
    offset: PositionOffset | None = None
    gain: float = 1.0


@lru_cache(maxsize=16)
def object_gains(layout: Layout) -> "ObjectGains":
    """Return the gain calculator of a layout, made once."""
    return ObjectGains(layout)


class ObjectGains:
    """The gain calculator of one layout."""

    def __init__(self, layout: Layout) -> None:
        heard = layout.without_lfe
        self.channels = np.flatnonzero(~layout.is_lfe)
        self.width = len(layout.labels)
        self.extents = extent_tables(heard)
        self._screen = ScreenRules(layout)
        self._zones = ZoneRules(heard)
        self._cube = cube_positions(heard)
        self.cube = cube_tables(self._cube)
        self._locking = Locking(heard, heard.positions, _POLAR_WEIGHTS)
        self._cube_locking = Locking(heard, self._cube, CUBE_WEIGHTS)
        self._cube_tables = lru_cache(maxsize=256)(self._cube_without)

    def gains(self, blocks: Sequence[PlacedBlock]) -> Vector:
        """Return gains (blocks, 2, channels of the layout): direct, then diffuse."""
        return self.prepared(blocks).gains(np.arange(len(blocks)))

    def prepared(self, blocks: Sequence[PlacedBlock]) -> "PreparedBlocks":
        """Return blocks read into arrays, so that any of them can be asked for quickly."""
        return PreparedBlocks(self, blocks)

    def add_by_itself(self, placed: PlacedBlock, energies: Vector) -> None:
        """Add the energies (channels without LFE) of a block that has to be interpreted."""
        if placed.block.cartesian:
            self._pan_in_cube(placed, energies)
            return
        polar_energies(self.extents, np.array(self._sources(placed)), energies[None])
        if not placed.block.zones:
            return
        downmix = self._zones.energy_downmix(self._zones.excluded(placed.block.zones))
        if downmix is not None:
            energies[:] = energies @ downmix

    def _sources(self, placed: PlacedBlock) -> list[tuple[float, ...]]:
        """Return x, y, z, width, height, depth, 0 and the share of the energy of each source."""
        block = placed.block
        point = self._screened(placed)
        if block.channel_lock is not None:
            point = self._locking.locked(point, block.channel_lock)
        size = (block.width, block.height, block.depth)
        places = diverged(point, block.divergence, cartesian_mode=False)
        return [(*place, *size, 0.0, weight) for weight, place in places]

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


class PreparedBlocks:
    """Many blocks on one layout: where each sounds and how loud, as arrays."""

    def __init__(self, calculator: ObjectGains, blocks: Sequence[PlacedBlock]) -> None:
        self._calculator = calculator
        self._blocks = blocks
        self._kinds = np.array([_kind(placed) for placed in blocks], np.int64)
        self._sources = np.zeros((len(blocks), 6))
        told = np.flatnonzero(self._kinds != _BY_ITSELF)
        if told.size:
            self._sources[told] = [_told(blocks[i].block) for i in told.tolist()]
        polar = np.flatnonzero(self._kinds == _ON_SPHERE)
        named = self._sources[polar]
        points = directions(named[:, 0], named[:, 1]) * named[:, 2:3]
        self._sources[polar, :3] = points
        self._levels = _levels(blocks)

    def gains(self, numbers: NDArray[np.int64]) -> Vector:
        """Return the gains (blocks, 2, channels of the layout) of blocks by number."""
        calculator = self._calculator
        energies = np.zeros((len(numbers), len(calculator.channels)))
        _add_told(
            calculator.extents, calculator.cube, self._kinds, self._sources, numbers, energies
        )
        for row in np.flatnonzero(self._kinds[numbers] == _BY_ITSELF):
            calculator.add_by_itself(self._blocks[int(numbers[row])], energies[row])
        gains = np.zeros((len(numbers), 2, calculator.width))
        gains[:, :, calculator.channels] = np.sqrt(np.nan_to_num(energies))[:, None, :]
        gains *= self._levels[numbers]
        return gains


@compiled
def _add_told(
    extents: ExtentTables,
    cube: CubeTables,
    kinds: _Kinds,
    sources: Vector,
    numbers: _Kinds,
    energies: Vector,
) -> None:
    """Add the energies of all blocks that sound from the place that they name."""
    gains = np.empty(extents.panner.channels)
    for row in range(len(numbers)):
        source = sources[numbers[row]]
        if kinds[numbers[row]] == _ON_SPHERE:
            add_polar_energy(extents, source, 1.0, gains, energies[row])
        elif kinds[numbers[row]] == _IN_CUBE:
            cube_energies(cube, source[:3], source[3:6], 1.0, energies[row])


def _kind(placed: PlacedBlock) -> int:
    """Return how a block is worked out: from the very place that it names, or by itself."""
    block = placed.block
    edge = block.position.screen_edge
    if (
        placed.offset is not None
        or block.channel_lock is not None
        or block.divergence is not None
        or block.screen_ref
        or block.zones
        or edge.horizontal is not None
        or edge.vertical is not None
        or isinstance(block.position, CartesianPosition) != block.cartesian
    ):
        return _BY_ITSELF
    return _IN_CUBE if block.cartesian else _ON_SPHERE


def _told(block: ObjectBlock) -> tuple[float, float, float, float, float, float]:
    """Return the place that a block names, in its own coordinates, and its size."""
    at = block.position
    if isinstance(at, PolarPosition):
        return at.azimuth, at.elevation, at.distance, block.width, block.height, block.depth
    return (*_point(at), block.width, block.height, block.depth)


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
