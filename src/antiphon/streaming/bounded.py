"""A cache bounded by bytes: what was not used for longest goes first."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class BoundedCache(Generic[_K, _V]):
    """Values by key, as many as fit. The caller says what each costs."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._held: OrderedDict[_K, tuple[_V, int]] = OrderedDict()
        self.bytes = 0

    def get(self, key: _K) -> _V | None:
        """Return the value, now the most recently used, or None."""
        entry = self._held.get(key)
        if entry is None:
            return None
        self._held.move_to_end(key)
        return entry[0]

    def put(self, key: _K, value: _V, cost: int) -> None:
        """Keep a value of ``cost`` bytes; one larger than the whole cache is not kept."""
        self.drop(key)
        if cost > self._max:
            return
        self._held[key] = (value, cost)
        self.bytes += cost
        while self.bytes > self._max:
            _, (_, freed) = self._held.popitem(last=False)
            self.bytes -= freed

    def drop(self, key: _K) -> None:
        """Forget a key; forgetting what is not there is fine."""
        entry = self._held.pop(key, None)
        if entry is not None:
            self.bytes -= entry[1]

    def __len__(self) -> int:
        return len(self._held)
