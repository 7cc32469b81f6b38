"""The loudspeaker renderer of ITU-R BS.2127: a scene and blocks of samples in, loudspeakers out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.layouts import Layout
from antiphon.spatial.rendering.decorrelation import DELAY, Decorrelator
from antiphon.spatial.rendering.mixing import SPARE, mix
from antiphon.spatial.rendering.tracks import Tracks
from antiphon.spatial.rendering.voices import (
    MovingVoices,
    has_diffuse,
    heard_objects,
    layout_rows,
    steady_table,
    steady_voices,
)
from antiphon.spatial.scene import Scene

__all__ = ["Renderer"]

_PIECE = 8192  # samples that are worked on at once, however large a block is

_Samples = NDArray[np.float32]


class Renderer:
    """Renders one scene to one layout, block by block, in constant memory.

    The first sample that comes out belongs to the first that went in. A scene with diffuse objects
    comes out late, by up to ``hop`` + 254 samples: a block may give fewer samples than it took, and
    ``tail`` gives the rest, so that as many samples come out as went in. The sound does not depend
    on the size of blocks, to the last bit. A ``hop`` of 512 is quick, one of 1536 costs least.
    """

    def __init__(self, scene: Scene, layout: Layout, *, hop: int = 1536) -> None:
        self.layout = layout
        self._channels = scene.channels
        items, voices = heard_objects(scene), steady_voices(scene, layout)
        tracks = [item.track for item in items] + [voice.track for voice in voices]
        self._tracks = Tracks(tracks, scene.channels, scene.sample_rate)
        places = [self._tracks.row(item.track) for item in items]
        rows = layout_rows(items, layout)
        self._moving = MovingVoices(items, rows, scene.sample_rate, places)
        self._buses = len(layout.labels) * (2 if has_diffuse(items) else 1)
        self._steady = steady_table(voices, self._tracks, self._buses)
        self._decorrelator = Decorrelator(layout, hop) if has_diffuse(items) else None
        self._pending = np.zeros((len(layout.labels), 0), np.float32)
        self._late = DELAY
        self._hop = hop
        self._position = 0

    def render(self, block: ArrayLike) -> _Samples:
        """Take (samples, channels of the file), return (samples, channels of the layout)."""
        samples = np.asarray(block, np.float32)
        if samples.ndim != 2 or samples.shape[1] != self._channels:
            raise SceneInvalid(
                f"The audio has shape {samples.shape}; the scene has {self._channels} channels."
            )
        pieces = [
            self._rendered(samples[begin : begin + _PIECE])
            for begin in range(0, len(samples), _PIECE)
        ]
        if not pieces:
            return np.zeros((0, len(self.layout.labels)), np.float32)
        return np.concatenate(pieces, axis=1).T

    def tail(self) -> _Samples:
        """Return the samples that are still due; nothing may be rendered after this."""
        missing = self._pending.shape[1]
        if missing == 0:
            return np.zeros((0, len(self.layout.labels)), np.float32)
        silence = np.zeros((missing + DELAY + self._hop, self._channels), np.float32)
        return self.render(silence)[:missing]

    def _rendered(self, samples: _Samples) -> _Samples:
        """Return what became ready with one piece, (channels, samples)."""
        speakers = len(self.layout.labels)
        first, last = self._position, self._position + len(samples)
        tracks = self._tracks.read(samples)
        buses = np.zeros((self._buses + SPARE, len(samples)), np.float32)
        mix(self._moving.table(first, last), self._steady, first, tracks, buses)
        self._position = last
        if self._decorrelator is None:
            return buses[: self._buses]
        return self._aligned(
            buses[:speakers], self._decorrelator.push(buses[speakers : self._buses])
        )

    def _aligned(self, direct: _Samples, diffuse: _Samples) -> _Samples:
        """Add diffuse sound, less its delay, to the direct sound that waited for it."""
        skipped = min(self._late, diffuse.shape[1])
        self._late -= skipped
        diffuse = diffuse[:, skipped:]
        waiting = np.concatenate((self._pending, direct), axis=1)
        ready = waiting[:, : diffuse.shape[1]] + diffuse
        self._pending = waiting[:, diffuse.shape[1] :]
        return ready
