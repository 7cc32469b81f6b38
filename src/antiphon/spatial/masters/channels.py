"""Masters without ADM: loudspeaker channels in the order of their files, ambisonics, stereo."""

import math
from typing import Final

from antiphon.spatial.adm.common import channel_of_label
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.scene import DirectTrack, HoaItem, Scene, SpeakerBlock, SpeakerItem

# Orders as films and music are delivered (SMPTE ST 428-12 and the common packs of BS.2094).
_LAYOUTS: Final[dict[str, tuple[str, ...]]] = {
    "0+1+0": ("M+000",),
    "0+2+0": ("M+030", "M-030"),
    "0+5+0": ("M+030", "M-030", "M+000", "LFE", "M+110", "M-110"),
    "0+7+0": ("M+030", "M-030", "M+000", "LFE", "M+090", "M-090", "M+135", "M-135"),
}
_LAYOUTS_ABOVE: Final[dict[str, tuple[str, ...]]] = {
    "2+5+0": (*_LAYOUTS["0+5+0"], "U+030", "U-030"),
    "4+5+0": (*_LAYOUTS["0+5+0"], "U+030", "U-030", "U+110", "U-110"),
    "2+7+0": (*_LAYOUTS["0+7+0"], "U+090", "U-090"),
    "4+7+0": (*_LAYOUTS["0+7+0"], "U+045", "U-045", "U+135", "U-135"),
    "4+9+0": (*_LAYOUTS["0+7+0"], "M+060", "M-060", "U+045", "U-045", "U+135", "U-135"),
    "6+9+0": (
        *(*_LAYOUTS["0+7+0"], "M+060", "M-060"),
        *("U+045", "U-045", "U+090", "U-090", "U+135", "U-135"),
    ),
}
LAYOUTS: Final = {**_LAYOUTS, **_LAYOUTS_ABOVE}
"""Layouts by name (BS.2051: above + middle + below): the labels of their channels, with LFE."""

_BY_COUNT: Final = {
    1: "0+1+0",
    2: "0+2+0",
    6: "0+5+0",
    8: "0+7+0",
    10: "4+5+0",
    12: "4+7+0",
    14: "4+9+0",
    16: "6+9+0",
}
_MAX_ORDER: Final = 10


def scene_of_channels(channels: int, sample_rate: int, layout: str | None = None) -> Scene:
    """Return the scene of a file whose channels are loudspeakers.

    Without a ``layout`` their number says which: 1, 2, 5.1, 7.1, 5.1.4, 7.1.4, 9.1.4 or 9.1.6.
    Raise ``MasterUnreadable`` where it says none.
    """
    name = layout or _BY_COUNT.get(channels)
    labels = LAYOUTS.get(name or "")
    if name is None or labels is None:
        raise MasterUnreadable(
            f"{channels} channels without ADM: say which layout they are ({', '.join(LAYOUTS)})."
        )
    if len(labels) != channels:
        raise MasterUnreadable(f"{name} has {len(labels)} channels, the file {channels}.")
    items = tuple(_speaker(number, label) for number, label in enumerate(labels))
    guessed = f"nothing says what the {channels} channels are: they were taken as {name}."
    notes = () if layout is not None or channels <= 2 else (guessed,)
    return Scene(items, channels, sample_rate, name, notes)


def scene_of_ambisonics(channels: int, sample_rate: int) -> Scene:
    """Return the scene of an AmbiX file: ACN order, SN3D, a full sphere of order 1 or more."""
    order = math.isqrt(channels) - 1
    if (order + 1) ** 2 != channels or not 1 <= order <= _MAX_ORDER:
        raise MasterUnreadable(f"{channels} channels are no full sphere: 4, 9 or 16 are.")
    components = [(n, m) for n in range(order + 1) for m in range(-n, n + 1)]
    item = HoaItem(
        name=f"order {order}",
        tracks=tuple(DirectTrack(number) for number in range(channels)),
        orders=tuple(n for n, _ in components),
        degrees=tuple(m for _, m in components),
    )
    return Scene((item,), channels, sample_rate, f"ambisonics, order {order}")


def _speaker(number: int, label: str) -> SpeakerItem:
    found = channel_of_label(label)
    return SpeakerItem(
        name=label,
        track=DirectTrack(number),
        blocks=tuple(block for block in found.blocks if isinstance(block, SpeakerBlock)),
        frequency=found.frequency,
    )
