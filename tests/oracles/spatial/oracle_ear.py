"""Renders with EBU's `ear`, which `make test-oracles` installs apart, and with ours."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.spatial import Renderer, bs2051_layout
from antiphon.spatial.scene import Scene

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "tools" / "ear"))

from scene_json import decoded, encoded  # noqa: E402


@dataclass(frozen=True)
class Rendered:
    """What `ear` made of a scene."""

    samples: np.ndarray
    scene: Scene
    audio: np.ndarray


class Ear:
    """Renders scenes and ADM files with `ear`."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = python
        self._folder = folder

    def render(self, scene: Scene, layout: str, audio: np.ndarray, **job: Any) -> np.ndarray:
        np.save(self._folder / "audio.npy", audio)
        return self._run(layout=layout, scene=encoded(scene), **job)

    def render_adm(self, adm: Path, layout: str) -> Rendered:
        scene = self._folder / "scene.json"
        samples = self._run(layout=layout, adm=str(adm), scene_output=str(scene))
        audio = np.load(self._folder / "audio.npy")
        return Rendered(samples, decoded(json.loads(scene.read_text("utf-8"))), audio)

    def converted(self, polar: np.ndarray, cartesian: np.ndarray) -> dict[str, np.ndarray]:
        """Return rows of either coordinates in the other ones."""
        np.savez(self._folder / "rows.npz", polar=polar, cartesian=cartesian)
        told = json.loads(self._program("convert.py", self._folder / "rows.npz"))
        return {name: np.array(rows) for name, rows in told.items()}

    def _run(self, **job: Any) -> np.ndarray:
        job |= {
            "audio": str(self._folder / "audio.npy"),
            "output": str(self._folder / "output.npy"),
        }
        described = self._folder / "job.json"
        described.write_text(json.dumps(job), "utf-8")
        self._program("render.py", described)
        return np.load(self._folder / "output.npy")

    def _program(self, name: str, argument: Path) -> str:
        command = [self._python, ROOT / "tools" / "ear" / name, argument]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def ours(scene: Scene, layout: str, audio: np.ndarray, block: int = 4800, **job: Any) -> np.ndarray:
    place = bs2051_layout(layout).with_real_positions(job.get("positions", {}))
    renderer = Renderer(scene, place)
    blocks = [renderer.render(audio[i : i + block]) for i in range(0, len(audio), block)]
    return np.concatenate([*blocks, renderer.tail()])
