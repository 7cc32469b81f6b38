"""Tables on a real Cassandra: the contract, across processes, and when it is hurt."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import GuardedTables, SetCell, open_tables
from antiphon.testing import TablesAcrossProcesses, TablesContract
from antiphon.testing.checks import refused


@pytest.fixture
def url(engine, unique: str) -> str:
    return f"{engine('cassandra').url}_{unique}"


@pytest.fixture
async def tables(url: str) -> AsyncIterator[GuardedTables]:
    tables = open_tables(url)
    assert isinstance(tables, GuardedTables)
    yield tables
    await tables.close()


class TestCassandraTables(TablesContract):
    pass


class TestCassandraTablesAcrossProcesses(TablesAcrossProcesses):
    kills = 20  # a process connects for a second before it writes
    increments = 60


async def test_a_node_that_is_killed_loses_nothing_acknowledged(own_engine):
    node = own_engine("cassandra")
    tables = open_tables(node.url)
    for number in range(30):
        cell = SetCell("meta", "n", b"%d" % number)
        await tables.mutate("rows", b"%d" % number, [cell])
        assert await tables.increment("rows", b"total", family="n", column="") == number + 1
    node.kill()
    async with asyncio.timeout(30):
        await refused(Unavailable, tables.mutate("rows", b"x", [SetCell("meta", "n", b"")]))
    node.start()
    async with asyncio.timeout(60):
        while True:
            try:
                total = await tables.increment("rows", b"total", family="n", column="", by=0)
                break
            except Unavailable:
                await asyncio.sleep(0.5)
    assert total == 30
    rows = await tables.read_many("rows", [b"%d" % n for n in range(30)])
    assert [row and row.value("meta", "n") for row in rows] == [b"%d" % n for n in range(30)]
    await tables.close()


@pytest.mark.parametrize("url", ["cassandra://", "cassandra://h/k", "cassandra://h:1/Not a name"])
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_tables(url)
