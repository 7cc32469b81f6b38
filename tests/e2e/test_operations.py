"""The processes: started, asked, killed, stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from .conftest import Server, free_port, start_server, stop_server, wait_until
from .routes_world import World, is_problem, make_album


@pytest.fixture
def server(tmp_path: Path):
    server = start_server(tmp_path / "data")
    yield server
    if server.process.poll() is None:
        assert stop_server(server) == 0


def child(server: Server, role: str) -> psutil.Process | None:
    for process in psutil.Process(server.process.pid).children():
        with suppress(psutil.NoSuchProcess):  # it may end while it is looked at
            if process.status() != psutil.STATUS_ZOMBIE and role in process.cmdline():
                return process
    return None


def antiphon(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "antiphon.app", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_health_is_told_and_metrics_name_every_process(server: Server) -> None:
    assert server.call("GET", "/livez")[0] == 200
    assert server.call("GET", "/readyz")[1]["status"] == "ok"

    def all_processes() -> bool:
        with urllib.request.urlopen(server.url + "/metrics", timeout=5) as answer:
            page = answer.read().decode()
        return all(f'process="{name}' in page for name in ("music", "events", "audio-1"))

    wait_until(all_processes, what="the metrics of every role")


@pytest.mark.parametrize("role", ["events", "audio", "music"])
def test_a_killed_process_is_replaced(server: Server, role: str) -> None:
    victim = child(server, role)
    assert victim is not None
    victim.kill()

    def replaced() -> bool:
        now = child(server, role)
        return now is not None and now.pid != victim.pid

    wait_until(replaced, what=f"another {role} process")
    wait_until(lambda: _answers(server), what="readiness after the kill")


def _answers(server: Server) -> bool:
    try:
        return bool(server.call("GET", "/readyz")[0] == 200)
    except OSError:
        return False


def test_no_process_outlives_a_killed_supervisor(server: Server) -> None:
    family = psutil.Process(server.process.pid).children(recursive=True)
    assert len(family) >= 3
    server.process.kill()
    server.process.wait(10)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive


def test_a_second_server_on_one_port_is_told_in_one_line(server: Server, tmp_path: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    second = antiphon("serve", "--port", port, data=tmp_path / "other")
    assert second.returncode == 1
    assert second.stderr.strip().splitlines()[-1].startswith("antiphon: Cannot listen on")


def test_a_missing_music_folder_is_told_in_one_line(tmp_path: Path) -> None:
    done = antiphon("serve", "--music", str(tmp_path / "none"), data=tmp_path / "data")
    assert done.returncode == 1
    assert "no music folder" in done.stderr


def test_bad_usage_has_exit_status_two(tmp_path: Path) -> None:
    assert antiphon("serve", "--port", "many", data=tmp_path).returncode == 2


def test_slow_headers_are_cut_off_while_others_are_served(server: Server) -> None:
    host, port = "127.0.0.1", int(server.url.rsplit(":", 1)[1])
    slow = [socket.create_connection((host, port)) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-")
    began = time.monotonic()
    assert server.call("GET", "/livez")[0] == 200
    assert time.monotonic() - began < 2
    closed = 0
    deadline = time.monotonic() + 20
    for connection in slow:
        connection.settimeout(max(deadline - time.monotonic(), 0.1))
        try:
            while connection.recv(4096):
                pass
            closed += 1
        except TimeoutError:
            pass
        except ConnectionError:
            closed += 1
        connection.close()
    assert closed == len(slow)


def test_a_thousand_idle_connections_do_not_stop_the_service(server: Server) -> None:
    host, port = "127.0.0.1", int(server.url.rsplit(":", 1)[1])
    idle: list[socket.socket] = []
    try:
        idle += [socket.create_connection((host, port), timeout=5) for _ in range(1000)]
        for _ in range(20):
            assert server.call("GET", "/livez")[0] == 200
    finally:
        for connection in idle:
            connection.close()


def test_logs_are_lines_of_json_without_secrets(server: Server) -> None:
    token = server.sign_in()
    server.call("GET", "/v1/me", token=token)
    text = server.log.read_text()
    events = [json.loads(line)["event"] for line in text.splitlines() if line.startswith("{")]
    assert "http_worker_started" in events
    assert token not in text


def test_a_stop_lets_every_process_end_by_itself(server: Server) -> None:
    began = time.monotonic()
    assert stop_server(server) == 0
    assert time.monotonic() - began < 20, "the supervisor's patience"
    assert "process_killed" not in server.log.read_text()


def test_a_server_that_is_about_to_stop_says_so_and_still_serves(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", env={"ANTIPHON_DRAIN_SECONDS": "6"})
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    try:
        wait_until(
            lambda: server.call("GET", "/readyz")[0] == 503, seconds=5, what="an unready server"
        )
        answer = httpx.get(server.url + "/v1/setup")
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
    finally:
        status = server.process.wait(30)
    assert status == 0
    assert time.monotonic() - began >= 6


def test_a_server_told_twice_stops_at_once(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", env={"ANTIPHON_DRAIN_SECONDS": "60"})
    server.process.send_signal(signal.SIGTERM)
    try:
        wait_until(lambda: server.call("GET", "/readyz")[0] == 503, seconds=5, what="draining")
    finally:
        status = stop_server(server)
    assert status == 0


def test_two_servers_may_not_share_a_secret(tmp_path: Path) -> None:
    a, b = start_server(tmp_path / "a"), start_server(tmp_path / "b")
    try:
        token = a.sign_in()
        assert a.call("GET", "/v1/me", token=token)[0] == 200
        assert b.call("GET", "/v1/me", token=token)[0] == 401
        assert (tmp_path / "a" / "secret").read_bytes() != (tmp_path / "b" / "secret").read_bytes()
        assert oct((tmp_path / "a" / "secret").stat().st_mode & 0o777) == "0o600"
    finally:
        for server in (a, b):
            os.kill(server.process.pid, signal.SIGTERM)
            server.process.wait(30)


@pytest.mark.embedded
def test_a_backup_taken_while_running_is_restored_with_everything(
    server: Server, tmp_path: Path
) -> None:
    token = server.sign_in()
    status, playlist = server.call("POST", "/v1/me/playlists", {"name": "Kept"}, token)
    assert status == 201, playlist
    made = antiphon("backup", str(tmp_path / "copy"), data=server.data)
    assert made.returncode == 0, made.stderr
    assert antiphon("backup", str(tmp_path / "copy"), data=server.data).returncode == 1
    assert stop_server(server) == 0
    put_back = antiphon("restore", str(tmp_path / "copy"), data=tmp_path / "restored")
    assert put_back.returncode == 0, put_back.stderr
    again = start_server(tmp_path / "restored")
    try:
        listing = again.call("GET", "/v1/me/playlists", token=again.sign_in())[1]
        assert [p["attributes"]["name"] for p in listing["data"]] == ["Kept"]
    finally:
        stop_server(again)


def test_the_doctor_finds_a_healthy_installation_healthy(server: Server) -> None:
    done = antiphon("doctor", "--json", data=server.data)
    findings = json.loads(done.stdout)
    assert done.returncode == 0, findings
    assert {f["subject"] for f in findings} >= {"data", "tables", "objects", "events", "cache"}
    assert all(f["ok"] for f in findings)


@pytest.mark.embedded
def test_the_doctor_names_what_is_wrong(tmp_path: Path) -> None:
    data = tmp_path / "data"
    server = start_server(data)
    stop_server(server)
    (data / "events" / "data.mdb").write_bytes(b"not a database" * 1000)
    done = antiphon("doctor", "--json", data=data)
    assert done.returncode == 1
    wrong = [f["subject"] for f in json.loads(done.stdout) if not f["ok"]]
    assert wrong == ["events"]


def test_no_port_is_taken_beyond_the_one_that_was_asked_for(server: Server) -> None:
    listening = {
        c.laddr.port
        for process in psutil.Process(server.process.pid).children(recursive=True)
        for c in process.net_connections()
        if c.status == psutil.CONN_LISTEN
    }
    assert listening == {int(server.url.rsplit(":", 1)[1])}
    assert free_port() not in listening


class Quota:
    """No file of the running service may grow beyond a size, as if the disk were full."""

    def __init__(self, server: Server) -> None:
        main = psutil.Process(server.process.pid)
        self._family = [main, *main.children(recursive=True)]
        self._before = main.rlimit(psutil.RLIMIT_FSIZE)

    def take(self, size: int) -> None:
        for process in self._family:
            process.rlimit(psutil.RLIMIT_FSIZE, (size, self._before[1]))

    def give_back(self) -> None:
        for process in self._family:
            process.rlimit(psutil.RLIMIT_FSIZE, self._before)


@pytest.mark.embedded
def test_on_a_full_disk_writes_are_refused_music_plays_on_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    make_album(tmp_path / "music" / "Ann" / "Alb")
    server = start_server(tmp_path / "data", "--music", str(tmp_path / "music"))
    with httpx.Client(base_url=server.url, timeout=20) as client:
        world = World(server, client)
        world.prepare()
        quota = Quota(server)
        quota.take((server.data / "tables" / "data.mdb").stat().st_size)
        kept = set()
        for number in range(2000):
            body = {"name": f"{number}", "description": "x" * 1000}
            answer = client.post("/v1/me/playlists", json=body, headers=world.owner.headers)
            if answer.status_code != 201:
                break
            kept.add(answer.json()["data"][0]["id"])
        assert answer.status_code == 503, answer.text
        assert is_problem(answer)
        assert "full: make room" in answer.json()["errors"][0]["detail"]
        assert _playlists(world) == kept
        _hears_the_song(world)
        assert client.get("/livez").status_code == 200
        quota.give_back()
        body = {"name": "There is room again"}
        answer = client.post("/v1/me/playlists", json=body, headers=world.owner.headers)
        assert answer.status_code == 201, answer.text
        kept.add(answer.json()["data"][0]["id"])
    assert stop_server(server) == 0
    again = start_server(tmp_path / "data")
    with httpx.Client(base_url=again.url, timeout=20) as client:
        world = World(again, client, owner=world.owner)
        assert _playlists(world) == kept
    assert stop_server(again) == 0


def _playlists(world: World) -> set[str]:
    found: set[str] = set()
    path: str | None = "/v1/me/playlists?limit=500"
    while path:
        page = world.http.get(path, headers=world.owner.headers).raise_for_status().json()
        found |= {playlist["id"] for playlist in page["data"]}
        path = page.get("next")
    return found


def _hears_the_song(world: World) -> None:
    grant = world.http.post("/v1/me/plays", json=world.song, headers=world.owner.headers)
    assert grant.status_code == 201, grant.text
    assert world.http.get(grant.json()["playlistUrl"]).status_code == 200
    whole = world.http.get(grant.json()["progressiveUrl"])
    assert whole.status_code == 200
    assert len(whole.content) > 10_000
