"""Tables on a real Cassandra: the contract, across processes, and when it is hurt."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from cassandra.cluster import Cluster

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import (
    TABLES_POLICY,
    DeleteRow,
    Guard,
    GuardedTables,
    SetCell,
    open_tables,
)
from antiphon.storage.cassandra_tables import cassandra_tables
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


def in_small_buckets(url: str) -> GuardedTables:
    """Open tables whose index calls a bucket full from eight keys on."""
    parts = urlsplit(url)
    hosts = [(str(parts.hostname), int(parts.port or 0))]
    driver = cassandra_tables(hosts, parts.path.strip("/"), replicas=1, bucket_keys=8)
    return GuardedTables(driver, Guard("tables", TABLES_POLICY))


class TestCassandraTablesInSmallBuckets(TablesContract):
    @pytest.fixture
    async def tables(self, url: str) -> AsyncIterator[GuardedTables]:
        tables = in_small_buckets(url)
        yield tables
        await tables.close()


async def test_no_bucket_of_keys_grows_with_the_table(url: str) -> None:
    tables = in_small_buckets(url)
    days = [b"202611%02d/%02x" % (day, shard) for day in range(1, 21) for shard in range(16)]
    for day in range(0, len(days), 16):  # as days come: one after another
        cell = SetCell("r", "n", b"1")
        await tables.mutate_many("ledger", [(key, [cell]) for key in days[day : day + 16]])
    for start, end, reverse in itertools.product(
        (b"", b"20261104", b"20261104/08", b"3"), (None, b"20261112", b"20261104/0"), (False, True)
    ):
        expected = [k for k in days if start <= k and (end is None or k < end)]
        rows = await tables.scan("ledger", start=start, end=end, reverse=reverse)
        assert [row.key for row in rows] == (expected[::-1] if reverse else expected)
    with Cluster(["127.0.0.1"], port=urlsplit(url).port) as cluster:
        found = cluster.connect(urlsplit(url).path.strip("/")).execute("SELECT bucket FROM keys")
        sizes = Counter(bucket for (bucket,) in found)
    assert sum(sizes.values()) == len(days)
    assert max(sizes.values()) <= 8 + 16, "one batch is under way when a bucket becomes full"
    assert len(sizes) > len(days) // 24
    await tables.close()


async def test_a_key_in_two_buckets_is_found_once_and_leaves_both(url: str) -> None:
    first, second = in_small_buckets(url), in_small_buckets(url)
    await first.mutate("t", b"abcd", [SetCell("f", "c", b"1")])
    await second.mutate_many("t", [(b"ab%02d" % n, [SetCell("f", "c", b"1")]) for n in range(20)])
    await second.mutate("t", b"abcd", [SetCell("f", "c", b"2")])
    for reverse in (False, True):
        rows = await first.scan("t", start=b"abcd", reverse=reverse)
        assert [(row.key, row.value("f", "c")) for row in rows] == [(b"abcd", b"2")]
    await first.mutate("t", b"abcd", [DeleteRow()])
    assert len(await second.scan("t")) == 20
    await first.close()
    await second.close()


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
