"""Engines whose disk is full: what they took stays, what they cannot take is refused, in time.

Each has a small disk of its own. The figures that are printed stand in docs/guides/cluster.md.
"""

import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from antiphon.eventlog import open_eventlog
from antiphon.kernel import Envelope, SystemClock, Unavailable
from antiphon.storage import SetCell, open_objects, open_tables
from antiphon.testing.checks import back
from antiphon.testing.engines import ENGINES, CannotInstall, Engine
from antiphon.testing.engines.disk import Disk
from antiphon.testing.log_contract import everything

pytestmark = pytest.mark.faults

CACHE = Path(__file__).parents[2] / ".cache" / "engines"
LEFT = 3_000_000
MOST = 400  # far more than fit into what is left
DEADLINE = 16.0  # of any call, and a second for a busy machine
Starts = Callable[..., tuple[Engine, Disk]]


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Starts]:
    """Return what starts an engine that has ``below``, a folder of its own, on a small disk."""
    with ExitStack() as stack:

        def start(name: str, below: str = "") -> tuple[Engine, Disk]:
            engine = ENGINES[name](tmp_path / name, CACHE)
            disk = Disk(engine.folder / below)
            try:
                stack.enter_context(disk)
                stack.enter_context(engine)
            except CannotInstall as lack:
                pytest.skip(str(lack))
            for variable, value in engine.settings().items():
                monkeypatch.setenv(variable, value)
            return engine, disk

        yield start


async def until_refused(write: Callable[[int], Awaitable[object]]) -> tuple[int, float]:
    """Write one after another; return which was refused, and how long that took."""
    for number in range(MOST):
        begin = time.monotonic()
        try:
            await write(number)
        except Unavailable:
            return number, time.monotonic() - begin
    raise AssertionError("a full disk took everything")


def tell(engine: str, refused: float, mended: float) -> None:
    print(f"\n{engine}, disk full: refused after {refused:.1f} s, well {mended:.1f} s after room")
    assert refused < DEADLINE


async def test_an_object_store_that_is_full_refuses_and_shows_no_half_objects(on_disk):
    gateway, disk = on_disk("s3")
    objects = open_objects(gateway.url)
    body = os.urandom(200_000)
    await objects.put("before", body)
    disk.fill(leave=LEFT)
    refused, took = await until_refused(lambda n: objects.put(f"o/{n}", body, create_only=n % 2))
    assert await objects.get(f"o/{refused}") is None
    for number in range(refused):
        assert await objects.get(f"o/{number}") == body
    disk.make_room()
    tell("S3", took, await back(lambda: objects.put(f"o/{refused}", body), 30))
    listed = {info.key async for info in objects.list("")}
    assert listed == {"before", *(f"o/{n}" for n in range(refused + 1))}
    await objects.close()


async def test_a_log_that_is_full_keeps_what_it_acknowledged(on_disk):
    broker, disk = on_disk("kafka", "log")
    log = open_eventlog(broker.url)

    def numbered(number: int) -> list[Envelope]:
        filler = os.urandom(100_000)
        return [Envelope(str(number), "test.counted", 1, "a", SystemClock().now(), filler)]

    await log.append("t", numbered(MOST))
    disk.fill(leave=LEFT)
    refused, took = await until_refused(lambda n: log.append("t", numbered(n)))
    disk.make_room()
    begin = time.monotonic()
    if any(process.poll() is not None for process in broker.processes):
        broker.kill()  # it has ended by itself, as it should: whoever watches it starts it again
        broker.start()
    await back(lambda: log.append("t", numbered(MOST + 1)), 60)
    tell("Kafka", took, time.monotonic() - begin)
    async with log.subscribe("t", group="g") as subscription:
        found = [int(r.envelope.event_id) for r in await everything(subscription, wait=10)]
    assert [n for n in found if n != refused] == [MOST, *range(refused), MOST + 1]
    await log.close()


async def test_tables_that_are_full_keep_what_they_acknowledged(on_disk):
    node, disk = on_disk("cassandra")
    tables = open_tables(node.url)
    filler = os.urandom(200_000)

    async def write(number: int) -> None:
        cells = [SetCell("meta", "n", b"%d" % number), SetCell("meta", "filler", filler)]
        await tables.mutate("rows", b"%04d" % number, cells)

    await write(MOST)
    disk.fill(leave=LEFT)
    refused, took = await until_refused(write)
    disk.make_room()
    begin = time.monotonic()
    node.kill()  # its own policy is to stop taking part: whoever watches it starts it again
    node.start()
    await back(lambda: write(refused), 60)
    tell("Cassandra", took, time.monotonic() - begin)
    rows = await tables.scan("rows", limit=MOST + 1)
    assert [int(row.value("meta", "n") or b"") for row in rows] == [*range(refused + 1), MOST]
    assert all(row.value("meta", "filler") == filler for row in rows)
    await tables.close()
