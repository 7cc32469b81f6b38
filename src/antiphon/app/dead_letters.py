"""Events that a group could not handle: shown, told again or dropped; and how far groups are."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import structlog

from antiphon.app.compose import Installation, open_installation
from antiphon.app.events_role import topics_by_group
from antiphon.app.lag_metrics import OPERATOR_GROUP
from antiphon.app.settings import Settings
from antiphon.eventlog import Record, Subscription, dead_topic_of
from antiphon.kernel import NotFound

log = structlog.get_logger()

_ACTOR: Final = "command line"
_PATIENCE_SECONDS: Final = 5.0  # a group's first member waits for others, on Kafka for three


class GroupState(msgspec.Struct, frozen=True):
    """How far a group is: what it has to read yet, and what it could not handle."""

    group: str
    topic: str
    lag: int
    dead: int


async def group_states(settings: Settings) -> list[GroupState]:
    """Return the state of every group; each dead letter counts until it is dealt with."""
    async with _opened(settings) as installation:
        return [
            GroupState(
                group,
                topic,
                await installation.events.lag(topic, group=group),
                await installation.events.lag(dead_topic_of(topic, group), group=OPERATOR_GROUP),
            )
            for group, topic in topics_by_group(installation).items()
        ]


async def letters(settings: Settings, group: str, *, limit: int) -> list[Record]:
    """Return up to ``limit`` of a group's dead letters, the oldest first; they stay dead."""
    found: list[Record] = []

    async def keep(_at: Installation, _subscription: Subscription, batch: Sequence[Record]) -> None:
        found.extend(batch)

    await _through(settings, group, keep, enough=lambda: len(found) >= limit)
    return found[:limit]


async def requeue(settings: Settings, group: str) -> int:
    """Tell a group's dead letters again, in order, to all groups of their topic; return how many.

    Killed between the telling and the noting, it tells some twice: groups know an event by its id.
    """

    async def again(at: Installation, subscription: Subscription, batch: Sequence[Record]) -> None:
        await _told(at, "dead_letters_requeued", group, batch)
        await at.events.append(
            batch[0].topic.removesuffix(f".{group}.dead"), [r.envelope for r in batch]
        )
        await subscription.commit(batch)

    count = await _through(settings, group, again)
    log.info("dead_letters_requeued", group=group, events=count)
    return count


async def drop(settings: Settings, group: str) -> int:
    """Deal with a group's dead letters by doing nothing; return how many."""

    async def forget(at: Installation, subscription: Subscription, batch: Sequence[Record]) -> None:
        await _told(at, "dead_letters_dropped", group, batch)
        await subscription.commit(batch)

    count = await _through(settings, group, forget)
    log.info("dead_letters_dropped", group=group, events=count)
    return count


async def _through(
    settings: Settings,
    group: str,
    work: Callable[[Installation, Subscription, Sequence[Record]], Awaitable[None]],
    *,
    enough: Callable[[], bool] = lambda: False,
) -> int:
    """Hand all of a group's dead letters to ``work``, batch by batch; return how many."""
    async with _opened(settings) as installation:
        topic = topics_by_group(installation).get(group)
        if topic is None:
            known = ", ".join(sorted(topics_by_group(installation)))
            raise NotFound(f"There is no group {group}: choose one of {known}.")
        dead, count = dead_topic_of(topic, group), 0
        left = await installation.events.lag(dead, group=OPERATOR_GROUP)
        if not left:
            return 0
        async with installation.events.subscribe(dead, group=OPERATOR_GROUP) as subscription:
            wait = _PATIENCE_SECONDS
            while not enough() and (batch := await subscription.poll(wait=wait)):
                for part in _by_partition(batch):
                    await work(installation, subscription, part)
                count += len(batch)
                wait = 0.5
        return count


async def _told(
    installation: Installation, action: str, group: str, batch: Sequence[Record]
) -> None:
    """Write down what is about to become of dead letters: some may be plays that count.

    Before it is done, so that a kill leaves an entry too many rather than one too few.
    """
    first, last = batch[0].envelope.event_id, batch[-1].envelope.event_id
    details = {"events": str(len(batch)), "first": first, "last": last}
    await installation.audit.append(_ACTOR, action, group, details)


def _by_partition(batch: Sequence[Record]) -> list[list[Record]]:
    parts: dict[int, list[Record]] = {}
    for record in batch:
        parts.setdefault(record.partition, []).append(record)
    return list(parts.values())


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Installation]:
    installation = open_installation(settings)
    try:
        yield installation
    finally:
        await installation.close()
