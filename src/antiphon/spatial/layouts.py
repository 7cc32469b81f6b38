"""Loudspeaker layouts of ITU-R BS.2051, by name, with nominal and real positions.

A label tells the nominal direction: its layer (bottom, middle, upper, upper high, top) and its
azimuth. Real loudspeakers may stand elsewhere within ranges that the Recommendation gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.errors import UnknownLayout
from antiphon.spatial.geometry import Vector, directions, inside_angles
from antiphon.spatial.scene import PolarScreen, Screen

__all__ = ["LAYOUT_NAMES", "Layout", "Loudspeaker", "bs2051_layout"]

_LAYERS = {"M": 0.0, "U": 30.0, "UH": 45.0, "B": -30.0, "T": 90.0}
_SCREEN_SPEAKERS = ("M+SC", "M-SC")
_FRONT = "M+030 M-030 M+000 LFE1"
_SIDES = "M+090 M-090 M+135 M-135"
_UPPER_FOUR = "U+045 U-045 U+135 U-135"
_ORDERS = {
    "0+2+0": "M+030 M-030",
    "0+5+0": f"{_FRONT} M+110 M-110",
    "2+5+0": f"{_FRONT} M+110 M-110 U+030 U-030",
    "4+5+0": f"{_FRONT} M+110 M-110 U+030 U-030 U+110 U-110",
    "4+5+1": f"{_FRONT} M+110 M-110 U+030 U-030 U+110 U-110 B+000",
    "3+7+0": f"M+000 M+030 M-030 U+045 U-045 {_SIDES} UH+180 LFE1 LFE2",
    "4+9+0": f"{_FRONT} {_SIDES} {_UPPER_FOUR} M+SC M-SC",
    "9+10+3": "M+060 M-060 M+000 LFE1 M+135 M-135 M+030 M-030 M+180 LFE2 M+090 M-090 "
    "U+045 U-045 U+000 T+000 U+135 U-135 U+090 U-090 U+180 B+000 B+045 B-045",
    "0+7+0": f"{_FRONT} {_SIDES}",
    "4+7+0": f"{_FRONT} {_SIDES} {_UPPER_FOUR}",
}
LAYOUT_NAMES = tuple(_ORDERS)

# Where a loudspeaker may stand (BS.2051, attachment to each layout): azimuth from and to on the
# left side, elevation from and to. Loudspeakers that are not listed stand at their nominal place.
_Range = tuple[float, float, float, float]
_SEVEN: dict[str, _Range] = {
    "M030": (30, 45, 0, 0),
    "M090": (85, 110, 0, 0),
    "M135": (120, 150, 0, 0),
    "U045": (30, 45, 30, 55),
    "U135": (100, 150, 30, 55),
    "MSC": (5, 60, 0, 0),
}
_FIVE: dict[str, _Range] = {
    "M110": (100, 120, 0, 0),
    "U030": (30, 45, 30, 55),
    "U110": (100, 135, 30, 55),
    "B000": (0, 0, -30, -15),
}
_RAISED_REAR: dict[str, _Range] = {**_FIVE, "M110": (100, 120, 0, 15)}
_RANGES: dict[str, dict[str, _Range]] = {
    "0+2+0": {},
    "0+5+0": _RAISED_REAR,
    "2+5+0": _RAISED_REAR,
    "4+5+0": _FIVE,
    "4+5+1": _FIVE,
    "3+7+0": {
        "U045": (30, 45, 30, 45),
        "M090": (60, 150, 0, 0),
        "M135": (60, 150, 0, 0),
        "UH180": (180, 180, 45, 90),
    },
    "4+9+0": _SEVEN,
    "9+10+3": {
        "M060": (45, 60, 0, 5),
        "M000": (0, 0, 0, 5),
        "M030": (22.5, 30, 0, 5),
        "M135": (110, 135, 0, 15),
        "M180": (180, 180, 0, 15),
        "M090": (90, 90, 0, 15),
        "U045": (45, 60, 30, 45),
        "U000": (0, 0, 30, 45),
        "U135": (110, 135, 30, 45),
        "U090": (90, 90, 30, 45),
        "U180": (180, 180, 30, 45),
        "B000": (0, 0, -30, -15),
        "B045": (45, 60, -30, -15),
    },
    "0+7+0": _SEVEN,
    "4+7+0": _SEVEN,
}


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """One channel of a layout: its label, its real and its nominal direction."""

    label: str
    azimuth: float
    elevation: float
    nominal_azimuth: float
    nominal_elevation: float
    is_lfe: bool = False


@dataclass(frozen=True)
class Layout:
    """Loudspeakers in channel order, and the screen between them (None: there is none)."""

    name: str
    loudspeakers: tuple[Loudspeaker, ...]
    screen: Screen | None = PolarScreen()  # noqa: RUF009 - frozen

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels in channel order."""
        return tuple(speaker.label for speaker in self.loudspeakers)

    @cached_property
    def is_lfe(self) -> NDArray[np.bool_]:
        """Which channels are LFE."""
        return np.array([speaker.is_lfe for speaker in self.loudspeakers])

    @cached_property
    def positions(self) -> Vector:
        """The unit vectors of the real directions, (channels, 3)."""
        return directions(
            [speaker.azimuth for speaker in self.loudspeakers],
            [speaker.elevation for speaker in self.loudspeakers],
        )

    @cached_property
    def nominal_positions(self) -> Vector:
        """The unit vectors of the nominal directions, (channels, 3)."""
        return directions(
            [speaker.nominal_azimuth for speaker in self.loudspeakers],
            [speaker.nominal_elevation for speaker in self.loudspeakers],
        )

    @cached_property
    def without_lfe(self) -> "Layout":
        """The same layout without its LFE channels."""
        kept = tuple(speaker for speaker in self.loudspeakers if not speaker.is_lfe)
        return Layout(self.name, kept, self.screen)

    def with_real_positions(self, real: Mapping[str, tuple[float, float]]) -> "Layout":
        """Return the layout with loudspeakers by label at real (azimuth, elevation)."""
        unknown = sorted(set(real) - set(self.labels))
        if unknown:
            raise UnknownLayout(
                f"Layout {self.name} has no loudspeaker {unknown[0]}.", label=unknown[0]
            )
        moved = [
            replace(s, azimuth=float(real[s.label][0]), elevation=float(real[s.label][1]))
            if s.label in real
            else s
            for s in self.loudspeakers
        ]
        for speaker in moved:
            _check_screen_speaker(speaker)
        return Layout(self.name, tuple(moved), self.screen)

    def with_screen(self, screen: Screen | None) -> "Layout":
        """Return the layout with another screen, or with none."""
        return Layout(self.name, self.loudspeakers, screen)

    def misplaced(self) -> tuple[str, ...]:
        """Return a sentence for each loudspeaker that stands outside its range of BS.2051."""
        return tuple(
            f"{speaker.label} at azimuth {speaker.azimuth:g}, elevation {speaker.elevation:g} "
            f"is outside its range in {self.name}."
            for speaker in self.loudspeakers
            if not speaker.is_lfe and not _is_within(speaker, _RANGES[self.name])
        )


def bs2051_layout(name: str) -> Layout:
    """Return the layout of this name, such as ``4+7+0``, at its nominal positions."""
    if name not in _ORDERS:
        raise UnknownLayout(
            f"There is no layout {name}; there are {', '.join(LAYOUT_NAMES)}.", layout=name
        )
    return Layout(name, tuple(_nominal(label) for label in _ORDERS[name].split()))


def _nominal(label: str) -> Loudspeaker:
    if label in {"LFE1", "LFE2"}:
        az, el = (45.0 if label == "LFE1" else -45.0), -30.0
        return Loudspeaker(label, az, el, az, el, is_lfe=True)
    sign = -1.0 if "-" in label else 1.0
    layer, _, angle = label.replace("-", "+").partition("+")
    az = sign * (15.0 if angle == "SC" else float(angle))
    return Loudspeaker(label, az, _LAYERS[layer], az, _LAYERS[layer])


def _is_within(speaker: Loudspeaker, ranges: Mapping[str, _Range]) -> bool:
    key = speaker.label.replace("+", "").replace("-", "")
    az, el = abs(speaker.nominal_azimuth), speaker.nominal_elevation
    low, high, bottom, top = ranges.get(key, (az, az, el, el))
    if "-" in speaker.label:
        low, high = -high, -low
    return inside_angles(speaker.azimuth, low, high) and bottom <= speaker.elevation <= top


def _check_screen_speaker(speaker: Loudspeaker) -> None:
    """Refuse a screen loudspeaker that BS.2127, section 6.1.3.1, has no triangles for."""
    if speaker.label not in _SCREEN_SPEAKERS:
        return
    angle = abs(speaker.azimuth)
    if not (5.0 <= angle <= 25.0 or 35.0 <= angle <= 60.0):
        raise UnknownLayout(
            f"{speaker.label} at azimuth {speaker.azimuth:g}: allowed are 5 to 25 and 35 to 60.",
            label=speaker.label,
        )
