"""EBU's `ear` in an environment of its own, which `make test-oracles` builds."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.spatial.scene import Scene

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(Path(__file__).parent))

from oracle_ear import Ear, ours  # noqa: E402 - beside this file


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


@pytest.fixture(scope="session")
def spatial_data() -> Path:
    data = Path(os.environ.get("ANTIPHON_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (data / "spatial").is_dir():
        pytest.skip(f"no test data at {data}: set ANTIPHON_TEST_DATA")
    return data / "spatial"
