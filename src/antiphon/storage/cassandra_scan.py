"""A scan over buckets of keys that lie one inside the other: a lazy merge."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from antiphon.storage.tables import MAX_KEY_BYTES, prefix_range

_STEP: Final = 2
_BUCKETS_AT_ONCE: Final = 64
_BEHIND_ALL: Final = b"\xff" * (MAX_KEY_BYTES + 1)
Ask = Callable[..., Awaitable[list[bytes]]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A key, and the buckets that it was found in."""

    key: bytes
    buckets: list[bytes]


@dataclass(slots=True)
class _Bucket:
    """What a scan still wants of one bucket: its next keys, the very next one last, and a range."""

    name: bytes
    low: bytes
    high: bytes | None
    keys: list[bytes] = field(default_factory=list)
    has_more: bool = True
    is_open: bool = False


class _Down(bytes):
    """Bytes that sort from the last to the first."""

    __slots__ = ()

    def __lt__(self, other: bytes) -> bool:
        return bytes.__gt__(self, other)


class Scan:
    """Keys in order, each once.

    A heap holds, by the place that the scan comes to first: the end of the part of the directory
    that is read, buckets that are not opened yet, and the next key of each that is; in this order
    where places are the same, so that no key is handed out before one that precedes it is known.
    """

    def __init__(
        self, ask: Ask, start: bytes, end: bytes | None, *, page: int, reverse: bool
    ) -> None:
        """``ask`` puts a statement of the index to the table, by name; ``page``: keys at once."""
        self._ask = ask
        self._start = start
        self._end = end
        self._page = page
        self._reverse = reverse
        self._heap: list[tuple[bytes, int, int, _Bucket | None]] = []
        self._numbers = itertools.count()
        self._met: set[bytes] = set()
        self._has_begun = False

    async def take(self, count: int) -> list[Listed]:
        """Return the next keys, at most ``count``; none where the range has ended."""
        if not self._has_begun:
            await self._begin()
        found: list[Listed] = []
        while self._heap:
            place, _, _, bucket = self._heap[0]
            if bucket is None:
                heapq.heappop(self._heap)
                await self._read_directory(bytes(place))
            elif not bucket.is_open:
                await self._open(place)
            elif found and found[-1].key == place:
                found[-1].buckets.append(bucket.name)
                await self._go_on(bucket)
            elif len(found) == count:
                break
            else:
                found.append(Listed(bytes(place), [bucket.name]))
                await self._go_on(bucket)
        return found

    async def _begin(self) -> None:
        self._has_begun = True
        if self._start:
            self._meet(await self._ask("buckets of", buckets_of(self._start)))
        await self._read_directory(self._end if self._reverse else self._start)

    async def _read_directory(self, place: bytes | None) -> None:
        """Meet the next buckets beyond ``place``, and those around them: they are there as well."""
        if not self._reverse:
            found = await self._ask("buckets up", place, _BUCKETS_AT_ONCE)
        elif place is None:
            found = await self._ask("last buckets", _BUCKETS_AT_ONCE)
        else:
            found = await self._ask("buckets down", place, _BUCKETS_AT_ONCE)
        self._meet(around for bucket in found for around in buckets_of(bucket))
        if len(found) == _BUCKETS_AT_ONCE and self._may_have_more(found[-1]):
            self._push(found[-1], 0, None)

    def _may_have_more(self, last: bytes) -> bool:
        """Say whether what follows a bucket in the directory can hold keys of the range."""
        if self._reverse:
            return last > self._start
        return self._end is None or last < self._end

    def _meet(self, buckets: Iterable[bytes]) -> None:
        for name in buckets:
            first, behind = prefix_range(name)
            low = max(first, self._start)
            high = min((h for h in (behind, self._end) if h is not None), default=None)
            if name in self._met or (high is not None and low >= high):
                continue
            self._met.add(name)
            place = (high or _BEHIND_ALL) if self._reverse else low
            self._push(place, 1, _Bucket(name, low, high))

    async def _open(self, place: bytes) -> None:
        """Open the buckets that begin at ``place``, at once."""
        opening = []
        while self._heap and self._heap[0][:2] == (place, 1):
            bucket = heapq.heappop(self._heap)[3]
            assert bucket is not None
            opening.append(bucket)
        await asyncio.gather(*(self._fill(bucket) for bucket in opening))
        for bucket in opening:
            self._push_next(bucket)

    async def _go_on(self, bucket: _Bucket) -> None:
        """Pass the key that was taken."""
        heapq.heappop(self._heap)
        last = bucket.keys.pop()
        if not bucket.keys and bucket.has_more:
            if self._reverse:
                bucket.high = last
            else:
                bucket.low = last + b"\0"
            await self._fill(bucket)
        self._push_next(bucket)

    async def _fill(self, bucket: _Bucket) -> None:
        way = "keys down" if self._reverse else "keys up"
        if bucket.high is None:
            found = await self._ask(way, bucket.name, bucket.low, self._page)
        else:
            between = (bucket.low, bucket.high)
            found = await self._ask(f"{way} to", bucket.name, *between, self._page)
        bucket.keys = found[::-1]
        bucket.has_more = len(found) == self._page
        bucket.is_open = True

    def _push_next(self, bucket: _Bucket) -> None:
        if bucket.keys:
            self._push(bucket.keys[-1], 2, bucket)

    def _push(self, place: bytes, rank: int, bucket: _Bucket | None) -> None:
        entry = _Down(place) if self._reverse else place
        heapq.heappush(self._heap, (entry, rank, next(self._numbers), bucket))


def buckets_of(key: bytes) -> list[bytes]:
    """Return the buckets that may hold a key, the widest first."""
    return [key[:length] for length in range(_STEP, len(key) + _STEP, _STEP)]
