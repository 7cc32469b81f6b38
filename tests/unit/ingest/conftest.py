import importlib.util
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from antiphon.catalog import Catalog, CatalogWriter, open_search
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.ingest import FolderImport, ScanReport
from antiphon.kernel import SystemClock
from antiphon.storage import open_objects, open_tables


@dataclass
class Desk:
    """A catalogue and an importer on the real embedded drivers, and a folder to import."""

    music: Path
    tables: Any
    objects: Any
    catalog: Catalog
    importer: FolderImport

    async def scan(self, *paths: Path, **more: Any) -> ScanReport:
        return await self.importer.scan(paths or [self.music], **more)

    async def titles(self) -> list[str]:
        return [s.title for s in (await self.catalog.list_songs(limit=500)).items]

    async def songs(self):
        return list((await self.catalog.list_songs(limit=500)).items)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    tables = open_tables(f"lmdb:{tmp_path / 'tables'}")
    events = open_eventlog(f"lmdb:{tmp_path / 'events'}")
    objects = open_objects(f"file:{tmp_path / 'objects'}")
    search = open_search(f"tantivy:{tmp_path / 'search'}")
    clock = SystemClock()
    writer = CatalogWriter(tables, Outbox(tables, events, clock))
    importer = FolderImport(writer, tables, objects, clock, readers=1, isolated=False)
    music = tmp_path / "Music"
    music.mkdir()
    yield Desk(music, tables, objects, Catalog(tables, objects, search), importer)
    for engine in (search, events, objects, tables):
        await engine.close()


@pytest.fixture(scope="session")
def making() -> Any:
    """The module that makes files; by path, because test folders are no packages."""
    spec = importlib.util.spec_from_file_location("making", Path(__file__).with_name("making.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
