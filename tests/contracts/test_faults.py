"""Full disks and killed processes, for the engines that live on the local disk."""

import asyncio
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from antiphon.eventlog import EventTypes, Outbox, open_eventlog
from antiphon.kernel import FixedClock, SystemClock, Unavailable
from antiphon.storage import DeleteRow, SetCell, open_objects, open_tables
from antiphon.testing import children
from antiphon.testing.checks import refused
from antiphon.testing.children import Counted, child
from antiphon.testing.log_contract import envelopes, everything

_ROOM = 2_000_000
_KILLS = 40
_LATER_MS = 10_000


async def test_full_disk_is_told_and_harms_no_row(folder: Path) -> None:
    url = f"lmdb:{folder}"
    with child(children.fill_tables, url, _ROOM) as writer:
        *written, (word, detail, readable) = await asyncio.to_thread(writer.facts_until_end)
    assert word == "refused"
    assert readable
    assert "full" in detail
    tables = open_tables(url)
    rows = await tables.scan("rows")
    assert [row.key for row in rows] == [b"%06d" % number for _, number in written]
    assert len(written) > 20
    assert all(row.value("a", "v") == bytes(20_000) for row in rows)
    await tables.mutate("rows", b"after", [SetCell("a", "v", bytes(20_000))])
    await tables.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder where no file grows beyond 3.5 MB: needs no right to mount, unlike a small disk.

    The kernel cuts writes short and then refuses them, as it does on a full disk, with another
    number (EFBIG); drivers take both for the same.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_500_000, hard))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_work_goes_on_once_there_is_room_again(small_disk: Path) -> None:
    tables = open_tables(f"lmdb:{small_disk}/tables")
    objects = open_objects(f"file:{small_disk}/objects")
    cell = SetCell("a", "v", bytes(20_000))
    results = [
        await asyncio.gather(tables.mutate("rows", b"%06d" % n, [cell]), return_exceptions=True)
        for n in range(250)
    ]
    refusals = [error for (error,) in results if isinstance(error, Unavailable)]
    assert "is full" in refusals[0].detail
    stored = len(await tables.scan("rows"))
    assert stored == len(results) - len(refusals)
    assert "is full" in (await refused(Unavailable, objects.put("a", bytes(4_000_000)))).detail
    for row in await tables.scan("rows", limit=30):
        await tables.mutate("rows", row.key, [DeleteRow()])
    await tables.mutate("rows", b"again", [cell])
    assert len(await tables.scan("rows")) == stored - 30 + 1
    await tables.close()


async def test_full_disk_is_told_and_harms_no_record(folder: Path) -> None:
    url = f"lmdb:{folder}"
    with child(children.fill_log, url, _ROOM) as writer:
        *written, (word, detail) = await asyncio.to_thread(writer.facts_until_end)
    assert word == "refused"
    assert "full" in detail
    log = open_eventlog(url)
    await log.append("t", envelopes("a", [1]))
    async with log.subscribe("t", group="g") as subscription:
        records = await everything(subscription)
    assert len(records) == len(written) + 1
    assert len(written) > 20
    await log.close()


async def test_full_disk_is_told_and_leaves_no_part_of_an_object(folder: Path) -> None:
    url = f"file:{folder}"
    with child(children.fill_objects, url, _ROOM) as writer:
        facts = await asyncio.to_thread(writer.facts_until_end)
    assert facts[0] == ["stored", True]
    assert facts[1][0] == "refused"
    assert "full" in facts[1][1]
    objects = open_objects(url)
    assert [info.key async for info in objects.list("")] == ["small"]
    assert [file for file in folder.rglob("*") if file.is_file()] == [folder / "small"]
    assert await objects.put("large", bytes(_ROOM * 2), create_only=True)


def test_killed_writer_leaves_no_part_of_an_object(folder: Path) -> None:
    chance = random.Random(3)
    for seed in range(_KILLS):
        with child(children.put_objects, f"file:{folder}", seed) as writer:
            stored = writer.facts_until_killed(after=chance.uniform(0, 0.03))
        names = {path.name for path in (folder / "o").iterdir()}
        assert {key.removeprefix("o/") for (key,) in stored} <= names
    for path in (folder / "o").iterdir():
        size = int(path.name.split("-")[2])
        assert path.read_bytes() == bytes([size % 256]) * size


def test_killed_writer_tells_exactly_what_it_changed(folder: Path) -> None:
    tables_url, log_url = f"lmdb:{folder}/tables", f"lmdb:{folder}/log"
    reached = {f"k{i}": 0 for i in range(4)}
    chance = random.Random(4)
    for _ in range(_KILLS):
        beginnings = {key: number + 1 for key, number in reached.items()}
        with child(children.count_in_outbox, tables_url, log_url, beginnings) as writers:
            acknowledged = dict(writers.facts_until_killed(after=chance.uniform(0, 0.04)))
        found = asyncio.run(_swept_numbers(tables_url, log_url, list(reached)))
        for key, number in acknowledged.items():
            assert found[key] >= number
        reached = found
    told = asyncio.run(_told(log_url))
    for key, number in reached.items():
        assert told[key] == list(range(1, number + 1))


async def _swept_numbers(tables_url: str, log_url: str, keys: list[str]) -> dict[str, int]:
    """Sweep as the next process would, some seconds later; return what the rows say."""
    tables, log = open_tables(tables_url), open_eventlog(log_url)
    later = FixedClock(SystemClock().now() + _LATER_MS)
    await Outbox(tables, log, later).sweep()
    rows = await tables.read_many("rows", [key.encode() for key in keys])
    assert all(row is None or not row.columns("outbox") for row in rows)
    await log.close()
    await tables.close()
    values = [row and row.value("meta", "n") for row in rows]
    return {key: int(value or 0) for key, value in zip(keys, values, strict=True)}


async def _told(log_url: str) -> dict[str, list[int]]:
    """Return the numbers in the log by key; of repetitions only the first."""
    log, types = open_eventlog(log_url), EventTypes(Counted)
    async with log.subscribe("t", group="check") as subscription:
        records = await everything(subscription)
    await log.close()
    first = {record.envelope.event_id: record.envelope for record in reversed(records)}
    told: dict[str, list[int]] = {}
    for envelope in reversed(first.values()):
        event = types.decode(envelope)
        assert isinstance(event, Counted)
        told.setdefault(event.key, []).append(event.number)
    return told
