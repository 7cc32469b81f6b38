"""Tables on Google's Bigtable emulator: the contract."""

from collections.abc import AsyncIterator

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import GuardedTables, SetCell, open_tables
from antiphon.testing import TablesContract
from antiphon.testing.checks import refused


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
    await tables.close()


@pytest.mark.parametrize("url", ["bigtable://", "bigtable://p", "bigtable://p/i/x/y"])
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_tables(url)
