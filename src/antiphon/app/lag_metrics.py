"""How far the groups of the log are behind, and their dead letters, at ``/metrics``."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import structlog
from prometheus_client import Gauge

from antiphon.app.metrics import Metrics
from antiphon.eventlog import OperatedLog, dead_topic_of
from antiphon.kernel import AntiphonError

log = structlog.get_logger()

OPERATOR_GROUP: Final = "operator"  # has read the dead letters that were dealt with
_EVERY_SECONDS: Final = 15.0


class LagMetrics:
    """Asks the log for each group's lag and shows it; while the log is away, nothing is shown.

    A figure that stands still looks like a group that does; an absent one can be told apart.
    """

    def __init__(self, metrics: Metrics, events: OperatedLog) -> None:
        self._events = events
        self._lag = Gauge(
            "antiphon_events_lag",
            "What a group has yet to read of its topic: events, with Kafka messages of events.",
            ["topic", "group"],
            registry=metrics.registry,
        )
        self._dead = Gauge(
            "antiphon_events_dead_letters",
            "Events that a group could not handle and nobody has dealt with.",
            ["topic", "group"],
            registry=metrics.registry,
        )

    async def run(self, topics_by_group: Mapping[str, str], stop: asyncio.Event) -> None:
        """Keep the figures of these groups fresh until ``stop``."""
        while not stop.is_set():
            try:
                for group, topic in topics_by_group.items():
                    await self.look(topic, group)
            except AntiphonError as fault:
                self._lag.clear()
                self._dead.clear()
                log.warning("lag_unknown", reason=fault.detail)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)

    async def look(self, topic: str, group: str) -> None:
        """Ask once for one group."""
        behind = await self._events.lag(topic, group=group)
        dead = await self._events.lag(dead_topic_of(topic, group), group=OPERATOR_GROUP)
        self._lag.labels(topic, group).set(behind)
        self._dead.labels(topic, group).set(dead)
