"""A group's projection made again from the log's beginning, beside the server that goes on serving.

A second group reads the log, so that the first goes on with what is new. How what it makes takes
the place of what is there depends on the projection:

- the search index is made in a folder of its own and taken into use by one rename; until then the
  old one answers. For the last of it the live writer is held back, so that the new one has all that
  the old one had, at whatever moment this is killed;
- the table of short beginnings, history, departures and jobs are brought to the right state row by
  row, in place. Each change is a compare-and-swap that ends where the live group's would, whichever
  comes last; the log keeps less of history than the table does, so the table may not begin empty.

Killed, it goes on where it was when it is asked for again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

import msgspec
import structlog

from antiphon.app.compose import Installation, open_installation
from antiphon.app.events_role import every_projection, topics_by_group
from antiphon.app.settings import Settings
from antiphon.catalog import INDEX_GROUP, PrefixTable, SearchProjection, TantivySearch
from antiphon.charts import CHARTS_GROUP
from antiphon.eventlog import Projection, Projector, Record
from antiphon.kernel import Conflict, Invalid, NotFound, Unavailable
from antiphon.rights import LEDGER_GROUP

log = structlog.get_logger()

_LOOK_SECONDS: Final = 0.3
_READERS_GO_OVER_SECONDS: Final = 3.0
_COUNTED: Final = {
    LEDGER_GROUP: "its months are closed books: antiphon statements reconcile counts the log again",
    CHARTS_GROUP: "its rows carry their offsets and count each play once, however often it is read",
}


class Progress(msgspec.Struct, frozen=True):
    """How far a replay is: what the log held when it began or later, and what is done of it."""

    done: int
    total: int


class Replayed(msgspec.Struct, frozen=True):
    """What a replay did: events handled, those that could not be, documents before and after."""

    group: str
    events: int
    passed_over: int
    documents: tuple[int, int] | None = None


Told = Callable[[Progress], None]


async def replay(settings: Settings, group: str, told: Told = lambda _: None) -> Replayed:
    """Make ``group``'s projection again; a server may be running, and goes on answering."""
    installation = open_installation(settings)
    try:
        projection = _projection(installation, group)
        if group.startswith(INDEX_GROUP):
            return await _index_again(installation, projection, told)
        async with _fed(installation, replace(projection, group=f"{group}.replay")) as run:
            await run.until_caught_up(told)
            return await run.finish(group)
    finally:
        await installation.close()


def _projection(installation: Installation, group: str) -> Projection:
    if group in _COUNTED:
        raise Invalid(f"{group} is not made again from events: {_COUNTED[group]}.")
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
    run = _Run(installation, projection)
    try:
        yield run
    finally:
        await run.stop()


class _Run:
    """One projection fed from the beginning, until it has caught up."""

    def __init__(self, installation: Installation, projection: Projection) -> None:
        self._events = installation.events
        self._projection = projection
        self._handled = self._passed_over = 0
        self._stop = asyncio.Event()
        projector = Projector(self._events, projection, seen=self._seen, bury=self._bury)
        self._task = asyncio.create_task(projector.run(self._stop))

    async def until_caught_up(self, told: Told) -> None:
        """Return once all is handled that the log held at some moment after this was called."""
        total = 0
        while True:
            left = await self._events.lag(self._projection.topic, group=self._projection.group)
            total = max(total, left)
            told(Progress(total - left, total))
            if not left:
                return
            await asyncio.wait({self._task}, timeout=_LOOK_SECONDS)
            if self._task.done():
                await self._task
                raise Unavailable("The replay has ended before its time.")

    async def finish(self, group: str) -> Replayed:
        """Stop, and let the log forget the group that read: it would keep events from going."""
        await self.stop()
        await self._events.forget(self._projection.topic, group=self._projection.group)
        log.info("projection_replayed", group=group, events=self._handled)
        return Replayed(group, self._handled, self._passed_over)

    async def stop(self) -> None:
        """Stop reading, once what is under way is done."""
        self._stop.set()
        with suppress(asyncio.CancelledError):
            await self._task

    def _seen(self, count: int) -> None:
        self._handled += count

    async def _bury(self, _record: Record) -> None:
        """Pass over what the live group has among its dead letters."""
        self._passed_over += 1
