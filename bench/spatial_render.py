"""Objects to 7.1.4 beside EBU's `ear`, the reference renderer of BS.2127, on the same scenes.

Every object gets a new position every 100 ms and ramps to it, moving at up to 90 degrees a second;
every fourth is half diffuse, so the decorrelators are on. CPU time of one process counts; reading
files, compiling and start-up do not, neither ours nor the peer's. `ear` runs in an environment of
its own (tools/ear), which ``make bench`` builds.
"""

import json
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.spatial import LAYOUT_NAMES, PointSourcePanner, Renderer, bs2051_layout
from antiphon.spatial.scene import DirectTrack, ObjectBlock, ObjectItem, PolarPosition, Scene

ROOT = Path(__file__).parents[1]
_RATE = 48000
_BLOCK = 4800
_SECONDS = 10
_PEER_SECONDS = 2
_ROUNDS = 5
_LAYOUT = "4+7+0"

sys.path.insert(0, str(ROOT / "tools" / "ear"))
from scene_json import encoded  # noqa: E402


def run() -> dict[str, Any]:
    """Measure ours and the peer; the best of five rounds of ours, of two of the peer's."""
    figures: dict[str, Any] = {}
    peer: dict[str, Any] = {"name": "ear 2.1.0"}
    for objects in (16, 118):
        figures[f"objects_{objects}_x_real_time"] = round(_ours(scene_of(objects, _SECONDS)), 1)
        theirs, apart = _peer(scene_of(objects, _PEER_SECONDS))
        peer[f"objects_{objects}_x_real_time"] = round(theirs, 2)
        ratio = figures[f"objects_{objects}_x_real_time"] / theirs
        figures[f"objects_{objects}_times_faster"] = round(ratio, 1)
        figures[f"objects_{objects}_largest_difference"] = apart
    all_diffuse = scene_of(118, _SECONDS, diffuse_every=1)
    figures["objects_118_all_diffuse_x_real_time"] = round(_ours(all_diffuse), 1)
    figures["us_per_position"] = round(_us_per_position(), 2)
    return {
        "name": "spatial_render",
        "figures": figures,
        "peer": peer,
        "targets": {
            "objects_118_x_real_time": ">= 40",
            "objects_118_times_faster": ">= 20",
            "objects_118_largest_difference": "<= 1e-6",
            "us_per_position": "<= 2",
        },
    }


def scene_of(objects: int, seconds: int, diffuse_every: int = 4) -> Scene:
    """Return objects that move all the time, one of ``diffuse_every`` half diffuse (0: none)."""
    rng = np.random.default_rng(11)
    items = []
    for index in range(objects):
        place, speed = rng.uniform(-180, 180), rng.uniform(-90, 90)
        height, climb = rng.uniform(-30, 90), rng.uniform(-10, 10)
        blocks = tuple(
            ObjectBlock(
                Fraction(k, 10),
                Fraction(k + 1, 10),
                PolarPosition(
                    (place + speed * k / 10 + 180) % 360 - 180,
                    float(np.clip(height + climb * k / 10, -90, 90)),
                ),
                diffuse=0.5 if diffuse_every and index % diffuse_every == 0 else 0.0,
            )
            for k in range(seconds * 10)
        )
        items.append(ObjectItem(track=DirectTrack(index), blocks=blocks))
    return Scene(tuple(items), objects, _RATE)


def audio_of(scene: Scene) -> np.ndarray:
    """Return noise for every track of a scene, (samples, channels)."""
    seconds = float(scene.items[0].blocks[-1].end)
    shape = (round(seconds * _RATE), scene.channels)
    return (np.random.default_rng(12).normal(size=shape) * 0.02).astype(np.float32)


def _rendered(scene: Scene, audio: np.ndarray) -> tuple[np.ndarray, float]:
    renderer = Renderer(scene, bs2051_layout(_LAYOUT))
    began = time.process_time()
    parts = [renderer.render(audio[i : i + _BLOCK]) for i in range(0, len(audio), _BLOCK)]
    parts.append(renderer.tail())
    return np.concatenate(parts), time.process_time() - began


def _ours(scene: Scene) -> float:
    audio = audio_of(scene)
    _rendered(scene, audio[: 4 * _BLOCK])  # compiles
    spent = min(_rendered(scene, audio)[1] for _ in range(_ROUNDS))
    return len(audio) / _RATE / spent


def _peer(scene: Scene) -> tuple[float, float]:
    """Return the peer's speed, and how far its samples are from ours."""
    audio = audio_of(scene)
    with tempfile.TemporaryDirectory(prefix="antiphon-bench-") as name:
        folder = Path(name)
        np.save(folder / "audio.npy", audio)
        job = {
            "layout": _LAYOUT,
            "scene": encoded(scene),
            "audio": str(folder / "audio.npy"),
            "output": str(folder / "output.npy"),
        }
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        command = [ROOT / "tools/ear/.venv/bin/python", ROOT / "tools/ear/render.py"]
        said = [
            subprocess.run(
                [*command, folder / "job.json"], check=True, capture_output=True, text=True
            ).stdout
            for _ in range(2)
        ]
        theirs = np.load(folder / "output.npy")
    apart = float(np.abs(theirs - _rendered(scene, audio)[0]).max())
    return max(told["seconds"] / told["cpu_s"] for told in map(json.loads, said)), apart


def _us_per_position() -> float:
    """Return the cost of the slowest layout."""
    points = np.random.default_rng(13).normal(size=(20000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    worst = 0.0
    for name in LAYOUT_NAMES:
        panner = PointSourcePanner(bs2051_layout(name))
        panner.pan(points[:10])
        spent = []
        for _ in range(_ROUNDS):
            began = time.process_time()
            panner.pan(points)
            spent.append(time.process_time() - began)
        worst = max(worst, min(spent) / len(points) * 1e6)
    return worst


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
