"""Small words that the contract suites share."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from antiphon.kernel import AntiphonError, Unavailable


async def refused(kind: type[AntiphonError], call: Awaitable[object]) -> AntiphonError:
    """Return the error with which ``call`` is refused; fail where it is not, or with another."""
    try:
        result = await call
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got the result {result!r}")


async def back(probe: Callable[[], Awaitable[object]], seconds: float) -> float:
    """Return after how long ``probe`` was answered again; fail after ``seconds``."""
    begin = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            try:
                await probe()
                return time.monotonic() - begin
            except Unavailable:
                await asyncio.sleep(0.1)
