"""The event log on a real Kafka: the contract, across processes, and when it is hurt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from antiphon.eventlog import GuardedLog, open_eventlog
from antiphon.kernel import Conflict, Invalid, Unavailable, UnixMs
from antiphon.testing import EventLogAcrossProcesses, EventLogContract
from antiphon.testing.checks import refused
from antiphon.testing.log_contract import envelopes, everything, numbers


@pytest.fixture
def url(engine, unique: str) -> str:
    return f"{engine('kafka').url}/{unique}"


@pytest.fixture
async def eventlog(url: str) -> AsyncIterator[GuardedLog]:
    log = open_eventlog(url)
    assert isinstance(log, GuardedLog)
    yield log
    await log.close()


class TestKafkaEventLog(EventLogContract):
    pass


class TestKafkaEventLogAcrossProcesses(EventLogAcrossProcesses):
    kills = 20  # a new consumer joins after each, which takes a second


async def test_a_commit_in_the_middle_of_an_append_is_kept(eventlog):
    await eventlog.append("t", envelopes("a", range(10)))
    for begin in range(0, 10, 2):
        async with eventlog.subscribe("t", group="g") as subscription:
            records = await subscription.poll(max_records=3, wait=10)
            assert numbers(records, "a")[:2] == [begin, begin + 1]
            await subscription.commit(records[:2])
    assert await eventlog.lag("t", group="g") == 0


async def test_a_consumer_that_does_not_poll_keeps_nothing_from_the_others(eventlog):
    await eventlog.append("t", envelopes("a", range(4)))
    async with eventlog.subscribe("t", group="g"), eventlog.subscribe("t", group="g") as first:
        assert numbers(await first.poll(max_records=2, wait=5), "a") == [0, 1]
        await asyncio.sleep(1)
        assert numbers(await first.poll(max_records=2, wait=5), "a") == [2, 3]


async def test_leaving_while_the_group_is_dealt_out_anew_ends(eventlog):
    await eventlog.append("t", envelopes("a", range(4)))
    async with asyncio.timeout(25):
        async with eventlog.subscribe("t", group="g") as second:
            async with eventlog.subscribe("t", group="g") as first:
                for _ in range(2):
                    await asyncio.gather(first.poll(wait=0.1), second.poll(wait=0.1))
            await asyncio.sleep(1)  # what the first had is being given to the second
        async with eventlog.subscribe("t", group="g") as third:
            assert numbers(await third.poll(wait=5), "a") == list(range(4))


async def test_a_group_can_begin_again_when_nobody_reads_it(eventlog):
    await eventlog.append("t", envelopes("a", range(5)))
    async with eventlog.subscribe("t", group="g") as subscription:
        assert len(await everything(subscription, wait=5)) == 5
        await refused(Conflict, eventlog.rewind("t", group="g"))
    await eventlog.rewind("t", group="g")
    assert await eventlog.lag("t", group="g") == 1, "one append, one message"
    async with eventlog.subscribe("t", group="g") as subscription:
        assert numbers(await everything(subscription, wait=5), "a") == list(range(5))


async def test_what_all_have_read_and_is_old_goes(eventlog):
    for n in range(6):
        await eventlog.append("t", envelopes("a", [n]))
    async with eventlog.subscribe("t", group="g") as subscription:
        records = await subscription.poll(wait=10)
        await subscription.commit(records[:4])
    later = UnixMs(records[0].envelope.occurred_at + 1)
    assert await eventlog.trim("t", read_by=["g"], before=UnixMs(1)) == 0
    assert await eventlog.trim("t", read_by=["g", "nobody"], before=later) == 0
    assert await eventlog.trim("t", read_by=["g"], before=later) == 4
    async with eventlog.subscribe("t", group="other") as subscription:
        assert numbers(await everything(subscription, wait=5), "a") == [4, 5]


async def test_a_broker_that_is_killed_loses_nothing_acknowledged(own_engine):
    broker = own_engine("kafka")
    log = open_eventlog(broker.url)
    acknowledged = []
    for n in range(30):
        await log.append("t", envelopes("a", [n]))
        acknowledged.append(n)
    broker.kill()
    await refused(Unavailable, log.append("t", envelopes("a", [1000])))
    broker.start()
    async with asyncio.timeout(60):
        for n in range(30, 40):
            await log.append("t", envelopes("a", [n]))
            acknowledged.append(n)
    async with log.subscribe("t", group="g") as subscription:
        found = numbers(await everything(subscription, wait=10), "a")
    assert [n for n in found if n != 1000] == acknowledged
    await log.close()


@pytest.mark.parametrize("url", ["kafka://", "kafka://host", "kafka://host:1/a b"])
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_eventlog(url)


async def test_a_topic_just_made_that_has_no_leader_yet_is_unavailable_and_no_surprise(eventlog):
    for number in range(10):
        with suppress(Unavailable):
            await eventlog.trim(f"new{number}", read_by=["g"], before=UnixMs(1))
        with suppress(Unavailable):
            await eventlog.lag(f"new{number}", group="g")
