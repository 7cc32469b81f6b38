"""A guard around a driver changes nothing that the port promises."""

from pathlib import Path

import pytest

from antiphon.eventlog import GuardedLog, open_eventlog
from antiphon.eventlog.guarded_log import LOG_POLICY
from antiphon.storage import (
    Guard,
    GuardedObjects,
    GuardedTables,
    GuardedWorkspace,
    open_objects,
    open_tables,
    open_workspace,
)
from antiphon.storage.guarded import OBJECTS_POLICY, TABLES_POLICY, WORKSPACE_POLICY
from antiphon.testing import EventLogContract, ObjectsContract, TablesContract, WorkspaceContract


class TestGuardedTables(TablesContract):
    @pytest.fixture
    async def tables(self, folder: Path):
        tables = GuardedTables(open_tables(f"lmdb:{folder}"), Guard("tables", TABLES_POLICY))
        yield tables
        await tables.close()


class TestGuardedObjects(ObjectsContract):
    @pytest.fixture
    def objects(self, folder: Path) -> GuardedObjects:
        return GuardedObjects(open_objects(f"file:{folder}"), Guard("objects", OBJECTS_POLICY))


class TestGuardedWorkspace(WorkspaceContract):
    @pytest.fixture
    def workspace(self, folder: Path) -> GuardedWorkspace:
        driver = open_workspace(f"file:{folder}")
        return GuardedWorkspace(driver, Guard("workspace", WORKSPACE_POLICY))


class TestGuardedLog(EventLogContract):
    @pytest.fixture
    async def eventlog(self, folder: Path):
        log = GuardedLog(open_eventlog(f"lmdb:{folder}"), Guard("events", LOG_POLICY))
        yield log
        await log.close()
