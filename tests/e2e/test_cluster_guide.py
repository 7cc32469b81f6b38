"""docs/guides/cluster.md, followed literally: every command of it, in its order."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
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
_BALANCER = "http://127.0.0.1:8480"
_STEP_SECONDS = 90


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the environment of somebody who follows the guide."""
    engines = EnginesForTests()
    urls = engines.urls(("redis", "s3", "kafka", "cassandra"), "guide")
    make_album(tmp_path / "music" / "Ann" / "Alb")
    yield {
        **os.environ,
        **{name.upper(): url for name, url in urls.items()},
        "MUSIC": str(tmp_path / "music"),
        "PATH": f"{_ROOT / '.venv' / 'bin'}:{os.environ['PATH']}:/usr/sbin",
    }
    engines.close()


def test_the_guide_makes_three_machines_of_one(tmp_path: Path, shell: dict[str, str]) -> None:
    with ExitStack() as stack:
        stack.callback(stop_balancer, tmp_path)
        for number, (serves, commands) in enumerate(_BLOCK.findall(_GUIDE.read_text("utf-8"))):
            log = tmp_path / f"step-{number}.log"
            if serves:
                start(stack, commands, tmp_path, shell, log)
            else:
                follow(commands, tmp_path, shell, log)
        two_of_three_still_serve(tmp_path)


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


def two_of_three_still_serve(folder: Path) -> None:
    """Sign in through the balancer, find what the worker imported, and hear of it."""
    server = Server(_BALANCER, folder / "two", None, folder / "none.log")  # type: ignore[arg-type]
    token = server.sign_in()

    def songs() -> list[dict[str, str]]:
        status, body = server.call("GET", "/v1/catalog/home/songs", token=token)
        return list(body["data"]) if status == 200 else []

    song = wait_until(songs, what="the songs")[0]["id"]

    def grant() -> dict[str, str] | None:
        status, body = server.call("POST", "/v1/me/plays", {"songId": song}, token)
        return body if status == 201 else None

    granted = wait_until(grant, what="a grant")
    assert httpx.get(_BALANCER + granted["playlistUrl"], timeout=20).status_code == 200


def stop_balancer(folder: Path) -> None:
    pid = folder / "nginx.pid"
    if pid.exists():
        os.kill(int(pid.read_text()), 15)
