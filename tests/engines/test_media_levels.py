"""Segments that a server holds go on being sent while the object store hangs."""

import time

import pytest

from antiphon.app.levels import levels_before
from antiphon.kernel import SystemClock, Unavailable
from antiphon.storage import LmdbTables, open_objects
from antiphon.testing import MemoryCache


async def test_segments_that_are_held_are_sent_while_the_store_hangs(own_engine, tmp_path):
    gateway = own_engine("s3")
    tables = LmdbTables(tmp_path / "tables")
    levels = levels_before(
        tables, open_objects(gateway.url), MemoryCache(), SystemClock(), serving=True
    )
    assert levels.reading is tables, "embedded tables need nothing before them"
    for number in range(2):
        await levels.objects.put(f"media/a/{number}.m4s", b"sound" * 20_000)
    await levels.objects.get("media/a/0.m4s")
    gateway.pause()
    try:
        began = time.monotonic()
        for _ in range(100):
            assert await levels.objects.get("media/a/0.m4s") == b"sound" * 20_000
            assert await levels.objects.get("media/a/0.m4s", start=5, length=5) == b"sound"
        assert time.monotonic() - began < 0.5
        with pytest.raises(Unavailable):
            await levels.objects.get("media/a/1.m4s")
    finally:
        gateway.resume()
    assert await levels.objects.get("media/a/1.m4s") == b"sound" * 20_000
    await levels.close()
    await levels.objects.close()
    await tables.close()
