"""A cache of levels: this process, the cache that all processes share, and then the source.

What many ask for at once is fetched once. What has changed is dropped when that is told
(``changes``); what was told to nobody ends with its time. Where the source does not answer, what
is held goes on being given for as long as its policy says, unless it is known to have changed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from antiphon.kernel import Clock, Unavailable
from antiphon.storage.s3fifo import S3Fifo
from antiphon.storage.shared_level import SharedLevel

_V = TypeVar("_V")

_PATIENCE_SECONDS: Final = 0.5  # so long a held value waits for a newer one
_ENTRY_BYTES: Final = 400  # an entry's own objects: key, queue nodes, times


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How one kind of values is held; times in seconds since a value was fetched.

    Up to ``fresh`` it is given as it is; up to ``renewed`` as well, and fetched anew meanwhile;
    up to ``away`` where the source does not answer (in half a second). ``absent``: how long a
    source's "there is none" holds. ``most_bytes``: of all values in one process; ``largest``: of
    one that is held at all. ``shared``: whether it lies in the shared cache too, while fresh.
    """

    kind: str
    fresh: float
    renewed: float
    away: float
    absent: float
    most_bytes: int
    largest: int
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Codec(Generic[_V]):
    """How values become bytes for the shared level, which of them may be held, what they cost."""

    encode: Callable[[_V], bytes]
    decode: Callable[[bytes], _V]
    cost: Callable[[_V], int]
    is_settled: Callable[[_V], bool] = lambda _: True


@dataclass(slots=True)
class LevelCounts:
    """What one cache has seen since the process began; each only grows."""

    hits: int = 0  # answered by this process, stale ones included
    misses: int = 0  # not
    coalesced: int = 0  # misses that joined a fetch already under way
    shared_hits: int = 0
    shared_misses: int = 0
    loads: int = 0  # keys asked of the source
    failures: int = 0  # keys that it did not answer
    stale: int = 0  # given past their fresh time
    dropped: int = 0  # keys told to have changed


class _Held(Generic[_V]):
    __slots__ = ("away", "fresh", "renewed", "value")

    def __init__(self, value: _V | None, since: float, policy: CachePolicy) -> None:
        self.value = value
        if value is None:
            self.fresh = self.renewed = self.away = since + policy.absent
        else:
            self.fresh = since + policy.fresh
            self.renewed = since + policy.renewed
            self.away = since + policy.away


class _Flight(Generic[_V]):
    """One key being fetched."""

    __slots__ = ("answer", "began")

    def __init__(self, began: float) -> None:
        self.began = began
        self.answer: asyncio.Future[_V | None] = asyncio.get_running_loop().create_future()
        self.answer.add_done_callback(_seen)


def _seen(answer: asyncio.Future[Any]) -> None:
    """Keep asyncio from complaining of a failure that all who waited for it have left."""
    if not answer.cancelled():
        answer.exception()


class LeveledCache(Generic[_V]):
    """Values of one kind by key. For one event loop."""

    def __init__(
        self,
        policy: CachePolicy,
        load: Callable[[Sequence[bytes]], Awaitable[Sequence[_V | None]]],
        codec: Codec[_V],
        clock: Clock,
        shared: SharedLevel | None = None,
    ) -> None:
        """``load`` answers for many keys at once, in their order; None: there is none."""
        self.policy = policy
        self.counts = LevelCounts()
        self.local: S3Fifo[bytes, _Held[_V]] = S3Fifo(policy.most_bytes)
        self._load = load
        self._codec = codec
        self._clock = clock
        self._shared = shared if policy.shared else None
        self._flights: dict[bytes, _Flight[_V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: bytes) -> _V | None:
        """Return one value, or None; raises what the source raises, where nothing may be held."""
        held = self.local.get(key)
        if held is not None and self._clock.monotonic() < held.fresh:
            self.counts.hits += 1
            return held.value
        return (await self.get_many([key]))[0]

    def held(self, key: bytes) -> _V | None:
        """Return a fresh value that this process holds, else None; asks nobody."""
        held = self.local.get(key)
        if held is None or self._clock.monotonic() >= held.fresh:
            return None
        self.counts.hits += 1
        return held.value

    async def get_many(self, keys: Sequence[bytes]) -> list[_V | None]:
        """Return one answer per key, in order; what is missing is fetched together."""
        now = self._clock.monotonic()
        answers: dict[bytes, _V | None] = {}
        pending: dict[bytes, _Held[_V] | None] = {}
        wanted: list[bytes] = []
        for key in dict.fromkeys(keys):
            held = self.local.get(key)
            if held is not None and now < held.renewed:
                answers[key] = held.value
                self.counts.hits += 1
                if now < held.fresh:
                    continue
                self.counts.stale += 1
            else:
                pending[key] = held
                self.counts.misses += 1
                self.counts.coalesced += key in self._flights
            if key not in self._flights:
                wanted.append(key)
        if wanted:
            self._take_off(wanted, now)
        flights = {key: self._flights[key] for key in pending}
        for key, flight in flights.items():
            answers[key] = await self._arrived(key, flight, pending[key])
        return [answers[key] for key in keys]

    def drop(self, keys: Iterable[bytes]) -> None:
        """Forget what is known to have changed; what is under way is not held when it arrives."""
        for key in keys:
            self.local.drop(key)
            self._flights.pop(key, None)
            self.counts.dropped += 1

    def clear(self) -> None:
        """Forget everything."""
        self.local.clear()
        self._flights.clear()

    async def close(self) -> None:
        """Stop fetching."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take_off(self, keys: Sequence[bytes], now: float) -> None:
        flights = {key: _Flight[_V](now) for key in keys}
        self._flights.update(flights)
        # A task of its own: whoever asked first may go away, the others still wait for it.
        task = asyncio.create_task(self._fly(flights, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _arrived(self, key: bytes, flight: _Flight[_V], held: _Held[_V] | None) -> _V | None:
        """Return what a fetch brings; what is held where the source is away or slow."""
        now = self._clock.monotonic()
        if held is None or now >= held.away:
            return await asyncio.shield(flight.answer)
        left = max(0.0, flight.began + _PATIENCE_SECONDS - now)
        await asyncio.wait([flight.answer], timeout=left)
        if flight.answer.done():
            fault = flight.answer.exception()
            if fault is None:
                return flight.answer.result()
            if not isinstance(fault, Unavailable):
                raise fault
        if self.local.peek(key) is not held:  # told to have changed: it must not be given
            return await asyncio.shield(flight.answer)
        self.counts.stale += 1
        return held.value

    async def _fly(self, flights: dict[bytes, _Flight[_V]], began: float) -> None:
        try:
            rest = await self._land_shared(flights, began)
            if not rest:
                return
            self.counts.loads += len(rest)
            found = await self._load(rest)
            for key, value in zip(rest, found, strict=True):
                self._land(key, flights[key], value, began)
        except Exception as fault:  # noqa: BLE001 - whoever waits for the answer gets it
            self.counts.failures += sum(not f.answer.done() for f in flights.values())
            for flight in flights.values():
                if not flight.answer.done():
                    flight.answer.set_exception(fault)
            return
        finally:
            for key, flight in flights.items():
                flight.answer.cancel()  # of what is done, nothing
                if self._flights.get(key) is flight:
                    del self._flights[key]
        await self._fill(rest, found)

    async def _land_shared(self, flights: dict[bytes, _Flight[_V]], began: float) -> list[bytes]:
        """Take what the shared level has, and return the keys that it has not."""
        if self._shared is None:
            return list(flights)
        found = await self._shared.read(self.policy.kind, list(flights), self.policy.fresh)
        for key, (raw, age) in found.items():
            self._land(key, flights[key], self._codec.decode(raw), began - age)
        self.counts.shared_hits += len(found)
        self.counts.shared_misses += len(flights) - len(found)
        return [key for key in flights if key not in found]

    def _land(self, key: bytes, flight: _Flight[_V], value: _V | None, since: float) -> None:
        """Answer for a key, and hold the value unless it was told to have changed meanwhile."""
        if self._flights.get(key) is flight:
            self._hold(key, value, since)
        if not flight.answer.done():
            flight.answer.set_result(value)

    def _hold(self, key: bytes, value: _V | None, since: float) -> None:
        cost = 0 if value is None else self._codec.cost(value)
        lasts = self.policy.absent > 0 if value is None else self._codec.is_settled(value)
        if not lasts or cost > self.policy.largest:
            self.local.drop(key)
            return
        self.local.put(key, _Held(value, since, self.policy), cost + len(key) + _ENTRY_BYTES)

    async def _fill(self, keys: Sequence[bytes], found: Sequence[_V | None]) -> None:
        if self._shared is None:
            return
        values = {
            key: self._codec.encode(value)
            for key, value in zip(keys, found, strict=True)
            if value is not None and self._codec.is_settled(value)
        }
        await self._shared.fill(self.policy.kind, values, self.policy.fresh)
