"""The common definitions (ITU-R BS.2094-1): packs and channels that a document may refer to.

Facts from the Recommendation's tables, written as rules where there are any: a loudspeaker's
direction follows from its label, an ambisonic component from its number.
"""

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import Final

from antiphon.spatial.adm.model import Channel, HoaBlock, Pack, PackType
from antiphon.spatial.scene import (
    Bound,
    Frequency,
    ScreenEdge,
    SpeakerBlock,
    SpeakerPosition,
)

# Channel number -> label (BS.2094-1, table 2).
_LABELS: Final = {
    0x01: "M+030", 0x02: "M-030", 0x03: "M+000", 0x04: "LFE", 0x05: "M+110", 0x06: "M-110",
    0x07: "M+022", 0x08: "M-022", 0x09: "M+180", 0x0A: "M+090", 0x0B: "M-090", 0x0C: "T+000",
    0x0D: "U+030", 0x0E: "U+000", 0x0F: "U-030", 0x10: "U+110", 0x11: "U+180", 0x12: "U-110",
    0x13: "U+090", 0x14: "U-090", 0x15: "B+000", 0x16: "B+045", 0x17: "B-045", 0x18: "M+060",
    0x19: "M-060", 0x1A: "M+135_Diff", 0x1B: "M-135_Diff", 0x1C: "M+135", 0x1D: "M-135",
    0x1E: "U+135", 0x1F: "U-135", 0x20: "LFEL", 0x21: "LFER", 0x22: "U+045", 0x23: "U-045",
    0x24: "M+SC", 0x25: "M-SC", 0x26: "M+045", 0x27: "M-045", 0x28: "UH+180",
}  # fmt: skip

_NUMBERS: Final = {label: number for number, label in _LABELS.items()}

# Pack number -> name, channel numbers (BS.2094-1, table 1).
_5_1: Final = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06)
_7_1: Final = (0x01, 0x02, 0x03, 0x04, 0x0A, 0x0B, 0x1C, 0x1D)
_22_MIDDLE: Final = (0x18, 0x19, 0x03, 0x20, 0x1C, 0x1D, 0x01, 0x02, 0x09, 0x21, 0x0A, 0x0B)
_22_ABOVE_AND_BELOW: Final = (
    0x22,
    0x23,
    0x0E,
    0x0C,
    0x1E,
    0x1F,
    0x13,
    0x14,
    0x11,
    0x15,
    0x16,
    0x17,
)
_PACKS: Final = {
    0x01: ("0+1+0", (0x03,)),
    0x02: ("0+2+0", (0x01, 0x02)),
    0x03: ("0+5+0", _5_1),
    0x04: ("2+5+0", (*_5_1, 0x0D, 0x0F)),
    0x05: ("4+5+0", (*_5_1, 0x0D, 0x0F, 0x10, 0x12)),
    0x07: ("3+7+0", (0x03, 0x01, 0x02, 0x22, 0x23, 0x0A, 0x0B, 0x1C, 0x1D, 0x28, 0x20, 0x21)),
    0x08: ("4+9+0", (*_7_1, 0x22, 0x23, 0x1E, 0x1F, 0x24, 0x25)),
    0x09: (
        "9+10+3",
        (*_22_MIDDLE, *_22_ABOVE_AND_BELOW),
    ),
    0x0A: ("0+3+0", (0x01, 0x02, 0x03)),
    0x0B: ("0+4+0", (0x01, 0x02, 0x03, 0x09)),
    0x0C: ("5.0", (0x01, 0x02, 0x03, 0x05, 0x06)),
    0x0D: ("0+6+0", (*_5_1, 0x09)),
    0x0E: ("7.1 front", (*_5_1, 0x26, 0x27)),
    0x0F: ("0+7+0", _7_1),
    0x10: ("4+5+1", (*_5_1, 0x0D, 0x0F, 0x10, 0x12, 0x15)),
    0x11: (
        "9+9+0",
        (*_5_1, 0x0A, 0x0B, 0x1A, 0x1B, 0x0D, 0x0F, 0x0E, 0x10, 0x12, 0x13, 0x14, 0x1E, 0x1F),
    ),
    0x12: ("7.1 screen", (*_5_1, 0x24, 0x25)),
    0x13: ("5.1.2 top side", (*_5_1, 0x13, 0x14)),
    0x14: ("5.1.2 screen", (*_5_1, 0x13, 0x14, 0x24, 0x25)),
    0x15: ("5.1.4 screen", (*_5_1, 0x0D, 0x0F, 0x10, 0x12, 0x24, 0x25)),
    0x16: ("7.1.2", (0x01, 0x02, 0x03, 0x04, 0x0B, 0x0C, 0x1C, 0x1D, 0x13, 0x14)),
    0x17: ("4+7+0", (*_7_1, 0x22, 0x23, 0x1E, 0x1F)),
}

_ELEVATIONS: Final = {"M": 0.0, "U": 30.0, "UH": 45.0, "T": 90.0, "B": -30.0}
_DIRECTION: Final = re.compile(r"(M|UH|U|T|B)([+-](?:[0-9]{3}|SC))")
_HALVES: Final = {"+022": 22.5, "-022": -22.5}
_LFE: Final = {"LFE": 0.0, "LFEL": 45.0, "LFER": -45.0}
_LOW_PASS_HZ: Final = 120.0
# Ambisonics: first channel number, offset of the pack number, highest order of packs, of channels.
_AMBISONICS: Final = {
    "SN3D": (0x001, 0x000, 6, 10),
    "N3D": (0x101, 0x010, 6, 10),
    "FuMa": (0x201, 0x020, 3, 3),
}
# Packs of part of the sphere: number -> pack below, channel numbers (all N3D).
_MIXED_ORDERS: Final[dict[int, tuple[int | None, tuple[int, ...]]]] = {
    0x111: (None, (0x101, 0x102, 0x104)),
    0x112: (0x111, (0x105, 0x109)),
    0x210: (0x011, (0x105, 0x109)),
    0x211: (0x210, (0x10A, 0x110)),
    0x310: (0x011, (0x105, 0x106, 0x108, 0x109)),
}


@cache
def common_packs() -> dict[str, Pack]:
    """Return the packs by id."""
    made = [
        Pack(
            f"AP_0001{n:04X}", name, PackType.DIRECT_SPEAKERS, tuple(_speaker_id(c) for c in chans)
        )
        for n, (name, chans) in _PACKS.items()
    ]
    for name, (channel, pack, highest, _) in _AMBISONICS.items():
        for order in range(1, highest + 1):
            first = 0 if order == 1 else order * order
            components = range(channel + first, channel + (order + 1) ** 2)
            below = None if order == 1 else pack + order - 1
            made.append(_hoa_pack(pack + order, f"order {order} {name}", components, below))
    for number, (below, some) in _MIXED_ORDERS.items():
        made.append(_hoa_pack(number, f"mixed order {number:X} N3D", some, below))
    ears = ("AC_00050001", "AC_00050002")
    made.append(Pack("AP_00050001", "binaural", PackType.BINAURAL, ears))
    return {pack.id: pack for pack in made}


@cache
def common_channels() -> dict[str, Channel]:
    """Return the channels by id."""
    made = [_speaker(number, label) for number, label in _LABELS.items()]
    for name, (first, _, _, highest) in _AMBISONICS.items():
        made += [_component(first, acn, name) for acn in range((highest + 1) ** 2)]
    for number, ear in ((1, "left ear"), (2, "right ear")):
        nowhere = SpeakerPosition(False, Bound(0.0), Bound(0.0), Bound(1.0))
        blocks = (SpeakerBlock(Fraction(0), None, nowhere),)
        made.append(Channel(f"AC_0005{number:04X}", ear, PackType.BINAURAL, blocks))
    return {channel.id: channel for channel in made}


def channel_of_label(label: str) -> Channel:
    """Return the channel of a loudspeaker's label; raise ``KeyError`` where there is none."""
    return common_channels()[_speaker_id(_NUMBERS[label])]


def _speaker_id(number: int) -> str:
    return f"AC_0001{number:04X}"


def _hoa_pack(number: int, name: str, components: Iterable[int], below: int | None) -> Pack:
    channels = tuple(f"AC_0004{n:04X}" for n in components)
    packs = () if below is None else (f"AP_0004{below:04X}",)
    return Pack(f"AP_0004{number:04X}", name, PackType.HOA, channels, packs)


def direction_of(label: str) -> tuple[float, float, ScreenEdge]:
    """Return azimuth, elevation and screen lock of one of the labels above."""
    if label in _LFE:
        return _LFE[label], -30.0, ScreenEdge()
    layer, angle = _DIRECTION.match(label).groups()  # type: ignore[union-attr]  # our own table
    if angle.endswith("SC"):
        side = 1.0 if angle[0] == "+" else -1.0
        return side * 25.0, 0.0, ScreenEdge("left" if side > 0 else "right")
    azimuth = _HALVES.get(angle, float(angle))
    return azimuth, _ELEVATIONS[layer], ScreenEdge()


def _speaker(number: int, label: str) -> Channel:
    azimuth, elevation, edge = direction_of(label)
    position = SpeakerPosition(False, Bound(azimuth), Bound(elevation), Bound(1.0), edge)
    frequency = Frequency(low_pass=_LOW_PASS_HZ) if label in _LFE else Frequency()
    block = SpeakerBlock(Fraction(0), None, position, (label,))
    return Channel(_speaker_id(number), label, PackType.DIRECT_SPEAKERS, (block,), frequency)


def _component(first: int, acn: int, normalization: str) -> Channel:
    order = math.isqrt(acn)
    block = HoaBlock(Fraction(0), None, order, acn - order * order - order, normalization)
    return Channel(f"AC_0004{first + acn:04X}", f"{normalization} {acn}", PackType.HOA, (block,))
