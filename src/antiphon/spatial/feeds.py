"""A whole master through one renderer: as many samples come out as went in, in step with them."""

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.ambisonics.third_order import COMPONENTS
from antiphon.spatial.headphones import (
    AHEAD,
    BLOCK,
    BinauralFilters,
    FieldRenderer,
    HeadphoneRenderer,
    HeadPose,
)
from antiphon.spatial.layouts import bs2051_layout
from antiphon.spatial.rendering.renderer import Renderer
from antiphon.spatial.scene import HoaItem, Scene

__all__ = ["EarsFeed", "Feed", "FieldFeed", "LoudspeakerFeed"]

_Samples = NDArray[np.float32]


class Feed(Protocol):
    """Takes (samples, channels of the master), returns what became ready (samples, channels)."""

    channels: int

    def render(self, block: _Samples) -> _Samples:
        """Take the next samples; fewer may come back than went in."""
        ...

    def tail(self) -> _Samples:
        """Return the rest; nothing may be rendered after this."""
        ...


class LoudspeakerFeed:
    """To the loudspeakers of a layout of BS.2051, in its order."""

    def __init__(self, scene: Scene, layout: str) -> None:
        self._renderer = Renderer(scene, bs2051_layout(layout))
        self.layout = self._renderer.layout
        self.channels = len(self.layout.labels)

    def render(self, block: _Samples) -> _Samples:
        """Take the next samples."""
        return self._renderer.render(block)

    def tail(self) -> _Samples:
        """Return the rest."""
        return self._renderer.tail()


class FieldFeed:
    """To third-order ambisonics, ACN and SN3D.

    What the master keeps off ears sounds in the field as well, for it has no other place there.
    """

    channels = COMPONENTS

    def __init__(self, scene: Scene) -> None:
        items = tuple(
            item if isinstance(item, HoaItem) else replace(item, headphone=None)
            for item in scene.items
        )
        self._renderer = FieldRenderer(replace(scene, items=items))

    def render(self, block: _Samples) -> _Samples:
        """Take the next samples."""
        return self._renderer.render(block)[:COMPONENTS].T

    def tail(self) -> _Samples:
        """Return nothing: all came out."""
        return np.zeros((0, COMPONENTS), np.float32)


class EarsFeed:
    """To two ears; what the filters are late by is cut off in front and fetched behind."""

    channels = 2

    def __init__(self, scene: Scene, filters: BinauralFilters, pose: HeadPose = AHEAD) -> None:
        self._renderer = HeadphoneRenderer(scene, filters)
        self._pose = pose
        self._rest = np.zeros((0, scene.channels), np.float32)
        self._late = self._renderer.latency
        self._due = 0

    def render(self, block: _Samples) -> _Samples:
        """Take the next samples."""
        self._due += len(block)
        waiting = np.concatenate((self._rest, block))
        whole = len(waiting) // BLOCK * BLOCK
        self._rest = waiting[whole:]
        return self._aligned(waiting[:whole])

    def tail(self) -> _Samples:
        """Return the rest."""
        missing = self._due
        blocks = -(-(missing + self._late + BLOCK) // BLOCK)
        padded = np.zeros((blocks * BLOCK, self._rest.shape[1]), np.float32)
        padded[: len(self._rest)] = self._rest
        return self._aligned(padded)[:missing]

    def _aligned(self, waiting: _Samples) -> _Samples:
        parts = [
            self._renderer.render(waiting[n : n + BLOCK], self._pose)
            for n in range(0, len(waiting), BLOCK)
        ]
        made = np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
        skipped = min(self._late, len(made))
        self._late -= skipped
        made = made[skipped:]
        self._due -= len(made)
        return made
