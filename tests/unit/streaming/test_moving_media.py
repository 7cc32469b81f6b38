"""A stream that was granted plays to its end, whatever is done to its media meanwhile."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from antiphon.audio import (
    STEREO_RUNGS,
    AudioWorker,
    Census,
    MediaKeeper,
    Pace,
    PackageReducer,
    Rung,
    TierRules,
    run_worker,
)
from antiphon.catalog import Catalog, Song, open_search
from antiphon.eventlog import Outbox
from antiphon.kernel import FixedClock, SystemClock, UnixMs
from antiphon.storage import StorageClass, TieredObjects, open_objects

from .conftest import Answer, House, opened

HOUR_MS = 3_600_000
PASSES = 16
PATHSEND = {"http.response.pathsend": {}}
LOSSY = (Rung.AAC_64, Rung.AAC_128, Rung.AAC_256, Rung.ALAC)
KEEP_ALL = TierRules(hot_days=0, cold_days=0)
LEAN = TierRules(hot_days=0, cold_days=0, cold_rungs=(Rung.FLAC,))


@dataclass
class World:
    """A house whose media may lie in two stores, and those who move them."""

    house: House
    port: TieredObjects
    clock: FixedClock

    def keeper(self, rules: TierRules) -> MediaKeeper:
        async def remake(_: str) -> None:
            return

        return MediaKeeper(
            tables=self.house.tables,
            census=Census(self.house.packages, self.port, rules),
            objects=self.port,
            clock=self.clock,
            remake=remake,
            pace=Pace(1e12),
        )

    async def tidy(self, rules: TierRules) -> None:
        await self.keeper(rules).tidy({}, asyncio.Event())

    async def fetch(self, url: str) -> Answer:
        answer = await self.house.call("GET", url)
        assert answer.path is None, "a path that may be gone was handed to the server"
        return answer

    async def all_of(self, grant: Any) -> Mapping[str, bytes]:
        """Return every object that a grant lets its player fetch."""
        found = {}
        for variant in grant["variants"]:
            names = [variant["init"], *(f"{n}.m4s" for n in range(len(variant["segments"])))]
            for url in (variant["baseUrl"] + name for name in names):
                answer = await self.fetch(url)
                assert answer.status == 200, (url, answer.body)
                found[url] = answer.body
        return found


@asynccontextmanager
async def moved_house(
    furnished: tuple[Path, dict[str, Song]], folder: Path
) -> AsyncIterator[World]:
    """Open a copy of the house, for what is done here is not undone."""
    shutil.copytree(furnished[0], folder / "house")
    async with opened(folder / "house", furnished[1], folder) as house:
        lower = {StorageClass.COLD: open_objects(f"file:{folder}/cold")}
        port = TieredObjects(house.objects, lower, prefix="media/")
        house.service.objects = port
        house.extensions.update(PATHSEND)
        house.clock.advance(ms=SystemClock().now() - house.clock.now())
        yield World(house, port, FixedClock(SystemClock().now()))
        await port.close()


@pytest.mark.parametrize("seed", range(4))
async def test_every_byte_of_a_grant_stays_readable_under_random_moves_and_kills(
    furnished: tuple[Path, dict[str, Song]], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    async with moved_house(furnished, tmp_path) as world:
        grants = [await world.house.grant(name) for name in ("first", "second", "locked")]
        wanted = {u: d for g in grants for u, d in (await world.all_of(g)).items()}
        over = asyncio.Event()
        passes = 0

        async def move() -> None:
            nonlocal passes
            while not over.is_set():
                rules = chance.choice([LEAN, KEEP_ALL])
                work = asyncio.create_task(world.tidy(rules))
                if chance.random() < 0.5:  # killed somewhere
                    await asyncio.wait((work,), timeout=chance.uniform(0, 0.05))
                    work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
                passes += 1
                if passes < PASSES:  # up to nearly the six hours that a grant lives
                    world.clock.advance(ms=6 * HOUR_MS // PASSES)
                    world.house.clock.advance(ms=6 * HOUR_MS // PASSES)
                world.house.service.forget(world.house.id("first"))
                await asyncio.sleep(0)

        async def play() -> None:
            urls = list(wanted)
            while passes < PASSES:
                chance.shuffle(urls)
                for url in urls:
                    assert (await world.fetch(url)).body == wanted[url], url
                    await asyncio.sleep(0)  # the movers' turn

        movers = [asyncio.create_task(move()) for _ in range(2)]
        try:
            await play()
        finally:
            over.set()
            await asyncio.gather(*movers)
        assert world.port.counts.reads[StorageClass.COLD] > 0


async def test_a_rung_that_is_taken_away_is_offered_to_nobody_and_sent_to_whom_it_was_granted(
    furnished: tuple[Path, dict[str, Song]], tmp_path: Path
) -> None:
    async with moved_house(furnished, tmp_path) as world:
        house, name = world.house, "first"
        before = await house.grant(name)
        wanted = await world.all_of(before)
        assert {v["rung"] for v in before["variants"]} > {"flac"}
        await world.tidy(LEAN)
        house.service.forget(house.id(name))
        after = await house.grant(name)
        assert [v["rung"] for v in after["variants"]] == ["flac"]
        assert await world.all_of(before) == wanted
        playlist = await world.fetch(before["playlistUrl"])
        assert playlist.status == 200
        assert playlist.body.count(b"#EXT-X-STREAM-INF") == len(before["variants"])
        await world.tidy(KEEP_ALL)
        house.service.forget(house.id(name))
        again = await house.grant(name)
        assert {v["rung"] for v in again["variants"]} == {v["rung"] for v in before["variants"]}
        assert await world.all_of(before) == wanted


async def test_rungs_go_for_good_only_when_no_grant_can_name_them(
    furnished: tuple[Path, dict[str, Song]], tmp_path: Path
) -> None:
    async with moved_house(furnished, tmp_path) as world:
        before = await world.house.package("first")
        await world.tidy(LEAN)
        world.clock.advance(ms=24 * HOUR_MS - 60_000)
        for _ in range(3):
            await world.tidy(LEAN)
        assert len((await world.house.package("first")).departing) == 4
        world.clock.advance(ms=2 * 60_000)
        for _ in range(2):  # one to forget, one to collect
            await world.tidy(LEAN)
        package = await world.house.package("first")
        stereo = [r.rung for r in package.renditions if r.rung in STEREO_RUNGS]
        assert (stereo, package.departing) == ([Rung.FLAC], ())
        for rung in LOSSY:
            rendition = before.rendition(rung)
            assert rendition is not None
            assert [await world.port.head(key) for key in rendition.keys] == [None] * len(
                rendition.keys
            )
        flac = before.rendition(Rung.FLAC)
        assert flac is not None
        assert all([await world.port.head(key) for key in flac.keys])


async def test_an_album_that_is_made_anew_under_a_stream_gives_it_the_same_bytes(
    furnished: tuple[Path, dict[str, Song]], tmp_path: Path
) -> None:
    async with moved_house(furnished, tmp_path) as world:
        house, name = world.house, "first"
        grant = await house.grant(name)
        wanted = await world.all_of(grant)
        recording = house.songs[name].recording_id
        await PackageReducer(house.tables).retire(recording, LOSSY, UnixMs(world.clock.now()))
        worker = AudioWorker(
            "test",
            house.jobs,
            house.packages,
            Catalog(house.tables, world.port, open_search(f"tantivy:{tmp_path}/search")),
            world.port,
            Outbox(house.tables, house.events, house.clock),
            house.signals,
            house.vault,
        )
        stop = asyncio.Event()
        working = asyncio.create_task(run_worker(worker, stop))
        await house.jobs.enqueue_album(house.songs[name].album_id)
        async with asyncio.timeout(60):
            while not (package := await house.package(name)).complete:
                assert await world.all_of(grant) == wanted
                house.service.forget(house.id(name))
                await asyncio.sleep(0.05)
        stop.set()
        await working
        assert len(package.departing) == len(LOSSY)
        house.service.forget(house.id(name))
        assert await world.all_of(grant) == wanted
