import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_an_import_killed_at_any_moment_ends_as_if_it_had_not_been(tmp_path, making):
    original = tmp_path / "original"
    for n in range(40):
        folder = original / f"Album {n // 8}"
        making.a_flac(
            folder / f"{n % 8 + 1:02d}.flac",
            pitch=100.0 + n,
            title=f"Song {n}",
            artist=f"Artist {n % 3}",
            album=f"Album {n // 8}",
            tracknumber=str(n % 8 + 1),
            genre=["Rock", "Pop"][n % 2],
        )
    making.put(original / "Album 2" / "cover.jpg", making.picture())
    making.put(original / "Album 2" / "bad.mp3", b"")
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path, "2", "110"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["killed"] >= 100
    assert not found["lost"]
    assert found["differing"] == []
