"""Running things side by side, where one is what it is about."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

_T = TypeVar("_T")


async def alongside(main: Coroutine[Any, Any, _T], *helpers: Coroutine[Any, Any, None]) -> _T:
    """Return what ``main`` returns; the helpers end with it, and a helper's failure ends it.

    Unlike a task group this raises the failure itself, so that callers can tell kinds apart.
    """
    chief = asyncio.create_task(main)
    others = [asyncio.create_task(helper) for helper in helpers]
    waiting: set[asyncio.Task[Any]] = {chief, *others}
    try:
        while not chief.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {chief}:
                task.result()
        return chief.result()
    finally:
        for task in (chief, *others):
            task.cancel()
        await asyncio.gather(chief, *others, return_exceptions=True)


async def waited(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for some time or until ``stop``; return whether it is time to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
