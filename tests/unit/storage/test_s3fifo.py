"""S3-FIFO: bounded by bytes, true to a plain mapping, unmoved by a walk through everything."""

import random

from hypothesis import given
from hypothesis import strategies as st

from antiphon.storage.s3fifo import S3Fifo

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["get", "put", "drop", "clear"]), st.integers(0, 12), st.integers(0, 40)
    ),
    max_size=300,
)


@given(steps=STEPS)
def test_it_never_holds_more_than_its_bytes_and_never_gives_what_was_not_last_put(steps):
    cache: S3Fifo[int, object] = S3Fifo(100)
    model: dict[int, tuple[object, int]] = {}
    for do, key, cost in steps:
        if do == "put":
            value = object()
            cache.put(key, value, cost)
            model[key] = (value, cost)
        elif do == "drop":
            cache.drop(key)
            model.pop(key, None)
        elif do == "clear" and cost == 0:
            cache.clear()
            model.clear()
        found = cache.get(key)
        assert found is None or found is model[key][0]
        held = [k for k in model if cache.peek(k) is not None]
        assert cache.bytes == sum(model[k][1] for k in held) <= 100
        assert len(cache) == len(held)


@given(costs=st.lists(st.integers(0, 30), max_size=40))
def test_what_fits_is_all_kept(costs):
    cache: S3Fifo[int, int] = S3Fifo(sum(costs))
    for key, cost in enumerate(costs):
        cache.put(key, key, cost)
    assert [cache.get(k) for k in range(len(costs))] == list(range(len(costs)))
    assert cache.evictions == 0


def test_what_is_larger_than_the_cache_is_not_kept_and_replaces_nothing_else():
    cache: S3Fifo[str, int] = S3Fifo(100)
    cache.put("a", 1, 60)
    cache.put("b", 2, 101)
    assert (cache.get("a"), cache.get("b"), cache.bytes) == (1, None, 60)
    cache.put("a", 3, 101)
    assert cache.get("a") is None, "an old value must not stand for one that was too large"


def test_a_walk_through_the_catalogue_pushes_out_nothing_popular():
    cache: S3Fifo[int, int] = S3Fifo(1000)
    for _ in range(4):
        for song in range(80):
            if cache.get(song) is None:
                cache.put(song, song, 10)
    for once in range(1000, 6000):
        if cache.get(once) is None:
            cache.put(once, once, 10)
    assert sum(cache.peek(song) is not None for song in range(80)) >= 75


def test_what_returns_soon_after_leaving_stays_the_second_time():
    cache: S3Fifo[int, int] = S3Fifo(100)
    for key in range(11):
        cache.put(key, key, 10)
    assert cache.get(0) is None
    cache.put(0, 0, 10)
    for key in range(100, 108):
        cache.put(key, key, 10)
    assert cache.get(0) == 0


def test_it_hits_more_of_a_skewed_load_than_order_of_use_does():
    dice = random.Random(7)
    weights = [1 / (rank + 1) ** 0.9 for rank in range(5000)]
    asked = dice.choices(range(5000), weights, k=40_000)
    cache: S3Fifo[int, bool] = S3Fifo(100)
    lru: dict[int, None] = {}
    hits = lru_hits = 0
    for key in asked:
        if cache.get(key):
            hits += 1
        else:
            cache.put(key, value=True, cost=1)
        lru_hits += key in lru
        lru.pop(key, None)
        lru[key] = None
        if len(lru) > 100:
            del lru[next(iter(lru))]
    assert hits > 1.1 * lru_hits
