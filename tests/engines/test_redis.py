"""The cache and signals on a real Redis: the contract, and what happens when it is hurt."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import GuardedCache, open_cache
from antiphon.testing import CacheContract, SignalsAcrossProcesses, SignalsContract
from antiphon.testing.checks import refused

_DATABASES = 16


@pytest.fixture
def url(engine, request: pytest.FixtureRequest) -> str:
    """Return a database of the server that nobody else uses now; it is emptied first."""
    import redis

    whole = engine("redis").url.rpartition("/")[0]
    number = hash(request.node.nodeid) % _DATABASES
    with redis.Redis.from_url(f"{whole}/{number}") as client:
        client.flushdb()
    return f"{whole}/{number}"


@pytest.fixture
async def cache(url: str) -> AsyncIterator[GuardedCache]:
    cache = open_cache(url)
    assert isinstance(cache, GuardedCache)
    yield cache
    await cache.close()


class TestRedisCache(CacheContract):
    pass


class TestRedisSignals(SignalsContract):
    @pytest.fixture
    def signals(self, cache: GuardedCache) -> GuardedCache:
        return cache


class TestRedisSignalsAcrossProcesses(SignalsAcrossProcesses):
    pass


async def test_what_is_down_is_unavailable_and_comes_back_by_itself(own_engine):
    server = own_engine("redis")
    cache = open_cache(server.url)
    await cache.set("a", b"1", ttl=60)
    async with cache.subscribe("news") as messages:
        server.kill()
        await refused(Unavailable, cache.get("a"))
        await refused(Unavailable, cache.publish("news", b"lost"))
        server.start()
        assert await cache.get("a") is None, "a cache keeps nothing through a crash"
        await cache.set("a", b"2", ttl=60)
        assert await cache.get("a") == b"2"
        heard = asyncio.ensure_future(anext(messages))
        async with asyncio.timeout(20):
            while not heard.done():
                await cache.publish("news", b"back")
                await asyncio.sleep(0.1)
        assert heard.result() == b"back"
    await cache.close()


async def test_a_server_that_is_full_is_unavailable(own_engine):
    server = own_engine("redis")
    import redis

    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", "1")
    cache = open_cache(server.url)
    await refused(Unavailable, cache.set("a", b"1", ttl=60))
    await refused(Unavailable, cache.add("a", b"1", ttl=60))
    await refused(Unavailable, cache.increment("n", ttl=60))
    assert await cache.get("a") is None
    await cache.close()


async def test_a_subscription_outlives_an_outage_of_several_tries_to_connect(own_engine):
    server = own_engine("redis")
    cache = open_cache(server.url)
    async with cache.subscribe("news") as messages:
        server.kill()
        await asyncio.sleep(2)
        server.start()
        heard = asyncio.ensure_future(anext(messages))
        async with asyncio.timeout(20):
            while not heard.done():
                try:
                    await cache.publish("news", b"back")
                except Unavailable:  # its breaker is still open
                    continue
                finally:
                    await asyncio.sleep(0.1)
        assert heard.result() == b"back"
    await cache.close()


async def test_a_server_that_hangs_is_given_up_in_time(own_engine):
    server = own_engine("redis")
    cache = open_cache(server.url)
    await cache.set("a", b"1", ttl=60)
    server.pause()
    async with asyncio.timeout(5):
        await refused(Unavailable, cache.get("a"))
    server.resume()
    assert await cache.get("a") == b"1"
    await cache.close()


@pytest.mark.parametrize(
    "url", ["redis://host:port", "redis+sentinel://host/x", "redis+sentinel://h:1,k:2/"]
)
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_cache(url)
