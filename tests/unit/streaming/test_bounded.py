"""The bounded cache never holds more than it may, and forgets the longest unused."""

from hypothesis import given
from hypothesis import strategies as st

from antiphon.streaming.bounded import BoundedCache


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 120))))
def test_the_cost_never_exceeds_the_bound_and_always_adds_up(puts):
    cache: BoundedCache[int, int] = BoundedCache(200)
    held: dict[int, int] = {}
    for key, cost in puts:
        cache.put(key, cost, cost)
        held[key] = cost
        assert cache.bytes <= 200
        assert cache.bytes == sum(held[k] for k in held if cache.get(k) is not None)


def test_the_longest_unused_goes_first() -> None:
    cache: BoundedCache[str, int] = BoundedCache(30)
    for key in "abc":
        cache.put(key, 1, 10)
    cache.get("a")
    cache.put("d", 1, 10)
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]


def test_what_is_larger_than_the_cache_is_not_kept_and_evicts_nothing() -> None:
    cache: BoundedCache[str, int] = BoundedCache(30)
    cache.put("a", 1, 10)
    cache.put("b", 1, 31)
    assert (cache.get("a"), cache.get("b"), len(cache)) == (1, None, 1)


def test_a_dropped_key_is_gone_and_its_cost_with_it() -> None:
    cache: BoundedCache[str, int] = BoundedCache(30)
    cache.put("a", 1, 10)
    cache.drop("a")
    cache.drop("a")
    assert (cache.get("a"), cache.bytes) == (None, 0)
