"""Counters of the voice room, at ``/metrics``."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from antiphon.voice import VoiceCounts


class VoiceCollector(Collector):
    """What one process was asked; nothing before its first question."""

    def __init__(self, counts: "Callable[[], VoiceCounts | None]") -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield turns by intent and outcome, corrections, what was left or silent, and times."""
        counts = self._counts()
        if counts is None:
            return
        turns = CounterMetricFamily(
            "antiphon_voice_turns", "Turns of dialogues.", labels=["intent", "outcome"]
        )
        for labels, number in sorted(counts.turns.items()):
            turns.add_metric(labels, number)
        yield turns
        for name, told, value in (
            ("corrected", "Turns that set the one before right.", counts.corrected),
            ("abandoned", "Music that was left at once.", counts.abandoned),
            ("silent", "Turns that said playing while nothing sounded.", counts.silent),
        ):
            family = CounterMetricFamily(f"antiphon_voice_{name}", told)
            family.add_metric([], value)
            yield family
        took = HistogramMetricFamily(
            "antiphon_voice_turn_seconds", "From a question to its answer."
        )
        took.add_metric([], counts.cumulated(), sum_value=counts.seconds)
        yield took
