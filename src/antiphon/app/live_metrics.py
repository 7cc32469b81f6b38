"""Counters of live spatial streams, at ``/metrics``."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from antiphon.live import LiveCounts


class LiveCollector(Collector):
    """What one process renders live; nothing before its first stream was asked for."""

    def __init__(self, counts: "Callable[[], LiveCounts | None]") -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield streams, refusals, CPU time and a histogram of latency."""
        counts = self._counts()
        if counts is None:
            return
        now = GaugeMetricFamily("antiphon_spatial_streams", "Live spatial streams now.")
        now.add_metric([], counts.streams)
        yield now
        for name, told, value in (
            ("opened", "Live spatial streams that got in.", counts.opened),
            ("refused", "Live spatial streams that no core was left for.", counts.refused),
            ("cpu_seconds", "CPU time of live spatial rendering.", counts.cpu_seconds),
        ):
            family = CounterMetricFamily(f"antiphon_spatial_{name}", told)
            family.add_metric([], value)
            yield family
        latency = HistogramMetricFamily(
            "antiphon_spatial_latency_seconds", "From a frame's arrival to its answer."
        )
        latency.add_metric([], counts.cumulated(), sum_value=counts.latency_seconds)
        yield latency
