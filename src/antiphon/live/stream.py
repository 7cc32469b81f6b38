"""One live stream: samples of a known shape in, rendered samples out. Pure but for its stopwatch.

A stream is pushed by one thread at a time, and not by the one that waits for the network.
"""

import struct
import time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.live.errors import FrameInvalid, MessageInvalid
from antiphon.live.model import Opening
from antiphon.spatial import (
    HeadphoneRenderer,
    HeadPose,
    Renderer,
    SceneInvalid,
    UnknownLayout,
    bs2051_layout,
    default_filters,
)

__all__ = ["ANSWER", "MOST_BLOCKS", "LiveStream"]

MOST_BLOCKS: Final = 16  # in one frame
ANSWER: Final = struct.Struct("<IIdd")
"""Before the samples of an answer: number of the frame, microseconds of processing, CPU seconds of
the stream until now, and ``at`` of the pose that is heard (NaN: none yet)."""

_S16 = 32768.0
_WARM_UP, _MEASURED = 4, 16  # blocks


class LiveStream:
    """Renders frames of whole blocks as an opening asked for.

    ``cpu_seconds`` is what it has used; ``cost`` how many cores it keeps busy in real time.
    """

    def __init__(self, opening: Opening) -> None:
        """Make the renderer and measure it; a head that was not used before takes seconds."""
        self._opening = opening
        self._scene = opening.scene()
        self.cpu_seconds = 0.0
        self._frames = 0
        self.channels = self._scene.channels
        self._renderer = self._made()
        self.outputs = 2 if isinstance(self._renderer, HeadphoneRenderer) else self._speakers()
        self.latency = (
            self._renderer.latency if isinstance(self._renderer, HeadphoneRenderer) else 0
        )
        self.cost = self._measured()
        self._renderer = self._made()

    def push(self, frame: bytes, pose: HeadPose, at: float, arrived: float) -> bytes:
        """Return the answer to a frame that arrived at this ``time.perf_counter``.

        ``FrameInvalid`` where it holds no whole blocks, too many, or what is no number.
        """
        began = time.thread_time()
        rendered = self._rendered(self._samples(frame), pose)
        body = self._encoded(rendered)
        self.cpu_seconds += time.thread_time() - began
        number, self._frames = self._frames, (self._frames + 1) % 2**32
        late = min(round((time.perf_counter() - arrived) * 1e6), 2**32 - 1)
        return ANSWER.pack(number, late, self.cpu_seconds, at) + body

    def render(self, samples: NDArray[np.float32], pose: HeadPose) -> NDArray[np.float32]:
        """Return whole blocks rendered: (samples, channels) in, (samples, outputs) out."""
        began = time.thread_time()
        rendered = self._rendered(samples, pose)
        self.cpu_seconds += time.thread_time() - began
        return rendered

    def _made(self) -> HeadphoneRenderer | Renderer:
        opening = self._opening
        if opening.output.layout is None:
            radius = opening.output.head_radius_mm
            filters = default_filters(
                opening.sample_rate, None if radius is None else float(radius)
            )
            return HeadphoneRenderer(self._scene, filters, opening.block)
        if opening.output.head_radius_mm is not None:
            raise MessageInvalid("The output is either a layout or a head.")
        try:
            return Renderer(self._scene, bs2051_layout(opening.output.layout))
        except (UnknownLayout, SceneInvalid) as fault:
            raise MessageInvalid(fault.detail) from fault

    def _speakers(self) -> int:
        assert isinstance(self._renderer, Renderer)
        return len(self._renderer.layout.labels)

    def _measured(self) -> float:
        """Return CPU seconds for a second of sound, the head turning."""
        block = np.zeros((self._opening.block, self.channels), np.float32)
        began = 0.0
        for number in range(_WARM_UP + _MEASURED):
            if number == _WARM_UP:
                began = time.thread_time()
            self._rendered(block, HeadPose(yaw=float(number)))
        seconds = _MEASURED * self._opening.block / self._opening.sample_rate
        return (time.thread_time() - began) / seconds

    def _samples(self, frame: bytes) -> NDArray[np.float32]:
        told = self._opening
        width = 2 if told.input.format == "s16" else 4
        of_block = told.block * self.channels * width
        blocks, rest = divmod(len(frame), of_block)
        if rest or not 1 <= blocks <= MOST_BLOCKS:
            raise FrameInvalid(
                f"A frame is 1 to {MOST_BLOCKS} times {of_block} bytes "
                f"({told.block} samples of {self.channels} channels), not {len(frame)}."
            )
        flat = np.frombuffer(frame, "<i2" if width == 2 else "<f4")
        if told.input.arrangement == "planar":
            samples = flat.reshape(self.channels, -1).T
        else:
            samples = flat.reshape(-1, self.channels)
        if width == 2:
            return np.ascontiguousarray(samples, np.float32) / np.float32(_S16)
        if not np.isfinite(flat).all():
            raise FrameInvalid("A frame holds what is no number.")
        return np.ascontiguousarray(samples, np.float32)

    def _rendered(self, samples: NDArray[np.float32], pose: HeadPose) -> NDArray[np.float32]:
        renderer = self._renderer
        if isinstance(renderer, Renderer):
            return renderer.render(samples)
        block = self._opening.block
        parts = [
            renderer.render(samples[begin : begin + block], pose)
            for begin in range(0, len(samples), block)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _encoded(self, samples: NDArray[np.float32]) -> bytes:
        told = self._opening.input
        ordered = samples.T if told.arrangement == "planar" else samples
        if told.format == "f32":
            return np.ascontiguousarray(ordered, "<f4").tobytes()
        scaled = np.clip(np.rint(ordered * np.float32(_S16)), -_S16, _S16 - 1.0)
        return np.ascontiguousarray(scaled.astype("<i2")).tobytes()
