"""Gains of a channel that names its loudspeaker (BS.2127, section 8)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.geometry import Point, Vector, cartesian, inside_angles
from antiphon.spatial.layouts import Layout
from antiphon.spatial.objects.screen import ScreenRules
from antiphon.spatial.panning.cube import cube_positions, pan_in_cube
from antiphon.spatial.panning.point_source import PointSourcePanner
from antiphon.spatial.scene import Bound, Frequency, SpeakerBlock, SpeakerPosition
from antiphon.spatial.speakers.mapping import COMMON_PACKS, mapped

__all__ = ["SpeakerGains", "is_lfe_frequency"]

_SLACK = 1e-5
_ANY_FREQUENCY = Frequency()
_LFE_LIMIT = 200.0  # Hz, BS.2127, section 6.3
_LFE_NAMES = {"LFE": "LFE1", "LFEL": "LFE1", "LFER": "LFE2"}


def is_lfe_frequency(frequency: Frequency) -> bool:
    """Return whether a channel's frequency range says that it is an LFE channel."""
    low_pass = frequency.low_pass
    return low_pass is not None and low_pass <= _LFE_LIMIT and frequency.high_pass is None


class SpeakerGains:
    """Finds the loudspeakers of one layout for channels of any.

    In this order: the rules for common packs, a loudspeaker of the same label, the nearest
    loudspeaker within the bounds, panning to the position (for LFE channels: LFE1, or silence).
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._screen = ScreenRules(layout)
        self._panner = PointSourcePanner(layout)
        self._cube = cube_positions(layout)
        self._cube_heard = cube_positions(layout.without_lfe)

    def gains(
        self,
        block: SpeakerBlock,
        frequency: Frequency = _ANY_FREQUENCY,
        packs: tuple[str, ...] = (),
    ) -> Vector:
        """Return gains (channels,) for a block; ``packs`` as in ``SpeakerItem``."""
        labels = [_LFE_NAMES.get(label, label) for label in block.labels]
        is_lfe = is_lfe_frequency(frequency) or any(x in {"LFE1", "LFE2"} for x in labels)
        gains = self._by_rule(labels, packs)
        if gains is None:
            gains = self._by_label(labels, is_lfe=is_lfe)
        if gains is None:
            gains = self._by_position(block.position, is_lfe=is_lfe)
        return gains * block.gain

    def _by_rule(self, labels: list[str], packs: tuple[str, ...]) -> Vector | None:
        source = COMMON_PACKS.get(packs[-1].lower()) if packs else None
        if source is None or not labels:
            return None
        found = mapped(labels[0], source, self._layout)
        return None if found is None else self._sounding(*found)

    def _by_label(self, labels: list[str], *, is_lfe: bool) -> Vector | None:
        for label in labels:
            if label in self._layout.labels:
                channel = self._layout.labels.index(label)
                if self._layout.is_lfe[channel] == is_lfe:
                    return self._sounding((label, 1.0))
        return None

    def _by_position(self, position: SpeakerPosition, *, is_lfe: bool) -> Vector:
        position = self._on_screen(position)
        point = _point(position)
        candidates = self._within(position) & (self._layout.is_lfe == is_lfe)
        nearest = self._nearest(position, point, candidates)
        if nearest is not None:
            return self._sounding((self._layout.labels[nearest], 1.0))
        if is_lfe:
            return (
                self._sounding(("LFE1", 1.0)) if "LFE1" in self._layout.labels else self._silent()
            )
        gains = self._silent()
        if position.cartesian:
            gains[~self._layout.is_lfe] = pan_in_cube(self._cube_heard, point)
        else:
            gains[~self._layout.is_lfe] = np.nan_to_num(self._panner.pan(point))
        return gains

    def _on_screen(self, position: SpeakerPosition) -> SpeakerPosition:
        """Return the position moved to the edges of the screen; its limits stay."""
        if not self._screen.locks(position.screen_edge):
            return position
        values = [position.first.value, position.second.value, position.third.value]
        edge = position.screen_edge
        if position.cartesian:
            point = (values[0], values[1], values[2])
            values = list(self._screen.locked(point, edge, cartesian_mode=True))
        else:
            values[:2] = self._screen.locked_direction(values[0], values[1], edge)
        return replace(
            position,
            first=replace(position.first, value=values[0]),
            second=replace(position.second, value=values[1]),
            third=replace(position.third, value=values[2]),
        )

    def _within(self, position: SpeakerPosition) -> NDArray[np.bool_]:
        first, second, third = (
            _limits(bound) for bound in (position.first, position.second, position.third)
        )
        if position.cartesian:
            low = np.array((first[0], second[0], third[0])) - _SLACK
            high = np.array((first[1], second[1], third[1])) + _SLACK
            return np.asarray(((self._cube >= low) & (self._cube <= high)).all(axis=1))
        if not third[0] - _SLACK < 1.0 < third[1] + _SLACK:
            return np.zeros(len(self._layout.labels), bool)
        return np.array(
            [
                (
                    abs(speaker.nominal_elevation) >= 90.0 - _SLACK
                    or inside_angles(speaker.nominal_azimuth, *first, _SLACK)
                )
                and second[0] - _SLACK < speaker.nominal_elevation < second[1] + _SLACK
                for speaker in self._layout.loudspeakers
            ]
        )

    def _nearest(
        self, position: SpeakerPosition, point: Point, candidates: NDArray[np.bool_]
    ) -> int | None:
        """Return the one nearest candidate, or None where none or several are."""
        if not candidates.any():
            return None
        places = self._cube if position.cartesian else self._layout.nominal_positions
        away = np.where(candidates, np.linalg.norm(places - np.array(point), axis=1), np.inf)
        return int(away.argmin()) if (away < away.min() + _SLACK).sum() == 1 else None

    def _sounding(self, *gains: tuple[str, float]) -> Vector:
        row = self._silent()
        for label, gain in gains:
            row[self._layout.labels.index(label)] = gain
        return row

    def _silent(self) -> Vector:
        return np.zeros(len(self._layout.labels))


def _point(position: SpeakerPosition) -> Point:
    first, second, third = position.first.value, position.second.value, position.third.value
    return (first, second, third) if position.cartesian else cartesian(first, second, third)


def _limits(bound: Bound) -> tuple[float, float]:
    return (
        bound.value if bound.minimum is None else bound.minimum,
        bound.value if bound.maximum is None else bound.maximum,
    )
