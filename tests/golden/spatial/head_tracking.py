"""The sound and the matrices that both sides must give: Python here, the player in the browser.

The sound in and the filters are drawn by a generator of 32 bits that takes three lines anywhere,
so the golden holds results only. Run this file with Python to write it anew, when what is right
has changed.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.ambisonics.third_order import COMPONENTS, rotation
from antiphon.spatial.headphones import BinauralFilters, HeadphoneRenderer, HeadPose, to_head
from antiphon.spatial.masters import scene_of_ambisonics

GOLDEN = Path(__file__).with_name("head_tracking.json")
BLOCK, BLOCKS, TAPS, DECAY = 128, 5, 200, 40.0
DEGREES = ((1, 4), (4, 9), (9, 16))
POSES = (
    HeadPose(),
    HeadPose(yaw=30.0),
    HeadPose(pitch=-25.0),
    HeadPose(roll=40.0),
    HeadPose(yaw=-110.0, pitch=35.0, roll=-15.0),
    HeadPose(yaw=179.0, pitch=-60.0, roll=100.0),
)
LOOKS = (0, 1, 4, 4, 5)  # the pose that each block reaches


def drawn(count: int, seed: int) -> NDArray[np.float32]:
    """Return numbers in [-1, 1): the Numerical Recipes generator, modulo 2^32."""
    state, values = seed, np.empty(count, np.float64)
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values[i] = state / 2**31 - 1.0
    return values.astype(np.float32)


def sound() -> NDArray[np.float32]:
    """Return the field (16, samples), component by component as drawn."""
    return drawn(COMPONENTS * BLOCK * BLOCKS, 1).reshape(COMPONENTS, -1)


def taps() -> NDArray[np.float32]:
    """Return the filters (2, 16, taps), decaying."""
    fading = np.exp(-np.arange(TAPS) / DECAY) / COMPONENTS
    return (drawn(2 * COMPONENTS * TAPS, 2).reshape(2, COMPONENTS, TAPS) * fading).astype("f4")


def made() -> dict[str, Any]:
    """Return what this side makes of it now."""
    return {
        "poses": [_of(pose) for pose in POSES],
        "looks": list(LOOKS),
        "block": BLOCK,
        "taps": TAPS,
        "decay": DECAY,
        "ears": np.round(_rendered().T, 8).tolist(),
    }


def _rendered() -> NDArray[np.float32]:
    scene = scene_of_ambisonics(COMPONENTS, 48_000)
    renderer = HeadphoneRenderer(scene, BinauralFilters("drawn", taps(), 48_000, 0), BLOCK)
    field = sound().T
    blocks = [
        renderer.render(field[n * BLOCK : (n + 1) * BLOCK], POSES[look])
        for n, look in enumerate(LOOKS)
    ]
    return np.concatenate(blocks)


def _of(pose: HeadPose) -> dict[str, Any]:
    turn = to_head(pose)
    whole = rotation(turn)
    return {
        "yaw": pose.yaw,
        "pitch": pose.pitch,
        "roll": pose.roll,
        "quaternion": np.round(quaternion(pose), 9).tolist(),
        "turn": np.round(turn.ravel(), 9).tolist(),
        "rotation": [np.round(whole[a:b, a:b].ravel(), 9).tolist() for a, b in DEGREES],
    }


def quaternion(pose: HeadPose) -> NDArray[np.float64]:
    """Return w, x, y, z of the turns about up, right and front, one after the other."""
    halves = [math.radians(angle) / 2.0 for angle in (pose.yaw, pose.pitch, pose.roll)]
    (cy, cp, cr), (sy, sp, sr) = [math.cos(h) for h in halves], [math.sin(h) for h in halves]
    nodding = np.array((cy * cp, cy * sp, sy * sp, sy * cp))
    w, x, y, z = nodding
    return np.array((w * cr - y * sr, x * cr - z * sr, y * cr + w * sr, z * cr + x * sr))


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(made(), separators=(",", ":")) + "\n", "utf-8")
