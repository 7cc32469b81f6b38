"""One installation on several machines: roles apart, on shared engines, behind a balancer."""

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import Server, free_port, start_server, stop_server, wait_until
from .on_engines import EnginesForTests, write_settings
from .routes_world import make_album

pytestmark = pytest.mark.engines

_ENGINES = ("redis", "s3", "kafka", "cassandra")
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
        """Pass one connection on to one machine; clients of these tests use one per request."""
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
    """Requests that go on until they are told to stop, and what came of them."""

    url: str
    token: str
    song: str
    done: int = 0
    failed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Connection": "close"}
        asks: list[tuple[str, str, Any]] = [
            ("POST", "/v1/me/plays", {"songId": self.song}),
            ("GET", "/v1/catalog/home/songs", None),
            ("GET", "/v1/catalog/home/search?term=song&types=songs", None),
        ]
        while not self.stop.is_set():
            method, path, body = asks[self.done % len(asks)]
            try:
                with httpx.Client(base_url=self.url, timeout=20) as client:
                    answer = client.request(method, path, json=body, headers=headers)
                if answer.status_code not in {200, 201}:
                    self.failed.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            except httpx.HTTPError as fault:
                self.failed.append(f"{method} {path}: {fault!r}")
            self.done += 1


@dataclass
class Cluster:
    """Two machines that serve music, and one that imports, encodes and projects."""

    music: list[Server]
    worker: Server
    balancer: Balancer


@pytest.fixture(scope="module")
def engines() -> Iterator[EnginesForTests]:
    engines = EnginesForTests()
    yield engines
    engines.close()


@pytest.fixture(scope="module")
def cluster(
    engines: EnginesForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    make_album(folder / "music" / "Ann" / "Alb")
    urls = engines.urls(_ENGINES, "machines")
    shared = urls | {"drain_seconds": _DRAIN_SECONDS, "http_workers": 1, "audio_workers": 1}
    for name in ("worker", "one", "two"):
        write_settings(folder / name, shared)
    # The worker serves HTTP as well here only so that its readiness can be asked for.
    worker = start_server(folder / "worker", "--music", str(folder / "music"))
    for name in ("one", "two"):
        shutil.copy(folder / "worker" / "secret", folder / name / "secret")
    music = [start_server(folder / name, "--role", "music") for name in ("one", "two")]
    balancer = Balancer()
    for server in music:
        balancer.backends[server.url] = False
    yield Cluster(music, worker, balancer)
    balancer.close()
    for server in (*music, worker):
        if server.process.poll() is None:
            assert stop_server(server) == 0


def songs(server: Server, token: str) -> list[Any]:
    return list(server.call("GET", "/v1/catalog/home/songs", token=token)[1]["data"])


def test_what_one_machine_imports_plays_and_is_found_on_every_other(cluster: Cluster) -> None:
    one, two = cluster.music
    token = cluster.worker.sign_in()
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
    assert cluster.worker.call("GET", "/readyz")[0] == 200


def test_a_rolling_restart_fails_no_request(cluster: Cluster) -> None:
    token = cluster.worker.sign_in()
    wait_until(lambda: songs(cluster.worker, token), what="the songs")
    song = songs(cluster.worker, token)[0]["id"]
    wait_until(lambda: all(cluster.balancer.backends.values()), what="two ready machines")
    loads = [Load(cluster.balancer.url, token, song) for _ in range(4)]
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        for number, server in enumerate(cluster.music):
            before = sum(load.done for load in loads)
            assert stop_server(server) == 0
            assert sum(load.done for load in loads) > before, "nobody was served meanwhile"
            del cluster.balancer.backends[server.url]
            again = start_server(server.data, "--role", "music")
            cluster.music[number] = again
            cluster.balancer.backends[again.url] = False
            wait_until(lambda at=again: cluster.balancer.backends[at.url], what="it is back")
        time.sleep(1)
    finally:
        for load in loads:
            load.stop.set()
        for thread in threads:
            thread.join(30)
    assert [fault for load in loads for fault in load.failed] == []
    assert sum(load.done for load in loads) > 100
