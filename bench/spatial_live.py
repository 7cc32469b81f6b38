"""Live spatial streams: how late an answer is, and how many streams a core holds.

A 7.1.4 bed and a third-order field to two ears at blocks of 256, through the service as the server
runs it (threads, accounting, encoding), without the network: a frame every 5.3 ms, the head at
another pose each time. ``streams_per_core`` is one over the CPU seconds for a second of sound.
"""

import asyncio
import json
import math
import time
from typing import Any

import numpy as np

from antiphon.live import LiveService, Opening
from antiphon.live.model import PcmIn
from antiphon.spatial import HeadPose

_SECONDS = 8
_BLOCK = 256
_RATE = 48000
_INPUTS = {"bed_7_1_4": PcmIn(layout="4+7+0"), "field_order_3": PcmIn(ambisonics=3)}


def run() -> dict[str, Any]:
    """Measure both inputs, one stream each, in real time."""
    figures: dict[str, Any] = {}
    for name, told in _INPUTS.items():
        figures |= asyncio.run(_figures(name, Opening(version=1, input=told)))
    return {
        "name": "spatial_live",
        "figures": figures,
        "targets": {"bed_7_1_4_p99_ms": "< 15 (100 required)"},
    }


async def _figures(name: str, opening: Opening) -> dict[str, Any]:
    service = LiveService(cores=4.0)
    late = []
    try:
        async with service.stream(opening) as stream:
            noise = np.random.default_rng(15).normal(size=(_BLOCK, stream.channels)) * 0.1
            frame = noise.astype("<f4").tobytes()
            begin = time.perf_counter()
            for number in range(_SECONDS * _RATE // _BLOCK):
                due = begin + number * _BLOCK / _RATE
                await asyncio.sleep(max(due - time.perf_counter(), 0.0))
                arrived = time.perf_counter()
                await service.push(stream, frame, HeadPose(yaw=number % 360), math.nan, arrived)
                late.append((time.perf_counter() - arrived) * 1000)
            busy = stream.cpu_seconds / _SECONDS
    finally:
        service.close()
    return {
        f"{name}_p50_ms": round(float(np.percentile(late, 50)), 2),
        f"{name}_p99_ms": round(float(np.percentile(late, 99)), 2),
        f"{name}_streams_per_core": round(1.0 / busy, 1),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
