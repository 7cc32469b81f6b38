"""Live spatial sound over its WebSocket, on a real server."""

import io
import struct
import subprocess
import time
import urllib.request
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from .conftest import Server, start_server, stop_server, wait_until
from .websocket_client import Closed, WebSocket

PATH = "/v1/me/spatial"
ANSWER = struct.Struct("<IIdd")
BLOCK = 256
ROOM_LAYOUT: dict[str, Any] = {"version": 1, "input": {"layout": "4+7+0"}}
CENTRE = 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("live") / "data"
    cores = {"ANTIPHON_SPATIAL_CORES": "1", "ANTIPHON_HTTP_WORKERS": "1"}
    made = start_server(data, env=cores)
    yield made
    assert stop_server(made) == 0


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.sign_in()


@pytest.fixture(autouse=True)
def hung_up() -> Iterator[None]:
    """Close what a test has left open."""
    yield
    for connection in list(WebSocket.open):
        connection.cut()


def opened(server: Server, token: str, **asked: Any) -> WebSocket:
    connection = WebSocket(server.url, PATH, token)
    connection.send({**ROOM_LAYOUT, **asked})
    return connection


def ready(server: Server, token: str, **asked: Any) -> tuple[WebSocket, dict[str, Any]]:
    connection = opened(server, token, **asked)
    return connection, connection.receive()["ready"]


def frame(level: float = 0.1, blocks: int = 1, channels: int = 12) -> np.ndarray:
    made = np.zeros((blocks * BLOCK, channels), "<f4")
    made[:, CENTRE] = level * np.random.default_rng(5).standard_normal(len(made))
    return made


def ears(answer: bytes) -> np.ndarray:
    return np.frombuffer(answer[ANSWER.size :], "<f4").reshape(-1, 2)


def closed(connection: WebSocket) -> tuple[str, int]:
    """Return the code of the error that is told, and the close code behind it."""
    told = connection.receive()["error"]
    with pytest.raises(Closed) as end:
        connection.receive()
    assert end.value.reason == told["code"]
    return told["code"], end.value.code


def sides(connection: WebSocket, pose: dict[str, Any]) -> tuple[float, float]:
    connection.send(pose)
    for _ in range(8):
        connection.send(frame().tobytes())
        heard = ears(connection.receive())
    left, right = np.sum(heard**2, axis=0)
    return float(left), float(right)


def test_a_head_that_turns_hears_the_front_on_its_other_side(server: Server, token: str) -> None:
    connection, told = ready(server, token)
    assert told["channels"] == 2
    left, right = sides(connection, {"pose": {"yaw": 80}})
    assert right > 4 * left
    left, right = sides(connection, {"pose": {"yaw": -80}})
    assert left > 4 * right
    half = np.radians(80) / 2
    left, right = sides(connection, {"quaternion": [np.cos(half), 0, 0, np.sin(half)]})
    assert right > 4 * left


def test_answers_are_in_order_and_say_what_they_cost(server: Server, token: str) -> None:
    connection, _ = ready(server, token)
    connection.send({"pose": {"yaw": 10}, "at": 1234.5})
    for _ in range(4):
        connection.send(frame(blocks=2).tobytes())
    heads = []
    for _ in range(4):
        answer = connection.receive()
        assert len(ears(answer)) == 2 * BLOCK
        heads.append(ANSWER.unpack_from(answer))
    assert [number for number, *_ in heads] == [0, 1, 2, 3]
    costs = [cpu for _, _, cpu, _ in heads]
    assert 0 < costs[0] < costs[1] < costs[2] < costs[3]
    assert {at for *_, at in heads} == {1234.5}


def test_processing_takes_less_than_a_tenth_of_a_second(server: Server, token: str) -> None:
    connection, _ = ready(server, token)
    late = []
    for _ in range(300):
        connection.send(frame().tobytes())
        late.append(ANSWER.unpack_from(connection.receive())[1] / 1000)
    print(f"processing latency: median {np.median(late):.2f} ms, p99 {np.percentile(late, 99):.2f}")
    assert np.percentile(late, 99) < 100


def test_loudspeakers_come_out_as_they_go_in(server: Server, token: str) -> None:
    asked = {"input": {"layout": "0+2+0", "format": "s16", "arrangement": "planar"}}
    connection, told = ready(server, token, **asked, output={"layout": "0+2+0"})
    assert told["channels"] == 2
    sent = np.random.default_rng(6).integers(-9000, 9000, (2, BLOCK)).astype("<i2")
    connection.send(sent.tobytes())
    heard = np.frombuffer(connection.receive()[ANSWER.size :], "<i2").reshape(2, BLOCK)
    assert np.array_equal(heard, sent)


def test_an_ambisonic_field_is_heard(server: Server, token: str) -> None:
    connection, _ = ready(server, token, input={"ambisonics": 1})
    connection.send(frame(channels=4).tobytes())
    assert np.abs(ears(connection.receive())).max() > 0


@pytest.mark.parametrize(
    "asked",
    [
        {"version": 2},
        {"input": {}},
        {"input": {"layout": "9+9+9"}},
        {"input": {"layout": "0+2+0", "ambisonics": 1}},
        {"input": {"ambisonics": 7}},
        {"output": {"layout": "none"}},
        {"output": {"layout": "0+5+0", "headRadiusMm": 90}},
        {"output": {"headRadiusMm": 10}},
        {"block": 100},
        {"sampleRate": 8000},
        {"more": 1},
    ],
)
def test_what_cannot_be_is_refused_by_name(
    server: Server, token: str, asked: dict[str, Any]
) -> None:
    assert closed(opened(server, token, **asked)) == ("bad_message", 4400)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\0" * 17,
        frame(channels=11).tobytes(),
        frame(blocks=17).tobytes(),
        np.full((BLOCK, 12), np.nan, "<f4").tobytes(),
        np.full((BLOCK, 12), np.inf, "<f4").tobytes(),
    ],
    ids=["nothing", "a part", "a channel less", "too many blocks", "NaN", "infinity"],
)
def test_frames_that_hold_no_blocks_of_numbers_are_refused(
    server: Server, token: str, garbage: bytes
) -> None:
    connection, _ = ready(server, token)
    connection.send(garbage)
    assert closed(connection) == ("bad_frame", 4400)


@pytest.mark.parametrize(
    "told",
    [
        "no JSON",
        "{}",
        '{"pose": {"yaw": 1e9}}',
        '{"pose": {"yaw": "left"}}',
        '{"quaternion": [0, 0, 0, 0]}',
        '{"pose": {}, "quaternion": [1, 0, 0, 0]}',
    ],
)
def test_poses_that_are_none_are_refused(server: Server, token: str, told: str) -> None:
    connection, _ = ready(server, token)
    connection.send(told)
    assert closed(connection) == ("bad_message", 4400)


def test_a_stream_begins_with_words(server: Server, token: str) -> None:
    connection = WebSocket(server.url, PATH, token)
    connection.send(b"\0" * 64)
    assert closed(connection) == ("bad_message", 4400)


@pytest.mark.parametrize("bad", ["", "garbage", "a.b.c"])
def test_nobody_streams_without_a_token(server: Server, bad: str) -> None:
    connection = WebSocket(server.url, PATH, bad or None)
    connection.send(ROOM_LAYOUT)
    assert closed(connection)[1] == 4401


def test_a_token_may_come_with_the_first_message(server: Server, token: str) -> None:
    connection = WebSocket(server.url, PATH)
    connection.send({**ROOM_LAYOUT, "accessToken": token})
    assert connection.receive()["ready"]["channels"] == 2


def test_an_api_token_needs_the_scope(server: Server, token: str) -> None:
    def api_token(scope: str) -> str:
        body = {"name": "Script", "scopes": [scope]}
        return str(server.call("POST", "/v1/me/api-tokens", body, token)[1]["token"])

    assert closed(opened(server, api_token("read"))) == ("token_may_not", 4401)
    assert ready(server, api_token("play"))[1]["channels"] == 2


def test_other_paths_hold_no_stream(server: Server, token: str) -> None:
    with pytest.raises(Closed) as end:
        WebSocket(server.url, "/v1/me/other", token)
    assert end.value.code == 403


def post(
    server: Server, token: str, query: str, body: Any, kind: str = "application/octet-stream"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    address = f"{server.url}/v1/me/spatial?{query}"
    return httpx.post(address, content=body, headers=headers, timeout=60)


def parts(body: bytes, size: int = 7001) -> Iterator[bytes]:
    for begin in range(0, len(body), size):
        yield body[begin : begin + size]


def test_a_body_is_rendered_as_it_comes_and_nothing_is_late(server: Server, token: str) -> None:
    pulse = np.zeros((5000, 12), "<f4")
    pulse[1000, CENTRE] = 1.0
    for size in (len(pulse), 4096, 100):  # samples: whole blocks, parts of one
        sent = pulse[1000 - min(1000, size - 1) :][:size] if size < 1001 else pulse[:size]
        answer = post(server, token, "layout=4+7+0", parts(sent.tobytes()))
        assert answer.status_code == 200
        assert answer.headers["antiphon-channels"] == "2"
        heard = np.frombuffer(answer.content, "<f4").reshape(-1, 2)
        assert len(heard) == size
        if size > 1001:
            assert 990 <= np.argmax(np.abs(heard).sum(axis=1)) <= 1010


def test_a_file_is_rendered_as_what_its_head_says(server: Server, token: str) -> None:
    sent = np.random.default_rng(7).integers(-9000, 9000, (3000, 2)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(2)
        written.setframerate(44100)
        written.writeframes(sent.tobytes())
    body = file.getvalue() + b"axml" + (10).to_bytes(4, "little") + b"x" * 10
    answer = post(server, token, "layout=0%2B2%2B0&output=0+2+0", parts(body), "audio/wav")
    assert answer.status_code == 200
    assert answer.headers["antiphon-sample-rate"] == "44100"
    heard = np.frombuffer(answer.content, "<f4").reshape(-1, 2)
    assert np.allclose(heard, sent / 32768, atol=1e-6)


def test_a_posted_pose_turns_the_head(server: Server, token: str) -> None:
    sound = frame(blocks=20).tobytes()
    answer = post(server, token, "layout=4+7+0&yaw=80", sound)
    left, right = np.sum(np.frombuffer(answer.content, "<f4").reshape(-1, 2) ** 2, axis=0)
    assert right > 4 * left


@pytest.mark.parametrize(
    ("query", "body", "kind", "code"),
    [
        ("", b"", "", "bad_message"),
        ("layout=nothing", b"", "", "bad_message"),
        ("layout=0+2+0&more=1", b"", "", "bad_message"),
        ("layout=0+2+0&block=many", b"", "", "bad_message"),
        ("layout=0+2+0&yaw=nan", b"", "", "bad_message"),
        ("layout=0+2+0", b"\0" * 9, "", "bad_frame"),
        ("layout=0+2+0", b"\xff" * 8, "", "bad_frame"),
        ("layout=0+2+0", b"RIFF", "audio/wav", "bad_frame"),
        ("layout=0+2+0", b"no file" * 900, "audio/wav", "bad_frame"),
    ],
)
def test_bodies_and_queries_that_cannot_be_are_refused(
    server: Server, token: str, query: str, body: bytes, kind: str, code: str
) -> None:
    answer = post(server, token, query, body, kind)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["code"] == code


def test_what_turns_bad_on_the_way_is_cut_off(server: Server, token: str) -> None:
    good = frame(blocks=64).tobytes()
    with pytest.raises(httpx.RemoteProtocolError):
        post(server, token, "layout=4+7+0", parts(good + b"\xff" * 4800, 65536))


def metric(server: Server, name: str) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics") as page:
        lines = page.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{"))


def test_connections_that_are_cut_give_their_room_back(server: Server, token: str) -> None:
    wait_until(lambda: metric(server, "antiphon_spatial_streams") == 0, seconds=60, what="nobody")
    connections = [ready(server, token)[0] for _ in range(3)]
    for connection in connections:
        connection.send(frame().tobytes())
        connection.receive()
    assert metric(server, "antiphon_spatial_streams") == 3
    assert metric(server, "antiphon_spatial_cpu_seconds_total") > 0
    for connection in connections:
        connection.cut()
    wait_until(lambda: metric(server, "antiphon_spatial_streams") == 0, seconds=40, what="room")


def test_a_full_server_refuses_and_says_when_to_come_back(server: Server, token: str) -> None:
    held = []
    told: dict[str, Any] = {}
    for _ in range(100):
        connection = opened(server, token, block=128)
        told = connection.receive()
        held.append(connection)
        if "error" in told:
            break
    assert told["error"]["code"] == "spatial_full"
    assert told["error"]["retryAfter"] > 0
    with pytest.raises(Closed) as end:
        held[-1].receive()
    assert end.value.code == 1013
    assert len(held) > 1, "not even one got in"
    assert metric(server, "antiphon_spatial_refused_total") >= 1
    for connection in held:
        connection.cut()
    wait_until(
        lambda: "ready" in opened(server, token).receive(), seconds=60, what="room after all left"
    )


def _memory(server: Server) -> int:
    """Return the largest resident size among the server's processes, in KiB."""
    listing = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    ).stdout
    rows = [tuple(map(int, line.split())) for line in listing.splitlines()]
    family = {server.process.pid}
    for _ in range(3):
        family |= {pid for pid, parent, _ in rows if parent in family}
    return max(rss for pid, _, rss in rows if pid in family)


def test_a_reader_who_is_slow_costs_no_memory(server: Server, token: str) -> None:
    connection, _ = ready(server, token)
    sound = frame(blocks=16).tobytes()
    connection.send(sound)
    connection.receive()
    before = _memory(server)
    connection.socket.settimeout(0.5)
    sent = 0
    deadline = time.monotonic() + 8
    try:
        while time.monotonic() < deadline:
            connection.send(sound)
            sent += len(sound)
    except OSError:
        pass  # the connection takes no more, as it should
    grown = _memory(server) - before
    assert grown < 40 * 1024, f"{grown} KiB for {sent >> 10} KiB sent"
    connection.cut()


def test_a_server_that_stops_lets_its_streams_go(tmp_path: Path) -> None:
    stopping = start_server(tmp_path / "data")
    connection, _ = ready(stopping, stopping.sign_in())
    began = time.monotonic()
    assert stop_server(stopping) == 0
    assert time.monotonic() - began < 12
    with pytest.raises(Closed):
        connection.receive()
