from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .sirikit_world import World, world


@pytest.fixture
async def speakers(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made
