"""Plays come in while Kafka and Cassandra die and hang: the ledger and the charts count each once.

A play is told until it is taken, and then told again: by then it may have been taken several times.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest

from antiphon.charts import PlayCounts
from antiphon.kernel import SystemClock, UnixMs
from antiphon.rights import Ledger, Period
from antiphon.storage import open_tables
from antiphon.testing.plays import SyntheticSongs

from .conftest import Server, start_server, stop_server, wait_until
from .on_engines import EnginesForTests, write_settings
from .test_charts import SONGS, write_song

pytestmark = [pytest.mark.engines, pytest.mark.faults]

_LISTENERS = 4
_AWAY_SECONDS = {"paused": 8.0, "killed": 3.0}  # longer than an answer is waited for
_AFTER_SECONDS = 2.0
_COUNTED_SECONDS = 180.0  # on a machine that does other things as well
_HEARD_SECONDS = 1.2  # of two: nobody hears more than has passed
_DAY_MS = 86_400_000


@dataclass
class World:
    """A server whose tables and log can be hurt, and the plays that it has taken."""

    server: Server
    engines: EnginesForTests
    token: str
    songs: list[str]
    taken: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def listen(self, number: int) -> None:
        """Play one song after another, and tell each play; begin no more once told to stop."""
        headers = {"Authorization": f"Bearer {self.token}"}
        song = self.songs[number % len(self.songs)]
        with httpx.Client(base_url=self.server.url, headers=headers, timeout=60) as client:
            while not self.stop.is_set():
                granted = client.post("/v1/me/plays", json={"songId": song})
                if granted.status_code != 201:
                    time.sleep(0.2)
                    continue
                play = granted.json()["id"]
                time.sleep(_HEARD_SECONDS)
                at = round(time.time() * 1000)
                ended = {"type": "ended", "positionMs": 2000, "heardMs": 2000, "at": at}
                for _ in range(2):
                    self.tell(client, play, ended)
                self.taken.add(play)

    def tell(self, client: httpx.Client, play: str, ended: dict[str, object]) -> None:
        while True:
            answer = client.post(f"/v1/me/plays/{play}/events", json={"events": [ended]})
            if answer.status_code == 202:
                return
            time.sleep(0.5)

    async def counted(self) -> tuple[int, int]:
        """Return all plays in the ledger and in the charts, of yesterday, today and tomorrow."""
        tables = open_tables(self.server.engine_url("tables"))
        now = SystemClock().now()
        try:
            ledger = Ledger(tables, SystemClock(), SyntheticSongs())
            months = {Period.of(UnixMs(now + days * _DAY_MS)) for days in (-1, 0, 1)}
            usage = [await ledger.counted(month) for month in months]
            today, charts = now // _DAY_MS, 0
            async for _, played in PlayCounts(tables, SyntheticSongs()).days(today - 1, today + 1):
                charts += played.plays
            return sum(sum(one.values()) for one in usage), charts
        finally:
            await tables.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("counted")
    for title, artist, album, genre, _ in SONGS:
        write_song(folder / "music" / album, title, artist, album, genre)
    engines = EnginesForTests()
    urls = engines.urls(("kafka", "cassandra"), "counted")
    write_settings(folder / "data", urls | {"http_workers": 1})
    server = start_server(folder / "data", "--music", str(folder / "music"))
    try:
        token = server.sign_in()
        page = "/v1/catalog/home/songs"

        def all_play() -> list[str] | None:
            ids = [s["id"] for s in server.call("GET", page, token=token)[1]["data"]]
            grants = [server.call("POST", "/v1/me/plays", {"songId": i}, token) for i in ids]
            good = len(ids) == len(SONGS) and all(status == 201 for status, _ in grants)
            return ids if good else None

        songs = wait_until(all_play, seconds=60, what="songs that play")
        yield World(server, engines, token, songs)
    finally:
        stop_server(server)
        engines.close()


@pytest.mark.parametrize("name", ["kafka", "cassandra"])
@pytest.mark.parametrize("way", ["paused", "killed"])
def test_each_play_counts_once_whatever_happened_meanwhile(
    world: World, name: str, way: str
) -> None:
    engine = world.engines.engine(name, "counted")
    world.stop.clear()
    before = len(world.taken)
    with ThreadPoolExecutor(_LISTENERS) as listeners:
        listening = [listeners.submit(world.listen, n) for n in range(_LISTENERS)]
        try:
            time.sleep(2)
            if way == "paused":
                engine.pause()
            else:
                engine.kill()
            time.sleep(_AWAY_SECONDS[way])
            if way == "paused":
                engine.resume()
            else:
                engine.start()
            mended = time.monotonic()
            time.sleep(_AFTER_SECONDS)
        finally:
            world.stop.set()
        for one in listening:
            one.result(90)
    told = len(world.taken)
    wait_until(
        lambda: min(asyncio.run(world.counted())) >= told, seconds=_COUNTED_SECONDS, what="counts"
    )
    took = time.monotonic() - mended
    time.sleep(1)
    assert asyncio.run(world.counted()) == (told, told)
    print(f"\n{name} {way}: {told - before} plays, each told twice, counted {took:.0f} s after")
