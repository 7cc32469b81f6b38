"""Encoding survives kill -9 at any moment: nothing torn is named, and the bytes are the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RATE = 44_100


@pytest.mark.slow
def test_an_album_whose_workers_are_killed_ends_with_the_same_bytes(tmp_path, make_pcm, wav):
    (tmp_path / "music").mkdir()
    for number, name in enumerate(("one", "two")):
        pcm = make_pcm(RATE + 777, RATE, seed=number)
        wav(tmp_path / "music" / f"{name}.wav", pcm, RATE)
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path, "5", "100"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["killed"] >= 100
    assert found["abandoned"] < found["rounds"] / 2
    assert found["objects"] >= 2 * 5 * 2  # an init section and a segment of each rung of each song
    assert not found["torn"]
    assert found["differing"] == []
