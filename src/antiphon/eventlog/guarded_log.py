"""The event log port with a guard around its driver; what is repeated is said at each."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from antiphon.eventlog.log import Extent, MovableLog, Places, Record, Subscription
from antiphon.kernel import Envelope, UnixMs
from antiphon.storage import Guard, Guarded, Policy

# The producer itself tries for ten seconds: messages keep their order only inside it.
LOG_POLICY: Final = Policy(deadline=15.0, attempt=12.0)
_ADMIN_SECONDS: Final = 30.0  # more: these ask each partition


class GuardedLog(Guarded):
    """``MovableLog``: all is repeated but ``append``, ``load``, ``trim`` and ``subscribe``.

    ``append`` is not: repeated here, behind what came later, it would break the order of its key;
    the outbox appends again what it has not seen acknowledged.
    """

    def __init__(self, driver: MovableLog, guard: Guard) -> None:
        self.driver = driver
        self.guard = guard

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, durably; asked once."""
        await self.guard.call(partial(self.driver.append, topic, envelopes), repeatable=False)

    @asynccontextmanager
    async def subscribe(self, topic: str, *, group: str) -> AsyncIterator["GuardedSubscription"]:
        """Join ``group`` on ``topic``; leaving hands the partitions to the others."""
        async with AsyncExitStack() as stack:
            enter = partial(stack.enter_async_context, self.driver.subscribe(topic, group=group))
            entered = await self.guard.call(enter, repeatable=False)
            yield GuardedSubscription(entered, self.guard)

    async def rewind(self, topic: str, *, group: str) -> None:
        """Let ``group`` begin again at the oldest record; repeated."""
        ask = partial(self.driver.rewind, topic, group=group)
        await self.guard.call(ask, repeatable=True, more=_ADMIN_SECONDS)

    async def forget(self, topic: str, *, group: str) -> None:
        """Forget that ``group`` has ever read; repeated."""
        ask = partial(self.driver.forget, topic, group=group)
        await self.guard.call(ask, repeatable=True, more=_ADMIN_SECONDS)

    async def trim(
        self, topic: str, *, read_by: Sequence[str], before: UnixMs, most_bytes: int | None = None
    ) -> int:
        """Delete the oldest records; asked once, as a second count would leave out the first's."""
        ask = partial(
            self.driver.trim, topic, read_by=read_by, before=before, most_bytes=most_bytes
        )
        return await self.guard.call(ask, repeatable=False, more=_ADMIN_SECONDS)

    async def lag(self, topic: str, *, group: str) -> int:
        """Return how much the group has not committed yet; repeated."""
        ask = partial(self.driver.lag, topic, group=group)
        return await self.guard.call(ask, repeatable=True, more=_ADMIN_SECONDS)

    async def topics(self) -> list[str]:
        """Return the names of the topics there are; repeated."""
        return await self.guard.call(self.driver.topics, repeatable=True, more=_ADMIN_SECONDS)

    async def extents(self, topic: str) -> dict[int, Extent]:
        """Return what each partition of a topic holds; repeated."""
        ask = partial(self.driver.extents, topic)
        return await self.guard.call(ask, repeatable=True, more=_ADMIN_SECONDS)

    async def stored(
        self, topic: str, partition: int, *, start: int, limit: int = 1000
    ) -> list[Record]:
        """Return records of a partition, for no group; repeated."""
        ask = partial(self.driver.stored, topic, partition, start=start, limit=limit)
        return await self.guard.call(ask, repeatable=True, more=_ADMIN_SECONDS)

    async def load(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, each by itself; asked once, as is ``append``."""
        await self.guard.call(partial(self.driver.load, topic, envelopes), repeatable=False)

    async def places(self, topic: str) -> dict[str, Places]:
        """Return where each group goes on; repeated."""
        ask = partial(self.driver.places, topic)
        return await self.guard.call(ask, repeatable=True, more=_ADMIN_SECONDS)

    async def place(self, topic: str, group: str, places: Places) -> None:
        """Let a group go on there; repeated."""
        ask = partial(self.driver.place, topic, group, places)
        await self.guard.call(ask, repeatable=True, more=_ADMIN_SECONDS)

    async def drop(self, topic: str) -> None:
        """Forget a topic's records; repeated."""
        ask = partial(self.driver.drop, topic)
        await self.guard.call(ask, repeatable=True, more=_ADMIN_SECONDS)

    async def close(self) -> None:
        """Finish what was asked for and close."""
        await self.driver.close()


class GuardedSubscription:
    """``Subscription`` whose calls end in time; nothing is repeated.

    What a poll fetched after its caller gave up comes with the next one. A poll that finds nothing
    is no sign of life, so polls do not count for the breaker.
    """

    def __init__(self, driver: Subscription, guard: Guard) -> None:
        self.driver = driver
        self._guard = guard

    async def poll(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        """Return the next records, waiting up to ``wait`` seconds for the first of them."""
        ask = partial(self.driver.poll, max_records=max_records, wait=wait)
        return await self._guard.bounded(ask, wait + 2 * self._guard.policy.deadline)

    async def commit(self, records: Sequence[Record]) -> None:
        """Say that all ``records`` (and everything before them) are dealt with."""
        await self._guard.call(partial(self.driver.commit, records), repeatable=False)
