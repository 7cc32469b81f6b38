"""What every driver of the event log port keeps."""

import asyncio
import time
from collections.abc import Sequence

from antiphon.eventlog import EventLog, MovableLog, Record, Subscription
from antiphon.kernel import Conflict, Envelope, Invalid, UnixMs
from antiphon.testing.checks import refused

_NOW = UnixMs(1_700_000_000_000)


def envelopes(key: str, numbers: Sequence[int]) -> list[Envelope]:
    """Return one envelope per number, all about ``key``."""
    return [Envelope(f"{key}-{n}", "test.counted", 1, key, _NOW, b"%d" % n) for n in numbers]


async def everything(subscription: Subscription, *, wait: float = 0.1) -> list[Record]:
    """Poll and commit until nothing more comes."""
    found: list[Record] = []
    while records := await subscription.poll(wait=wait):
        found += records
        await subscription.commit(records)
    return found


async def all_stored(eventlog: MovableLog, topic: str, *, page: int = 1000) -> list[Record]:
    """Return all records, partition after partition, without a group."""
    found: list[Record] = []
    for partition, extent in (await eventlog.extents(topic)).items():
        start = extent.begin
        while some := await eventlog.stored(topic, partition, start=start, limit=page):
            found += some
            start = some[-1].offset + 1
    return found


def _place(record: Record) -> tuple[int, int]:
    return record.partition, record.offset


def numbers(records: Sequence[Record], key: str) -> list[int]:
    """Return the numbers of the records about ``key``, as they came."""
    return [int(r.envelope.payload) for r in records if r.envelope.key == key]


class _Reading:
    """One consumer."""

    async def test_records_come_back_as_they_were(self, eventlog: EventLog) -> None:
        sent = Envelope("id", "catalog.song_added", 3, "ключ", _NOW, b'{"a":"\\u0000"}\xff')
        await eventlog.append("t", [sent])
        async with eventlog.subscribe("t", group="g") as subscription:
            (record,) = await subscription.poll()
        assert (record.topic, record.envelope) == ("t", sent)

    async def test_order_per_key_is_kept(self, eventlog: EventLog) -> None:
        for n in range(50):
            await eventlog.append("t", envelopes("a", [n]) + envelopes("b", [n, n]))
        async with eventlog.subscribe("t", group="g") as subscription:
            found = await everything(subscription)
        assert numbers(found, "a") == list(range(50))
        assert numbers(found, "b") == [n for n in range(50) for _ in range(2)]

    async def test_concurrent_appends_lose_nothing(self, eventlog: EventLog) -> None:
        async def write(key: str) -> None:
            for n in range(20):
                await eventlog.append("t", envelopes(key, [n]))

        keys = [f"k{i}" for i in range(20)]
        await asyncio.gather(*(write(key) for key in keys))
        async with eventlog.subscribe("t", group="g") as subscription:
            found = await everything(subscription)
        assert len(found) == 400
        assert all(numbers(found, key) == list(range(20)) for key in keys)

    async def test_offsets_grow_within_a_partition(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(10)))
        async with eventlog.subscribe("t", group="g") as subscription:
            found = await everything(subscription)
        last: dict[int, int] = {}
        for record in found:
            assert record.offset > last.get(record.partition, -1)
            last[record.partition] = record.offset

    async def test_poll_returns_no_more_than_asked(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(10)))
        async with eventlog.subscribe("t", group="g") as subscription:
            first = await subscription.poll(max_records=3)
            second = await subscription.poll(max_records=100)
        assert numbers(first + second, "a") == list(range(10))
        assert len(first) == 3

    async def test_poll_of_nothing_waits_as_long_as_told(self, eventlog: EventLog) -> None:
        async with eventlog.subscribe("empty", group="g") as subscription:
            begin = time.monotonic()
            assert await subscription.poll(wait=0.2) == []
            assert 0.15 <= time.monotonic() - begin < 2

    async def test_waiting_poll_is_woken_by_an_append(self, eventlog: EventLog) -> None:
        async with eventlog.subscribe("t", group="g") as subscription:
            waiting = asyncio.create_task(subscription.poll(wait=10))
            await asyncio.sleep(0.1)
            begin = time.monotonic()
            await eventlog.append("t", envelopes("a", [1]))
            assert numbers(await waiting, "a") == [1]
            assert time.monotonic() - begin < 1

    async def test_topics_do_not_see_each_other(self, eventlog: EventLog) -> None:
        for topic in ("a", "ab", "b"):
            await eventlog.append(topic, envelopes(topic, [1, 2]))
        async with eventlog.subscribe("ab", group="g") as subscription:
            found = await everything(subscription)
        assert [r.envelope.key for r in found] == ["ab", "ab"]

    async def test_appending_nothing_is_fine(self, eventlog: EventLog) -> None:
        await eventlog.append("t", [])
        async with eventlog.subscribe("t", group="g") as subscription:
            assert await subscription.poll(wait=0.05) == []

    async def test_what_is_too_large_or_nameless_is_refused(self, eventlog: EventLog) -> None:
        big = Envelope("id", "t", 1, "k", _NOW, b"x" * (1024 * 1024 + 1))
        await refused(Invalid, eventlog.append("t", [*envelopes("a", [1]), big]))
        await refused(Invalid, eventlog.append("", envelopes("a", [1])))
        async with eventlog.subscribe("t", group="g") as subscription:
            assert await subscription.poll(wait=0.05) == []


class _Groups:
    """Several consumers, one after the other and at once."""

    async def test_group_resumes_at_its_commit(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(10)))
        async with eventlog.subscribe("t", group="g") as subscription:
            await subscription.commit(await subscription.poll(max_records=4))
            await subscription.poll(max_records=3)
        async with eventlog.subscribe("t", group="g") as subscription:
            assert numbers(await everything(subscription), "a") == list(range(4, 10))

    async def test_uncommitted_records_are_delivered_again(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(5)))
        for _ in range(2):
            async with eventlog.subscribe("t", group="g") as subscription:
                assert numbers(await subscription.poll(), "a") == list(range(5))

    async def test_poll_goes_on_without_a_commit(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(4)))
        async with eventlog.subscribe("t", group="g") as subscription:
            first = await subscription.poll(max_records=2)
            second = await subscription.poll(max_records=2)
            assert numbers(first + second, "a") == [0, 1, 2, 3]
            await subscription.commit(second)
        async with eventlog.subscribe("t", group="g") as subscription:
            assert await subscription.poll(wait=0.05) == []

    async def test_commit_never_goes_back(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(4)))
        async with eventlog.subscribe("t", group="g") as subscription:
            records = await subscription.poll()
            await subscription.commit(records)
            await subscription.commit(records[:1])
            await subscription.commit([])
        async with eventlog.subscribe("t", group="g") as subscription:
            assert await subscription.poll(wait=0.05) == []

    async def test_groups_are_independent(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(5)))
        for group in ("g", "h"):
            async with eventlog.subscribe("t", group=group) as subscription:
                assert numbers(await everything(subscription), "a") == list(range(5))

    async def test_two_consumers_of_a_group_share_without_overlap(self, eventlog: EventLog) -> None:
        found: list[Record] = []

        async def consume(stop: asyncio.Event) -> None:
            async with eventlog.subscribe("t", group="g") as subscription:
                while not stop.is_set():
                    records = await subscription.poll(max_records=7, wait=0.05)
                    await asyncio.sleep(0)
                    found.extend(records)
                    await subscription.commit(records)

        stop, begin = asyncio.Event(), time.monotonic()
        consumers = [asyncio.create_task(consume(stop)) for _ in range(2)]
        for n in range(0, 200, 10):
            await eventlog.append("t", envelopes("a", range(n, n + 10)))
        while len(found) < 200 and time.monotonic() < begin + 10:  # noqa: ASYNC110 - it is counted
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.gather(*consumers)
        assert numbers(found, "a") == list(range(200))

    async def test_leaving_hands_over_what_was_not_committed(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(6)))
        async with eventlog.subscribe("t", group="g") as second:
            async with eventlog.subscribe("t", group="g") as first:
                await first.commit(await first.poll(max_records=2))
                assert len(await first.poll(max_records=2)) == 2
                assert await second.poll(wait=0.05) == []
            async with asyncio.timeout(5):
                assert numbers(await second.poll(wait=5), "a") == [2, 3, 4, 5]

    async def test_consumer_that_left_cannot_commit(self, eventlog: EventLog) -> None:
        await eventlog.append("t", envelopes("a", range(3)))
        async with eventlog.subscribe("t", group="g") as gone:
            records = await gone.poll()
        async with eventlog.subscribe("t", group="g") as present:
            assert len(await present.poll()) == 3
            await refused(Conflict, gone.commit(records))
            await present.commit(records[:1])
        async with eventlog.subscribe("t", group="g") as later:
            assert numbers(await later.poll(), "a") == [1, 2]


class _Moving:
    """What moving an installation asks, of a log that nobody else uses."""

    async def test_stored_records_are_those_that_groups_are_given(
        self, eventlog: MovableLog
    ) -> None:
        await eventlog.append("t", envelopes("a", range(5)) + envelopes("b", range(3)))
        await eventlog.load("t", envelopes("a", range(5, 9)))
        async with eventlog.subscribe("t", group="g") as subscription:
            given = await everything(subscription)
        found = await all_stored(eventlog, "t", page=2)
        assert sorted(found, key=_place) == sorted(given, key=_place)
        assert numbers(found, "a") == list(range(9))

    async def test_extents_hold_every_record_and_no_other(self, eventlog: MovableLog) -> None:
        assert all(e.begin == e.end for e in (await eventlog.extents("empty")).values())
        await eventlog.load("t", [e for n in range(20) for e in envelopes(f"k{n}", [n])])
        extents = await eventlog.extents("t")
        found = await all_stored(eventlog, "t")
        assert len(found) == 20
        assert all(extents[r.partition].begin <= r.offset < extents[r.partition].end for r in found)
        assert await eventlog.topics() == ["empty", "t"]

    async def test_a_group_goes_on_where_it_is_placed(self, eventlog: MovableLog) -> None:
        await eventlog.append("t", envelopes("a", range(6)))
        first, *_, last = await all_stored(eventlog, "t")
        third = (await all_stored(eventlog, "t"))[2]
        for group, record in (("g", first), ("h", third), ("i", last)):
            await eventlog.place("t", group, {record.partition: record.offset})
        for group, begin in (("g", 0), ("h", 2), ("i", 5)):
            async with eventlog.subscribe("t", group=group) as subscription:
                assert numbers(await subscription.poll(wait=5), "a") == list(range(begin, 6))

    async def test_places_are_where_groups_have_committed(self, eventlog: MovableLog) -> None:
        await eventlog.append("t", envelopes("a", range(6)))
        async with eventlog.subscribe("t", group="g") as subscription:
            records = await subscription.poll(wait=5)
            await subscription.commit(records[:4])
            await refused(Conflict, eventlog.places("t"))
        places = await eventlog.places("t")
        assert list(places) == ["g"]
        assert places["g"][records[0].partition] == records[4].offset
        await eventlog.place("t", "h", places["g"])
        assert (await eventlog.places("t"))["h"] == places["g"]
        async with eventlog.subscribe("t", group="h") as subscription:
            assert numbers(await subscription.poll(wait=5), "a") == [4, 5]

    async def test_a_topic_that_was_dropped_begins_anew(self, eventlog: MovableLog) -> None:
        await eventlog.append("t", envelopes("a", range(6)))
        await eventlog.append("tt", envelopes("a", range(2)))
        await eventlog.drop("t")
        assert await all_stored(eventlog, "t") == []
        assert len(await all_stored(eventlog, "tt")) == 2
        await eventlog.load("t", envelopes("a", [7]))
        assert numbers(await all_stored(eventlog, "t"), "a") == [7]


class EventLogContract(_Reading, _Groups, _Moving):
    """All of it; the fixture ``eventlog`` is a driver on an empty log."""
