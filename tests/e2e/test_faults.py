"""Each engine of a running installation, paused, killed, slow: what is lost, waits, and goes on.

The figures that are printed stand in docs/guides/cluster.md.
"""

import asyncio
import itertools
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from antiphon.eventlog import open_eventlog
from antiphon.streaming.events import TOPIC

from .conftest import Server, start_server, stop_server, wait_until
from .on_engines import EnginesForTests, write_settings
from .routes_world import make_album

pytestmark = [pytest.mark.engines, pytest.mark.faults]

_ENGINES = ("redis", "s3", "kafka", "cassandra")
_AWAY_SECONDS = {"paused": 30.0, "killed": 6.0}
_BEFORE_SECONDS = 2.0
_LONGEST_SECONDS = 20.0  # no request waits longer, whatever engine is away
_BACK_SECONDS = 30.0
_READY_SECONDS = 4.0  # balancers do not wait longer
_WELL = 20  # good answers in a row
_SLOW_SECONDS = 0.2  # that every answer of a slow engine comes later
_SLOW_FOR_SECONDS = 8.0


@dataclass
class Asking:
    """One kind of request, again and again; how long each took, and what was answered."""

    name: str
    ask: Callable[[httpx.Client], httpx.Response]
    good: frozenset[int]
    url: str
    stop: threading.Event
    times: list[tuple[float, float, int]] = field(default_factory=list)
    answers: list[httpx.Response] = field(default_factory=list)

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.is_set():
                began = time.monotonic()
                try:
                    answer = self.ask(client)
                    status = answer.status_code
                    if status in self.good:
                        self.answers.append(answer)
                except httpx.HTTPError:
                    status = 0
                self.times.append((began, time.monotonic() - began, status))
                time.sleep(0.02)

    def between(self, begin: float, end: float) -> list[tuple[float, float, int]]:
        return [t for t in self.times if begin <= t[0] < end]

    def failed(self, begin: float, end: float) -> int:
        """Count what was asked from ``begin`` on, answered before ``end``, and not well."""
        found = self.between(begin, end)
        return sum(at + took < end and status not in self.good for at, took, status in found)

    def is_well(self) -> bool:
        """Say whether the last answers were good."""
        return all(status in self.good for _, _, status in self.times[-_WELL:])

    def longest(self) -> float:
        return max(took for _, took, _ in self.times)

    def usual(self, begin: float, end: float) -> float:
        """Return what half of the requests took at most; there may have been none."""
        return statistics.median([took for _, took, _ in self.between(begin, end)] or [0.0])

    def back_after(self, moment: float) -> float:
        """Return after how long, from that moment on, every request is answered well."""
        bad = [at + took for at, took, s in self.times if at + took > moment and s not in self.good]
        return max((end - moment for end in bad), default=0.0)


@dataclass
class World:
    """A server on real engines, an owner, and a song that plays."""

    server: Server
    engines: EnginesForTests
    token: str
    song: str
    segments: list[str]
    play: str
    first_report: int
    reports: Iterator[int] = field(default_factory=itertools.count)
    told: set[int] = field(default_factory=set)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def segment(self, client: httpx.Client) -> httpx.Response:
        """Fetch the next segment of what plays."""
        self.segments.append(self.segments.pop(0))
        return client.get(self.segments[0])

    def grant(self, client: httpx.Client) -> httpx.Response:
        return client.post("/v1/me/plays", json={"songId": self.song}, headers=self.headers)

    def playlist(self, client: httpx.Client) -> httpx.Response:
        name = f"At {time.monotonic_ns()}"
        return client.post("/v1/me/playlists", json={"name": name}, headers=self.headers)

    def listing(self, client: httpx.Client) -> httpx.Response:
        """List playlists: a scan of the tables."""
        return client.get("/v1/me/playlists?limit=20", headers=self.headers)

    def report(self, client: httpx.Client) -> httpx.Response:
        """Tell what was heard of a play: an event for the log, by a time that no other has."""
        at = self.first_report + next(self.reports)
        told = {"events": [{"type": "started", "positionMs": 0, "at": at}]}
        answer = client.post(f"/v1/me/plays/{self.play}/events", json=told, headers=self.headers)
        if answer.status_code == 202:
            self.told.add(at)
        return answer

    async def in_log(self) -> set[int]:
        """Return the times of the reports that the log holds, from its beginning."""
        log = open_eventlog(self.server.engine_url("events"))
        found: set[int] = set()
        try:
            async with log.subscribe(TOPIC, group=f"check-{time.monotonic_ns()}") as subscription:
                quiet = 0
                while quiet < 4:
                    records = await subscription.poll(wait=2)
                    quiet = 0 if records else quiet + 1
                    told = [json.loads(r.envelope.payload) for r in records]
                    found |= {t["at_ms"] for t in told if "at_ms" in t}
        finally:
            await log.close()
        return found

    def kept(self) -> set[str]:
        """Return the ids of all playlists."""
        found: set[str] = set()
        with httpx.Client(base_url=self.server.url, headers=self.headers, timeout=60) as client:
            while True:
                path = f"/v1/me/playlists?limit=100&offset={len(found)}"
                page = client.get(path).raise_for_status().json()["data"]
                if not page:
                    return found
                found |= {p["id"] for p in page}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("faults")
    make_album(folder / "music" / "Ann" / "Alb")
    engines = EnginesForTests(by_links=True)
    write_settings(folder / "data", engines.urls(_ENGINES, "faults") | {"http_workers": 1})
    server = start_server(folder / "data", "--music", str(folder / "music"))
    try:
        token = server.sign_in()
        page = "/v1/catalog/home/songs"
        wait_until(lambda: server.call("GET", page, token=token)[1]["data"], what="the songs")
        song = server.call("GET", page, token=token)[1]["data"][0]["id"]
        play, segments = played(server, token, song)
        yield World(server, engines, token, song, segments, play, round(time.time() * 1000))
    finally:
        stop_server(server)
        engines.close()


def played(server: Server, token: str, song: str) -> tuple[str, list[str]]:
    """Play a song; return the play and the addresses of its segments, each sent once."""

    def grant() -> dict[str, str] | None:
        status, body = server.call("POST", "/v1/me/plays", {"songId": song}, token)
        return body if status == 201 else None

    granted = wait_until(grant, what="a grant")
    with httpx.Client(base_url=server.url, timeout=20) as client:
        playlist = client.get(granted["playlistUrl"]).raise_for_status().text
        media = next(line for line in playlist.splitlines() if line and line[0] != "#")
        at = httpx.URL(granted["playlistUrl"]).join(media)
        lines = client.get(str(at)).raise_for_status().text.splitlines()
        found = [str(at.join(line)) for line in lines if line and line[0] != "#"]
        for segment in found:
            client.get(segment).raise_for_status()
    return granted["id"], found


def hurt(
    world: World, act: Callable[[], object], mend: Callable[[], object], seconds: float
) -> tuple[float, float, list[Asking]]:
    """Ask all along, while an engine is hurt and mended; return both moments, and what came."""
    stop = threading.Event()
    url = world.server.url
    asking = [
        Asking("segment", world.segment, frozenset({200}), url, stop),
        Asking("grant", world.grant, frozenset({201}), url, stop),
        Asking("playlist", world.playlist, frozenset({201}), url, stop),
        Asking("report", world.report, frozenset({202}), url, stop),
        Asking("listing", world.listing, frozenset({200}), url, stop),
        Asking("readyz", lambda client: client.get("/readyz"), frozenset({200}), url, stop),
    ]
    threads = [threading.Thread(target=one.run) for one in asking]
    for thread in threads:
        thread.start()
    try:
        time.sleep(_BEFORE_SECONDS)
        begin = time.monotonic()
        act()
        time.sleep(seconds)
        mend()
        mended = time.monotonic()
        time.sleep(1)
        wait_until(lambda: all(a.is_well() for a in asking), seconds=_BACK_SECONDS, what="all well")
    finally:
        stop.set()
        for thread in threads:
            thread.join(90)
    return begin, mended, asking


@pytest.mark.parametrize("name", _ENGINES)
@pytest.mark.parametrize("way", ["paused", "killed"])
def test_an_engine_that_is_away_loses_nothing_and_stops_no_music(
    world: World, name: str, way: str
) -> None:
    engine = world.engines.engine(name, "faults")
    act, mend = (engine.pause, engine.resume) if way == "paused" else (engine.kill, engine.start)
    begin, mended, asking = hurt(world, act, mend, _AWAY_SECONDS[way])
    for one in asking:
        print(
            f"{name} {way}: {one.name}: {len(one.between(begin, mended))} asked, "
            f"{one.failed(begin, mended)} refused, longest {one.longest():.1f} s, "
            f"well again after {one.back_after(mended):.1f} s"
        )
    segment, grant, playlist, report, listing, ready = asking
    assert segment.failed(0, float("inf")) == 0, "what was heard before goes on"
    assert grant.failed(0, float("inf")) == 0, "what was granted before is granted"
    assert ready.failed(0, float("inf")) == 0, "no balancer takes the machine out"
    assert ready.longest() < _READY_SECONDS
    assert playlist.failed(0, begin) == report.failed(0, begin) == listing.failed(0, begin) == 0
    if name != "cassandra":
        assert listing.failed(0, float("inf")) == 0
    assert max(one.longest() for one in asking) < _LONGEST_SECONDS
    assert max(one.back_after(mended) for one in asking) < _BACK_SECONDS
    nothing_is_lost(world, playlist)


@pytest.mark.parametrize("name", ["redis", "s3", "kafka"])
def test_an_engine_that_is_slow_makes_nothing_fail(world: World, name: str) -> None:
    link = world.engines.link(name, "faults")

    def slow() -> None:
        link.delay = _SLOW_SECONDS

    def fast() -> None:
        link.delay = 0.0

    begin, mended, asking = hurt(world, slow, fast, _SLOW_FOR_SECONDS)
    for one in asking:
        print(
            f"{name} slow: {one.name}: {len(one.between(begin, mended))} asked, "
            f"usually {one.usual(begin, mended):.2f} s (before {one.usual(0, begin):.2f} s), "
            f"longest {one.longest():.1f} s"
        )
    assert [one.name for one in asking if one.failed(0, float("inf"))] == []
    assert max(one.longest() for one in asking) < _LONGEST_SECONDS
    segment = asking[0]
    assert segment.usual(begin, mended) < _SLOW_SECONDS, "what is held here waits for no engine"
    nothing_is_lost(world, asking[2])


def nothing_is_lost(world: World, playlist: Asking) -> None:
    acknowledged = {answer.json()["data"][0]["id"] for answer in playlist.answers}
    assert acknowledged <= world.kept(), "an acknowledged playlist is gone"
    assert world.told <= asyncio.run(world.in_log()), "an acknowledged report is gone"
    assert world.server.process.poll() is None
