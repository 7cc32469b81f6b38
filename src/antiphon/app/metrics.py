"""Metrics of all processes on one page.

Each process keeps its own registry and writes it to ``run/metrics`` every few seconds; whoever is
asked for ``/metrics`` merges the files, each sample labelled with its process.
"""

import asyncio
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from antiphon.storage import Guard, State

_EVERY_SECONDS = 2.0
_STALE_SECONDS = 15.0


class Metrics:
    """The counters of one process, and the page of all of them."""

    def __init__(self, folder: Path, process: str) -> None:
        self.registry = CollectorRegistry()
        self._file = folder / f"{process}-{os.getpid()}.prom"
        self._folder = folder
        self.requests = Counter(
            "antiphon_http_requests",
            "HTTP requests by route class and status class.",
            ["route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "antiphon_http_request_seconds",
            "Time from request to last byte of the response.",
            ["route"],
            registry=self.registry,
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        self.jobs = Gauge(
            "antiphon_audio_jobs", "Audio jobs by state.", ["state"], registry=self.registry
        )
        self.projected = Counter(
            "antiphon_events_projected",
            "Events handed to each projection.",
            ["group"],
            registry=self.registry,
        )
        self.up = Gauge(
            "antiphon_process_start_time_seconds",
            "When this process began, Unix seconds.",
            registry=self.registry,
        )
        self.up.set_to_current_time()

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count one HTTP response."""
        self.requests.labels(route, f"{status // 100}xx").inc()
        self.seconds.labels(route).observe(seconds)

    def jobs_now(self, counts: Mapping[str, int]) -> None:
        """Set how many audio jobs are in each state."""
        for state, count in counts.items():
            self.jobs.labels(state).set(count)

    def watch_engines(self, guards: Iterable[Guard]) -> None:
        """Show what the guards of the remote engines count; embedded engines have none."""
        self.registry.register(_Engines(guards))

    def watch(self, collector: Collector) -> None:
        """Show what somebody else counts, read when the page is made."""
        self.registry.register(collector)

    def page(self) -> bytes:
        """Return the exposition text of all live processes."""
        self._write()
        merged = CollectorRegistry()
        merged.register(_Merged(self._live_files()))
        return generate_latest(merged)

    async def keep_written(self, stop: asyncio.Event) -> None:
        """Write this process's numbers every two seconds until ``stop``; then remove them."""
        while not stop.is_set():
            self._write()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)
        self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        part.write_bytes(generate_latest(self.registry))
        part.replace(self._file)

    def _live_files(self) -> list[Path]:
        oldest = time.time() - _STALE_SECONDS
        return [f for f in sorted(self._folder.glob("*.prom")) if f.stat().st_mtime >= oldest]


class _Engines(Collector):
    """Counters of the calls to remote engines, read when the page is made."""

    _TOLD: Final = {
        "calls": "Calls to remote engines.",
        "failures": "Tries that an engine did not answer, too late ones included.",
        "timeouts": "Tries that took longer than their time.",
        "retries": "Tries after the first of a call.",
        "unbudgeted": "Retries left out because the budget was spent.",
        "refused": "Calls that an open circuit breaker turned away.",
        "opened": "Times that a circuit breaker opened.",
    }

    def __init__(self, guards: Iterable[Guard]) -> None:
        self._guards = list(guards)

    def collect(self) -> Iterator[Metric]:
        for name, told in self._TOLD.items():
            family = CounterMetricFamily(f"antiphon_engine_{name}", told, labels=["engine"])
            for guard in self._guards:
                family.add_metric([guard.engine], getattr(guard.counts, name))
            yield family
        away = GaugeMetricFamily(
            "antiphon_engine_away", "1 while a circuit breaker is not closed.", labels=["engine"]
        )
        for guard in self._guards:
            away.add_metric([guard.engine], float(guard.state is not State.CLOSED))
        yield away


class _Merged(Collector):
    def __init__(self, files: Iterable[Path]) -> None:
        self._files = list(files)

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for file in self._files:
            for family in text_string_to_metric_families(file.read_text("utf-8")):
                target = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "process": file.stem}
                    target.add_sample(sample.name, labels, sample.value)
        yield from families.values()
