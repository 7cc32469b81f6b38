"""Counters of the cache levels, by kind, at ``/metrics``."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from antiphon.app.levels import Levels

_TOLD: Final = {
    "loads": "Keys asked of the engine behind the cache.",
    "failures": "Keys that the engine behind the cache did not answer.",
    "coalesced": "Misses that joined a fetch already under way.",
    "stale": "Values given past their fresh time.",
    "dropped": "Keys told to have changed.",
}


class LevelsCollector(Collector):
    """What the caches of one process count; nothing where there are none."""

    def __init__(self, levels: Levels) -> None:
        self._caches = levels.caches

    def collect(self) -> Iterator[Metric]:
        """Yield hits and misses by level, the rest by kind."""
        if not self._caches:
            return
        hits = CounterMetricFamily(
            "antiphon_cache_hits", "Answers by level.", labels=["kind", "level"]
        )
        misses = CounterMetricFamily(
            "antiphon_cache_misses", "What a level did not have.", labels=["kind", "level"]
        )
        evictions = CounterMetricFamily(
            "antiphon_cache_evictions", "Values that made room for others.", labels=["kind"]
        )
        held = GaugeMetricFamily("antiphon_cache_bytes", "Memory that is held.", labels=["kind"])
        for kind, cache in self._caches.items():
            counts = cache.counts
            hits.add_metric([kind, "process"], counts.hits)
            hits.add_metric([kind, "shared"], counts.shared_hits)
            misses.add_metric([kind, "process"], counts.misses)
            misses.add_metric([kind, "shared"], counts.shared_misses)
            evictions.add_metric([kind], cache.local.evictions)
            held.add_metric([kind], cache.local.bytes)
        yield from (hits, misses, evictions, held)
        for name, told in _TOLD.items():
            family = CounterMetricFamily(f"antiphon_cache_{name}", told, labels=["kind"])
            for kind, cache in self._caches.items():
                family.add_metric([kind], getattr(cache.counts, name))
            yield family
