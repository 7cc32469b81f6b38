"""A guard around a driver changes nothing that the port promises."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from antiphon.eventlog import GuardedLog, open_eventlog
from antiphon.eventlog.guarded_log import LOG_POLICY
from antiphon.kernel import Unavailable
from antiphon.storage import (
    Guard,
    GuardedObjects,
    GuardedTables,
    GuardedWorkspace,
    open_objects,
    open_tables,
    open_workspace,
)
from antiphon.storage.file_workspace import FileWorkspace
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


class OnceAway(FileWorkspace):
    """A workspace that takes half of a file at the first try, and then does not answer."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tries = 0

    async def write(self, path: str, parts: Iterable[bytes]) -> None:
        self.tries += 1
        if self.tries == 1:
            next(iter(parts))
            raise Unavailable("Away.")
        await super().write(path, parts)


async def test_what_can_be_read_once_is_not_written_again_without_its_beginning(
    folder: Path,
) -> None:
    driver = OnceAway(folder)
    workspace = GuardedWorkspace(driver, Guard("workspace", WORKSPACE_POLICY))
    with pytest.raises(Unavailable):
        await workspace.write("a", iter([b"one", b"two"]))
    assert driver.tries == 1
    assert await workspace.list("") == []


async def test_a_file_is_written_again_from_its_beginning(folder: Path) -> None:
    driver = OnceAway(folder)
    workspace = GuardedWorkspace(driver, Guard("workspace", WORKSPACE_POLICY))
    await workspace.write("a", [b"one", b"two"])
    assert driver.tries == 2
    async with workspace.local("a") as file:
        assert file.read_bytes() == b"onetwo"
