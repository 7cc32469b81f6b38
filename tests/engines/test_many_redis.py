"""Redis behind Sentinels and as a cluster: the contract, and a master that dies.

The figures that are printed stand in docs/guides/cluster.md.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import GuardedCache, about, open_cache
from antiphon.testing import CacheContract, SignalsContract
from antiphon.testing.checks import back
from antiphon.testing.engines import CannotInstall
from antiphon.testing.engines.many_redis import ClusteredRedis, ManyRedis, WatchedRedis

pytestmark = pytest.mark.faults

KINDS = (WatchedRedis, ClusteredRedis)
CACHE = Path(__file__).parents[2] / ".cache" / "engines"
LONGEST_FAILOVER_SECONDS = 30.0


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def many(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ManyRedis]:
    with ExitStack() as stack:
        made = request.param(tmp_path_factory.mktemp(request.param.name), CACHE)
        try:
            yield stack.enter_context(made)
        except CannotInstall as lack:
            pytest.skip(str(lack))


@pytest.fixture
async def cache(many: ManyRedis) -> AsyncIterator[GuardedCache]:
    for port in many.ports:
        many.ask(port, "flushall")  # those that follow refuse it
    cache = open_cache(many.url)
    assert isinstance(cache, GuardedCache)
    yield cache
    await cache.close()


class TestManyRedisCache(CacheContract):
    pass


class TestManyRedisSignals(SignalsContract):
    @pytest.fixture
    def signals(self, cache: GuardedCache) -> GuardedCache:
        return cache


async def test_the_doctor_is_told_what_it_is(cache: GuardedCache, many: ManyRedis) -> None:
    told = await about(cache)
    assert told is not None
    assert told.product.startswith("Redis ")
    assert ("cluster of 3" in told.product) is isinstance(many, ClusteredRedis)
    assert "its memory has no bound: set maxmemory." in told.advice


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_another_takes_the_place_of_a_master_that_dies(
    tmp_path: Path, kind: type[ManyRedis]
) -> None:
    with kind(tmp_path, CACHE) as servers:
        cache = open_cache(servers.url)
        keys = [f"key-{n}" for n in range(30)]  # on all masters of a cluster
        for key in keys:
            await cache.set(key, b"1", ttl=60)
        async with cache.subscribe("news") as messages:
            servers.processes[0].kill()
            began = time.monotonic()
            for key in keys:
                await back(lambda key=key: cache.set(key, b"2", ttl=60), LONGEST_FAILOVER_SECONDS)
            took = time.monotonic() - began
            assert [await cache.get(key) for key in keys] == [b"2"] * len(keys)
            heard = asyncio.ensure_future(anext(messages))
            async with asyncio.timeout(20):
                while not heard.done():
                    try:
                        await cache.publish("news", b"back")
                    except Unavailable:
                        continue
                    finally:
                        await asyncio.sleep(0.1)
            assert heard.result() == b"back"
        print(f"\n{kind.name}, a master killed: all keys written again after {took:.1f} s")
        await cache.close()


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://",
        "redis+cluster://host",
        "redis+cluster://h:1/3",
        "redis+sentinel://h:1/m/x",
    ],
)
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_cache(url)
