from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.eventlog import LmdbEventLog, open_eventlog
from antiphon.testing import EventLogAcrossProcesses, EventLogContract, MemoryEventLog


class TestLmdbEventLog(EventLogContract):
    @pytest.fixture
    async def eventlog(self, folder: Path) -> AsyncIterator[LmdbEventLog]:
        log = open_eventlog(f"lmdb:{folder}")
        yield log
        await log.close()


class TestMemoryEventLog(EventLogContract):
    @pytest.fixture
    def eventlog(self) -> MemoryEventLog:
        return MemoryEventLog()


class TestLmdbEventLogAcrossProcesses(EventLogAcrossProcesses):
    @pytest.fixture
    def url(self, folder: Path) -> str:
        return f"lmdb:{folder}"
