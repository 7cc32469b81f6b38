"""Three Cassandra nodes, one of which is cut off or killed while everybody writes and reads.

The figures that are printed stand in docs/guides/cluster.md.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from antiphon.kernel import Unavailable
from antiphon.storage import SetCell, Tables, open_tables
from antiphon.testing.checks import back
from antiphon.testing.engines import CannotInstall
from antiphon.testing.engines.three import ThreeCassandra

pytestmark = pytest.mark.faults

CACHE = Path(__file__).parents[2] / ".cache" / "engines"
WRITERS = 6
DEADLINE = 16.0  # of any call, and a second for a busy machine
LONGEST_STALL_SECONDS = 45.0


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeCassandra]:
    with ExitStack() as stack:
        try:
            made = stack.enter_context(ThreeCassandra(tmp_path_factory.mktemp("three"), CACHE))
        except CannotInstall as lack:
            pytest.skip(str(lack))
        yield made


@pytest.fixture
async def tables(three: ThreeCassandra, unique: str) -> AsyncIterator[Tables]:
    tables = open_tables(three.url.replace("/antiphon", f"/{unique}"))
    await back(lambda: tables.mutate("rows", b"first", [SetCell("meta", "n", b"")]), 60)
    yield tables
    await tables.close()


class Writers:
    """Each writes rows of its own and counts in one that all share; what is refused is told."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.acknowledged: list[bytes] = []
        self.counted = self.maybe = 0
        self.at: list[list[float]] = [[] for _ in range(WRITERS)]
        self.refused = 0
        self.longest = 0.0
        self.stop = False

    async def write(self, writer: int) -> None:
        number = 0
        while not self.stop:
            key = b"%d/%06d" % (writer, number)
            number += 1
            if await self._asked(self._tables.mutate("rows", key, [SetCell("meta", "n", key)])):
                self.acknowledged.append(key)
                self.at[writer].append(time.monotonic())
            if await self._asked(self._tables.increment("count", b"all", family="n", column="")):
                self.counted += 1
            else:
                self.maybe += 1
            await asyncio.sleep(0.05)

    async def everybody_writes(self, count: int) -> None:
        """Wait until each has written ``count`` rows more."""
        wanted = [len(at) + count for at in self.at]
        while any(len(at) < most for at, most in zip(self.at, wanted, strict=True)):
            await asyncio.sleep(0.05)

    def longest_stall(self) -> float:
        return max(b - a for at in self.at for a, b in pairwise(at))

    async def _asked(self, call) -> bool:
        begin = time.monotonic()
        try:
            await call
        except Unavailable:
            self.refused += 1
            return False
        finally:
            self.longest = max(self.longest, time.monotonic() - begin)
        return True


@contextmanager
def lost(three: ThreeCassandra, hurt: str) -> Iterator[None]:
    """Enter to have one of three away."""
    if hurt == "cut off":
        three.network.cut(1)
    else:
        three.nodes[1].kill()
    try:
        yield
    finally:
        if hurt == "cut off":
            three.network.join(1)
        else:
            three.nodes[1].launch()


@pytest.mark.slow
@pytest.mark.parametrize("hurt", ["cut off", "killed"])
async def test_one_of_three_lost_in_the_middle_loses_nothing_and_stops_nobody(
    three: ThreeCassandra, tables: Tables, hurt: str
) -> None:
    writers = Writers(tables)
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(writers.write(writer))
        await writers.everybody_writes(10)
        with lost(three, hurt):
            await writers.everybody_writes(20)
            await asyncio.sleep(8)
        await writers.everybody_writes(20)
        writers.stop = True
    print(
        f"\nCassandra, one of three {hurt}: writes stalled {writers.longest_stall():.1f} s, "
        f"{writers.refused} of {len(writers.acknowledged) + writers.counted} refused, "
        f"longest call {writers.longest:.1f} s"
    )
    assert writers.longest < DEADLINE
    assert writers.longest_stall() < LONGEST_STALL_SECONDS
    total = await tables.increment("count", b"all", family="n", column="", by=0)
    assert writers.counted <= total <= writers.counted + writers.maybe, "lost, or counted twice"
    found: set[bytes] = set()
    start = b""
    while rows := await tables.scan("rows", start=start, limit=200):
        found |= {row.key for row in rows}
        start = rows[-1].key + b"\0"
    assert set(writers.acknowledged) <= found
