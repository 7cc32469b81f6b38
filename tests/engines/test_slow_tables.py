"""Tables whose engine answers 200 ms late: nothing is refused, nothing lost, all within bounds.

The figures that are printed stand in docs/guides/cluster.md.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from antiphon.storage import SetCell, Tables, open_tables
from antiphon.testing.engines import EMULATORS, ENGINES
from antiphon.testing.engines.link import Link

pytestmark = pytest.mark.faults

CACHE = Path(__file__).parents[2] / ".cache" / "engines"

SLOW_SECONDS = 0.2
WRITERS = 8
ROUNDS = 10
DEADLINE = 16.0  # of any call, and a second for a busy machine


class Calls:
    """What calls of each kind took."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    async def timed(self, kind: str, call: Awaitable[Any]) -> Any:
        begin = time.monotonic()
        answer = await call
        self.times.setdefault(kind, []).append(time.monotonic() - begin)
        return answer

    def told(self) -> str:
        return ", ".join(
            f"{kind} {statistics.median(times):.2f} s (longest {max(times):.2f})"
            for kind, times in self.times.items()
        )


def cell(value: int) -> list[SetCell]:
    return [SetCell("meta", "n", b"%d" % value)]


async def work(tables: Tables, calls: Calls, writer: int) -> None:
    """Write, read, write on a condition, list: rows of one's own."""
    for n in range(ROUNDS):
        key = b"%d/%03d" % (writer, n)
        await calls.timed("write", tables.mutate("rows", key, cell(n)))
        row = await calls.timed("read", tables.read("rows", key))
        assert row is not None
        assert row.value("meta", "n") == b"%d" % n
    rows = await calls.timed(
        "list", tables.scan("rows", start=b"%d/" % writer, end=b"%d0" % writer, limit=ROUNDS)
    )
    assert [row.value("meta", "n") for row in rows] == [b"%d" % n for n in range(ROUNDS)]


@pytest.mark.parametrize("name", ["cassandra", "bigtable"])
async def test_nothing_is_refused_where_the_tables_are_slow(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = (ENGINES | EMULATORS)[name](tmp_path / name, CACHE)
    with Link(engine.client_port) as link, engine:
        for variable, value in engine.settings().items():
            monkeypatch.setenv(variable, link.through(value))
        tables = open_tables(link.through(engine.url))
        await tables.mutate("rows", b"first", cell(0))
        link.delay = SLOW_SECONDS
        calls = Calls()
        await asyncio.gather(*(work(tables, calls, writer) for writer in range(WRITERS)))
        print(f"\n{name}, {SLOW_SECONDS} s late: {calls.told()}")
        assert max(map(max, calls.times.values())) < DEADLINE
        assert min(map(min, calls.times.values())) >= SLOW_SECONDS, "it was reached past the link"
        link.delay = 0.0
        await tables.close()
