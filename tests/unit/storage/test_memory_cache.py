"""What only the cache of one machine promises."""

import asyncio
import os
from pathlib import Path

from antiphon.storage import MemoryCache, open_cache

_MIB = 1024 * 1024


async def test_cache_stays_within_its_size_and_keeps_working(tmp_path: Path) -> None:
    cache = MemoryCache(tmp_path, size=64 * _MIB)
    for number in range(300):
        await cache.set(f"{number}", os.urandom(_MIB), ttl=60)
        assert await cache.get(f"{number}") is not None
    kept = [n for n in range(300) if await cache.get(f"{n}") is not None]
    assert 1 <= len(kept) <= 64
    await cache.close()


async def test_expired_values_make_room(tmp_path: Path) -> None:
    cache = MemoryCache(tmp_path)
    await asyncio.gather(*(cache.set(f"old{n}", b"x", ttl=0.01) for n in range(3000)))
    await asyncio.sleep(0.02)
    for batch in range(5):
        await asyncio.gather(*(cache.set(f"new{batch}-{n}", b"x", ttl=60) for n in range(2000)))
    with cache._env.read() as txn:
        assert txn.stat(cache._values)["entries"] <= 10_000 + 100
    await cache.close()


async def test_values_of_an_earlier_boot_are_gone(tmp_path: Path) -> None:
    old = tmp_path / "cache-earlier"
    old.mkdir(parents=True)
    (old / "data.mdb").write_bytes(b"torn by a power cut")
    cache = open_cache(f"memory:{tmp_path}")
    assert await cache.get("a") is None
    assert not old.exists()
    await cache.close()


async def test_values_survive_a_restart_of_the_processes(tmp_path: Path) -> None:
    for expected in (None, b"1"):
        cache = open_cache(f"memory:{tmp_path}")
        assert await cache.get("a") == expected
        await cache.set("a", b"1", ttl=60)
        await cache.close()


async def test_subscriber_that_never_reads_loses_but_blocks_nobody(tmp_path: Path) -> None:
    cache = open_cache(f"memory:{tmp_path}")
    async with cache.subscribe("a"), cache.subscribe("b") as messages:
        for _ in range(12_000):
            await cache.publish("a", b"x")
        await cache.publish("b", b"heard")
        async with asyncio.timeout(5):
            assert await anext(messages) == b"heard"
    await cache.close()


async def test_closed_cache_leaves_no_socket(tmp_path: Path) -> None:
    cache = open_cache(f"memory:{tmp_path}")
    async with cache.subscribe("a"):
        assert len(list((tmp_path / "signals").iterdir())) == 1
    await cache.close()
    assert list((tmp_path / "signals").iterdir()) == []
