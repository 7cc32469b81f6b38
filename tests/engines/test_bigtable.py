"""Tables on Google's Bigtable emulator: the contract."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import GuardedTables, SetCell, open_tables
from antiphon.testing import TablesContract
from antiphon.testing.checks import back, refused
from antiphon.testing.engines.link import Link

DEADLINE = 16.0  # of any call, and a second for a busy machine


@pytest.fixture
async def tables(engine, unique: str) -> AsyncIterator[GuardedTables]:
    tables = open_tables(f"{engine('bigtable').url}/{unique}")
    assert isinstance(tables, GuardedTables)
    yield tables
    await tables.close()


class TestBigtableTables(TablesContract):
    pass


async def test_what_is_down_is_unavailable_in_time(own_engine):
    emulator = own_engine("bigtable")
    tables = open_tables(f"{emulator.url}/t")
    await tables.mutate("songs", b"a", [SetCell("meta", "title", b"1")])
    emulator.kill()
    await refused(Unavailable, tables.read("songs", b"a"))
    emulator.start()  # empty: it keeps its rows in memory
    await back(lambda: tables.mutate("songs", b"a", [SetCell("meta", "title", b"2")]), 30)
    row = await tables.read("songs", b"a")
    assert row is not None
    assert row.value("meta", "title") == b"2"
    await tables.close()


async def test_paused_between_increments_it_counts_none_twice(own_engine):
    emulator = own_engine("bigtable")
    tables = open_tables(f"{emulator.url}/t")
    emulator.pause()
    asked = [
        asyncio.ensure_future(tables.increment("t", b"n", family="n", column="")) for _ in range(9)
    ]
    begin = time.monotonic()
    await asyncio.sleep(2)
    emulator.resume()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    good = [answer for answer in answers if isinstance(answer, int)]
    total = await tables.increment("t", b"n", family="n", column="", by=0)
    assert len(good) <= total <= len(asked)
    assert len(set(good)) == len(good)
    assert time.monotonic() - begin < DEADLINE
    await tables.close()


@pytest.mark.slow
async def test_what_hangs_is_refused_in_time_and_found_again(own_engine):
    emulator = own_engine("bigtable")
    tables = open_tables(f"{emulator.url}/t")
    await tables.mutate("songs", b"a", [SetCell("meta", "title", b"1")])
    emulator.pause()
    begin = time.monotonic()
    await refused(Unavailable, tables.read("songs", b"a"))
    took = time.monotonic() - begin
    await asyncio.sleep(max(0.0, 30 - took))
    emulator.resume()
    recovery = await back(lambda: tables.read("songs", b"a"), 30)
    print(f"\nBigtable paused 30 s: refused after {took:.1f} s, well {recovery:.1f} s after")
    assert took < DEADLINE
    await tables.close()


async def test_a_slow_one_answers_later_and_refuses_nothing(own_engine, monkeypatch):
    emulator = own_engine("bigtable")
    with Link(emulator.client_port) as link:
        for variable, value in emulator.settings().items():
            monkeypatch.setenv(variable, link.through(value))
        tables = open_tables(f"{emulator.url}/t")
        await tables.mutate("songs", b"a", [SetCell("meta", "title", b"1")])
        link.delay = 0.2
        begin = time.monotonic()
        for _ in range(3):
            assert await tables.increment("songs", b"n", family="n", column="")
            assert await tables.scan("songs")
        print(f"\nBigtable, 200 ms late: a call took {(time.monotonic() - begin) / 6:.2f} s")
        await tables.close()


@pytest.mark.parametrize("url", ["bigtable://", "bigtable://p", "bigtable://p/i/x/y"])
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_tables(url)
