"""Media looked after: what sinks, what goes, what stays, whatever happens in between."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from antiphon.audio import (
    STEREO_RUNGS,
    Census,
    MediaKeeper,
    Pace,
    PackageReducer,
    PackageStore,
    PackageWriter,
    Plays,
    Progress,
    Rung,
    TierRules,
    measure,
)
from antiphon.audio.model import Rendition, Segment
from antiphon.audio.ownership import OWNER_KEY
from antiphon.kernel import FixedClock, Unavailable, UnixMs
from antiphon.storage import StorageClass, TieredObjects, open_tables
from antiphon.testing import MemoryObjects

HOT, WARM, COLD = StorageClass
DAY_MS = 24 * 3_600_000
LEAN = TierRules(cold_rungs=(Rung.FLAC, Rung.AAC_128))


class Outbox:
    def __init__(self, tables):
        self.tables = tables

    async def write(self, table, key, mutations, events, *, topic):
        await self.tables.mutate(table, key, mutations)


class World:
    def __init__(self, folder, rules=LEAN):
        self.tables = open_tables(f"lmdb:{folder}")
        self.hot, self.cold = MemoryObjects(), MemoryObjects()
        self.port = TieredObjects(self.hot, {COLD: self.cold}, prefix="media/")
        self.packages = PackageStore(self.tables)
        self.clock = FixedClock(time.time_ns() // 1_000_000)
        self.asked = []
        self.rules = rules
        self.stop = asyncio.Event()

    @property
    def census(self):
        return Census(self.packages, self.port, self.rules)

    @property
    def keeper(self):
        async def remake(recording_id):
            self.asked.append(recording_id)

        return MediaKeeper(
            tables=self.tables,
            census=self.census,
            objects=self.port,
            clock=self.clock,
            remake=remake,
            pace=Pace(1e12),
        )

    async def add(self, name, making="one"):
        """Package a recording."""
        made = []
        for rung in STEREO_RUNGS:
            prefix = f"media/{name[:2]}/{name}/{rung}_{making}"
            segments = (Segment(1000, 10), Segment(500, 5))
            made.append(Rendition(rung, "x", prefix, 44100, 2, 16, 0, 0, 1500, 3, segments, 1, 1))
            await self.put(made[-1])
        outbox = Outbox(self.tables)
        await PackageWriter(outbox).put(Progress(name, name, made, None, complete=True))
        return made

    async def put(self, rendition):
        for number, segment in enumerate(rendition.segments):
            await self.port.put(rendition.segment_key(number), os.urandom(segment.size))
        await self.port.put(rendition.init_key, os.urandom(rendition.init_size))

    async def tidy(self, days=0.0, plays=None):
        self.clock.advance(ms=round(days * DAY_MS))
        return await self.keeper.tidy(plays or {}, self.stop)

    async def held(self, store, name):
        return {i.key.split("/")[3] async for i in store.list(f"media/{name[:2]}/{name}")}


@pytest.fixture
async def world(tmp_path):
    world = World(tmp_path / "tables")
    yield world
    await world.tables.close()


async def test_what_nobody_plays_sinks_when_it_is_old_and_keeps_what_it_must(world):
    await world.add("ab01")
    await world.add("ab02")
    assert (await world.tidy(1)).is_nothing
    played = {"ab02": Plays(3, 0)}
    done = await world.tidy(200, played)
    assert (done.objects_sunk, done.rungs_retired) == (5 * 3, 3)
    assert await world.held(world.hot, "ab01") == set()
    assert len(await world.held(world.hot, "ab02")) == 5
    await world.tidy(1.1, played)
    done = await world.tidy(0, played)
    assert await world.held(world.cold, "ab01") == {"flac_one", "aac-128_one"}
    assert done.orphans_collected == 9
    assert (await world.tidy(0, played)).is_nothing


async def test_what_is_played_again_is_made_whole(world):
    await world.add("ab01")
    await world.tidy(200)
    await world.tidy(0.5, {"ab01": Plays(1, 0)})
    package = await world.packages.package("ab01")
    assert package.complete  # put back, for it had not gone yet
    assert world.asked == []
    await world.tidy(0)
    await world.tidy(1.1)
    await world.tidy(0)
    await world.tidy(0, {"ab01": Plays(1, 0)})
    assert world.asked == ["ab01"]


async def test_orphans_stay_while_they_may_be_in_the_making(world):
    made = await world.add("ab01")
    half = Rendition(Rung.FLAC, "x", "media/cd/cd01/flac_x", 1, 2, 16, 0, 0, 1, 3, (), 1, 1)
    await world.put(half)
    assert (await world.tidy(0.9)).orphans_collected == 0
    done = await world.tidy(0.2)
    assert done.orphans_collected == 1
    assert await world.port.head(half.init_key) is None
    assert all([await world.port.head(key) for r in made for key in r.keys])


async def test_orphans_are_removed_from_every_store(world):
    await world.add("ab01")
    await world.port.put("media/cd/cd01/flac/0.m4s", b"clear")
    await world.port.sink("media/cd/cd01/flac/0.m4s", COLD)
    await world.hot.put("media/cd/cd01/flac/0.m4s", b"clear")
    await world.tidy(2)
    assert await world.port.head("media/cd/cd01/flac/0.m4s") is None


async def test_nothing_is_collected_with_tables_that_are_not_this_stores_own(world, tmp_path):
    await world.add("ab01")
    await world.port.put("media/cd/cd01/flac/0.m4s", b"clear")
    for store in (world.hot, world.cold):
        await store.put(OWNER_KEY, b"somebody else")
    assert (await world.tidy(2)).orphans_collected == 0
    empty = World(tmp_path / "others")
    empty.hot, empty.cold, empty.port = world.hot, world.cold, world.port
    assert (await empty.tidy(2)).orphans_collected == 0
    await empty.tables.close()


async def test_a_pass_that_lasts_too_long_collects_nothing_by_what_it_read_before(world):
    await world.add("ab01")
    await world.port.put("media/cd/cd01/flac/0.m4s", b"clear")
    await world.tidy(2)
    await world.port.put("media/cd/cd02/flac/0.m4s", b"clear")
    world.clock.advance(ms=2 * DAY_MS)
    keeper, began = world.keeper, world.clock.now()

    class Slow(FixedClock):
        def now(self):
            self.advance(ms=7 * 3_600_000)
            return super().now()

    keeper._clock = Slow(began)
    assert (await keeper.tidy({}, world.stop)).orphans_collected == 0


async def test_a_cold_store_that_is_away_loses_nothing(world):
    made = await world.add("ab01")

    async def away(*_args, **_more):
        raise Unavailable("away")

    world.cold.put = away
    with pytest.raises(Unavailable):
        await world.tidy(200)
    assert all([await world.port.get(key) for r in made for key in r.keys])


async def test_moves_are_held_to_a_pace():
    began = time.monotonic()
    for _ in range(3):
        await Pace(2_000_000).spend(100_000)
    assert time.monotonic() - began >= 3 * 100_000 / 2_000_000


async def test_told_to_stop_a_pass_ends_between_two_objects(world):
    await world.add("ab01")
    world.stop.set()
    assert (await world.tidy(200)).is_nothing


async def test_the_report_adds_up(world):
    for name in ("ab01", "ab02"):
        await world.add(name)
    await world.port.put("media/cd/cd01/flac/0.m4s", b"clear")
    await PackageReducer(world.tables).retire("ab02", [Rung.ALAC], world.clock.now())
    world.rules = TierRules()
    found = await measure(world.census, {}, [HOT, HOT, COLD], UnixMs(world.clock.now()))
    assert {days: grown.count for days, grown in found.growth.items()} == dict.fromkeys(
        ("1", "7", "30"), 9
    )
    world.clock.advance(ms=200 * DAY_MS)
    now = UnixMs(world.clock.now())
    found = await measure(world.census, {"ab01": Plays(1, 0)}, [HOT, HOT, COLD], now)
    size = 18  # of a rendition
    assert (found.stores["hot"].bytes, found.stores["hot"].count) == (10 * size + 5, 31)
    assert found.kinds["packages"].bytes == 9 * size
    assert found.kinds["departing"].bytes == size
    assert found.kinds["orphans"].bytes == found.freed["orphans"].bytes == 5
    assert (found.rungs["alac"].count, found.rungs["flac"].count) == (1, 2)
    assert found.classes["hot"].bytes == 5 * size
    assert found.classes["cold"].bytes == 4 * size
    assert found.freed["sinking"].bytes == 4 * size
    assert found.growth == {}
    assert found.incomplete == []
    assert "reducing" not in found.freed  # it is being made, or was reduced already
    await world.hot.delete("media/ab/ab01/flac_one/0.m4s")
    found = await measure(world.census, {}, [HOT, HOT, COLD], now)
    assert found.incomplete == ["media/ab/ab01/flac_one"]
    assert found.freed["reducing"].bytes == 3 * size


@pytest.mark.slow
def test_a_keeper_that_is_killed_at_any_moment_loses_nothing(tmp_path):
    script = Path(__file__).with_name("killing_keepers.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path, "7", "60"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["killed"] >= 60
    assert found["unreadable"] == []
    assert found["left"] == {"cold": ["aac-128", "flac"], "hot": []}
