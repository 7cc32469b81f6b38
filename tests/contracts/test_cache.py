from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon import storage, testing
from antiphon.testing import CacheContract, SignalsAcrossProcesses, SignalsContract


class _Local:
    @pytest.fixture
    async def cache(self, folder: Path) -> AsyncIterator[storage.MemoryCache]:
        cache = storage.open_cache(f"memory:{folder}")
        yield cache
        await cache.close()

    @pytest.fixture
    def signals(self, cache: storage.MemoryCache) -> storage.MemoryCache:
        return cache


class _Fake:
    @pytest.fixture
    def cache(self) -> testing.MemoryCache:
        return testing.MemoryCache()

    @pytest.fixture
    def signals(self, cache: testing.MemoryCache) -> testing.MemoryCache:
        return cache


class TestLocalCache(_Local, CacheContract):
    pass


class TestLocalSignals(_Local, SignalsContract):
    pass


class TestFakeCache(_Fake, CacheContract):
    pass


class TestFakeSignals(_Fake, SignalsContract):
    pass


class TestLocalSignalsAcrossProcesses(SignalsAcrossProcesses):
    @pytest.fixture
    def url(self, folder: Path) -> str:
        return f"memory:{folder}"


class TestLocalSignalsInADeepFolder(SignalsAcrossProcesses):
    """Deeper than a socket's address can be long."""

    @pytest.fixture
    def url(self, folder: Path) -> str:
        return f"memory:{folder / ('d' * 120)}"
