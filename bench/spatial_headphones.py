"""Objects to headphones, the head turning all the time, in blocks as small as a live stream's.

Every object gets a new position every 100 ms and ramps to it; a quarter of them is half diffuse, as
in ``spatial_render``, and once none is. The head has another pose in every block. CPU time of one
process counts; compiling, the head's filters and reading files do not.

Beside it: what a plain program would do, each object through two filters of its own with
``scipy.signal.oaconvolve``, positions and head still, and no diffuse sound at all.
"""

import json
import time
from typing import Any

import numpy as np
from scipy import signal

from antiphon.spatial import HeadphoneRenderer, HeadPose, default_filters
from antiphon.spatial.scene import Scene
from bench.spatial_render import audio_of, scene_of

_RATE = 48000
_OBJECTS = 118
_SECONDS = 4
_ROUNDS = 5
_TAPS = 256


def run() -> dict[str, Any]:
    """Measure ours and the peer; the best of five rounds of each."""
    scene = scene_of(_OBJECTS, _SECONDS)
    figures: dict[str, Any] = {
        f"block_{block}_x_real_time": round(_ours(scene, block), 1) for block in (128, 256, 512)
    }
    points = scene_of(_OBJECTS, _SECONDS, diffuse_every=0)
    figures["block_256_points_x_real_time"] = round(_ours(points, 256), 1)
    theirs = _peer(audio_of(scene), 256)
    figures["block_256_points_times_faster"] = round(
        figures["block_256_points_x_real_time"] / theirs, 1
    )
    return {
        "name": "spatial_headphones",
        "figures": figures,
        "peer": {"name": "scipy.signal.oaconvolve", "block_256_x_real_time": round(theirs, 2)},
        "targets": {"block_256_points_x_real_time": ">= 50"},
    }


def _ours(scene: Scene, block: int) -> float:
    audio = audio_of(scene)
    _spent(scene, audio[: 40 * block], block)  # compiles
    spent = min(_spent(scene, audio, block) for _ in range(_ROUNDS))
    return len(audio) / _RATE / spent


def _spent(scene: Scene, audio: np.ndarray, block: int) -> float:
    renderer = HeadphoneRenderer(scene, default_filters(_RATE), block)
    began = time.process_time()
    for begin in range(0, len(audio) - block + 1, block):
        pose = HeadPose(yaw=begin / 400 % 360 - 180, pitch=10.0)
        renderer.render(audio[begin : begin + block], pose)
    return time.process_time() - began


def _peer(audio: np.ndarray, block: int) -> float:
    taps = np.random.default_rng(14).normal(size=(2, audio.shape[1], _TAPS)).astype(np.float32)
    planar = np.ascontiguousarray(audio[: _RATE // 2].T)
    spent = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for begin in range(0, planar.shape[1] - block + 1, block):
            sound = planar[None, :, begin : begin + block]
            signal.oaconvolve(sound, taps, axes=2).sum(axis=1)
        spent.append(time.process_time() - began)
    return planar.shape[1] / _RATE / min(spent)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
