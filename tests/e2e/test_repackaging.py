"""A library in the clear is encrypted by command, and goes back."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Server, start_server, stop_server, wait_until
from .routes_world import make_album


def keys(server_data: Path, protect: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "antiphon.app", "keys", "repackage", "--data", str(server_data)],
        env={**os.environ, "ANTIPHON_PROTECT": protect},
        capture_output=True,
        timeout=60,
        check=True,
    )
    return ran.stdout.decode()


def kids(server: Server, song: str, token: str) -> set[Any] | None:
    status, grant = server.call("POST", "/v1/me/plays", {"songId": song}, token)
    return {v["kid"] for v in grant["variants"]} if status == 201 else None


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_album(tmp_path / "music" / "Ann" / "Alb")
    return tmp_path / "data"


def test_a_library_is_encrypted_and_opened_again_when_protect_changes(data: Path) -> None:
    music = ("--music", str(data.parent / "music"))
    song = ""
    for protect, count in (("nothing", 0), ("everything", 1), ("nothing", 1)):
        if song:
            assert keys(data, protect).startswith(f"{count} songs are to be packaged again")
            assert keys(data, protect).startswith("0 songs")
        server = start_server(data, *music, env={"ANTIPHON_PROTECT": protect})
        try:
            token = server.sign_in()
            song = wait_until(lambda s=server, t=token: first_song(s, t), what="the song")
            found = wait_until(
                lambda s=server, t=token, i=song: kids(s, i, t), seconds=60, what="the package"
            )
        finally:
            stop_server(server)
        assert (None in found) == (protect == "nothing")


def first_song(server: Server, token: str) -> str:
    found = server.call("GET", "/v1/catalog/home/songs", token=token)[1]["data"]
    return found[0]["id"] if found else ""
