"""What happened, in order: the event log, the outbox that fills it, projections that read it."""

from antiphon.eventlog.codec import EventTypes, encode_event
from antiphon.eventlog.guarded_log import LOG_POLICY, GuardedLog
from antiphon.eventlog.lmdb_group import LEASE_SECONDS
from antiphon.eventlog.lmdb_log import LmdbEventLog
from antiphon.eventlog.log import (
    EventLog,
    Extent,
    MovableLog,
    OperatedLog,
    Places,
    Record,
    Subscription,
)
from antiphon.eventlog.outbox import Change, Outbox
from antiphon.eventlog.projector import Handler, Projection, Projector, dead_topic, dead_topic_of
from antiphon.storage import Guard, folder_of

__all__ = [
    "Change",
    "EventLog",
    "EventTypes",
    "Extent",
    "GuardedLog",
    "Handler",
    "LmdbEventLog",
    "MovableLog",
    "OperatedLog",
    "Outbox",
    "Places",
    "Projection",
    "Projector",
    "Record",
    "Subscription",
    "dead_topic",
    "dead_topic_of",
    "encode_event",
    "open_eventlog",
]


def open_eventlog(url: str, *, lease_seconds: float = LEASE_SECONDS) -> MovableLog:
    """Open the event log at ``lmdb:/folder`` or ``kafka://host:port/prefix``.

    Only after the process has started; ``lease_seconds`` bounds how long a consumer that hangs
    keeps the others of its group waiting.
    """
    if url.startswith("kafka:"):
        from antiphon.eventlog.kafka_log import open_kafka  # noqa: PLC0415 - the extra "cluster"

        driver = open_kafka(url, lease_seconds=lease_seconds)
        return GuardedLog(driver, Guard("events", LOG_POLICY))
    folder = folder_of(url, scheme="lmdb", port="events")
    return LmdbEventLog(folder, lease_seconds=lease_seconds)
