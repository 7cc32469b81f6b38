"""Space-Saving keeps its promise about what is heavy."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from antiphon.charts.heavy import SpaceSaving


@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(0.01, 50)), max_size=300), st.integers(1, 12)
)
def test_counters_are_never_too_small_and_too_large_by_no_more_than_the_bound(
    stream: list[tuple[int, float]], capacity: int
) -> None:
    heavy, true = SpaceSaving(capacity), Counter[str]()
    for item, weight in stream:
        heavy.add(str(item), weight)
        true[str(item)] += weight
    total = sum(true.values())
    assert heavy.bound <= total / capacity * (1 + 1e-9)
    assert len(heavy.items) <= capacity
    for item, weight in true.items():
        if item in heavy.items:
            assert weight <= heavy.count(item) * (1 + 1e-9)
            assert heavy.count(item) <= (weight + heavy.bound) * (1 + 1e-9)
        else:
            assert weight <= heavy.bound * (1 + 1e-9)


def test_counts_are_exact_while_there_is_room() -> None:
    heavy = SpaceSaving(3)
    for item in "aabac":
        heavy.add(item, 1)
    assert [heavy.count(i) for i in "abc"] == [3, 1, 1]
    assert heavy.bound == 0
