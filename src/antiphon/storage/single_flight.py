"""One question to an engine for all who ask it at once, and no long wait for who has an answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


class SingleFlight(Generic[_K]):
    """Runs at most one piece of work for each key; a caller that goes away ends it for nobody."""

    def __init__(self) -> None:
        self._running: dict[_K, tuple[asyncio.Task[Any], float]] = {}

    async def share(
        self, key: _K, work: Callable[[], Awaitable[_T]], *, patience: float | None = None
    ) -> _T:
        """Return what the work for ``key`` returns, begun by whoever came first.

        With ``patience``: seconds from that beginning after which ``TimeoutError`` is raised. The
        work goes on, and is not begun a second time meanwhile.
        """
        running = self._running.get(key)
        if running is None:
            task = asyncio.ensure_future(work())
            running = self._running[key] = (task, time.monotonic())
            task.add_done_callback(lambda done: self._ended(key, done))
        task, began = running
        if patience is None:
            return await asyncio.shield(task)
        left = began + patience - time.monotonic()
        async with asyncio.timeout(max(0.0, left)):
            return await asyncio.shield(task)

    def _ended(self, key: _K, task: "asyncio.Task[Any]") -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # those who waited have it; nobody may be left
