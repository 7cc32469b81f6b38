"""A group of its own that reads the log from its beginning, until it has caught up."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
import structlog

from antiphon.eventlog import OperatedLog
from antiphon.kernel import Unavailable

log = structlog.get_logger()

_LOOK_SECONDS: Final = 0.3


class Progress(msgspec.Struct, frozen=True):
    """How far a replay is: what the log held when it began or later, and what is done of it."""

    done: int
    total: int


Told = Callable[[Progress], None]
Reader = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Reading:
    """One group that reads a topic from the beginning; where it stands, it goes on another time."""

    def __init__(self, events: OperatedLog, topic: str, group: str) -> None:
        self._events = events
        self._topic = topic
        self._group = group
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def by(self, reader: Reader) -> AsyncIterator["Reading"]:
        """Have ``reader`` read until the block ends, or this is stopped."""
        self._task = asyncio.create_task(reader(self._stop))
        try:
            yield self
        finally:
            await self.stop()

    async def until_caught_up(self, told: Told) -> None:
        """Return once all is handled that the log held at some moment after this was called."""
        assert self._task is not None
        total = 0
        while True:
            left = await self._events.lag(self._topic, group=self._group)
            total = max(total, left)
            told(Progress(total - left, total))
            if not left:
                return
            await asyncio.wait({self._task}, timeout=_LOOK_SECONDS)
            if self._task.done():
                await self._task
                raise Unavailable("The replay has ended before its time.")

    async def stop(self) -> None:
        """Stop reading, once what is under way is done."""
        self._stop.set()
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def finish(self) -> None:
        """Stop, and let the log forget the group: it would keep events from going."""
        await self.stop()
        await self._events.forget(self._topic, group=self._group)
