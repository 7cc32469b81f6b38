"""A group's projection made again from the log's beginning, beside the server that goes on serving.

A second group reads the log, so that the first goes on with what is new. How what it makes takes
the place of what is there depends on the projection:

- the search index is made in a folder of its own and taken into use by one rename; until then the
  old one answers. For the last of it the live writer is held back, so that the new one has all that
  the old one had, at whatever moment this is killed;
- plays by hour are counted into tables beside those in use, whose rows they replace one by one, as
  each says how far the log is in it. Days of which the log has lost some, or which are in their
  month, stay as they are;
- the table of short beginnings, history, departures and jobs are brought to the right state row by
  row, in place. Each change is a compare-and-swap that ends where the live group's would, whichever
  comes last; the log keeps less of history than the table does, so the table may not begin empty.

Killed, it goes on where it was when it is asked for again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

import msgspec
import structlog

from antiphon.app.accounts import chart_maker_of, play_counts_of
from antiphon.app.compose import Installation, open_installation
from antiphon.app.events_role import every_projection, topics_by_group
from antiphon.app.replaying import Reading, Told
from antiphon.app.settings import Settings
from antiphon.catalog import INDEX_GROUP, PrefixTable, SearchProjection, TantivySearch
from antiphon.charts import CHARTS_GROUP, ChartsFeed, again
from antiphon.eventlog import MovableLog, Projection, Projector, Record
from antiphon.kernel import Conflict, Invalid, NotFound, Unavailable, UnixMs
from antiphon.rights import LEDGER_GROUP, PLAYS

log = structlog.get_logger()

_READERS_GO_OVER_SECONDS: Final = 3.0
_CLOSED_BOOKS: Final = (
    f"{LEDGER_GROUP} is not made again from events: its months are closed books. "
    "antiphon statements reconcile counts the log again beside it."
)
_COUNTS_TRIES: Final = 30


class Replayed(msgspec.Struct, frozen=True):
    """What a replay did: events handled, those that could not be.

    Of an index: documents before and after; of counts: rows that were replaced.
    """

    group: str
    events: int
    passed_over: int
    documents: tuple[int, int] | None = None
    rows: int | None = None


async def replay(settings: Settings, group: str, told: Told = lambda _: None) -> Replayed:
    """Make ``group``'s projection again; a server may be running, and goes on answering."""
    if group == LEDGER_GROUP:
        raise Invalid(_CLOSED_BOOKS)
    installation = open_installation(settings)
    try:
        if group == CHARTS_GROUP:
            return await _counts_again(installation, told)
        projection = _projection(installation, group)
        if group.startswith(INDEX_GROUP):
            return await _index_again(installation, projection, told)
        async with _fed(installation, replace(projection, group=f"{group}.replay")) as run:
            await run.until_caught_up(told)
            return await run.finish(group)
    finally:
        await installation.close()


def _projection(installation: Installation, group: str) -> Projection:
    for projection in every_projection(installation):
        if projection.group == group:
            return projection
    known = ", ".join(sorted(topics_by_group(installation)))
    raise NotFound(f"There is no group {group} on this machine: choose one of {known}.")


async def _index_again(installation: Installation, projection: Projection, told: Told) -> Replayed:
    await _forget_what_was_killed(installation, projection)
    before = await installation.search.count()
    fresh = installation.search.successor()
    try:
        async with _fed(installation, _into(installation, projection, fresh)) as run:
            await run.until_caught_up(told)
            async with fresh.held_back():
                await run.until_caught_up(told)  # what the old one has heard is in the log by now
                await fresh.take_over()
                log.info("search_index_taken_over", generation=fresh.generation)
                done = await run.finish(projection.group)
                after = await fresh.count()
                await fresh.close()
    finally:
        await fresh.close()
    await asyncio.sleep(_READERS_GO_OVER_SECONDS)
    await fresh.remove_others()
    return msgspec.structs.replace(done, documents=(before, after))


async def _counts_again(installation: Installation, told: Told) -> Replayed:
    counts = play_counts_of(installation, generation=again.AGAIN)
    feed = ChartsFeed(installation.events, counts, group=f"{CHARTS_GROUP}.replay")
    reading = Reading(installation.events, PLAYS, f"{CHARTS_GROUP}.replay")
    async with reading.by(feed.run):
        await reading.until_caught_up(told)
        replaced = await _swapped(installation, reading)
        await reading.stop()
        await again.forget(installation.tables)
        await reading.finish()
    await chart_maker_of(installation).make()
    log.info("counts_replayed", rows=replaced, events=feed.handled)
    return Replayed(CHARTS_GROUP, feed.handled, feed.passed_over, rows=replaced)


async def _swapped(installation: Installation, reading: Reading) -> int:
    """Put the new counts in place; a row in which the live group is further waits for the new."""
    for _ in range(_COUNTS_TRIES):
        since = await _reaches_back_to(installation.events)
        done = await again.swap(installation.tables, since=since)
        if not done.behind:
            return done.replaced
        await reading.until_caught_up(lambda _: None)
    raise Unavailable("Plays come in too fast to put new counts in place: try again.")


async def _reaches_back_to(events: MovableLog) -> UnixMs | None:
    """Return how far back the log of plays reaches; None: nothing of it was trimmed."""
    begins = [
        await events.stored(PLAYS, partition, start=extent.begin, limit=1)
        for partition, extent in (await events.extents(PLAYS)).items()
        if extent.begin
    ]
    return max((UnixMs(found[0].envelope.occurred_at) for found in begins if found), default=None)


async def _forget_what_was_killed(installation: Installation, projection: Projection) -> None:
    """Forget the group that made the index in use, where it was killed before it could."""
    group = f"{projection.group}.replay{installation.search.generation}"
    with suppress(Conflict):
        await installation.events.forget(projection.topic, group=group)


def _into(installation: Installation, projection: Projection, fresh: TantivySearch) -> Projection:
    """Return the projection that feeds ``fresh``; its group begins anew with each index."""
    # The index first, as in the live group: who is held back there has not begun with the table.
    sinks = (
        [fresh] if installation.settings.shares_log else [fresh, PrefixTable(installation.tables)]
    )
    group = f"{projection.group}.replay{fresh.generation}"
    return SearchProjection(installation.catalog, *sinks).projection(group)


@asynccontextmanager
async def _fed(installation: Installation, projection: Projection) -> AsyncIterator["_Run"]:
    """Feed a projection until the block ends; where it stands, it goes on another time."""
    reading = Reading(installation.events, projection.topic, projection.group)
    run = _Run(reading)
    projector = Projector(installation.events, projection, seen=run.seen, bury=run.bury)
    async with reading.by(projector.run):
        yield run


class _Run:
    """One projection fed from the beginning, until it has caught up."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._handled = self._passed_over = 0

    async def until_caught_up(self, told: Told) -> None:
        """Return once all is handled that the log held at some moment after this was called."""
        await self._reading.until_caught_up(told)

    async def finish(self, group: str) -> Replayed:
        """Stop, and have the log forget the group that read."""
        await self._reading.finish()
        log.info("projection_replayed", group=group, events=self._handled)
        return Replayed(group, self._handled, self._passed_over)

    def seen(self, count: int) -> None:
        """Count what was handled."""
        self._handled += count

    async def bury(self, _record: Record) -> None:
        """Pass over what the live group has among its dead letters."""
        self._passed_over += 1
