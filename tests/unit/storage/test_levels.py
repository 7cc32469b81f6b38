"""The cache of levels: one fetch for many, held for its time, given on where the source is away."""

import asyncio
from collections.abc import Sequence

import pytest

from antiphon.kernel import FixedClock, Invalid, Unavailable
from antiphon.storage.changes import CHANNEL, Changes
from antiphon.storage.levels import CachePolicy, Codec, LeveledCache
from antiphon.storage.shared_level import SharedLevel
from antiphon.testing import MemoryCache

POLICY = CachePolicy(
    kind="things",
    fresh=10,
    renewed=20,
    away=100,
    absent=1,
    most_bytes=100_000,
    largest=10_000,
)
CODEC: Codec[str] = Codec(str.encode, bytes.decode, len, lambda v: not v.startswith("growing"))


class Source:
    """What the caches below stand before."""

    def __init__(self) -> None:
        self.values: dict[bytes, str] = {}
        self.asked: list[list[bytes]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None

    async def load(self, keys: Sequence[bytes]) -> list[str | None]:
        self.asked.append(list(keys))
        seen = [self.values.get(k) for k in keys]
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return seen


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def cache(source, clock):
    made = LeveledCache(POLICY, source.load, CODEC, clock)
    yield made
    await made.close()


async def settled(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_many_who_ask_at_once_are_answered_by_one_fetch(source, cache):
    source.values[b"a"] = "A"
    source.gate.clear()
    asking = [asyncio.create_task(cache.get(b"a")) for _ in range(50)]
    await settled()
    source.gate.set()
    assert await asyncio.gather(*asking) == ["A"] * 50
    assert source.asked == [[b"a"]]
    assert (cache.counts.loads, cache.counts.coalesced, cache.counts.misses) == (1, 49, 50)
    assert await cache.get(b"a") == "A"
    assert cache.counts.hits == 1


async def test_a_failed_fetch_fails_for_all_who_waited_and_is_not_remembered(source, cache):
    source.gate.clear()
    source.fault = Unavailable("away")
    asking = [asyncio.create_task(cache.get(b"a")) for _ in range(5)]
    await settled()
    source.gate.set()
    failed = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(f) for f in failed] == [Unavailable] * 5
    source.fault, source.values[b"a"] = None, "A"
    assert await cache.get(b"a") == "A"
    assert len(source.asked) == 2


async def test_a_caller_who_goes_away_takes_the_answer_from_nobody(source, cache):
    source.values[b"a"] = "A"
    source.gate.clear()
    first, second = (asyncio.create_task(cache.get(b"a")) for _ in range(2))
    await settled()
    first.cancel()
    await settled()
    source.gate.set()
    assert await second == "A"
    assert first.cancelled()
    assert source.asked == [[b"a"]]


async def test_a_fetch_that_all_have_left_and_that_fails_disturbs_nobody(source, cache):
    source.gate.clear()
    source.fault = Unavailable("away")
    asking = asyncio.create_task(cache.get(b"a"))
    await settled()
    asking.cancel()
    source.gate.set()
    await settled()
    source.fault, source.values[b"a"] = None, "A"
    assert await cache.get(b"a") == "A"


async def test_only_what_is_missing_is_fetched_and_in_one_question(source, cache):
    source.values |= {b"a": "A", b"b": "B", b"c": "C"}
    await cache.get(b"b")
    assert await cache.get_many([b"c", b"a", b"b", b"a"]) == ["C", "A", "B", "A"]
    assert source.asked == [[b"b"], [b"c", b"a"]]


async def test_after_its_fresh_time_a_value_is_given_and_renewed_behind(source, cache, clock):
    source.values[b"a"] = "old"
    await cache.get(b"a")
    source.values[b"a"] = "new"
    clock.advance(seconds=11)
    assert await cache.get(b"a") == "old"
    await settled()
    assert await cache.get(b"a") == "new"
    assert cache.counts.stale == 1
    clock.advance(seconds=21)
    source.values[b"a"] = "newest"
    assert await cache.get(b"a") == "newest", "too old to be given while the source answers"


async def test_that_there_is_none_is_believed_for_a_moment_only(source, cache, clock):
    assert [await cache.get(b"a") for _ in range(3)] == [None] * 3
    assert len(source.asked) == 1
    clock.advance(seconds=1)
    source.values[b"a"] = "A"
    assert await cache.get(b"a") == "A"


async def test_what_is_still_growing_is_not_held(source, cache):
    source.values[b"a"] = "growing"
    await cache.get(b"a")
    source.values[b"a"] = "grown"
    assert await cache.get(b"a") == "grown"


async def test_a_value_is_given_on_where_the_source_is_away_and_not_for_ever(source, cache, clock):
    source.values[b"a"] = "A"
    await cache.get(b"a")
    source.fault = Unavailable("away")
    clock.advance(seconds=99)
    assert await cache.get(b"a") == "A"
    assert cache.counts.stale == 1
    clock.advance(seconds=2)
    with pytest.raises(Unavailable):
        await cache.get(b"a")
    source.fault = None
    assert await cache.get(b"a") == "A"


async def test_a_refusal_of_the_source_is_no_outage(source, cache, clock):
    source.values[b"a"] = "A"
    await cache.get(b"a")
    source.fault = Invalid("no such table")
    clock.advance(seconds=50)
    with pytest.raises(Invalid):
        await cache.get(b"a")


async def test_a_source_that_hangs_holds_up_what_is_held_only_once(source, cache, clock):
    source.values[b"a"] = "A"
    await cache.get(b"a")
    source.gate.clear()
    clock.advance(seconds=50)
    async with asyncio.timeout(2):
        assert await cache.get(b"a") == "A"
    clock.advance(seconds=1)
    async with asyncio.timeout(0.1):
        assert await cache.get(b"a") == "A"
    source.gate.set()


async def test_what_changed_while_it_was_fetched_is_not_held(source, cache):
    source.values[b"a"] = "old"
    source.gate.clear()
    asking = asyncio.create_task(cache.get(b"a"))
    await settled()
    source.values[b"a"] = "new"
    cache.drop([b"a"])
    source.gate.set()
    assert await asking == "old", "it began before the change"
    assert await cache.get(b"a") == "new"
    assert await cache.get(b"a") == "new"


async def test_what_is_known_to_have_changed_is_not_given_where_the_source_is_away(
    source, cache, clock
):
    source.values[b"a"] = "A"
    await cache.get(b"a")
    source.fault = Unavailable("away")
    clock.advance(seconds=50)
    assert await cache.get(b"a") == "A"
    cache.drop([b"a"])
    with pytest.raises(Unavailable):
        await cache.get(b"a")


async def test_a_change_told_while_a_stale_value_waits_keeps_it_back(source, cache, clock):
    source.values[b"a"] = "A"
    await cache.get(b"a")
    source.gate.clear()
    clock.advance(seconds=50)
    asking = asyncio.create_task(cache.get(b"a"))
    await settled()
    cache.drop([b"a"])
    source.fault = Unavailable("away")
    source.gate.set()
    with pytest.raises(Unavailable):
        await asking


async def test_it_stays_within_its_bytes_whatever_it_fetches(source, clock):
    small = LeveledCache(
        CachePolicy("small", 10, 10, 10, 1, most_bytes=5000, largest=2000),
        source.load,
        CODEC,
        clock,
    )
    for n in range(200):
        source.values[str(n).encode()] = "x" * (n * 20)
        await small.get(str(n).encode())
        assert small.local.bytes <= 5000
    assert small.local.evictions > 0
    assert small.held(b"199") is None, "larger than what is held at all"
    await small.close()


async def two(source, clock):
    shared = MemoryCache()
    made = []
    for _ in range(2):
        level = SharedLevel(shared, clock)
        cache = LeveledCache(POLICY, source.load, CODEC, clock, level)
        changes = Changes(shared, level)
        changes.watch("things", cache.drop, cache.clear)
        made += [cache, changes]
    return made


async def test_what_one_process_fetched_another_finds_in_the_shared_cache(source, clock):
    here, _, there, _ = await two(source, clock)
    source.values[b"a"] = "A"
    assert await here.get(b"a") == "A"
    await settled()
    assert await there.get(b"a") == "A"
    assert len(source.asked) == 1
    assert (there.counts.shared_hits, here.counts.shared_misses) == (1, 1)


async def test_a_change_told_by_one_process_is_dropped_by_the_other_at_once(source, clock):
    here, told, there, heard = await two(source, clock)
    stop = asyncio.Event()
    listening = asyncio.create_task(heard.keep_heard(stop))
    await settled()
    source.values[b"a"] = "old"
    await here.get(b"a")
    await there.get(b"a")
    source.values[b"a"] = "new"
    await told.tell("things", [b"a"])
    await settled()
    assert [await here.get(b"a"), await there.get(b"a")] == ["new", "new"]
    stop.set()
    await listening


async def test_a_fetch_older_than_a_change_does_not_bring_the_old_value_back(source, clock):
    here, _, there, told = await two(source, clock)
    source.values[b"a"] = "old"
    source.gate.clear()
    asking = asyncio.create_task(here.get(b"a"))
    await settled()
    source.values[b"a"] = "new"
    await told.tell("things", [b"a"])  # nobody here hears it: the shared level alone must hold
    source.gate.set()
    assert await asking == "old"
    await settled()
    assert await there.get(b"a") == "new"


async def test_a_shared_cache_that_is_away_is_left_alone_and_missed_by_nobody(source, clock):
    class Away(MemoryCache):
        asked = 0

        async def get(self, key: str) -> bytes | None:
            self.asked += 1
            raise Unavailable("away")

    shared = Away()
    cache = LeveledCache(POLICY, source.load, CODEC, clock, SharedLevel(shared, clock))
    source.values |= {str(n).encode(): "v" for n in range(20)}
    for n in range(20):
        assert await cache.get(str(n).encode()) == "v"
    assert shared.asked == 1
    await cache.close()


async def test_more_keys_than_one_signal_carries_are_told_in_several(clock):
    shared = MemoryCache()
    changes = Changes(shared, SharedLevel(shared, clock))
    keys = [b"k%05d" % n for n in range(5000)]
    async with shared.subscribe(CHANNEL) as news:
        await changes.tell("things", keys)
        got = [await anext(news) for _ in range(2)]
    assert all(len(payload) < 32 * 1024 for payload in got)
    assert changes.untold == 0
