"""What every driver of the cache and signals ports keeps."""
# ruff: noqa: D102 - the name of each test is the sentence that it promises

import asyncio
from collections.abc import AsyncIterator

from antiphon.kernel import Invalid
from antiphon.storage import (
    MAX_CACHE_KEY_BYTES,
    MAX_CACHE_VALUE_BYTES,
    MAX_SIGNAL_BYTES,
    Cache,
    Signals,
)
from antiphon.testing.checks import refused

_SHORT = 0.15
_LONG = 60.0
_PATIENCE_SECONDS = 5.0


class CacheContract:
    """The fixture ``cache`` is a driver on an empty cache."""

    async def test_absent_value_is_none(self, cache: Cache) -> None:
        assert await cache.get("nothing") is None

    async def test_value_is_read_back_until_it_expires(self, cache: Cache) -> None:
        await cache.set("short", b"1", ttl=_SHORT)
        await cache.set("long", b"2", ttl=_LONG)
        assert await cache.get("short") == b"1"
        await asyncio.sleep(_SHORT + 0.02)
        assert await cache.get("short") is None
        assert await cache.get("long") == b"2"

    async def test_set_replaces_value_and_time_to_live(self, cache: Cache) -> None:
        await cache.set("a", b"1", ttl=_SHORT)
        await cache.set("a", b"2", ttl=_LONG)
        await asyncio.sleep(_SHORT + 0.02)
        assert await cache.get("a") == b"2"

    async def test_deleted_value_is_gone(self, cache: Cache) -> None:
        await cache.set("a", b"1", ttl=_LONG)
        await cache.delete("a")
        await cache.delete("a")
        assert await cache.get("a") is None

    async def test_exactly_one_of_many_adds_wins(self, cache: Cache) -> None:
        answers = await asyncio.gather(*(cache.add("a", b"%d" % i, ttl=_LONG) for i in range(50)))
        assert sum(answers) == 1
        assert await cache.get("a") == b"%d" % answers.index(True)

    async def test_expired_key_can_be_added_again(self, cache: Cache) -> None:
        assert await cache.add("a", b"1", ttl=_SHORT)
        assert not await cache.add("a", b"2", ttl=_SHORT)
        await asyncio.sleep(_SHORT + 0.02)
        assert await cache.add("a", b"3", ttl=_LONG)
        assert await cache.get("a") == b"3"

    async def test_concurrent_increments_lose_nothing(self, cache: Cache) -> None:
        totals = await asyncio.gather(*(cache.increment("n", ttl=_LONG) for _ in range(200)))
        assert sorted(totals) == list(range(1, 201))
        assert await cache.increment("n", ttl=_LONG, by=-50) == 150

    async def test_counter_expires_by_its_first_increment(self, cache: Cache) -> None:
        assert await cache.increment("n", ttl=_SHORT) == 1
        await asyncio.sleep(_SHORT / 2)
        assert await cache.increment("n", ttl=_LONG) == 2
        await asyncio.sleep(_SHORT / 2 + 0.02)
        assert await cache.increment("n", ttl=_LONG) == 1

    async def test_what_is_no_counter_is_not_incremented(self, cache: Cache) -> None:
        await cache.set("a", b"many", ttl=_LONG)
        await refused(Invalid, cache.increment("a", ttl=_LONG))
        assert await cache.get("a") == b"many"

    async def test_sizes_are_kept_to(self, cache: Cache) -> None:
        key = "k" * MAX_CACHE_KEY_BYTES
        value = b"x" * MAX_CACHE_VALUE_BYTES
        await cache.set(key, value, ttl=_LONG)
        assert await cache.get(key) == value
        await refused(Invalid, cache.set("a", value + b"x", ttl=_LONG))
        await refused(Invalid, cache.set(key + "k", b"", ttl=_LONG))
        await refused(Invalid, cache.get(""))


class SignalsContract:
    """The fixture ``signals`` is a driver."""

    async def test_subscriber_receives_in_order(self, signals: Signals) -> None:
        async with signals.subscribe("a") as messages:
            for i in range(100):
                await signals.publish("a", b"%d" % i)
            assert await _next(messages, 100) == [b"%d" % i for i in range(100)]

    async def test_every_subscriber_receives(self, signals: Signals) -> None:
        async with signals.subscribe("a") as first, signals.subscribe("a", "b") as second:
            await signals.publish("a", b"1")
            await signals.publish("b", b"2")
            await signals.publish("a", b"3")
            assert await _next(first, 2) == [b"1", b"3"]
            assert await _next(second, 3) == [b"1", b"2", b"3"]

    async def test_other_channels_are_not_heard(self, signals: Signals) -> None:
        async with signals.subscribe("a") as messages:
            await signals.publish("ab", b"no")
            await signals.publish("a", b"yes")
            assert await _next(messages, 1) == [b"yes"]

    async def test_what_was_published_before_or_after_is_not_heard(self, signals: Signals) -> None:
        await signals.publish("a", b"before")
        async with signals.subscribe("a") as messages:
            await signals.publish("a", b"during")
            assert await _next(messages, 1) == [b"during"]
        await signals.publish("a", b"after")
        async with signals.subscribe("a") as messages:
            await signals.publish("a", b"again")
            assert await _next(messages, 1) == [b"again"]

    async def test_publishing_to_nobody_is_fine(self, signals: Signals) -> None:
        await signals.publish("nobody", b"x")

    async def test_largest_payload_arrives_and_larger_is_refused(self, signals: Signals) -> None:
        async with signals.subscribe("a") as messages:
            await signals.publish("a", b"x" * MAX_SIGNAL_BYTES)
            assert await _next(messages, 1) == [b"x" * MAX_SIGNAL_BYTES]
        await refused(Invalid, signals.publish("a", b"x" * (MAX_SIGNAL_BYTES + 1)))


async def _next(messages: AsyncIterator[bytes], count: int) -> list[bytes]:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        return [await anext(messages) for _ in range(count)]
