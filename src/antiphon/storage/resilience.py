"""Deadlines, retries within a budget, and a circuit breaker: once, above every remote driver.

Drivers raise ``Unavailable`` for what an engine does not answer and repeat nothing. A ``Guard``
stands around the calls of one engine in one process: each call ends by its deadline, only what the
caller calls repeatable is tried again, all retries together stay within a tenth of the calls, and
an engine that has stopped answering is left alone for a while instead of being waited for.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

import structlog

from antiphon.kernel import Clock, SystemClock, Unavailable

_T = TypeVar("_T")

log = structlog.get_logger()

_BUDGET_RATIO: Final = 0.1  # retries per call, over time: an outage adds a tenth of load, no more
_BUDGET_MOST: Final = 10.0  # retries saved up, so that a process that asks little may retry at all
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0
_OPEN_JITTER: Final = 0.25  # of the pause, either way: processes shall not come back in step


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a guard is with its engine; all times in seconds.

    ``attempt`` bounds one try, ``deadline`` the whole call with its retries and pauses. After
    ``failures_to_open`` failures in a row the engine is left alone for ``first_open``, then for
    twice as long each time that it still does not answer, up to ``longest_open``.
    """

    deadline: float
    attempt: float
    most_retries: int = 2
    failures_to_open: int = 5
    first_open: float = 0.5
    longest_open: float = 8.0


@dataclass(slots=True)
class Counts:
    """What a guard has seen since the process began; each only grows."""

    calls: int = 0
    failures: int = 0  # tries that the engine did not answer; those that took too long included
    timeouts: int = 0  # tries that took too long
    retries: int = 0
    unbudgeted: int = 0  # retries left out because the budget was spent
    refused: int = 0  # calls that the open breaker turned away
    opened: int = 0  # times that the breaker opened


class CircuitOpen(Unavailable):
    """The engine is being left alone: it has not answered lately."""

    code = "engine_away"


class RetryBudget:
    """Allows retries up to a tenth of the calls, and ten more."""

    def __init__(self) -> None:
        self._tokens = _BUDGET_MOST

    def earn(self) -> None:
        """Note a call."""
        self._tokens = min(_BUDGET_MOST, self._tokens + _BUDGET_RATIO)

    def spend(self) -> bool:
        """Take one retry; False where there is none left."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class State(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"


class CircuitBreaker:
    """Turns calls away while an engine does not answer, and lets one try again after a pause.

    What began before the last change of state says nothing any more: a permit is the number of
    the state that it was given in.
    """

    def __init__(self, policy: Policy, clock: Clock, dice: random.Random) -> None:
        self.state = State.CLOSED
        self._policy = policy
        self._clock = clock
        self._dice = dice
        self._permit = 0
        self._failures = 0
        self._pause = policy.first_open
        self._until = 0.0

    def enter(self) -> int | None:
        """Return a permit to call, or None: not now."""
        if self.state is State.OPEN and self._clock.monotonic() >= self._until:
            self._change(State.TRYING)
            return self._permit
        return self._permit if self.state is State.CLOSED else None

    def answered(self, permit: int) -> None:
        """Note that the engine answered, with whatever."""
        if permit == self._permit:
            self._failures = 0
            if self.state is State.TRYING:
                self._pause = self._policy.first_open
                self._change(State.CLOSED)

    def failed(self, permit: int) -> bool:
        """Note that it did not; return whether that opened the breaker from closed."""
        if permit != self._permit:
            return False
        self._failures += 1
        was_closed = self.state is State.CLOSED
        if was_closed and self._failures < self._policy.failures_to_open:
            return False
        if not was_closed:
            self._pause = min(2 * self._pause, self._policy.longest_open)
        jitter = 1 + _OPEN_JITTER * self._dice.uniform(-1, 1)
        self._until = self._clock.monotonic() + self._pause * jitter
        self._change(State.OPEN)
        return was_closed

    def abandoned(self, permit: int) -> None:
        """Note that the caller went away: the next one may try."""
        if permit == self._permit and self.state is State.TRYING:
            self._change(State.OPEN)

    def _change(self, state: State) -> None:
        self.state = state
        self._permit += 1
        self._failures = 0


class Guard:
    """What stands around the calls of one engine, for one process."""

    def __init__(
        self,
        engine: str,
        policy: Policy,
        *,
        clock: Clock | None = None,
        dice: random.Random | None = None,
    ) -> None:
        """``engine``: its port's name, for counters and messages; ``dice`` draws the jitter."""
        self.engine = engine
        self.policy = policy
        self.counts = Counts()
        self._clock = clock or SystemClock()
        self._dice = dice or random.Random()  # noqa: S311 - no secret
        self._breaker = CircuitBreaker(policy, self._clock, self._dice)
        self._budget = RetryBudget()

    @property
    def state(self) -> State:
        """Return where the breaker stands."""
        return self._breaker.state

    async def call(
        self, make: Callable[[], Awaitable[_T]], *, repeatable: bool, more: float = 0.0
    ) -> _T:
        """Return what ``make()`` returns; ``Unavailable`` by the deadline at the latest.

        ``repeatable`` says that doing it twice does what doing it once does, so that it may be
        tried again. ``more``: seconds on top of the policy's, for what is large.
        """
        self.counts.calls += 1
        self._budget.earn()
        until = self._clock.monotonic() + self.policy.deadline + more
        retries = 0
        while True:
            left = until - self._clock.monotonic()
            try:
                return await self._attempt(make, min(self.policy.attempt + more, left))
            except CircuitOpen:
                raise
            except Unavailable:
                pause = self._pause(retries)
                late = self._clock.monotonic() + pause >= until
                if not repeatable or late or retries >= self.policy.most_retries:
                    raise
                if not self._budget.spend():
                    self.counts.unbudgeted += 1
                    raise
            await asyncio.sleep(pause)
            retries += 1
            self.counts.retries += 1

    async def bounded(self, make: Callable[[], Awaitable[_T]], seconds: float) -> _T:
        """Return what ``make()`` returns in ``seconds``; nothing of it counts for the breaker."""
        try:
            async with asyncio.timeout(seconds):
                return await make()
        except TimeoutError as fault:
            self.counts.timeouts += 1
            raise self._too_late(seconds) from fault

    async def _attempt(self, make: Callable[[], Awaitable[_T]], seconds: float) -> _T:
        permit = self._breaker.enter()
        if permit is None:
            self.counts.refused += 1
            raise CircuitOpen(f"The {self.engine} engine does not answer; it is tried again soon.")
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                answer = await make()
        except TimeoutError as fault:
            self.counts.timeouts += 1
            self._failed(permit)
            raise self._too_late(seconds) from fault
        except Unavailable:
            self._failed(permit)
            raise
        except Exception:
            self._breaker.answered(permit)  # it refused: that is an answer
            raise
        except BaseException:
            self._breaker.abandoned(permit)
            raise
        self._breaker.answered(permit)
        return answer

    def _failed(self, permit: int) -> None:
        self.counts.failures += 1
        if self._breaker.failed(permit):
            self.counts.opened += 1
            log.warning("engine_left_alone", engine=self.engine)

    def _pause(self, retries: int) -> float:
        """Return how long to wait before the next try: full jitter below a doubling bound."""
        bound = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**retries)
        return self._dice.uniform(0, bound)

    def _too_late(self, seconds: float) -> Unavailable:
        return Unavailable(f"The {self.engine} engine did not answer within {seconds:.1f} s.")


class Guarded:
    """A port with a guard around its driver."""

    guard: Guard


def guards_of(ports: Iterable[object]) -> list[Guard]:
    """Return the guards of those ports that have one: the remote ones."""
    return [port.guard for port in ports if isinstance(port, Guarded)]
