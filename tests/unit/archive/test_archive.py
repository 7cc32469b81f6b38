"""Each event lies in the archive once, whatever is killed; and it names nobody."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest

from antiphon.archive import ArchiveFeed, Pseudonyms, Shelf, Span, ask, new_generation
from antiphon.archive.shelf import Incomplete
from antiphon.eventlog import OperatedLog, Record, encode_event, open_eventlog
from antiphon.kernel import (
    Conflict,
    DeviceId,
    Envelope,
    FixedClock,
    GrantId,
    Invalid,
    ListenerId,
    SongId,
    UnixMs,
)
from antiphon.storage import Objects, Tables, open_objects, open_tables
from antiphon.streaming.events import TOPIC, PlayEnded

AT = 1_767_225_000_000  # 2025-12-31 23:50 UTC
MINUTE = 60_000


@dataclass
class House:
    folder: Path
    log: OperatedLog
    objects: Objects
    tables: Tables

    def feed(self, *, most: int = 50_000) -> ArchiveFeed:
        return ArchiveFeed(self.log, TOPIC, Shelf(self.objects, self.tables), most=most)

    async def play(self, numbers: range, *, listener: str = "robin") -> None:
        await self.log.append(TOPIC, [ended(number, listener) for number in numbers])

    async def rows(self, sql: str = "SELECT * FROM log", **span: str) -> list[tuple]:
        return (await ask(self.objects, sql, Span(**span))).rows

    def in_files(self) -> list[int]:
        """Return the offsets in all files there are, by a reader that knows nothing of us."""
        files = f"{self.folder}/objects/archive/v1/events/*/*/*.parquet"
        found = duckdb.sql(f"SELECT \"offset\" FROM read_parquet('{files}') ORDER BY ALL")
        return [offset for (offset,) in found.fetchall()]


def ended(number: int, listener: str) -> Envelope:
    at = AT + number * MINUTE
    event = PlayEnded(
        GrantId(f"g{number}"),
        ListenerId(listener),
        DeviceId("phone"),
        SongId(f"s{number % 3}"),
        45_000,
        at,
        45_000,
        "ended",
        issued_at=at - 45_000,
    )
    return encode_event(event, clock=FixedClock(UnixMs(at)), event_id=f"e{number}")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    log, tables = open_eventlog(f"lmdb:{tmp_path}/log"), open_tables(f"lmdb:{tmp_path}/t")
    yield House(tmp_path, log, open_objects(f"file:{tmp_path}/objects"), tables)
    await log.close()
    await tables.close()


async def test_events_lie_once_in_files_of_their_day(house: House) -> None:
    await house.play(range(30))
    assert await house.feed().catch_up() == 30
    assert await house.feed().catch_up() == 0
    assert house.in_files() == list(range(30))
    days = (
        "SELECT strftime(occurred_at, '%Y-%m-%d') AS day, count(*) FROM log GROUP BY 1 ORDER BY 1"
    )
    assert await house.rows(days) == [("2025-12-31", 10), ("2026-01-01", 20)]
    assert await house.rows("SELECT count(*) FROM log", since="2026-01-01") == [(20,)]
    assert await house.rows("SELECT count(*) FROM log", topic="catalog") == [(0,)]
    listed = [info.key async for info in house.objects.list("archive/v1/events")]
    assert sorted(key.split("/")[4] for key in listed) == ["2025-12-31", "2026-01-01"]


async def test_what_was_played_can_be_asked_by_sql(house: House) -> None:
    await house.play(range(9))
    await house.feed().catch_up()
    answer = await ask(
        house.objects,
        "SELECT song_id, count(*) AS n, sum(heard_ms) AS ms FROM plays GROUP BY ALL ORDER BY ALL",
        Span(),
    )
    assert answer.names == ("song_id", "n", "ms")
    assert answer.rows == [(f"s{n}", 3, 135_000) for n in range(3)]
    with pytest.raises(Invalid, match="cannot be asked"):
        await ask(house.objects, "SELECT nothing FROM nowhere", Span())


async def test_an_event_told_twice_is_one_event_and_two_records(house: House) -> None:
    await house.play(range(3))
    await house.play(range(1, 3))
    await house.feed().catch_up()
    assert await house.rows("SELECT count(*) FROM log") == [(5,)]
    assert await house.rows("SELECT count(*) FROM events") == [(3,)]


async def test_nothing_names_a_listener_a_device_or_a_grant(house: House) -> None:
    await house.play(range(30))
    await house.play(range(30, 33), listener="sam")
    await house.feed().catch_up()
    for info in [i async for i in house.objects.list("archive")]:
        data = await house.objects.get(info.key) or b""
        assert b"robin" not in data
    text = str(await house.rows())
    assert not [name for name in ("robin", "sam", "phone", "'g1'") if name in text]
    by_month = "SELECT count(DISTINCT listener), count(DISTINCT payload->>'device_id') FROM log"
    assert await house.rows(by_month) == [(3, 2)], "robin in two months, sam in one"


async def test_who_is_removed_is_nobody_in_the_archive_from_then_on(house: House) -> None:
    await house.play(range(3))
    await house.feed().catch_up()
    [(known,)] = await house.rows("SELECT DISTINCT listener FROM log")
    await Pseudonyms(house.tables).shred("robin")
    await house.play(range(3, 6))  # told late
    await house.feed().catch_up()
    late = await house.rows('SELECT listener, payload FROM log WHERE "offset" >= 3')
    assert {listener for listener, _ in late} == {None}
    assert not [payload for _, payload in late if "grant_id" in payload or "device" in payload]
    assert await Pseudonyms(house.tables).keys(["robin"]) == {"robin": None}
    assert known is not None


async def test_a_claim_without_files_is_made_good_by_who_reads_it_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def dies(*_: object) -> None:
        raise Killed

    await house.play(range(20))
    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "_write", dies)
        with pytest.raises(Killed):
            await house.feed().catch_up()
    await house.play(range(20, 50))
    assert await house.feed().catch_up() == 50
    assert house.in_files() == list(range(50))


async def test_killed_between_files_and_commit_it_writes_the_same_files(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def dies(*_: object) -> None:
        raise Killed

    await house.play(range(20))
    with monkeypatch.context() as patch:
        patch.setattr("antiphon.eventlog.lmdb_group.LmdbSubscription.commit", dies)
        with pytest.raises(Killed):
            await house.feed().catch_up()
    await house.play(range(20, 30))
    await house.feed().catch_up()
    assert house.in_files() == list(range(30))


async def test_who_was_slow_writes_nothing_that_another_has_written(house: House) -> None:
    records = [Record(TOPIC, 0, n, ended(n, "robin")) for n in range(100)]
    slow, quick = Shelf(house.objects, house.tables), Shelf(house.objects, house.tables)
    assert await slow.put(records[:10]) == 10
    assert await quick.put(records[10:60]) == 50
    with pytest.raises(Incomplete):
        await slow.put(records[10:30])  # holds only part of what the other claimed
    assert await slow.put(records[10:70]) == 60
    assert await quick.put(records[60:100]) == 40, "ten of them written again, the same"
    assert house.in_files() == list(range(100))
    assert await slow.put(records[:20]) == 0, "what was committed long ago is passed over"


async def test_a_restored_log_does_not_overwrite_what_was_archived_before(house: House) -> None:
    await house.play(range(10))
    await house.feed().catch_up()
    await new_generation(house.tables)
    lost = [
        Record(TOPIC, 0, n, replace(ended(n, "robin"), event_id=f"new{n}")) for n in range(5, 9)
    ]
    assert await Shelf(house.objects, house.tables).put(lost) == 4
    assert await house.rows("SELECT count(*) FROM events") == [(14,)]


async def test_a_command_beside_a_server_that_archives_says_so(house: House) -> None:
    await house.play(range(5))
    async with house.log.subscribe(TOPIC, group="archive.plays") as server:
        await server.poll(wait=1)
        with pytest.raises(Conflict, match="A server is archiving"):
            await house.feed().catch_up()


async def test_killed_again_and_again_the_archive_has_each_event_once(house: House) -> None:
    dice, told = random.Random(7), 0
    for _ in range(12):
        await house.play(range(told, told + 400))
        told += 400
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(Path(__file__).with_name("killing.py"))),
            *(str(house.folder), str(dice.choice((37, 150, 1000)))),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        await process.stdout.readline()
        await asyncio.sleep(dice.uniform(0.05, 0.5))
        process.kill()
        await process.wait()
        offsets = house.in_files() if list(house.folder.glob("objects/archive/v1/events")) else []
        assert len(offsets) == len(set(offsets)), "twice"
    await house.feed().catch_up()
    assert house.in_files() == list(range(told))
