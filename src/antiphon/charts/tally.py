"""The best of very many items, in bounded memory."""

from collections.abc import Mapping
from heapq import nlargest
from typing import Final

from antiphon.charts.heavy import SpaceSaving
from antiphon.charts.model import Position
from antiphon.charts.rules import (
    DECAYED,
    WINDOWS,
    Chart,
    Vector,
    empty_vector,
    value_before,
    value_in,
)

TOP: Final = 200
"""How long a chart is."""

CAPACITY: Final = 4096
_PRUNED_AT: Final = 4 * CAPACITY


class WholeItems:
    """Items whose vectors come whole, such as songs: what is in no chart is let go, exactly."""

    def __init__(self) -> None:
        self._vectors: dict[str, Vector] = {}

    def add(self, item: str, vector: Vector) -> None:
        """Take an item that was not added before."""
        self._vectors[item] = vector
        if len(self._vectors) > _PRUNED_AT:
            kept = {i for chart in Chart for i in _best(self._vectors, chart)}
            kept |= {i for chart in WINDOWS for i in _best_before(self._vectors, chart)}
            self._vectors = {i: self._vectors[i] for i in sorted(kept)}

    def positions(self, chart: Chart) -> tuple[Position, ...]:
        """Return a chart."""
        return _positions(self._vectors, chart)


class PartedItems:
    """Items whose vectors come in parts, such as albums, of which each song is a part.

    All are counted while there are at most ``capacity``. If there are more, Space-Saving finds who
    may be among the best of each chart, ``recount`` begins a second pass, and the parts are to be
    added again: the vectors of the candidates are then exact.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._vectors: dict[str, Vector] = {}
        self._leads: dict[str, tuple[float, str]] = {}
        self._sketches: dict[Chart, SpaceSaving] | None = None
        self._recounts = False

    @property
    def overflowed(self) -> bool:
        """Return whether a second pass is needed."""
        return self._sketches is not None and not self._recounts

    def bound(self, chart: Chart) -> float:
        """Return the most plays (decayed, of trends) that a missing item has; 0: none is missing.

        It is at most all plays there are, divided by the capacity.
        """
        return 0.0 if self._sketches is None else self._sketches[chart].bound

    def add(self, item: str, part: Vector, song: str) -> None:
        """Add a part of an item's vector, which is a song's."""
        if self._sketches is not None and not self._recounts:
            self._sketch(item, part)
            return
        vector = self._vectors.get(item)
        if vector is None:
            if self._recounts:
                return  # no candidate
            vector = self._vectors[item] = empty_vector()
        for place, value in enumerate(part):
            vector[place] += value
        lead = (value_in(Chart.MONTH, part), song)
        self._leads[item] = max(self._leads.get(item, lead), lead)
        if len(self._vectors) > self._capacity and not self._recounts:
            self._overflow()

    def recount(self) -> None:
        """Begin the second pass."""
        sketches = self._sketches or {}
        candidates = {item for sketch in sketches.values() for item in sketch.items}
        self._vectors = {item: empty_vector() for item in sorted(candidates)}
        self._leads = {}
        self._recounts = True

    def positions(self, chart: Chart) -> tuple[Position, ...]:
        """Return a chart."""
        return tuple(
            Position(p.id, p.value, p.before, self._leads[p.id][1])
            for p in _positions(self._vectors, chart)
        )

    def _overflow(self) -> None:
        self._sketches = {chart: SpaceSaving(self._capacity) for chart in Chart}
        for item, vector in self._vectors.items():
            self._sketch(item, vector)
        self._vectors, self._leads = {}, {}

    def _sketch(self, item: str, part: Vector) -> None:
        for chart, sketch in (self._sketches or {}).items():
            # What trends has recent plays, whatever its baseline: those are what can be summed up.
            weight = part[DECAYED] if chart is Chart.TRENDING else value_in(chart, part)
            sketch.add(item, weight)


def _positions(vectors: Mapping[str, Vector], chart: Chart) -> tuple[Position, ...]:
    before = {item: at for at, item in enumerate(_best_before(vectors, chart), 1)}
    return tuple(
        Position(item, round(value_in(chart, vectors[item]), 4), before.get(item, 0))
        for item in _best(vectors, chart)
    )


def _best(vectors: Mapping[str, Vector], chart: Chart) -> list[str]:
    values = ((value_in(chart, vector), item) for item, vector in vectors.items())
    return [item for _, item in nlargest(TOP, (v for v in values if v[0] > 0))]


def _best_before(vectors: Mapping[str, Vector], chart: Chart) -> list[str]:
    values = ((value_before(chart, vector), item) for item, vector in vectors.items())
    return [item for _, item in nlargest(TOP, (v for v in values if v[0] > 0))]
