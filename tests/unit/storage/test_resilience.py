import asyncio
import random
import time
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.eventlog.guarded_log import LOG_POLICY
from antiphon.kernel import FixedClock, Invalid, Unavailable
from antiphon.storage import (
    CACHE_POLICY,
    OBJECTS_POLICY,
    TABLES_POLICY,
    CircuitOpen,
    Guard,
    GuardedTables,
    Policy,
    State,
    Tables,
    guarded,
)
from antiphon.storage.resilience import CircuitBreaker, RetryBudget

POLICY = Policy(deadline=0.5, attempt=0.2, most_retries=2, failures_to_open=3)


def guard(policy: Policy = POLICY) -> Guard:
    return Guard("tables", policy, dice=random.Random(1))


class Hanging:
    """A driver that never answers, whatever it is asked."""

    async def scan(self, *_: object, **__: object) -> None:
        await asyncio.sleep(3600)

    async def read_many(self, *_: object) -> None:
        await asyncio.sleep(3600)

    mutate_many = read_many


@pytest.mark.parametrize("rows", [1, 200])
async def test_what_a_request_asks_of_many_rows_has_the_time_of_one_row(rows: int) -> None:
    tables = GuardedTables(cast("Tables", Hanging()), guard())
    keys = [b"%d" % n for n in range(rows)]
    for ask in (
        lambda: tables.scan("t", limit=100_000),
        lambda: tables.read_many("t", keys),
        lambda: tables.mutate_many("t", [(key, []) for key in keys]),
    ):
        begin = time.monotonic()
        with pytest.raises(Unavailable):
            await ask()
        assert time.monotonic() - begin < POLICY.deadline + 0.3


def test_no_call_that_a_request_makes_waits_longer_than_the_guide_says() -> None:
    assert TABLES_POLICY.deadline == LOG_POLICY.deadline == 15.0
    assert OBJECTS_POLICY.deadline + guarded._WHOLE_OBJECT_SECONDS == 15.0
    assert CACHE_POLICY.deadline == 2.5


class Engine:
    """Fails as often as told, then answers; counts how often it was asked."""

    def __init__(self, failures: int, fault: Exception | None = None) -> None:
        self.asked = 0
        self._failures = failures
        self._fault = fault or Unavailable("away")

    async def answer(self) -> str:
        self.asked += 1
        if self.asked <= self._failures:
            raise self._fault
        return "yes"


async def test_what_is_repeatable_is_tried_again():
    engine, stands = Engine(2), guard()
    assert await stands.call(engine.answer, repeatable=True) == "yes"
    assert (engine.asked, stands.counts.retries, stands.counts.failures) == (3, 2, 2)


async def test_what_is_not_repeatable_is_asked_once():
    engine = Engine(1)
    with pytest.raises(Unavailable):
        await guard().call(engine.answer, repeatable=False)
    assert engine.asked == 1


async def test_a_refusal_is_an_answer_and_is_not_repeated():
    engine, stands = Engine(99, Invalid("no")), guard()
    for _ in range(5):
        with pytest.raises(Invalid):
            await stands.call(engine.answer, repeatable=True)
    assert engine.asked == 5
    assert stands.state is State.CLOSED


async def test_no_call_outlives_its_deadline():
    stands = guard()
    loop = asyncio.get_running_loop()
    begin = loop.time()
    with pytest.raises(Unavailable):
        await stands.call(lambda: asyncio.sleep(60), repeatable=True)
    assert 0.2 <= loop.time() - begin < 1.0
    assert stands.counts.timeouts >= 2


@given(failing=st.lists(st.booleans(), min_size=1, max_size=400))
def test_retries_stay_within_a_tenth_of_the_calls_and_ten(failing: list[bool]) -> None:
    budget, retries = RetryBudget(), 0
    for number, fails in enumerate(failing, 1):
        budget.earn()
        if fails:
            retries += budget.spend()
        assert retries <= 10 + 0.1 * number


def breaker(clock: FixedClock) -> CircuitBreaker:
    found = CircuitBreaker(POLICY, clock, random.Random(1))
    for _ in range(3):
        permit = found.enter()
        assert permit is not None
        found.failed(permit)
    assert found.state is State.OPEN
    return found


def test_an_open_breaker_lets_one_call_try_and_its_success_closes_it():
    clock = FixedClock()
    found = breaker(clock)
    assert found.enter() is None
    clock.advance(seconds=1)
    permit = found.enter()
    assert permit is not None
    assert found.enter() is None, "one at a time"
    found.answered(permit)
    assert found.state is State.CLOSED
    assert found.enter() is not None


def test_a_breaker_waits_longer_each_time_up_to_its_bound():
    clock = FixedClock()
    found, waited = breaker(clock), []
    for _ in range(8):
        seconds = 0.0
        while (permit := found.enter()) is None:
            clock.advance(ms=100)
            seconds += 0.1
        found.failed(permit)
        waited.append(seconds)
    assert waited[0] < 1 < waited[2]
    assert 6 <= waited[-1] <= 10.1


def test_a_caller_that_goes_away_leaves_the_try_to_the_next():
    clock = FixedClock()
    found = breaker(clock)
    clock.advance(seconds=1)
    permit = found.enter()
    assert permit is not None
    found.abandoned(permit)
    assert found.enter() is not None


def test_late_answers_from_before_say_nothing():
    clock = FixedClock()
    found = CircuitBreaker(POLICY, clock, random.Random(1))
    old = found.enter()
    assert old is not None
    for _ in range(3):
        found.failed(old)
    found.answered(old)
    assert found.state is State.OPEN


async def test_an_open_breaker_answers_at_once():
    stands = guard()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await stands.call(Engine(9).answer, repeatable=False)
    engine = Engine(0)
    with pytest.raises(CircuitOpen):
        await stands.call(engine.answer, repeatable=True)
    assert engine.asked == 0
    assert (stands.counts.opened, stands.counts.refused) == (1, 1)
