"""What every driver keeps when several processes use it, and when they are killed."""
# ruff: noqa: D102 - the name of each test is the sentence that it promises

import asyncio
import random
import signal
import time
from typing import ClassVar

from antiphon.eventlog import Record, open_eventlog
from antiphon.storage import Row, open_cache, open_tables
from antiphon.testing import children
from antiphon.testing.children import WRITERS, child
from antiphon.testing.log_contract import envelopes, everything, numbers

_KILLS = 100
_INCREMENTS = 400
_LONGEST_LIFE_SECONDS = 0.05
_LEASE_SECONDS = 0.6
_QUIET_SECONDS = 0.01
_PATIENCE_SECONDS = 10.0


def _lives(count: int, seed: int) -> list[float]:
    """Return how long each of ``count`` processes lives, the same ones in every run."""
    chance = random.Random(seed)  # noqa: S311 - no secrets
    return [chance.uniform(0, _LONGEST_LIFE_SECONDS) for _ in range(count)]


class TablesAcrossProcesses:
    """The fixture ``url`` names an empty store; ``kills`` is how many writers are killed."""

    kills: ClassVar[int] = _KILLS
    increments: ClassVar[int] = _INCREMENTS

    def test_killed_writer_loses_nothing_acknowledged_and_tears_no_row(self, url: str) -> None:
        acknowledged = dict.fromkeys(range(WRITERS), -1)
        for life in _lives(self.kills, seed=1):
            beginnings = {writer: number + 1 for writer, number in acknowledged.items()}
            with child(children.write_rows, url, beginnings) as writers:
                for writer, number in writers.facts_until_killed(after=life):
                    acknowledged[writer] = number
            rows = asyncio.run(_rows_of_writers(url))
            for writer, row in rows.items():
                found = _number_of(row)
                assert acknowledged[writer] <= found <= acknowledged[writer] + 1
                acknowledged[writer] = max(found, acknowledged[writer])

    def test_writers_in_several_processes_lose_nothing(self, url: str) -> None:
        times = self.increments
        with (
            child(children.increment, url, times) as first,
            child(children.increment, url, times) as second,
            child(children.increment, url, times) as third,
        ):
            facts = [process.next_fact() for process in (first, second, third)]
        assert sorted(t for totals, _ in facts for t in totals) == list(range(1, 3 * times + 1))
        assert sum(wins for _, wins in facts) == times

    def test_acknowledged_writes_are_seen_by_other_processes_at_once(self, url: str) -> None:
        with child(children.write_rows, url, {0: 0}) as writer:
            asyncio.run(_follow(url, writer))


class EventLogAcrossProcesses:
    """The fixture ``url`` names an empty log; ``kills`` is how many appenders are killed."""

    kills: ClassVar[int] = _KILLS

    def test_killed_appender_loses_nothing_acknowledged(self, url: str) -> None:
        seen: dict[str, list[int]] = {f"k{i}": [] for i in range(WRITERS)}
        for life in _lives(self.kills, seed=2):
            beginnings = {key: len(found) for key, found in seen.items()}
            with child(children.append_records, url, beginnings) as writers:
                acknowledged = dict(writers.facts_until_killed(after=life))
            records = asyncio.run(_new_records(url))
            for key, found in seen.items():
                found.extend(numbers(records, key))
                assert found == list(range(len(found))), key
                assert len(found) > acknowledged.get(key, -1)

    def test_killed_appender_leaves_its_records_whole_and_paired(self, url: str) -> None:
        with child(children.append_records, url, {"k": 0}) as writer:
            told = writer.facts_until_killed(after=0.05)
        found = numbers(asyncio.run(_new_records(url)), "k")
        assert found == list(range(len(found)))
        assert len(found) % 2 == 0
        assert len(found) >= told[-1][1] + 1

    def test_appends_of_several_processes_keep_order_per_key(self, url: str) -> None:
        with (
            child(children.append_some, url, "a", 150, 0) as first,
            child(children.append_some, url, "b", 150, 0) as second,
        ):
            first.next_fact()
            second.next_fact()
        records = asyncio.run(_new_records(url))
        assert numbers(records, "a") == list(range(150))
        assert numbers(records, "b") == list(range(150))

    def test_append_wakes_a_consumer_in_another_process(self, url: str) -> None:
        async def waits() -> tuple[list[float], int]:
            log, pauses = open_eventlog(url), []
            async with log.subscribe("t", group="g") as subscription:
                for _ in range(20):
                    begin = time.monotonic()
                    await subscription.commit(await subscription.poll(wait=_PATIENCE_SECONDS))
                    pauses.append(time.monotonic() - begin)
            lag = await log.lag("t", group="g")
            await log.close()
            return pauses, lag

        with child(children.append_some, url, "a", 20, 0.05):
            pauses, lag = asyncio.run(waits())
        assert lag == 0
        assert sorted(pauses)[len(pauses) // 2] < 0.2

    def test_killed_consumer_is_replaced(self, url: str) -> None:
        with child(children.hold_records, url, _LEASE_SECONDS) as consumer:
            _append(url, range(5))
            assert consumer.next_fact() == [[0, 1, 2, 3, 4]]
            consumer.send_signal(signal.SIGKILL)
            assert _taken_over(url) == [0, 1, 2, 3, 4]

    def test_zombie_consumer_is_fenced(self, url: str) -> None:
        with child(children.hold_records, url, _LEASE_SECONDS) as zombie:
            _append(url, range(5))
            assert zombie.next_fact() == [[0, 1, 2, 3, 4]]
            zombie.send_signal(signal.SIGSTOP)
            assert _taken_over(url) == [0, 1, 2, 3, 4]
            zombie.send_signal(signal.SIGCONT)
            assert zombie.next_fact() == ["fenced"]
        assert asyncio.run(_new_records(url, group="g")) == []


class SignalsAcrossProcesses:
    """The fixture ``url`` names an empty cache with signals."""

    def test_signals_and_counters_are_shared(self, url: str) -> None:
        async def listen() -> list[int]:
            cache = open_cache(url)
            async with cache.subscribe("a") as messages, asyncio.timeout(_PATIENCE_SECONDS):
                publisher = await asyncio.to_thread(process.__enter__)
                heard = [int(await anext(messages)) for _ in range(100)]
                assert publisher.next_fact() == ["subscribed"]
                assert publisher.next_fact() == ["published", 1]
            assert await cache.increment("n", ttl=60) == 2
            await cache.close()
            return heard

        process = child(children.publish_and_hold, url, 100)
        try:
            assert asyncio.run(listen()) == list(range(100))
        finally:
            process.__exit__(None, None, None)

    def test_killed_subscriber_does_not_disturb_publishers(self, url: str) -> None:
        async def publish() -> None:
            cache = open_cache(url)
            async with cache.subscribe("a") as messages, asyncio.timeout(_PATIENCE_SECONDS):
                for number in range(50):
                    await cache.publish("a", b"%d" % number)
                assert [int(await anext(messages)) for _ in range(50)] == list(range(50))
            await cache.close()

        with child(children.publish_and_hold, url, 0) as subscriber:
            subscriber.next_fact()
            subscriber.send_signal(signal.SIGKILL)
            subscriber.facts_until_end()
        asyncio.run(publish())


async def _rows_of_writers(url: str) -> dict[int, Row | None]:
    tables = open_tables(url)
    rows = await tables.read_many("rows", [b"%d" % writer for writer in range(WRITERS)])
    await tables.close()
    return dict(enumerate(rows))


def _number_of(row: Row | None) -> int:
    """Return the number of a row whose cells all agree on it; -1 for a row not yet written."""
    if row is None:
        return -1
    (value,) = {row.value(family, "n") for family in "abc"}
    assert value is not None
    assert row.value("pad", "") == value * (int(value) % 50)
    return int(value)


async def _follow(url: str, writer: children.Child) -> None:
    tables = open_tables(url)
    for _ in range(200):
        _, number = writer.next_fact()
        assert _number_of(await tables.read("rows", b"0")) >= number
    await tables.close()


async def _new_records(url: str, group: str = "check") -> list[Record]:
    log = open_eventlog(url)
    async with log.subscribe("t", group=group) as subscription:
        records = await everything(subscription, wait=_QUIET_SECONDS)
    await log.close()
    return records


def _append(url: str, what: range) -> None:
    async def append() -> None:
        log = open_eventlog(url)
        await log.append("t", envelopes("a", what))
        await log.close()

    asyncio.run(append())


def _taken_over(url: str) -> list[int]:
    """Return what the next consumer of the group gets, and commit it."""

    async def take() -> list[int]:
        log = open_eventlog(url, lease_seconds=_LEASE_SECONDS)
        async with log.subscribe("t", group="g") as subscription:
            records = await subscription.poll(wait=_PATIENCE_SECONDS)
            await subscription.commit(records)
        await log.close()
        return numbers(records, "a")

    return asyncio.run(take())
