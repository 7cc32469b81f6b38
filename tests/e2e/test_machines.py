"""One installation on several machines: roles apart, on shared engines, behind a balancer."""

import asyncio
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from antiphon.testing.label_messages import release_message

from .conftest import Server, free_port, start_server, stop_server, wait_until
from .on_engines import EnginesForTests, write_settings
from .routes_world import make_album
from .test_charts import write_song
from .test_deliveries import assert_encrypted, deliver, put_into, release, songs_of
from .test_faults import played

pytestmark = [pytest.mark.engines, pytest.mark.faults]

_ENGINES = ("redis", "s3", "kafka", "cassandra", "hdfs")
_DRAIN_SECONDS = 1.5


class Balancer:
    """A small HTTP balancer: asks each machine whether it is ready, and proxies to those that are.

    It repeats nothing: what a machine fails is what the client sees.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.backends: dict[str, bool] = {}
        self._turn = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        looking = asyncio.create_task(self._look())
        await self._stop.wait()
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.2)  # what was closed is gone with the loop's next turns

    async def _look(self) -> None:
        async with httpx.AsyncClient(timeout=2) as client:
            while True:
                for url in list(self.backends):
                    try:
                        answer = await client.get(f"{url}/readyz")
                        self.backends[url] = answer.status_code == 200
                    except httpx.HTTPError:
                        self.backends[url] = False
                await asyncio.sleep(0.1)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on to one machine, for as long as both keep it."""
        ready = [url for url, good in self.backends.items() if good]
        if ready:
            self._turn += 1
            host, _, port = ready[self._turn % len(ready)].removeprefix("http://").rpartition(":")
            with suppress(OSError):
                inner, outer = await asyncio.open_connection(host, int(port))
                try:
                    await asyncio.gather(_pass(reader, outer), _pass(inner, writer))
                finally:
                    await _close(outer)
        await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.write_eof()


@dataclass
class Load:
    """Requests over one kept-alive connection until they are told to stop, and what came of them.

    What plays, what is looked for, and what is written: playlists, and what was heard.
    """

    url: str
    token: str
    song: str
    play: str
    segments: list[str]
    numbers: Iterator[int]
    done: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    granted: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self.url, timeout=20, headers=headers) as client:
            for name, ask in itertools.cycle(self._asks().items()):
                if self.stop.is_set():
                    return
                try:
                    answer = ask(client)
                    if answer.status_code not in {200, 201, 202}:
                        self.failed.append(f"{name}: {answer.status_code} {answer.text[:200]}")
                except httpx.HTTPError as fault:
                    self.failed.append(f"{name}: {fault!r}")
                self.done[name] = self.done.get(name, 0) + 1
                time.sleep(0.01)

    def _asks(self) -> dict[str, Callable[[httpx.Client], httpx.Response]]:
        found = "/v1/catalog/home/search?term=song&types=songs"
        return {
            "grant": self._grant,
            "what was granted": lambda c: c.get(self.granted),
            "segment": lambda c: c.get(self._next_segment()),
            "songs": lambda c: c.get("/v1/catalog/home/songs"),
            "search": lambda c: c.get(found),
            "playlist": self._write_playlist,
            "report": self._report,
        }

    def _grant(self, client: httpx.Client) -> httpx.Response:
        answer = client.post("/v1/me/plays", json={"songId": self.song})
        if answer.status_code == 201:
            self.granted = answer.json()["playlistUrl"]
        return answer

    def _next_segment(self) -> str:
        self.segments.append(self.segments.pop(0))
        return self.segments[0]

    def _write_playlist(self, client: httpx.Client) -> httpx.Response:
        answer = client.post("/v1/me/playlists", json={"name": f"No. {next(self.numbers)}"})
        if answer.status_code == 201:
            self.kept.add(answer.json()["data"][0]["id"])
        return answer

    def _report(self, client: httpx.Client) -> httpx.Response:
        at = round(time.time() * 1000)
        told = {"events": [{"type": "started", "positionMs": 0, "at": at}]}
        return client.post(f"/v1/me/plays/{self.play}/events", json=told)


@dataclass
class Role:
    """A process group of one role that serves no HTTP."""

    data: Path
    role: str
    process: subprocess.Popen[bytes]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


def start_role(data: Path, role: str, *arguments: str) -> Role:
    """Start a role, and wait until its process says that it runs."""
    log = data.parent / f"{data.name}.log"
    before = log.stat().st_size if log.exists() else 0
    command = [sys.executable, "-m", "antiphon.app", "serve", "--data", str(data), "--role", role]
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=sink,
            stderr=sink,
            env={**os.environ, "ANTIPHON_LOG_FORMAT": "json"},
        )
    said = {"audio": b"audio_worker_started", "events": b"events_process_started"}[role]
    wait_until(lambda: said in log.read_bytes()[before:], seconds=60, what=f"{role}; see {log}")
    return Role(data, role, process)


@dataclass
class Cluster:
    """Two machines that serve music, one that imports and projects, one that encodes."""

    folder: Path
    music: list[Server]
    roles: list[Role]
    balancer: Balancer


@pytest.fixture(scope="module")
def cluster(
    engines: EnginesForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    make_album(folder / "music" / "Ann" / "Alb")
    urls = engines.urls(_ENGINES, "machines")
    one_for_all = {
        "drain_seconds": _DRAIN_SECONDS,
        "http_workers": 1,
        "audio_workers": 1,
        "key_encryption": f"file:{folder / 'keys'}",
    }
    for name in ("events", "audio", "one", "two"):
        write_settings(folder / name, urls | one_for_all)
    roles = [start_role(folder / "events", "events", "--music", str(folder / "music"))]
    for name in ("audio", "one", "two"):
        shutil.copy(folder / "events" / "secret", folder / name / "secret")
    roles.append(start_role(folder / "audio", "audio"))
    music = [start_server(folder / name, "--role", "music") for name in ("one", "two")]
    balancer = Balancer()
    for server in music:
        balancer.backends[server.url] = False
    yield Cluster(folder, music, roles, balancer)
    balancer.close()
    for server in music:
        if server.process.poll() is None:
            assert stop_server(server) == 0
    for role in roles:
        assert role.stop() == 0


def songs(server: Server, token: str) -> list[Any]:
    return list(server.call("GET", "/v1/catalog/home/songs", token=token)[1]["data"])


def test_what_one_machine_imports_plays_and_is_found_on_every_other(cluster: Cluster) -> None:
    one, two = cluster.music
    token = cluster.music[0].sign_in()
    wait_until(lambda: songs(one, token), what="the songs on another machine")
    song = songs(one, token)[0]
    term = song["attributes"]["name"]

    def found(server: Server) -> bool:
        path = f"/v1/catalog/home/search?term={term.replace(' ', '+')}&types=songs"
        results = server.call("GET", path, token=token)[1]["results"]
        return song["id"] in [s["id"] for s in results.get("songs", {}).get("data", [])]

    for server in (one, two):
        wait_until(lambda at=server: found(at), what="the song in each machine's own index")
        status, grant = server.call("POST", "/v1/me/plays", {"songId": song["id"]}, token)
        assert status == 201, grant
        # A grant of one machine is good at the other: they have one secret.
        other = two if server is one else one
        answer = httpx.get(other.url + grant["playlistUrl"], timeout=20)
        assert answer.status_code == 200
        assert answer.text.startswith("#EXTM3U")


def test_a_machine_with_another_secret_does_not_join(
    engines: EnginesForTests, cluster: Cluster, tmp_path: Path
) -> None:
    write_settings(tmp_path / "stranger", engines.urls(_ENGINES, "machines"))
    with pytest.raises(pytest.fail.Exception, match="another secret: copy its secret to"):
        start_server(tmp_path / "stranger", "--role", "music")
    assert cluster.music[0].call("GET", "/readyz")[0] == 200


def test_what_one_machine_takes_in_from_a_label_another_encodes(
    cluster: Cluster, tmp_path: Path
) -> None:
    one, two = cluster.music
    token = one.sign_in()
    status, report = deliver(
        one, tmp_path / "in", release_message("4.3", release(tmp_path / "in", 1))
    )
    assert (status, report["outcome"]) == (0, "accepted"), report
    shutil.rmtree(tmp_path / "in")
    song = wait_until(lambda: songs_of(two, token, "Album 1"), what="the songs")[0]
    put_into(two, token, "fr")

    def grant() -> Any:
        status, body = two.call("POST", "/v1/me/plays", {"songId": song["id"]}, token)
        return body if status == 201 else None

    granted = wait_until(grant, what="a grant of what was delivered")
    assert_encrypted(two, token, granted)
    for machine in ("one", "two", "audio", "events"):
        held = [path.name for path in (cluster.folder / machine).rglob("*.flac")]
        assert held == [], f"{machine} keeps a master for itself"


def test_a_rolling_restart_of_every_role_fails_no_request(cluster: Cluster) -> None:
    token = cluster.music[0].sign_in()
    wait_until(lambda: songs(cluster.music[0], token), what="the songs")
    wait_until(lambda: all(cluster.balancer.backends.values()), what="two ready machines")
    loads = loads_on(cluster, token)
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        for number in range(len(cluster.music)):
            with served_meanwhile(loads):
                restart_server(cluster, number)
        for number, role in enumerate(cluster.roles):
            with served_meanwhile(loads):
                assert role.stop() == 0
                words = ("--music", str(cluster.folder / "music")) if role.role == "events" else ()
                cluster.roles[number] = start_role(role.data, role.role, *words)
        time.sleep(1)
    finally:
        for load in loads:
            load.stop.set()
        for thread in threads:
            thread.join(30)
    assert [fault for load in loads for fault in load.failed] == []
    assert set().union(*(load.kept for load in loads)) <= playlists(cluster.music[0], token)
    every = loads[0].done
    print({name: sum(load.done.get(name, 0) for load in loads) for name in every})
    assert min(sum(load.done.get(name, 0) for load in loads) for name in every) > 20
    a_new_song_comes_in(cluster, token)


def loads_on(cluster: Cluster, token: str) -> list[Load]:
    server = cluster.music[0]
    song = next(s["id"] for s in songs(server, token) if s["attributes"]["albumName"] == "Alb")
    play, segments = played(server, token, song)
    numbers = itertools.count()
    return [
        Load(cluster.balancer.url, token, song, play, list(segments), numbers) for _ in range(4)
    ]


@contextmanager
def served_meanwhile(loads: list[Load]) -> Iterator[None]:
    before = [sum(load.done.values()) for load in loads]
    yield
    after = [sum(load.done.values()) for load in loads]
    assert all(b > a for a, b in zip(before, after, strict=True)), "somebody was not served"


def restart_server(cluster: Cluster, number: int) -> None:
    """Stop a machine that serves, start it again, and wait until the balancer sends it requests."""
    server = cluster.music[number]
    assert stop_server(server) == 0
    del cluster.balancer.backends[server.url]
    again = start_server(server.data, "--role", "music")
    cluster.music[number] = again
    cluster.balancer.backends[again.url] = False
    wait_until(lambda: cluster.balancer.backends[again.url], what="it is back")


def playlists(server: Server, token: str) -> set[str]:
    found: set[str] = set()
    while True:
        path = f"/v1/me/playlists?limit=100&offset={len(found)}"
        page = server.call("GET", path, token=token)[1]["data"]
        if not page:
            return found
        found |= {playlist["id"] for playlist in page}


def a_new_song_comes_in(cluster: Cluster, token: str) -> None:
    """Check that what was restarted works: a song is imported, encoded, and can be played."""
    write_song(cluster.folder / "music" / "Late", "Late", "Lou", "Later", "Jazz")
    server = cluster.music[1]
    song = wait_until(lambda: songs_of(server, token, "Later"), what="the new song")[0]

    def grant() -> Any:
        status, body = server.call("POST", "/v1/me/plays", {"songId": song["id"]}, token)
        return body if status == 201 else None

    wait_until(grant, what="a grant of the new song")
