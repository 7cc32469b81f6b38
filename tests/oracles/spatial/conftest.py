"""EBU's `ear` in an environment of its own, which `make test-oracles` builds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.spatial import Renderer, bs2051_layout
from antiphon.spatial.scene import Scene

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tools" / "ear")]

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


@pytest.fixture
def ear(tmp_path: Path) -> Ear:
    python = ROOT / "tools" / "ear" / ".venv" / "bin" / "python"
    assert python.exists(), "run `make test-oracles`, which installs the EBU ADM Renderer"
    return Ear(python, tmp_path)


@pytest.fixture
def distance(ear: Ear) -> Callable[..., float]:
    """How far our rendering of a scene is from `ear`'s, at most."""

    def measured(scene: Scene, layout: str, audio: np.ndarray, **job: Any) -> float:
        expected = ear.render(scene, layout, audio, **job)
        assert np.abs(expected).max() > 0.01, "the scene is silent and proves nothing"
        return float(np.abs(ours(scene, layout, audio, **job) - expected).max())

    return measured


def ours(scene: Scene, layout: str, audio: np.ndarray, block: int = 4800, **job: Any) -> np.ndarray:
    place = bs2051_layout(layout).with_real_positions(job.get("positions", {}))
    renderer = Renderer(scene, place)
    blocks = [renderer.render(audio[i : i + block]) for i in range(0, len(audio), block)]
    return np.concatenate([*blocks, renderer.tail()])


@pytest.fixture(scope="session")
def spatial_data() -> Path:
    data = Path(os.environ.get("ANTIPHON_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (data / "spatial").is_dir():
        pytest.skip(f"no test data at {data}: set ANTIPHON_TEST_DATA")
    return data / "spatial"
