"""From a scene to third-order ambisonics: what each item adds to the buses before the ears.

Objects that are points are encoded at their points. What BS.2127 says of loudspeakers (extent,
divergence, zones, locks, screens, diffuse sound) is panned on 22.2, which is encoded in turn.
"""

from collections.abc import Sequence

import numpy as np

from antiphon.spatial.ambisonics.harmonics import acn, norm
from antiphon.spatial.ambisonics.third_order import COMPONENTS, encode
from antiphon.spatial.geometry import Point, Vector, cartesian
from antiphon.spatial.layouts import bs2051_layout
from antiphon.spatial.objects.gains import ObjectGains, PlacedBlock
from antiphon.spatial.scene import (
    CartesianPosition,
    HoaItem,
    Item,
    ObjectBlock,
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
    "SphereGains",
    "hoa_columns",
    "is_dry",
    "speaker_columns",
]

VIRTUAL = "9+10+3"
FIELD = slice(0, COMPONENTS)
DRY = slice(COMPONENTS, COMPONENTS + 2)
ROOM = COMPONENTS + 2
BUSES = COMPONENTS + 3
# Room for the render modes of authored masters: amplitude of the reverberation next to the source.
ROOM_LEVELS = {"near": 0.0, "mid": 0.12, "far": 0.25}
_NOWHERE = ScreenEdge()


class SphereGains:
    """Gains of objects on the field and on the virtual loudspeakers of diffuse sound."""

    def __init__(self) -> None:
        self.layout = bs2051_layout(VIRTUAL)
        self.speakers = np.zeros((len(self.layout.labels), COMPONENTS))
        self.speakers[~self.layout.is_lfe] = encode(self.layout.without_lfe.positions)
        self._panner = ObjectGains(self.layout)

    def gains(self, blocks: Sequence[PlacedBlock]) -> tuple[Vector, Vector]:
        """Return gains (blocks, 16) on the field and (blocks, loudspeakers) of diffuse sound."""
        field = np.zeros((len(blocks), COMPONENTS))
        diffuse = np.zeros((len(blocks), len(self.layout.labels)))
        points = [i for i, placed in enumerate(blocks) if _is_point(placed.block)]
        others = [i for i, placed in enumerate(blocks) if not _is_point(placed.block)]
        if points:
            where = np.array([_place(blocks[i]) for i in points])
            levels = np.array([blocks[i].block.gain * blocks[i].gain for i in points])
            field[points] = encode(where) * levels[:, None]
        if others:
            panned = self._panner.gains([blocks[i] for i in others])
            field[others] = panned[:, 0] @ self.speakers
            diffuse[others] = panned[:, 1]
        return field, diffuse


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
