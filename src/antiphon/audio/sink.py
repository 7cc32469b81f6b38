"""Storing objects several at a time, and running craft code in a thread without losing it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from antiphon.audio.ladder import MediaObject
from antiphon.storage import Objects

_AT_ONCE = 8

_P = ParamSpec("_P")
_R = TypeVar("_R")


class ObjectSink:
    """Puts objects while more are being made; ``drain`` returns when all are durable."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._tasks: set[asyncio.Task[bool]] = set()

    async def store(self, items: Iterable[MediaObject]) -> None:
        """Take objects; wait only while too many are under way."""
        for item in items:
            if len(self._tasks) >= _AT_ONCE:
                await self._wait(asyncio.FIRST_COMPLETED)
            self._tasks.add(asyncio.create_task(self._objects.put(item.key, item.data)))

    async def drain(self) -> None:
        """Wait for all; the first failure is raised."""
        if self._tasks:
            await self._wait(asyncio.ALL_COMPLETED)

    async def _wait(self, until: str) -> None:
        done, self._tasks = await asyncio.wait(self._tasks, return_when=until)
        for task in done:
            task.result()


async def in_thread(function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Run ``function`` in a thread; where we are cancelled, wait for it before giving up.

    A thread cannot be stopped, and what it works on must not be closed under it.
    """
    task = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise
