"""From a scene to third-order ambisonics: what each item adds to the buses before the ears.

Objects that are points are encoded at their points. What BS.2127 says of loudspeakers (extent,
divergence, zones, locks, screens, diffuse sound) is panned on 22.2, which is encoded in turn.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.ambisonics.harmonics import acn, norm
from antiphon.spatial.ambisonics.third_order import COMPONENTS, encode
from antiphon.spatial.geometry import Point, Vector, cartesian
from antiphon.spatial.layouts import bs2051_layout
from antiphon.spatial.objects.gains import (
    ObjectGains,
    PlacedBlock,
    PreparedBlocks,
    object_gains,
)
from antiphon.spatial.rendering.spans import Ints
from antiphon.spatial.rendering.voices import has_diffuse, placed_blocks
from antiphon.spatial.scene import (
    CartesianPosition,
    HoaItem,
    Item,
    ObjectBlock,
    ObjectItem,
    PolarPosition,
    PositionOffset,
    ScreenEdge,
    SpeakerBlock,
    SpeakerItem,
)
from antiphon.spatial.speakers.gains import is_lfe_frequency

__all__ = [
    "BUSES",
    "DRY",
    "FIELD",
    "ROOM",
    "ROOM_LEVELS",
    "VIRTUAL",
    "ObjectBuses",
    "hoa_columns",
    "is_dry",
    "speaker_columns",
    "virtual_loudspeakers",
]

VIRTUAL = "9+10+3"
FIELD = slice(0, COMPONENTS)
DRY = slice(COMPONENTS, COMPONENTS + 2)
ROOM = COMPONENTS + 2
BUSES = COMPONENTS + 3
# Room for the render modes of authored masters: amplitude of the reverberation next to the source.
ROOM_LEVELS = {"near": 0.0, "mid": 0.12, "far": 0.25}
_NOWHERE = ScreenEdge()


@lru_cache(maxsize=1)
def virtual_loudspeakers() -> Vector:
    """Return the gains (channels of 22.2, 16) of the loudspeakers on the field."""
    layout = bs2051_layout(VIRTUAL)
    gains = np.zeros((len(layout.labels), COMPONENTS))
    gains[~layout.is_lfe] = encode(layout.without_lfe.positions)
    return gains


class ObjectBuses:
    """Gains of the blocks of objects on the buses: field, dry, room, and diffuse sound on 22.2."""

    def __init__(self, items: Sequence[ObjectItem]) -> None:
        blocks = placed_blocks(items)
        owners = [item for item in items for _ in item.blocks]
        dry = np.array([is_dry(item) for item in owners], bool)
        points = np.array([_is_point(placed.block) for placed in blocks], bool) & ~dry
        panned = ~dry & ~points
        self._points, self._panned, self._dry = _part(points), _part(panned), _part(dry)
        self._places = np.array([_place(blocks[i]) for i in self._points.numbers]).reshape(-1, 3)
        levels = [blocks[i].block.gain * blocks[i].gain for i in self._points.numbers]
        self._levels = np.array(levels)
        self._on_sphere = self._panned.of(object_gains(bs2051_layout(VIRTUAL)), blocks)
        self._in_stereo = self._dry.of(object_gains(bs2051_layout("0+2+0")), blocks)
        self._room = np.array(
            [
                ROOM_LEVELS.get(item.headphone or "", 0.0) * item.gain * placed.block.gain
                for item, placed in zip(owners, blocks, strict=True)
            ]
        )
        self._room[dry] = 0.0
        self._diffuse = len(virtual_loudspeakers()) if has_diffuse(items) else 0

    def rows(self, numbers: Ints) -> NDArray[np.float32]:
        """Return the gains (blocks, buses) of blocks by number."""
        made = np.zeros((len(numbers), BUSES + self._diffuse))
        where, which = self._points.among(numbers)
        made[where, FIELD] = encode(self._places[which]) * self._levels[which, None]
        where, which = self._panned.among(numbers)
        if len(where):
            panned = self._on_sphere.gains(which)
            made[where, FIELD] = _encoded(panned[:, 0])
            made[where, BUSES:] = panned[:, 1, : self._diffuse]
        where, which = self._dry.among(numbers)
        if len(where):
            made[where, DRY] = self._in_stereo.gains(which).sum(axis=1)
        made[:, ROOM] = self._room[numbers]
        return made.astype(np.float32)


class _Part(NamedTuple):
    """Some of all blocks: their numbers, and the place of every block among them, or -1."""

    numbers: Ints
    places: Ints

    def among(self, numbers: Ints) -> tuple[Ints, Ints]:
        """Return which of these blocks belong to the part, and their places in it."""
        places = self.places[numbers]
        where = np.flatnonzero(places >= 0)
        return where, places[where]

    def of(self, gains: ObjectGains, blocks: Sequence[PlacedBlock]) -> PreparedBlocks:
        """Return this part of all blocks, ready for a layout."""
        return gains.prepared([blocks[i] for i in self.numbers])


def _part(mask: NDArray[np.bool_]) -> _Part:
    return _Part(np.flatnonzero(mask), np.where(mask, np.cumsum(mask) - 1, -1))


def _encoded(panned: Vector) -> Vector:
    """Return loudspeaker gains (n, channels) on the field; each row the same sum in any company."""
    return np.asarray(np.einsum("nc,ck->nk", panned, virtual_loudspeakers()))


def is_dry(item: Item) -> bool:
    """Return whether the master asks for no rendering to ears: plain stereo panning."""
    return item.headphone == "off"


def _is_point(block: ObjectBlock) -> bool:
    """Return whether a block is nothing but a point."""
    return (
        block.width == block.height == block.depth == block.diffuse == 0.0
        and block.divergence is None
        and block.channel_lock is None
        and not block.zones
        and not block.screen_ref
        and block.position.screen_edge == _NOWHERE
    )


def _place(placed: PlacedBlock) -> Point:
    position = placed.block.position
    offset = placed.offset or PositionOffset(isinstance(position, CartesianPosition))
    if isinstance(position, PolarPosition):
        elevation = min(max(position.elevation + offset.second, -90.0), 90.0)
        return cartesian(position.azimuth + offset.first, elevation)
    return position.x + offset.first, position.y + offset.second, position.z + offset.third


def speaker_columns(item: SpeakerItem) -> list[Vector]:
    """Return the gains (16,) of each block of a loudspeaker channel; an LFE is everywhere."""
    return [_speaker_gains(item, block) * block.gain * item.gain for block in item.blocks]


def _speaker_gains(item: SpeakerItem, block: SpeakerBlock) -> Vector:
    if is_lfe_frequency(item.frequency) or any(x.startswith("LFE") for x in block.labels):
        everywhere = np.zeros(COMPONENTS)
        everywhere[0] = 1.0
        return everywhere
    at = block.position
    values = (at.first.value, at.second.value, at.third.value)
    point = values if at.cartesian else cartesian(values[0], values[1])
    return np.asarray(encode(np.array([point]))[0])


def hoa_columns(item: HoaItem) -> Vector:
    """Return the gains (tracks, 16) of an ambisonic item; orders above 3 are left out."""
    made = np.zeros((len(item.tracks), COMPONENTS))
    for row, (order, degree) in enumerate(zip(item.orders, item.degrees, strict=True)):
        if order <= 3:
            scale = norm(order, degree, "SN3D") / norm(order, degree, item.normalization)
            made[row, acn(order, degree)] = scale * item.gain
    if item.gains:
        made *= np.array(item.gains)[:, None]
    return made
