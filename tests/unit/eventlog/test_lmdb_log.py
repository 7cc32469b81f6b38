"""What only the log on LMDB promises."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.eventlog import LmdbEventLog, open_eventlog
from antiphon.kernel import Conflict, Unavailable
from antiphon.testing import children
from antiphon.testing.children import child
from antiphon.testing.log_contract import envelopes, everything, numbers

_LEASE_SECONDS = 0.3


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[LmdbEventLog]:
    log = open_eventlog(f"lmdb:{tmp_path}/log", lease_seconds=_LEASE_SECONDS)
    yield log
    await log.close()


async def test_slow_consumer_keeps_its_lease(log: LmdbEventLog) -> None:
    await log.append("t", envelopes("a", range(3)))
    async with (
        log.subscribe("t", group="g") as slow,
        log.subscribe("t", group="g") as other,
    ):
        records = await slow.poll()
        assert await other.poll(wait=_LEASE_SECONDS * 3) == []
        await slow.commit(records)
    assert await log.lag("t", group="g") == 0


async def test_idle_group_writes_nothing(log: LmdbEventLog) -> None:
    await log.append("t", envelopes("a", range(3)))
    async with log.subscribe("t", group="g") as subscription:
        await subscription.commit(await subscription.poll())
        before = log._env.env.info()["last_txnid"]
        assert await subscription.poll(wait=_LEASE_SECONDS * 3) == []
        assert log._env.env.info()["last_txnid"] == before


async def test_killed_consumer_is_replaced_before_its_lease_ends(tmp_path: Path) -> None:
    url = f"lmdb:{tmp_path}/log"
    log = open_eventlog(url, lease_seconds=60)
    await log.append("t", envelopes("a", range(3)))
    with child(children.hold_records, url, 60.0) as consumer:
        await asyncio.to_thread(consumer.next_fact)
        consumer.send_signal(signal.SIGKILL)
        consumer.facts_until_end()
    begin = time.monotonic()
    async with log.subscribe("t", group="g") as subscription:
        assert numbers(await subscription.poll(wait=10), "a") == [0, 1, 2]
    assert time.monotonic() - begin < 1
    await log.close()


async def test_rewound_group_begins_again_and_its_member_is_fenced(log: LmdbEventLog) -> None:
    await log.append("t", envelopes("a", range(3)))
    async with log.subscribe("t", group="g") as subscription:
        records = await subscription.poll()
        await subscription.commit(records)
        await log.rewind("t", group="g")
        with pytest.raises(Conflict):
            await subscription.commit(records)
        assert numbers(await everything(subscription), "a") == [0, 1, 2]


async def test_lag_counts_what_is_not_committed(log: LmdbEventLog) -> None:
    assert await log.lag("t", group="g") == 0
    await log.append("t", envelopes("a", range(5)))
    assert await log.lag("t", group="g") == 5
    async with log.subscribe("t", group="g") as subscription:
        records = await subscription.poll(max_records=2)
        assert await log.lag("t", group="g") == 5
        await subscription.commit(records)
    assert await log.lag("t", group="g") == 3


async def test_closed_log_says_so(tmp_path: Path) -> None:
    log = open_eventlog(f"lmdb:{tmp_path}/log")
    await log.close()
    await log.close()
    with pytest.raises(Unavailable, match="closed"):
        await log.append("t", envelopes("a", [1]))


async def test_records_take_little_more_room_than_their_content(tmp_path: Path) -> None:
    log = open_eventlog(f"lmdb:{tmp_path}/log")
    payload = envelopes("a", range(1000))
    for i in range(20):
        await log.append(f"t{i % 3}", payload)
    await log.close()
    content = 20 * sum(len(e.payload) + len(e.event_id) + 30 for e in payload)
    assert (tmp_path / "log" / "data.mdb").stat().st_size < 1.6 * content
