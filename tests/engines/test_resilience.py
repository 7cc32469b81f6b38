"""Guards around real engines that hang and die: deadlines, the breaker, the retry budget."""

import asyncio
import time

import pytest

from antiphon.kernel import Unavailable
from antiphon.storage import GuardedCache, GuardedObjects, State, open_cache, open_objects
from antiphon.testing.checks import back

pytestmark = pytest.mark.faults

_SLACK_SECONDS = 1.0  # of a busy machine


async def longest(calls) -> float:
    """Await all calls, each of which must be refused, at once; return what the longest took."""

    async def one(call) -> float:
        begin = time.monotonic()
        try:
            await call
        except Unavailable:
            return time.monotonic() - begin
        raise AssertionError("a paused engine answered")

    return max(await asyncio.gather(*(one(call) for call in calls)))


async def test_a_redis_that_hangs_costs_no_call_more_than_its_deadline(own_engine):
    server = own_engine("redis")
    cache = open_cache(server.url)
    assert isinstance(cache, GuardedCache)
    guard = cache.guard
    await cache.set("a", b"1", ttl=60)
    server.pause()
    took = await longest(cache.get("a") for _ in range(100))
    assert took < guard.policy.deadline + _SLACK_SECONDS
    assert guard.state is not State.CLOSED
    begin = time.monotonic()
    assert await longest(cache.get("a") for _ in range(100)) < guard.policy.attempt + _SLACK_SECONDS
    assert guard.counts.refused > 90, "an open breaker does not wait"
    assert time.monotonic() - begin < guard.policy.deadline
    assert guard.counts.retries <= 10 + 0.1 * guard.counts.calls
    server.resume()
    assert await back(lambda: cache.get("a"), 15) < 1.25 * guard.policy.longest_open
    assert guard.state is State.CLOSED
    assert await cache.get("a") == b"1"
    await cache.close()


async def test_a_redis_that_was_killed_is_found_again(own_engine):
    server = own_engine("redis")
    cache = open_cache(server.url)
    assert isinstance(cache, GuardedCache)
    await cache.set("a", b"1", ttl=60)
    server.kill()
    assert await longest(cache.get("a") for _ in range(20)) < cache.guard.policy.deadline
    assert cache.guard.counts.opened == 1
    server.start()
    await back(lambda: cache.set("a", b"2", ttl=60), 15)
    assert cache.guard.state is State.CLOSED
    await cache.close()


async def test_an_s3_that_hangs_and_dies_is_left_alone_and_found_again(own_engine):
    gateway = own_engine("s3")
    objects = open_objects(gateway.url)
    assert isinstance(objects, GuardedObjects)
    guard = objects.guard
    await objects.put("a", b"sound")
    gateway.pause()
    took = await longest(objects.head("a") for _ in range(20))
    assert took < guard.policy.deadline + _SLACK_SECONDS
    assert guard.state is not State.CLOSED
    assert guard.counts.retries <= 10 + 0.1 * guard.counts.calls
    gateway.resume()
    await back(lambda: objects.head("a"), 20)
    assert guard.state is State.CLOSED
    gateway.kill()
    assert await longest(objects.get("a") for _ in range(20)) < guard.policy.deadline
    gateway.start()
    await back(lambda: objects.head("a"), 20)
    assert await objects.get("a") == b"sound"
    assert guard.counts.opened >= 2
