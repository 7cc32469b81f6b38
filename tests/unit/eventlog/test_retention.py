"""The log on LMDB is bounded by age and size, and loses nothing that somebody has yet to read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.eventlog import LmdbEventLog, open_eventlog
from antiphon.kernel import Envelope, UnixMs
from antiphon.testing.log_contract import everything

NEVER, ALWAYS = UnixMs(0), UnixMs(10**15)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[LmdbEventLog]:
    log = open_eventlog(f"lmdb:{tmp_path}/log")
    yield log
    await log.close()


async def append(log: LmdbEventLog, numbers: range, *, size: int = 10, topic: str = "t") -> None:
    await log.append(
        topic, [Envelope(f"{n}", "test", 1, "k", UnixMs(n), b"x" * size) for n in numbers]
    )


async def read(log: LmdbEventLog, group: str, *, most: int = 10**6) -> list[int]:
    """Read and commit; return offsets."""
    async with log.subscribe("t", group=group) as subscription:
        if most < 10**6:
            records = await subscription.poll(max_records=most)
            await subscription.commit(records)
        else:
            records = await everything(subscription, wait=0.05)
    return [record.offset for record in records]


async def test_what_is_older_goes_and_the_rest_keeps_its_offsets(log: LmdbEventLog) -> None:
    await append(log, range(3000))
    await read(log, "g")
    assert await log.trim("t", read_by=["g"], before=UnixMs(2500)) == 2500
    assert await log.trim("t", read_by=["g"], before=UnixMs(2500)) == 0
    assert await read(log, "new") == list(range(2500, 3000))
    await append(log, range(3000, 3010))
    assert await read(log, "g") == list(range(3000, 3010))


async def test_what_a_group_has_not_read_stays_however_old(log: LmdbEventLog) -> None:
    await append(log, range(100))
    await read(log, "fast")
    await read(log, "slow", most=30)
    assert await log.trim("t", read_by=[], before=ALWAYS) == 30
    assert await read(log, "slow") == list(range(30, 100))


async def test_a_group_that_is_expected_and_never_came_keeps_everything(log: LmdbEventLog) -> None:
    await append(log, range(100))
    await read(log, "g")
    assert await log.trim("t", read_by=["g", "later"], before=ALWAYS, most_bytes=1) == 0
    assert await read(log, "later") == list(range(100))


async def test_a_group_that_begins_again_keeps_what_is_left(log: LmdbEventLog) -> None:
    await append(log, range(100))
    await read(log, "g")
    await log.trim("t", read_by=["g"], before=UnixMs(40))
    await log.rewind("t", group="g")
    assert await log.lag("t", group="g") == 60
    assert await log.trim("t", read_by=["g"], before=ALWAYS) == 0
    assert await read(log, "g") == list(range(40, 100))


async def test_the_latest_record_stays_so_that_offsets_go_on(log: LmdbEventLog) -> None:
    await append(log, range(5))
    await read(log, "g")
    assert await log.trim("t", read_by=["g"], before=ALWAYS, most_bytes=1) == 4
    await append(log, range(5, 7))
    assert await read(log, "g") == [5, 6]
    assert await log.lag("t", group="g") == 0


async def test_a_topic_that_is_too_large_is_cut_from_its_beginning(log: LmdbEventLog) -> None:
    await append(log, range(500), size=2000)
    await append(log, range(10), topic="tt")
    await read(log, "g")
    gone = await log.trim("t", read_by=["g"], before=NEVER, most_bytes=500_000)
    assert 200 < gone < 400
    assert await read(log, "new") == list(range(gone, 500))
    assert await log.trim("tt", read_by=[], before=NEVER, most_bytes=500_000) == 0


async def test_room_that_was_made_is_used_again(log: LmdbEventLog, tmp_path: Path) -> None:
    sizes = []
    for turn in range(12):
        await append(log, range(turn * 200, turn * 200 + 200), size=2000)
        await read(log, "g")
        await log.trim("t", read_by=["g"], before=ALWAYS)
        sizes.append((tmp_path / "log" / "data.mdb").stat().st_size)
    assert sizes[-1] <= sizes[3]
