"""Several things at once, and the first fault as it is: what people are told is one line."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


async def each(
    items: AsyncIterator[_T], work: Callable[[_T], Awaitable[_R]], *, at_once: int
) -> list[_R]:
    """Do ``work`` for each, ``at_once`` at a time; return what it returns, in the items' order.

    The first fault ends all.
    """
    turns = asyncio.Semaphore(at_once)

    async def one(item: _T) -> _R:
        try:
            return await work(item)
        finally:
            turns.release()

    tasks = []
    try:
        async with asyncio.TaskGroup() as group:
            async for item in items:
                await turns.acquire()
                tasks.append(group.create_task(one(item)))
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from faults
    return [task.result() for task in tasks]
