import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.catalog import ranks
from antiphon.catalog.ranks import HEADS, LEAVES, Change, RankedLists, entry
from antiphon.storage import open_tables


def _id(number: int) -> str:
    return f"{number:016d}".translate(str.maketrans("0123456789", "abcdefghij"))


def _entry(number: int) -> bytes:
    return entry(b"%06d" % (number * 7919 % 1_000_003), _id(number))


@pytest.fixture
async def tables(tmp_path):
    opened = open_tables(f"lmdb:{tmp_path / 'tables'}")
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let lists split early, so that a few hundred entries make many leaves."""
    monkeypatch.setattr(ranks, "_INLINE_MAX", 8)
    monkeypatch.setattr(ranks, "_LEAF_MAX", 12)
    monkeypatch.setattr(ranks, "_LEAF_FILL", 8)


async def _every(lists: RankedLists, page: int = 7, **more) -> list[str]:
    found: list[str] = []
    while True:
        ids, total = await lists.page("l", offset=len(found), limit=page, **more)
        if not ids:
            assert len(found) == total
            return found
        found += ids


async def test_a_list_is_its_entries_in_order_whatever_the_page_size(tables):
    lists = RankedLists(tables)
    numbers = list(range(300))
    random.Random(1).shuffle(numbers)
    for start in range(0, 300, 40):
        await lists.apply({"l": Change(add={_entry(n) for n in numbers[start : start + 40]})})
    expected = [e[-16:].decode() for e in sorted(map(_entry, range(300)))]
    for page in (1, 7, 64, 500):
        assert await _every(lists, page) == expected
    assert await _every(lists, descending=True) == expected[::-1]
    assert await lists.firsts(["l"]) == [expected[0]]
    assert (await lists.everything(["l"]))[0] == expected


async def test_adding_twice_and_removing_what_is_not_there_change_nothing(tables):
    lists = RankedLists(tables)
    await lists.apply({"l": Change(add={_entry(n) for n in range(50)})})
    before = await tables.read(HEADS, b"l")
    await lists.apply({"l": Change(add={_entry(3)}, remove={_entry(99)})})
    assert await tables.read(HEADS, b"l") == before


async def test_removing_everything_leaves_no_rows(tables):
    lists = RankedLists(tables)
    await lists.apply({"l": Change(add={_entry(n) for n in range(100)})})
    await lists.apply({"l": Change(remove={_entry(n) for n in range(100)})})
    assert await lists.totals(["l"]) == [0]
    await lists.apply({"l": Change(add={_entry(1)})})
    await lists.apply({"l": Change(remove={_entry(1)})})
    assert await tables.scan(HEADS) == []
    assert await tables.scan(LEAVES) == []


async def test_leaves_that_no_head_names_are_deleted(tables):
    lists = RankedLists(tables)
    for n in range(200):
        await lists.apply({"l": Change(add={_entry(n)})})
    leaves = await tables.scan(LEAVES)
    assert len(leaves) <= 200 / 4


async def test_concurrent_writers_lose_nothing(tables):
    async def write(start: int) -> None:
        lists = RankedLists(tables)
        for n in range(start, start + 40, 5):
            await lists.apply({"l": Change(add={_entry(m) for m in range(n, n + 5)})})

    await asyncio.gather(*(write(n * 40) for n in range(6)))
    assert await RankedLists(tables).totals(["l"]) == [240]


async def test_a_reader_of_an_old_head_reads_again(tables):
    lists = RankedLists(tables)
    await lists.apply({"l": Change(add={_entry(n) for n in range(100)})})
    stop = asyncio.Event()

    async def read() -> int:
        pages = 0
        while not stop.is_set():
            ids, total = await lists.page("l", offset=0, limit=1000)
            assert len(ids) == total >= 100
            pages += 1
            await asyncio.sleep(0)
        return pages

    reading = asyncio.create_task(read())
    for n in range(100, 160):
        await lists.apply({"l": Change(add={_entry(n)})})
    stop.set()
    assert await reading > 0


async def test_a_random_order_keeps_its_places_when_the_list_grows(tables):
    lists = RankedLists(tables)
    await lists.apply({"l": Change(add={_entry(n) for n in range(100)})})
    before, _ = await lists.shuffled("l", seed=5, offset=0, limit=100)
    await lists.apply({"l": Change(add={_entry(n) for n in range(100, 130)})})
    pages = []
    for offset in range(0, 130, 9):
        pages += (await lists.shuffled("l", seed=5, offset=offset, limit=9))[0]
    assert len(set(pages)) == 130
    assert [i for i in pages if i in set(before)] == before


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sets(st.integers(0, 60), max_size=30), st.sets(st.integers(0, 60), max_size=30)
        ),
        max_size=8,
    ),
    st.integers(0, 10**9),
)
async def test_any_changes_end_in_the_set_they_describe(tables, changes, run):
    lists, name = RankedLists(tables), f"run/{run}"
    expected: set[bytes] = set()
    for add, remove in changes:
        change = Change({_entry(n) for n in add - remove}, {_entry(n) for n in remove})
        await lists.apply({name: change})
        expected = (expected - change.remove) | change.add
    ids, total = await lists.page(name, offset=0, limit=1000)
    if not changes:
        return
    assert ids == [e[-16:].decode() for e in sorted(expected)] or total > len(expected)
    await lists.apply({name: Change(remove=expected)})
