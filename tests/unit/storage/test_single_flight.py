"""One question at a time for each key, whoever asks and whoever leaves."""

import asyncio

import pytest

from antiphon.kernel import Unavailable
from antiphon.storage import SingleFlight


class Engine:
    """Answers when it is told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()
        self.fault: Exception | None = None

    async def work(self) -> int:
        self.asked += 1
        await self.go.wait()
        if self.fault is not None:
            raise self.fault
        return self.asked


async def test_who_asks_at_once_gets_one_answer() -> None:
    flights, engine = SingleFlight[str](), Engine()
    asking = [asyncio.create_task(flights.share("a", engine.work)) for _ in range(50)]
    other = asyncio.create_task(flights.share("b", engine.work))
    await asyncio.sleep(0.01)
    engine.go.set()
    assert await asyncio.gather(*asking) == [2] * 50
    assert await other == 2
    assert engine.asked == 2
    assert await flights.share("a", engine.work) == 3, "the next one asks anew"


async def test_a_fault_reaches_all_and_is_not_kept() -> None:
    flights, engine = SingleFlight[str](), Engine()
    engine.fault = Unavailable("away")
    asking = [asyncio.create_task(flights.share("a", engine.work)) for _ in range(5)]
    await asyncio.sleep(0)
    engine.go.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(f) for f in found] == [Unavailable] * 5
    engine.fault = None
    assert await flights.share("a", engine.work) == 2


async def test_who_goes_away_ends_it_for_nobody() -> None:
    flights, engine = SingleFlight[str](), Engine()
    first = asyncio.create_task(flights.share("a", engine.work))
    second = asyncio.create_task(flights.share("a", engine.work))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    engine.go.set()
    assert await second == 1


async def test_patience_counts_from_the_beginning_and_the_work_goes_on() -> None:
    flights, engine = SingleFlight[str](), Engine()
    with pytest.raises(TimeoutError):
        await flights.share("a", engine.work, patience=0.02)
    began = asyncio.get_running_loop().time()
    for _ in range(100):
        with pytest.raises(TimeoutError):
            await flights.share("a", engine.work, patience=0.02)
    assert asyncio.get_running_loop().time() - began < 1, "what has waited enough waits no more"
    engine.go.set()
    assert await flights.share("a", engine.work) == 1
    assert engine.asked == 1


async def test_a_fault_that_nobody_waits_for_is_no_noise() -> None:
    flights, engine = SingleFlight[str](), Engine()
    engine.fault = Unavailable("away")
    with pytest.raises(TimeoutError):
        await flights.share("a", engine.work, patience=0)
    engine.go.set()
    for _ in range(3):
        await asyncio.sleep(0)
    engine.fault = None
    assert await flights.share("a", engine.work) == 2
