"""docs/guides/cluster.md, followed literally: every command of it, in its order."""

import os
import re
import subprocess
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest

from .conftest import Server, wait_until
from .on_engines import EnginesForTests
from .routes_world import make_album

pytestmark = pytest.mark.engines

_ROOT = Path(__file__).parents[2]
_GUIDE = _ROOT / "docs" / "guides" / "cluster.md"
_BLOCK = re.compile(r"^```sh( serve)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HOME = "http://127.0.0.1:8483"
_BALANCER = "http://127.0.0.1:8480"
_STEP_SECONDS = 90


@pytest.fixture
def shell(tmp_path: Path, engines: EnginesForTests) -> dict[str, str]:
    """Return the environment of somebody who follows the guide."""
    urls = engines.urls(("redis", "s3", "kafka", "cassandra", "hdfs"), "guide")
    make_album(tmp_path / "music" / "Ann" / "Alb")
    return {
        **os.environ,
        **{name.upper(): url for name, url in urls.items()},
        "MUSIC": str(tmp_path / "music"),
        "PATH": f"{_ROOT / '.venv' / 'bin'}:{os.environ['PATH']}:/usr/sbin",
    }


def test_the_guide_makes_three_machines_of_one(tmp_path: Path, shell: dict[str, str]) -> None:
    with ExitStack() as stack:
        stack.callback(stop_balancer, tmp_path)
        for number, (serves, commands) in enumerate(_BLOCK.findall(_GUIDE.read_text("utf-8"))):
            log = tmp_path / f"step-{number}.log"
            if serves:
                start(stack, commands, tmp_path, shell, log)
                if "--data home" in commands:
                    live_in(tmp_path / "home")
            else:
                follow(commands, tmp_path, shell, log)
        the_house_is_there(tmp_path)


def start(stack: ExitStack, commands: str, folder: Path, shell: dict[str, str], log: Path) -> None:
    sink = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(
        ["bash", "-ec", f"exec {commands}"], cwd=folder, env=shell, stdout=sink, stderr=sink
    )

    def stop() -> None:
        process.terminate()
        assert process.wait(40) == 0, log.read_text()

    stack.callback(stop)


def follow(commands: str, folder: Path, shell: dict[str, str], log: Path) -> None:
    with log.open("wb") as sink:
        status = subprocess.run(
            ["bash", "-ec", commands],
            cwd=folder,
            env=shell,
            stdout=sink,
            stderr=sink,
            timeout=_STEP_SECONDS,
            check=False,
        ).returncode
    assert status == 0, f"{commands}\n{log.read_text()}"


def live_in(home: Path) -> None:
    """Make the owner's account and a playlist, on the one machine."""
    server = Server(_HOME, home, None, home / "none.log")  # type: ignore[arg-type]
    wait_until(partial(is_ready, server), seconds=60, what="the one machine")
    token = server.sign_in()
    song = wait_until(partial(songs, server, token), what="the songs")[0]["id"]
    status, made = server.call("POST", "/v1/me/playlists", {"name": "Evenings"}, token)
    assert status == 201, made
    path = f"/v1/me/playlists/{made['data'][0]['id']}/items"
    status, answer = server.call("POST", path, {"ids": [song]}, token)
    assert status < 300, answer


def the_house_is_there(folder: Path) -> None:
    """Sign in through the balancer to the same account, find the playlist and hear its song."""
    server = Server(_BALANCER, folder / "two", None, folder / "none.log")  # type: ignore[arg-type]
    token = server.sign_in()
    [playlist] = server.call("GET", "/v1/me/playlists", token=token)[1]["data"]
    assert playlist["attributes"]["name"] == "Evenings"
    [song] = wait_until(partial(songs, server, token), what="the songs")

    def grant() -> dict[str, str] | None:
        status, body = server.call("POST", "/v1/me/plays", {"songId": song["id"]}, token)
        return body if status == 201 else None

    granted = wait_until(grant, what="a grant")
    assert httpx.get(_BALANCER + granted["playlistUrl"], timeout=20).status_code == 200


def songs(server: Server, token: str) -> list[dict[str, str]]:
    status, body = server.call("GET", "/v1/catalog/home/songs", token=token)
    return list(body["data"]) if status == 200 else []


def is_ready(server: Server) -> bool:
    try:
        return bool(server.call("GET", "/readyz")[0] == 200)
    except OSError:
        return False


def stop_balancer(folder: Path) -> None:
    pid = folder / "nginx.pid"
    if pid.exists():
        os.kill(int(pid.read_text()), 15)
