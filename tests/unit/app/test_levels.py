"""The levels of an installation: before remote engines only, and told of every write."""

import asyncio
import os
from contextlib import asynccontextmanager

import pytest

from antiphon.app.level_metrics import LevelsCollector
from antiphon.app.levels import ROWS, Levels, levels_before
from antiphon.app.metrics import Metrics
from antiphon.audio import PackageStore
from antiphon.catalog import Catalog, open_search
from antiphon.kernel import HouseholdId, Invalid, SongId, SystemClock, Unavailable
from antiphon.rights import Rights, UseType
from antiphon.storage import (
    OBJECTS_POLICY,
    TABLES_POLICY,
    FileObjects,
    Guard,
    GuardedObjects,
    GuardedTables,
    LmdbTables,
    SetCell,
)
from antiphon.testing import MemoryCache, MemoryObjects, MemoryTables

HOME = HouseholdId("home")


class CountingTables(MemoryTables):
    """Tables in memory that count reads, and fail writes where told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[tuple[str, bytes]] = []
        self.loses_answers = False

    async def read_many(self, table, keys):
        self.reads += [(table, key) for key in keys]
        return await super().read_many(table, keys)

    async def mutate(self, table, key, mutations):
        await super().mutate(table, key, mutations)
        if self.loses_answers:
            raise Invalid("an answer that was lost")


class World:
    """One set of remote engines, and the processes on them."""

    def __init__(self) -> None:
        self.rows = CountingTables()
        self.objects = MemoryObjects()
        self.cache = MemoryCache()

    def process(self, *, serving: bool = True) -> Levels:
        return levels_before(
            GuardedTables(self.rows, Guard("tables", TABLES_POLICY)),
            GuardedObjects(self.objects, Guard("objects", OBJECTS_POLICY)),
            self.cache,
            SystemClock(),
            serving=serving,
        )


@asynccontextmanager
async def heard(levels: Levels):
    stop = asyncio.Event()
    listening = asyncio.create_task(levels.keep_heard(stop))
    await asyncio.sleep(0.01)
    yield
    stop.set()
    await listening
    await levels.close()


@pytest.fixture
def world() -> World:
    return World()


async def test_embedded_engines_have_nothing_before_them(tmp_path):
    tables, objects = LmdbTables(tmp_path / "tables"), FileObjects(tmp_path / "objects")
    levels = levels_before(tables, objects, MemoryCache(), SystemClock(), serving=True)
    assert levels.tables is levels.reading is tables
    assert levels.objects is objects
    assert levels.caches == {}
    assert levels.rights_away == 0.0
    await levels.keep_heard(asyncio.Event())
    await tables.close()


async def test_who_does_not_serve_reads_what_was_written_last_and_tells_what_it_writes(world):
    worker, server = world.process(serving=False), world.process()
    assert worker.caches == {}
    async with heard(server):
        await worker.tables.mutate("packages", b"r", [SetCell("p", "complete", b"1")])
        await asyncio.sleep(0.01)
        first = await server.reading.read("packages", b"r")
        again = await server.reading.read("packages", b"r")
        assert first is again is not None
        await worker.tables.mutate("packages", b"r", [SetCell("p", "complete", b"2")])
        await asyncio.sleep(0.01)
        changed = await server.reading.read("packages", b"r")
        assert changed.value("p", "complete") == b"2"


async def test_a_catalogue_page_is_read_once(world, tmp_path):
    server = world.process()
    catalog = Catalog(server.reading, server.objects, open_search(f"tantivy:{tmp_path}"))
    ids = [SongId(str(n)) for n in range(5)]
    for key in ids:
        await server.tables.mutate("catalog_songs", key.encode(), [SetCell("s", "stale", b"\x90")])
    for _ in range(3):
        assert await catalog.songs(ids) == [None] * 5
    assert len(world.rows.reads) == 5
    await server.close()


async def test_the_tables_that_are_held_are_those_that_the_rooms_read(world, tmp_path):
    server = world.process()
    catalog = Catalog(server.reading, server.objects, open_search(f"tantivy:{tmp_path}"))
    packages = PackageStore(server.reading)
    for ask in (catalog.song, catalog.album, catalog.artist, catalog.genre, packages.package):
        assert await ask("x") is None
    assert {table for table, _ in world.rows.reads} == set(ROWS)
    assert sum(cache.counts.misses for cache in server.caches.values()) == len(ROWS)
    await server.close()


async def test_a_package_that_still_grows_is_read_every_time(world):
    server = world.process()
    await server.tables.mutate("packages", b"r", [SetCell("p", "hash", b"h")])
    for _ in range(3):
        await server.reading.read("packages", b"r")
    assert len(world.rows.reads) == 3
    await server.close()


async def test_a_write_whose_answer_was_lost_is_told_as_well(world):
    worker, server = world.process(serving=False), world.process()
    async with heard(server):
        await worker.tables.mutate("packages", b"r", [SetCell("p", "complete", b"1")])
        await asyncio.sleep(0.01)
        await server.reading.read("packages", b"r")
        world.rows.loses_answers = True
        with pytest.raises(Invalid):
            await worker.tables.mutate("packages", b"r", [SetCell("p", "complete", b"2")])
        await asyncio.sleep(0.01)
        assert (await server.reading.read("packages", b"r")).value("p", "complete") == b"2"


async def test_segments_are_held_whole_and_parts_cut_from_them(world):
    server, worker = world.process(), world.process(serving=False)
    async with heard(server):
        await worker.objects.put("media/a/0.m4s", b"0123456789")
        await asyncio.sleep(0.01)
        assert await server.objects.get("media/a/0.m4s") == b"0123456789"
        await world.objects.put("media/a/0.m4s", b"behind all backs")
        assert await server.objects.get("media/a/0.m4s") == b"0123456789"
        assert await server.objects.get("media/a/0.m4s", start=2, length=3) == b"234"
        assert await server.objects.get("media/a/0.m4s", start=8, length=9) == b"89"
        assert await server.objects.get("media/a/0.m4s", start=10) == b""
        with pytest.raises(Invalid):
            await server.objects.get("media/a/0.m4s", start=11)
        await worker.objects.put("media/a/0.m4s", b"new")
        await asyncio.sleep(0.01)
        assert await server.objects.get("media/a/0.m4s") == b"new"
        await worker.objects.delete("media/a/0.m4s")
        await asyncio.sleep(0.01)
        assert await server.objects.get("media/a/0.m4s") is None


async def test_what_is_no_media_is_not_held(world):
    server = world.process()
    await server.objects.put("artwork/a", b"one")
    await server.objects.get("artwork/a")
    await world.objects.put("artwork/a", b"two")
    assert await server.objects.get("artwork/a") == b"two"
    await server.close()


async def test_a_change_of_rights_is_heard_before_anybody_looks(world):
    server, desk = world.process(), world.process(serving=False)
    rights = Rights(server.reading, SystemClock(), away=server.rights_away)
    server.watch_rights(rights)
    async with heard(server):
        assert (await rights.decide(HOME, SongId("s"))).allowed
        await desk.tables.mutate("rights_songs", b"s", [SetCell("x", "x", b"")])
        await asyncio.sleep(0.01)
        assert rights.peek(HOME, SongId("s"), UseType.STREAM) is None
    await rights.close()


async def test_the_page_tells_what_each_level_answered(world, tmp_path):
    server, metrics = world.process(), Metrics(tmp_path, "music")
    metrics.watch(LevelsCollector(server))
    await server.tables.mutate("packages", b"r", [SetCell("p", "complete", b"1")])
    for _ in range(3):
        await server.reading.read("packages", b"r")
    page = metrics.page().decode()
    process = f'process="music-{os.getpid()}"'
    assert f'antiphon_cache_hits_total{{kind="packages",level="process",{process}}} 2.0' in page
    assert f'antiphon_cache_misses_total{{kind="packages",level="shared",{process}}} 1.0' in page
    assert f'antiphon_cache_loads_total{{kind="packages",{process}}} 1.0' in page
    assert f'antiphon_cache_bytes{{kind="packages",{process}}}' in page
    await server.close()


async def test_a_cache_that_is_away_keeps_nobody_from_writing(world):
    class Away(MemoryCache):
        async def set(self, key, value, *, ttl):
            raise Unavailable("away")

        async def publish(self, channel, payload):
            raise Unavailable("away")

    world.cache = Away()
    desk = world.process(serving=False)
    await desk.tables.mutate("packages", b"r", [SetCell("p", "complete", b"1")])
    assert desk.changes.untold == 1
    assert await world.rows.read("packages", b"r") is not None
