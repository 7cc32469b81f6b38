"""Real music from Debian packages: unpacked once below ``.cache/music``, never shipped."""

import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".cache" / "music"
PACKAGES = ("wesnoth-1.16-music", "singularity-music", "hyperrogue-music", "asc-music")


def real_music(*packages: str) -> dict[str, Path]:
    """Return the folder of each package (all of ``PACKAGES`` without arguments)."""
    return {name: _unpacked(name) for name in packages or PACKAGES}


def _unpacked(name: str) -> Path:
    folder = CACHE / name
    if not folder.exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
            pytest.skip("apt-get and dpkg are missing: they bring the real music.")
        _download(name)
    return folder


def _download(name: str) -> None:
    debs = CACHE / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-qq", name], cwd=debs, check=True, timeout=600)
    deb = next(debs.glob(f"{name}_*.deb"))
    part = CACHE / f"{name}.part"
    shutil.rmtree(part, ignore_errors=True)
    subprocess.run(["dpkg", "-x", str(deb), str(part)], check=True, timeout=300)
    part.rename(CACHE / name)
    deb.unlink()
