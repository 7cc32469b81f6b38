from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.storage import LmdbTables, open_tables
from antiphon.testing import MemoryTables, TablesAcrossProcesses, TablesContract


class TestLmdbTables(TablesContract):
    @pytest.fixture
    async def tables(self, folder: Path) -> AsyncIterator[LmdbTables]:
        tables = open_tables(f"lmdb:{folder}")
        yield tables
        await tables.close()


class TestMemoryTables(TablesContract):
    @pytest.fixture
    def tables(self) -> MemoryTables:
        return MemoryTables()


class TestLmdbTablesAcrossProcesses(TablesAcrossProcesses):
    @pytest.fixture
    def url(self, folder: Path) -> str:
        return f"lmdb:{folder}"
