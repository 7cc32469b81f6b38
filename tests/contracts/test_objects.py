from pathlib import Path

import pytest

from antiphon.storage import FileObjects, StorageClass, TieredObjects, open_objects
from antiphon.testing import MemoryObjects, ObjectsContract


class TestFileObjects(ObjectsContract):
    @pytest.fixture
    def objects(self, folder: Path) -> FileObjects:
        return open_objects(f"file:{folder}")


class TestMemoryObjects(ObjectsContract):
    @pytest.fixture
    def objects(self) -> MemoryObjects:
        return MemoryObjects()


class TestTieredObjects(ObjectsContract):
    @pytest.fixture
    def objects(self, folder: Path) -> TieredObjects:
        lower = {
            StorageClass.WARM: MemoryObjects(),
            StorageClass.COLD: open_objects(f"file:{folder}/cold"),
        }
        return TieredObjects(open_objects(f"file:{folder}/hot"), lower, prefix="m")
