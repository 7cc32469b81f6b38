"""Media move, rungs go and processes die beside a running server, and a stream plays on."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from antiphon.audio import STEREO_RUNGS

from .conftest import Server, start_server, stop_server, wait_until
from .routes_world import make_album

TWO_DAYS = 2 * 24 * 3600


def tiering(folder: Path) -> dict[str, str]:
    return {
        "ANTIPHON_OBJECTS_COLD": f"file:{folder / 'cold'}",
        "ANTIPHON_HOT_DAYS": "0",
        "ANTIPHON_COLD_DAYS": "0",
        "ANTIPHON_COLD_RUNGS": "flac,aac-128",
        "ANTIPHON_TIERING_MINUTES": "0.0005",
    }


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that finds everything cold at once, and looks after media all the time."""
    make_album(tmp_path / "music" / "Ann" / "Alb")
    server = start_server(
        tmp_path / "data",
        "--music",
        str(tmp_path / "music"),
        env=tiering(tmp_path),
    )
    yield server
    assert stop_server(server) == 0


def media(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.status == 200
        return bytes(answer.read())


def everything(server: Server, grant: Any) -> Mapping[str, bytes]:
    """Return all that a grant lets its player fetch."""
    found = {}
    for variant in grant["variants"]:
        names = [variant["init"], *(f"{n}.m4s" for n in range(len(variant["segments"])))]
        for name in names:
            found[variant["baseUrl"] + name] = media(server.url + variant["baseUrl"] + name)
    return found


def granted(server: Server, token: str) -> Any:
    songs = server.call("GET", "/v1/catalog/home/songs", token=token)[1]["data"]
    if not songs:
        return None
    status, grant = server.call("POST", "/v1/me/plays", {"songId": songs[0]["id"]}, token)
    return grant if status == 201 else None


def rungs(grant: Any) -> set[str]:
    return {v["rung"] for v in grant["variants"]} if grant else set()


def kill_events(server: Server) -> None:
    for process in psutil.Process(server.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if "events" in process.cmdline():
                process.kill()


def capacity(server: Server) -> Any:
    ran = subprocess.run(
        [sys.executable, "-m", "antiphon.app", "capacity", "--json", "--data", str(server.data)],
        env={**os.environ, **tiering(server.data.parent)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    return json.loads(ran.stdout)


@pytest.mark.embedded  # an orphan is of two days ago, as only a file can be
def test_a_stream_plays_on_while_media_move_rungs_go_and_keepers_die(
    server: Server, tmp_path: Path
) -> None:
    token, cold = server.sign_in(), tmp_path / "cold"
    # The player is granted all rungs in the moment between making and taking away, or what is left.
    grant = wait_until(lambda: granted(server, token), seconds=60, what="the song")
    wanted = everything(server, grant)
    lean = wait_until(
        lambda: rungs(granted(server, token)) == {"flac", "aac-128"} and any(cold.rglob("*.m4s")),
        seconds=60,
        what="a lean cold song",
    )
    assert lean
    orphan, fresh = (
        server.data / "objects" / "media" / "ab" / name / "flac" / "0.m4s" for name in "xy"
    )
    for file in (orphan, fresh):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"nobody's")
    os.utime(orphan, (time.time() - TWO_DAYS,) * 2)
    ends, kills = time.monotonic() + 12, 0
    while time.monotonic() < ends:
        for url, data in wanted.items():
            assert media(server.url + url) == data, url
        if ends - time.monotonic() < 8 - 3 * kills and kills < 2:
            kill_events(server)
            kills += 1
    wait_until(lambda: not orphan.exists(), what="the orphan's end")
    assert fresh.exists()
    told = capacity(server)["media"]
    assert told["stores"]["cold"]["bytes"] > 0
    assert told["incomplete"] == []
    assert told["classes"]["cold"]["count"] == 1
    assert set(told["rungs"]) & set(STEREO_RUNGS) == {"flac", "aac-128"}
    page = media(server.url + "/metrics").decode()
    assert 'antiphon_media_reads_below_total{class="cold"' in page
    assert "antiphon_media_objects_sunk_total" in page
