"""Three Kafka nodes, one of which is cut off or killed while everybody writes."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from antiphon.eventlog import open_eventlog
from antiphon.kernel import Unavailable
from antiphon.testing.engines import CannotInstall
from antiphon.testing.engines.three import ThreeKafka
from antiphon.testing.log_contract import envelopes, everything, numbers

pytestmark = pytest.mark.faults

CACHE = Path(__file__).parents[2] / ".cache" / "engines"
KEYS = [f"key-{n}" for n in range(8)]
LONGEST_STALL_SECONDS = 45.0


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeKafka]:
    with ExitStack() as stack:
        try:
            made = stack.enter_context(ThreeKafka(tmp_path_factory.mktemp("three"), CACHE))
        except CannotInstall as lack:
            pytest.skip(str(lack))
        yield made


class Writers:
    """One writer for each key; an append that is refused is tried again."""

    def __init__(self, log) -> None:
        self._log = log
        self.acknowledged: dict[str, list[int]] = defaultdict(list)
        self.at: dict[str, list[float]] = defaultdict(list)
        self.stop = False

    async def write(self, key: str) -> None:
        number = 0
        while not self.stop:
            try:
                await self._log.append("t", envelopes(key, [number]))
            except Unavailable:
                await asyncio.sleep(0.1)
                continue
            self.acknowledged[key].append(number)
            self.at[key].append(time.monotonic())
            number += 1
            await asyncio.sleep(0.05)

    async def everybody_writes(self, count: int) -> None:
        """Wait until each key got ``count`` more."""
        wanted = {key: len(self.acknowledged[key]) + count for key in KEYS}
        while any(len(self.acknowledged[key]) < most for key, most in wanted.items()):
            await asyncio.sleep(0.05)

    def longest_stall(self) -> float:
        return max(b - a for at in self.at.values() for a, b in pairwise(at))


async def all_in_sync(three: ThreeKafka, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": three.url.removeprefix("kafka://")})
    while True:
        found = await asyncio.to_thread(admin.list_topics, topic, 10)
        if all(len(p.isrs) == 3 for p in found.topics[topic].partitions.values()):
            return
        await asyncio.sleep(0.5)


@pytest.mark.slow
@pytest.mark.parametrize("hurt", ["cut off", "killed"])
async def test_one_of_three_lost_in_the_middle_loses_nothing_and_stops_nobody(
    three: ThreeKafka, unique: str, hurt: str, record_property
) -> None:
    log = open_eventlog(f"{three.url}/{unique}")
    writers = Writers(log)
    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        for key in KEYS:
            group.create_task(writers.write(key))
        await writers.everybody_writes(20)
        if hurt == "cut off":
            three.network.cut(1)
        else:
            three.nodes[1].kill()
        await writers.everybody_writes(40)
        if hurt == "cut off":
            three.network.join(1)
        else:
            three.nodes[1].launch()
        await all_in_sync(three, f"{unique}.t")
        await writers.everybody_writes(20)
        writers.stop = True
    stall = writers.longest_stall()
    print(f"\nKafka, one of three {hurt}: writes stalled {stall:.1f} s")
    record_property("stall_seconds", round(stall, 1))
    assert stall < LONGEST_STALL_SECONDS
    async with asyncio.timeout(30), log.subscribe("t", group="g") as subscription:
        records = await everything(subscription, wait=10)
    for key in KEYS:
        found = list(dict.fromkeys(numbers(records, key)))
        assert found == writers.acknowledged[key][: len(found)], "out of order or unknown"
        assert len(found) == len(writers.acknowledged[key]), "acknowledged and not there"
    await log.close()
