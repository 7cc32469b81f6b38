"""Counters of media that move between stores, at ``/metrics``."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from antiphon.audio import MediaKeeper, Tidied
from antiphon.storage import Objects, TieredObjects


class MediaCollector(Collector):
    """What was done to media since this process began, and what the last whole pass found."""

    def __init__(self, keeper: MediaKeeper) -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[Metric]:
        """Yield counters of work, and gauges of bytes."""
        for name in Tidied.__slots__:
            told = f"Media looked after: {name.replace('_', ' ')}."
            family = CounterMetricFamily(f"antiphon_media_{name}", told)
            family.add_metric([], getattr(self._keeper.total, name))
            yield family
        found = self._keeper.capacity
        if found is not None:
            for name in ("stores", "classes", "rungs", "kinds", "freed"):
                label = {"classes": "class"}.get(name, name.removesuffix("s"))
                gauge = GaugeMetricFamily(
                    f"antiphon_media_{name}_bytes", "As of the last pass.", labels=[label]
                )
                for key, amount in getattr(found, name).items():
                    gauge.add_metric([key], amount.bytes)
                yield gauge


class TiersCollector(Collector):
    """What one process reads below the hot store; nothing where there is none."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def collect(self) -> Iterator[Metric]:
        """Yield reads by class, and what was copied up."""
        if not isinstance(self._objects, TieredObjects):
            return
        counts = self._objects.counts
        reads = CounterMetricFamily(
            "antiphon_media_reads_below", "Objects read from below the hot store.", labels=["class"]
        )
        for kind, count in counts.reads.items():
            reads.add_metric([kind], count)
        yield reads
        for name, count in (("lifted", counts.lifted), ("lifts_failed", counts.lifts_failed)):
            family = CounterMetricFamily(f"antiphon_media_{name}", "Objects copied up to hot.")
            family.add_metric([], count)
            yield family
