"""Live streams of one process: who gets in, where they are rendered, what they used."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import accumulate
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from antiphon.live.errors import SpatialFull
from antiphon.live.model import Opening
from antiphon.live.stream import LiveStream
from antiphon.spatial import HeadPose

__all__ = ["BUCKETS", "LiveCounts", "LiveService"]

BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, math.inf)
"""Upper bounds of processing latency, in seconds."""
_RETRY_SECONDS = 5
_OPENINGS_WAITING = 8


class LiveCounts:
    """What the process counts for its metrics."""

    def __init__(self) -> None:
        self.streams = 0
        self.opened = 0
        self.refused = 0
        self.cpu_seconds = 0.0
        self.frames = 0
        self.latency_seconds = 0.0
        self.by_bucket = [0] * len(BUCKETS)

    def cumulated(self) -> list[tuple[str, int]]:
        """Return upper bounds and how many frames were answered within them."""
        bounds = ["+Inf" if most == math.inf else str(most) for most in BUCKETS]
        return list(zip(bounds, accumulate(self.by_bucket), strict=True))

    def count(self, seconds: float, cpu_seconds: float) -> None:
        """Count a frame that was answered after ``seconds``."""
        self.frames += 1
        self.latency_seconds += seconds
        self.cpu_seconds += cpu_seconds
        self.by_bucket[next(i for i, most in enumerate(BUCKETS) if seconds <= most)] += 1


class LiveService:
    """Admits streams while their measured costs fit into ``cores``, and renders in threads."""

    def __init__(self, cores: float) -> None:
        """``cores``: how many cores of this machine this process may keep busy; 0 admits nobody."""
        self.counts = LiveCounts()
        self._cores = cores
        self._taken = 0.0
        self._opening = 0
        self._threads = ThreadPoolExecutor(max(1, math.ceil(cores)), "spatial")
        # a new head takes seconds, and no stream waits behind it
        self._makers = ThreadPoolExecutor(1, "spatial-opening")

    @asynccontextmanager
    async def stream(self, opening: Opening, pace: float = 1.0) -> AsyncIterator[LiveStream]:
        """Yield a stream that got in; ``SpatialFull`` where there is no room for it.

        ``pace``: how many times faster than it plays it will be rendered at most.
        """
        if self._taken >= self._cores or self._opening >= _OPENINGS_WAITING:
            self._refuse()
        loop = asyncio.get_running_loop()
        self._opening += 1
        try:
            stream = await loop.run_in_executor(self._makers, LiveStream, opening)
        finally:
            self._opening -= 1
        cost = stream.cost * pace
        if self._taken + cost > self._cores:
            self._refuse()
        self._taken += cost
        self.counts.opened += 1
        self.counts.streams += 1
        try:
            yield stream
        finally:
            self._taken = max(self._taken - cost, 0.0)
            self.counts.streams -= 1

    async def push(
        self, stream: LiveStream, frame: bytes, pose: HeadPose, at: float, arrived: float
    ) -> bytes:
        """Return a stream's answer to a frame, rendered off the event loop."""
        loop = asyncio.get_running_loop()
        before = stream.cpu_seconds
        answer = await loop.run_in_executor(self._threads, stream.push, frame, pose, at, arrived)
        used = stream.cpu_seconds - before
        self.counts.count(time.perf_counter() - arrived, used)
        return answer

    async def render(
        self, stream: LiveStream, samples: NDArray[np.float32], pose: HeadPose
    ) -> NDArray[np.float32]:
        """Return whole blocks rendered off the event loop."""
        loop = asyncio.get_running_loop()
        before = stream.cpu_seconds
        rendered = await loop.run_in_executor(self._threads, stream.render, samples, pose)
        self.counts.cpu_seconds += stream.cpu_seconds - before
        return rendered

    def close(self) -> None:
        """End the threads once what they render is done."""
        self._makers.shutdown(wait=True, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _refuse(self) -> NoReturn:
        self.counts.refused += 1
        raise SpatialFull(
            "The cores that this server gives to spatial sound are taken.",
            retry_after=_RETRY_SECONDS,
        )
