"""The ports with a guard around their drivers; what is repeated is said at each.

Embedded drivers stay bare: there is no network between, and a disk that fails does not get better
by asking it again.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from antiphon.storage.cache import CacheAndSignals
from antiphon.storage.objects import Location, ObjectInfo, Objects
from antiphon.storage.resilience import Guard, Guarded, Policy
from antiphon.storage.tables import Condition, Mutation, OperatedTables, Row
from antiphon.storage.workspace import Workspace

# A try on tables may have to connect and to make a schema first, which takes Cassandra seconds.
TABLES_POLICY: Final = Policy(deadline=15.0, attempt=10.0)  # no request waits longer for them
OBJECTS_POLICY: Final = Policy(deadline=12.0, attempt=5.0)
CACHE_POLICY: Final = Policy(deadline=2.5, attempt=1.0, most_retries=1)
_MOST_READ_AT_ONCE: Final = 1000  # by a request; what is more, only by what works behind them
_MOST_WRITTEN_AT_ONCE: Final = 200
_SECONDS_PER_ROW: Final = 0.02
_NAMES_SECONDS: Final = 30.0  # more: each table is looked into
_SLOWEST_BYTES_PER_SECOND: Final = 1_000_000
_WHOLE_OBJECT_SECONDS: Final = 3.0  # more, as its size is not known before
WORKSPACE_POLICY: Final = Policy(deadline=30.0, attempt=12.0)
# A master may be gigabytes; a node that hangs on the way is told by the driver much sooner.
_WHOLE_FILE_SECONDS: Final = 600.0


class GuardedTables(Guarded):
    """``OperatedTables``: reads, ``mutate``, ``mutate_many`` and ``load`` are repeated.

    ``check_and_mutate`` and ``increment`` are not: a change whose answer was lost would be made
    twice, or found already made. Batches that no request asks for get 20 ms more for each row
    beyond the 1,000th that is read and the 200th that is written. A page of a scan gets no more,
    whatever its limit: that says nothing of how much there is.
    """

    def __init__(self, driver: OperatedTables, guard: Guard) -> None:
        self.driver = driver
        self.guard = guard

    async def read(self, table: str, key: bytes) -> Row | None:
        """Return the row, or None where no cell exists under ``key``; repeated."""
        return await self.guard.call(partial(self.driver.read, table, key), repeatable=True)

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        """Return one answer per key, in the order of ``keys``; repeated."""
        ask = partial(self.driver.read_many, table, keys)
        more = _beyond(_MOST_READ_AT_ONCE, len(keys))
        return await self.guard.call(ask, repeatable=True, more=more)

    async def scan(
        self,
        table: str,
        *,
        start: bytes = b"",
        end: bytes | None = None,
        limit: int = 1000,
        reverse: bool = False,
    ) -> list[Row]:
        """Return up to ``limit`` rows with ``start <= key < end`` in key order; repeated."""
        ask = partial(self.driver.scan, table, start=start, end=end, limit=limit, reverse=reverse)
        return await self.guard.call(ask, repeatable=True)

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        """Apply all mutations to one row, in order, atomically; repeated."""
        await self.guard.call(partial(self.driver.mutate, table, key, mutations), repeatable=True)

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        """Apply mutations to many rows: each row atomically, the rows not together; repeated."""
        ask = partial(self.driver.mutate_many, table, rows)
        more = _beyond(_MOST_WRITTEN_AT_ONCE, len(rows))
        await self.guard.call(ask, repeatable=True, more=more)

    async def check_and_mutate(
        self,
        table: str,
        key: bytes,
        condition: Condition,
        *,
        then: Sequence[Mutation],
        otherwise: Sequence[Mutation] = (),
    ) -> bool:
        """Apply ``then`` if the condition holds, else ``otherwise``; asked once."""
        ask = partial(
            self.driver.check_and_mutate, table, key, condition, then=then, otherwise=otherwise
        )
        return await self.guard.call(ask, repeatable=False)

    async def increment(
        self, table: str, key: bytes, *, family: str, column: str, by: int = 1
    ) -> int:
        """Add ``by`` to a counter cell and return the new value; asked once."""
        ask = partial(self.driver.increment, table, key, family=family, column=column, by=by)
        return await self.guard.call(ask, repeatable=False)

    async def names(self) -> list[str]:
        """Return the names of the tables that hold rows; repeated."""
        return await self.guard.call(self.driver.names, repeatable=True, more=_NAMES_SECONDS)

    async def page(
        self, table: str, *, start: bytes = b"", end: bytes | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return what ``scan`` does, cheaper; repeated."""
        ask = partial(self.driver.page, table, start=start, end=end, limit=limit)
        more = _SECONDS_PER_ROW * max(0, min(limit, 1000))
        return await self.guard.call(ask, repeatable=True, more=more)

    async def load(self, table: str, rows: Sequence[Row]) -> None:
        """Make each row exactly what is given; repeated."""
        ask = partial(self.driver.load, table, rows)
        await self.guard.call(ask, repeatable=True, more=_SECONDS_PER_ROW * len(rows))

    async def close(self) -> None:
        """Finish what was asked for and close."""
        await self.driver.close()


def _beyond(most: int, rows: int) -> float:
    """Return how much longer a batch may take for the rows that it has beyond ``most``."""
    return _SECONDS_PER_ROW * max(0, rows - most)


class GuardedObjects(Guarded):
    """``Objects``: all but create-only puts and listings are repeated.

    A create-only put whose answer was lost would find its own object and call it another's. A
    listing has handed things out before it fails. What is large gets a second more for each
    megabyte.
    """

    def __init__(self, driver: Objects, guard: Guard) -> None:
        self.driver = driver
        self.guard = guard

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Store ``data``; repeated unless ``create_only``."""
        ask = partial(self.driver.put, key, data, create_only=create_only)
        more = len(data) / _SLOWEST_BYTES_PER_SECOND
        return await self.guard.call(ask, repeatable=not create_only, more=more)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object, or ``length`` bytes of it from ``start``; repeated."""
        ask = partial(self.driver.get, key, start=start, length=length)
        known = None if length is None else max(0, length) / _SLOWEST_BYTES_PER_SECOND
        more = _WHOLE_OBJECT_SECONDS if known is None else known
        return await self.guard.call(ask, repeatable=True, more=more)

    async def head(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None; repeated."""
        return await self.guard.call(partial(self.driver.head, key), repeatable=True)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield all objects below ``prefix``; each page has the time of one try."""
        found = self.driver.list(prefix)
        while True:
            info = await self.guard.call(partial(anext, found, None), repeatable=False)
            if info is None:
                return
            yield info

    async def delete(self, key: str) -> None:
        """Remove the object; repeated."""
        await self.guard.call(partial(self.driver.delete, key), repeatable=True)

    def locate(self, key: str, *, seconds: int = 3600) -> Location:
        """Return where it can be sent from directly; nothing is asked for that."""
        return self.driver.locate(key, seconds=seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self.driver.close()


class GuardedCache(Guarded):
    """``Cache`` and ``Signals``: ``get``, ``set`` and ``delete`` are repeated.

    ``add``, ``increment`` and ``publish`` are not: the second would find the first.
    """

    def __init__(self, driver: CacheAndSignals, guard: Guard) -> None:
        self.driver = driver
        self.guard = guard

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where it is absent or has expired; repeated."""
        return await self.guard.call(partial(self.driver.get, key), repeatable=True)

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds; repeated."""
        await self.guard.call(partial(self.driver.set, key, value, ttl=ttl), repeatable=True)

    async def add(self, key: str, value: bytes, *, ttl: float) -> bool:
        """Store it only if the key is absent; asked once."""
        ask = partial(self.driver.add, key, value, ttl=ttl)
        return await self.guard.call(ask, repeatable=False)

    async def delete(self, key: str) -> None:
        """Forget the key; repeated."""
        await self.guard.call(partial(self.driver.delete, key), repeatable=True)

    async def increment(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add to a counter and return it; asked once."""
        ask = partial(self.driver.increment, key, ttl=ttl, by=by)
        return await self.guard.call(ask, repeatable=False)

    async def publish(self, channel: str, payload: bytes) -> None:
        """Send ``payload`` to everyone subscribed to ``channel`` now; asked once."""
        ask = partial(self.driver.publish, channel, payload)
        await self.guard.call(ask, repeatable=False)

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Enter to be subscribed, asked once; the driver keeps the connection after that."""
        async with AsyncExitStack() as stack:
            enter = partial(stack.enter_async_context, self.driver.subscribe(*channels))
            yield await self.guard.call(enter, repeatable=False)

    async def close(self) -> None:
        """Close the connections."""
        await self.driver.close()


class GuardedWorkspace(Guarded):
    """``Workspace``: all but iterators is repeated; what is given up may still come to be."""

    def __init__(self, driver: Workspace, guard: Guard) -> None:
        self.driver = driver
        self.guard = guard

    async def write(self, path: str, parts: Iterable[bytes]) -> None:
        """Write a whole file; repeated where ``parts`` can be gone through again."""
        ask = partial(self.driver.write, path, parts)
        repeatable = not isinstance(parts, Iterator)
        await self.guard.call(ask, repeatable=repeatable, more=_WHOLE_FILE_SECONDS)

    @asynccontextmanager
    async def local(self, path: str) -> AsyncIterator[Path]:
        """Enter to have a copy of the file; repeated."""
        async with AsyncExitStack() as stack:

            async def enter() -> Path:
                return await stack.enter_async_context(self.driver.local(path))

            yield await self.guard.call(enter, repeatable=True, more=_WHOLE_FILE_SECONDS)

    async def delete(self, path: str) -> None:
        """Remove a file; repeated."""
        await self.guard.call(partial(self.driver.delete, path), repeatable=True)

    async def list(self, prefix: str) -> list[str]:
        """Return the paths below ``prefix``; repeated."""
        return await self.guard.call(partial(self.driver.list, prefix), repeatable=True)

    async def close(self) -> None:
        """Close the connections."""
        await self.driver.close()
