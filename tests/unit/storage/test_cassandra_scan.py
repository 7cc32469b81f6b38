import bisect
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from antiphon.storage.cassandra_scan import Scan, buckets_of
from antiphon.storage.tables import prefix_range

KEYS = st.lists(st.sampled_from([0, 97, 98, 255]), min_size=1, max_size=9).map(bytes)


class Index:
    """What the index's statements find, in a table whose buckets are full with a few keys."""

    def __init__(self, keys: list[bytes], most: int) -> None:
        self.buckets: dict[bytes, list[bytes]] = defaultdict(list)
        self.asked = 0
        for key in keys:
            bucket = next((b for b in buckets_of(key) if len(self.buckets[b]) < most), key)
            bisect.insort(self.buckets[bucket], key)

    async def ask(self, name: str, *values) -> list[bytes]:
        self.asked += 1
        directory = sorted(self.buckets)
        match name:
            case "buckets of":
                return [b for b in directory if b in values[0]]
            case "buckets up":
                return [b for b in directory if b > values[0]][: values[1]]
            case "buckets down":
                return [b for b in reversed(directory) if b < values[0]][: values[1]]
            case "last buckets":
                return directory[::-1][: values[0]]
        bucket, low, *high, page = values
        found = [k for k in self.buckets[bucket] if k >= low and all(k < h for h in high)]
        return (found[::-1] if name.startswith("keys down") else found)[:page]


async def scanned(index: Index, start: bytes, end: bytes | None, page: int, *, reverse: bool):
    scan = Scan(index.ask, start, end, page=page, reverse=reverse)
    found: list[bytes] = []
    while listed := await scan.take(page):
        assert len(listed) <= page
        assert all(one.key in index.buckets[b] for one in listed for b in one.buckets)
        found += [one.key for one in listed]
    return found


@given(
    keys=st.lists(KEYS, unique=True, max_size=60),
    again=st.lists(KEYS, max_size=5),
    most=st.integers(1, 6),
    start=st.one_of(st.just(b""), KEYS),
    end=st.one_of(st.none(), KEYS),
    page=st.integers(1, 9),
    reverse=st.booleans(),
)
async def test_a_scan_finds_every_key_of_its_range_once_and_in_order(
    keys, again, most, start, end, page, reverse
) -> None:
    index = Index(keys, most)
    for key in again:  # by a process that has not heard yet that a bucket is full
        if key in keys:
            widest = index.buckets[buckets_of(key)[0]]
            if key not in widest:
                bisect.insort(widest, key)
    expected = [k for k in sorted(keys) if start <= k and (end is None or k < end)]
    found = await scanned(index, start, end, page, reverse=reverse)
    assert found == (expected[::-1] if reverse else expected)


async def test_a_page_costs_no_look_at_the_whole_directory() -> None:
    index = Index([b"%04d" % n for n in range(10_000)], most=4)
    assert len(index.buckets) > 2500
    for reverse in (False, True):
        index.asked = 0
        scan = Scan(index.ask, b"5000", None, page=10, reverse=reverse)
        assert len(await scan.take(10)) == 10
        assert index.asked < 30


async def test_a_scan_of_a_prefix_opens_only_buckets_that_can_hold_it() -> None:
    index = Index([b"%04d" % n for n in range(10_000)], most=4)
    start, end = prefix_range(b"1234")
    index.asked = 0
    assert await scanned(index, start, end, 10, reverse=False) == [b"1234"]
    assert index.asked < 8


def test_the_buckets_of_a_key_lie_one_inside_the_other() -> None:
    assert buckets_of(b"abcde") == [b"ab", b"abcd", b"abcde"]
    assert buckets_of(b"abcd") == [b"ab", b"abcd"]
    assert buckets_of(b"a") == [b"a"]
