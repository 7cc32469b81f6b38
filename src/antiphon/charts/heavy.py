"""The heaviest of many by a bounded number of counters.

Space-Saving: A. Metwally, D. Agrawal, A. El Abbadi, "Efficient Computation of Frequent and Top-k
Elements in Data Streams", ICDT 2005; here with weights.
"""

import heapq


class SpaceSaving:
    """Counts weights of items in ``capacity`` counters.

    With ``total`` the sum of all weights, an item whose weight is above ``total / capacity`` is
    among the counters, and a counter is too large by at most ``bound`` <= ``total / capacity``,
    never too small.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []  # an entry may be out of date: too small
        self.bound = 0.0
        """How much a counter may be too large, and what is in no counter may weigh: at most."""

    @property
    def items(self) -> frozenset[str]:
        """Return the items that have a counter."""
        return frozenset(self._counts)

    def count(self, item: str) -> float:
        """Return the counter of an item, 0 where it has none."""
        return self._counts.get(item, 0.0)

    def add(self, item: str, weight: float) -> None:
        """Add a weight above 0; the smallest counter is given to an item that has none."""
        if weight <= 0:
            return
        if item in self._counts:
            self._counts[item] += weight
            return
        least = self._give_up_least() if len(self._counts) >= self._capacity else 0.0
        self._counts[item] = least + weight
        heapq.heappush(self._heap, (least + weight, item))

    def _give_up_least(self) -> float:
        while True:
            count, item = heapq.heappop(self._heap)
            current = self._counts[item]
            if current == count:
                del self._counts[item]
                self.bound = max(self.bound, count)
                return count
            heapq.heappush(self._heap, (current, item))
