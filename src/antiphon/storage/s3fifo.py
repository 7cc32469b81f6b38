"""Eviction by S3-FIFO: three first-in-first-out queues instead of one order of use.

After Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023, section 4. What is
new enters a small queue and leaves it soon unless it was asked for again, so a walk through a
catalogue pushes nothing popular out; the main queue lets what was used since go round once more;
a ghost queue remembers the keys that left the small one, which on their return enter the main one.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")

_SMALL_SHARE: Final = 0.1  # section 4.2: 10 % serves nearly all workloads
_MOST_USES: Final = 3  # two bits, as in the paper
_USES_TO_STAY: Final = 2  # of the small queue; "accessed more than once" after its insertion


class _Entry(Generic[_V]):
    __slots__ = ("cost", "in_main", "uses", "value")

    def __init__(self, value: _V, cost: int, *, in_main: bool) -> None:
        self.value = value
        self.cost = cost
        self.uses = 0
        self.in_main = in_main


class S3Fifo(Generic[_K, _V]):
    """Values by key, never more than ``max_bytes`` of them. The caller says what each costs.

    Not for more than one thread. The ghost queue holds keys only: at most as many bytes' worth of
    former values as the main queue may hold.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.evictions = 0
        self._entries: dict[_K, _Entry[_V]] = {}
        self._small: OrderedDict[_K, _Entry[_V]] = OrderedDict()
        self._main: OrderedDict[_K, _Entry[_V]] = OrderedDict()
        self._ghost: OrderedDict[_K, int] = OrderedDict()
        self._small_bytes = self._ghost_bytes = 0
        self._small_room = int(max_bytes * _SMALL_SHARE)
        self._ghost_room = max_bytes - self._small_room

    def get(self, key: _K) -> _V | None:
        """Return the value and note its use, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.uses < _MOST_USES:
            entry.uses += 1
        return entry.value

    def peek(self, key: _K) -> _V | None:
        """Return the value without noting a use, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def put(self, key: _K, value: _V, cost: int) -> None:
        """Keep a value of ``cost`` bytes; one larger than the whole cache is not kept.

        A value that replaces another keeps its standing.
        """
        held = self._remove(key)
        if cost > self.max_bytes:
            return
        while self.bytes + cost > self.max_bytes:
            self._evict()
        returned = self._ghost.pop(key, None)
        if returned is not None:
            self._ghost_bytes -= returned
        in_main = returned is not None if held is None else held.in_main
        entry = _Entry(value, cost, in_main=in_main)
        entry.uses = 0 if held is None else held.uses
        self._entries[key] = entry
        self.bytes += cost
        if in_main:
            self._main[key] = entry
        else:
            self._small[key] = entry
            self._small_bytes += cost

    def drop(self, key: _K) -> None:
        """Forget a key; forgetting what is not there is fine."""
        self._remove(key)

    def clear(self) -> None:
        """Forget everything, the ghosts as well."""
        for queue in (self._entries, self._small, self._main, self._ghost):
            queue.clear()
        self.bytes = self._small_bytes = self._ghost_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def _remove(self, key: _K) -> _Entry[_V] | None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self.bytes -= entry.cost
        if entry.in_main:
            del self._main[key]
        else:
            del self._small[key]
            self._small_bytes -= entry.cost
        return entry

    def _evict(self) -> None:
        """Let one value go, or give one another round."""
        if self._small and (self._small_bytes >= self._small_room or not self._main):
            self._leave_small()
        else:
            self._leave_main()

    def _leave_small(self) -> None:
        key, entry = self._small.popitem(last=False)
        self._small_bytes -= entry.cost
        if entry.uses >= _USES_TO_STAY:
            entry.uses, entry.in_main = 0, True
            self._main[key] = entry
            return
        self._gone(key, entry)
        self._ghost[key] = entry.cost
        self._ghost_bytes += entry.cost
        while self._ghost_bytes > self._ghost_room:
            _, freed = self._ghost.popitem(last=False)
            self._ghost_bytes -= freed

    def _leave_main(self) -> None:
        key, entry = self._main.popitem(last=False)
        if entry.uses > 0:
            entry.uses -= 1
            self._main[key] = entry
            return
        self._gone(key, entry)

    def _gone(self, key: _K, entry: _Entry[_V]) -> None:
        del self._entries[key]
        self.bytes -= entry.cost
        self.evictions += 1
