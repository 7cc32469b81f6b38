"""S3 as the cold store: media sink there, are read from there, and it may go away."""

import asyncio
import hashlib
import time

import pytest

from antiphon.app.settings import Settings
from antiphon.app.tiering import with_lower_stores
from antiphon.audio import (
    Census,
    MediaKeeper,
    Pace,
    PackageStore,
    PackageWriter,
    Progress,
    Rung,
    TierRules,
)
from antiphon.audio.model import Rendition, Segment
from antiphon.kernel import FixedClock, Unavailable
from antiphon.storage import LmdbTables, StorageClass, TieredObjects, open_objects

DAY_MS = 24 * 3_600_000
SIZE = 150_000


class Outbox:
    def __init__(self, tables):
        self._tables = tables

    async def write(self, table, key, mutations, events, *, topic):
        await self._tables.mutate(table, key, mutations)


def sound(key: str) -> bytes:
    return hashlib.shake_128(key.encode()).digest(SIZE)


async def package(tables, port, name: str) -> Rendition:
    segments = tuple(Segment(1000, SIZE) for _ in range(6))
    prefix = f"media/{name[:2]}/{name}/flac_one"
    made = Rendition(Rung.FLAC, "fLaC", prefix, 44100, 2, 16, 0, 0, 6000, SIZE, segments, 1, 1)
    for key in made.keys:
        await port.put(key, sound(key))
    await PackageWriter(Outbox(tables)).put(Progress(name, name, [made], None, complete=True))
    return made


async def test_media_sink_into_s3_and_play_from_there(own_engine, tmp_path):
    gateway = own_engine("s3")
    tables = LmdbTables(tmp_path / "tables")
    hot = open_objects(f"file:{tmp_path}/hot")
    port = with_lower_stores(hot, Settings(objects_cold=gateway.url))
    assert isinstance(port, TieredObjects)
    cold = port.stores[StorageClass.COLD]
    old, orphan = await package(tables, port, "ab01"), "media/cd/cd01/flac_x/0.m4s"
    await cold.put(orphan, b"half")
    clock = FixedClock(time.time_ns() // 1_000_000 + 200 * DAY_MS)

    async def remake(_):
        return

    keeper = MediaKeeper(
        tables=tables,
        census=Census(PackageStore(tables), port, TierRules()),
        objects=port,
        clock=clock,
        remake=remake,
        pace=Pace(1e12),
    )

    async def listen() -> None:
        for _ in range(20):
            for key in old.keys:
                assert await port.get(key) == sound(key)
                await asyncio.sleep(0)

    done, _ = await asyncio.gather(keeper.tidy({}, asyncio.Event()), listen())
    assert (done.objects_sunk, done.orphans_collected) == (7, 1)
    assert await cold.head(orphan) is None
    while port._lifts:  # what was read while it moved comes up once more
        await asyncio.sleep(0.01)
    await keeper.tidy({}, asyncio.Event())
    assert [i.key async for i in hot.list("media")] == []
    assert sorted([i.key async for i in cold.list("media")]) == sorted(old.keys)
    gateway.pause()
    try:
        young = await package(tables, port, "ab02")
        assert await port.get(young.init_key) == sound(young.init_key)
        with pytest.raises(Unavailable):
            await port.get(old.init_key)
    finally:
        gateway.resume()
    assert (
        await port.get(old.segment_key(3), start=10, length=20) == sound(old.segment_key(3))[10:30]
    )
    await port.close()
    await tables.close()
