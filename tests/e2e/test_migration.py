"""An installation that lived on one machine answers the same after it was moved."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from antiphon.testing.label_messages import release_message

from .conftest import Server, start_server, stop_server, wait_until
from .on_engines import EnginesForTests, write_settings
from .routes_world import make_album
from .test_deliveries import deliver, put_into, release, songs_of

ENGINES = ("redis", "s3", "kafka", "cassandra")
MEMBER = "kim"
PLAYS = 5
# What an answer says of the moment at which it was asked for.
ANSWERS = (
    "/v1/me",
    "/v1/household",
    "/v1/users",
    "/v1/me/playlists",
    "/v1/me/history",
    "/v1/me/favorites/songs",
    "/v1/catalog/home/songs?limit=500",
    "/v1/catalog/home/albums",
    "/v1/catalog/home/artists",
    "/v1/catalog/home/genres",
    "/v1/rights/deliveries",
    "/v1/rights/audit?limit=50",
)


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.engines)])
def cluster(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Return a data folder for an installation on engines of its own."""
    engines = EnginesForTests()
    folder = tmp_path / "cluster"
    chosen = engines.urls(ENGINES, "moved") if request.param == "real" else {"port": 8484}
    write_settings(folder, chosen)
    yield folder
    engines.close()


def command(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "antiphon.app", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_after_the_move_everything_is_answered_as_before(tmp_path: Path, cluster: Path) -> None:
    home = tmp_path / "home"
    write_settings(home, {"keep_events_days": 30})  # embedded, whatever this run is asked to use
    make_album(tmp_path / "music" / "Ann" / "Alb")
    server = start_server(home, "--music", str(tmp_path / "music"))
    try:
        token = server.sign_in()
        song = lived_in(server, token, tmp_path)
        before = answers(server, token)
        period, statement = statement_of(server, token)
    finally:
        status = stop_server(server)
    assert status == 0
    assert plays_in(statement) == PLAYS

    report = json.loads(command("migrate", "--from", str(home), "--to", str(cluster), "--json"))
    assert report["sums"]["masters"]["count"] == 2

    moved = start_server(cluster, "--music", str(tmp_path / "music"))
    try:
        assert answers(moved, token) == before, "the token is good as well"
        assert statement_of(moved, token) == (period, statement)
        found = moved.call("GET", "/v1/catalog/home/search?term=One&types=songs", token=token)[1]
        assert [s["attributes"]["name"] for s in found["results"]["songs"]["data"]] == ["One"]
        play(moved, token, song, times=2)
        wait_until(
            lambda: plays_in(statement_of(moved, token)[1]) == PLAYS + 2, what="the new plays"
        )
        time.sleep(2)
        assert plays_in(statement_of(moved, token)[1]) == PLAYS + 2
    finally:
        status = stop_server(moved)
    assert status == 0


def lived_in(server: Server, token: str, folder: Path) -> str:
    """Let people, playlists, a label's release and plays come to be; return a song of the label."""
    inbox = folder / "inbox"
    told = release(inbox, 1)
    status, report = deliver(server, inbox, release_message("4.3", told))
    assert (status, report["outcome"]) == (0, "accepted"), report
    put_into(server, token, "fr")
    person = {"username": MEMBER, "displayName": "Kim", "password": "another good password"}
    status, answer = server.call("POST", "/v1/users", person, token)
    assert status == 201, answer
    [own] = wait_until(lambda: songs_of(server, token, "Alb"), what="the family's song")
    first, _ = wait_until(lambda: songs_of(server, token, "Album 1"), what="the label's songs")
    status, playlist = server.call("POST", "/v1/me/playlists", {"name": "Both"}, token)
    assert status == 201, playlist
    path = f"/v1/me/playlists/{playlist['data'][0]['id']}/items"
    status, answer = server.call("POST", path, {"ids": [own["id"], first["id"]]}, token)
    assert status < 300, answer
    path = f"/v1/me/favorites/songs?ids={own['id']}"
    assert server.call("PUT", path, token=token)[0] < 300
    play(server, token, first["id"], times=PLAYS - 1)
    play(server, token, own["id"], times=1)
    wait_until(lambda: plays_in(statement_of(server, token)[1]) == PLAYS, what="the plays")
    begun = wait_until(partial(granted, server, token, own["id"]), what="a grant")
    started = {"type": "started", "positionMs": 0, "at": round(time.time() * 1000)}
    path = f"/v1/me/plays/{begun}/events"
    assert server.call("POST", path, {"events": [started]}, token)[0] < 300
    wait_until(lambda: of(server, token, "/v1/me/history")["data"], what="the history")
    return str(first["id"])


def play(server: Server, token: str, song: str, *, times: int) -> None:
    """Play a song of two seconds, and tell each play twice."""
    grants = [
        wait_until(partial(granted, server, token, song), what="a grant") for _ in range(times)
    ]
    time.sleep(1.2)  # as long as must be heard: nobody hears more than has passed
    ended = {
        "type": "ended",
        "positionMs": 2000,
        "heardMs": 12_000,
        "at": round(time.time() * 1000),
    }
    for path in [f"/v1/me/plays/{grant}/events" for grant in grants] * 2:
        status, answer = server.call("POST", path, {"events": [ended]}, token)
        assert status < 300, answer


def granted(server: Server, token: str, song: str) -> str | None:
    status, answer = server.call("POST", "/v1/me/plays", {"songId": song}, token)
    return str(answer["id"]) if status == 201 else None


def of(server: Server, token: str, path: str) -> Any:
    status, answer = server.call("GET", path, token=token)
    assert status == 200, (path, answer)
    return answer


def answers(server: Server, token: str) -> dict[str, Any]:
    return {path: of(server, token, path) for path in ANSWERS}


def statement_of(server: Server, token: str) -> tuple[str, Any]:
    """Return the newest month of the ledger, and what is stated of it."""
    months = of(server, token, "/v1/rights/statements")["data"]
    period = str(months[0]["period"]) if months else ""  # of a ledger with plays
    return period, of(server, token, f"/v1/rights/statements/{period}") if period else None


def plays_in(statement: Any) -> int:
    if statement is None:
        return 0
    return sum(share["plays"] for share in statement["holders"])
