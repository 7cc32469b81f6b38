"""Events archived: by the ``events`` role all the time, or by a command; and asked."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import antiphon.audio.events
import antiphon.catalog.events
import antiphon.identity.events
import antiphon.streaming.events
from antiphon.app.compose import Installation, open_installation
from antiphon.app.metrics import Metrics
from antiphon.app.settings import Settings
from antiphon.archive import Answer, ArchiveFeed, Shelf, Span, ask, group_of

ARCHIVED: Final = (
    antiphon.audio.events.TOPIC,
    antiphon.catalog.events.TOPIC,
    antiphon.identity.events.TOPIC,
    antiphon.streaming.events.TOPIC,
)


def archiving(
    installation: Installation, metrics: Metrics, stop: asyncio.Event
) -> list[Coroutine[Any, Any, None]]:
    """Return what archives all topics until ``stop``; nothing where the settings say so."""
    every = installation.settings.archive_seconds
    if not every:
        return []
    shelf = Shelf(installation.objects, installation.tables)
    feeds = {
        topic: ArchiveFeed(
            installation.events,
            topic,
            shelf,
            seen=metrics.projected.labels(group_of(topic)).inc,
        )
        for topic in ARCHIVED
    }
    return [feed.run(stop, every=every) for feed in feeds.values()]


async def archive_now(settings: Settings) -> dict[str, int]:
    """Archive all that the log holds; return how many events of each topic."""
    async with _opened(settings) as installation:
        shelf = Shelf(installation.objects, installation.tables)
        return {
            topic: await ArchiveFeed(installation.events, topic, shelf).catch_up()
            for topic in ARCHIVED
        }


async def asked(settings: Settings, sql: str, span: Span) -> Answer:
    """Return what the archive answers."""
    async with _opened(settings) as installation:
        return await ask(installation.objects, sql, span)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Installation]:
    installation = open_installation(settings)
    try:
        yield installation
    finally:
        await installation.close()
