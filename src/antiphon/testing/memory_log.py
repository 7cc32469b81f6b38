"""The event log in lists, for unit tests; passes the contract of the port."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from antiphon.eventlog import Extent, Places, Record
from antiphon.kernel import Conflict, Envelope, Invalid

_MAX_PAYLOAD = 1024 * 1024


@dataclass(slots=True)
class _Topic:
    """The records of one topic, and who waits for more."""

    records: list[Record] = field(default_factory=list)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self.woken.set()
        self.woken = asyncio.Event()


@dataclass(slots=True)
class _Group:
    """Where a group is, and which member goes on."""

    committed: int = 0
    member: "MemorySubscription | None" = None


class MemoryEventLog:
    """``EventLog`` of one process. Leases do not expire, unless ``expire_leases`` is called."""

    def __init__(self) -> None:
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[tuple[str, str], _Group] = {}

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, all or nothing."""
        if any(len(envelope.payload) > _MAX_PAYLOAD for envelope in envelopes):
            raise Invalid(f"An event has at most {_MAX_PAYLOAD} bytes.")
        kept = self._topic(topic)
        begin = len(kept.records)
        kept.records += [Record(topic, 0, begin + i, e) for i, e in enumerate(envelopes)]
        kept.wake()

    @asynccontextmanager
    async def subscribe(self, topic: str, *, group: str) -> AsyncIterator["MemorySubscription"]:
        """Join ``group`` on ``topic``; leaving hands the partition to the others."""
        kept = self._topic(topic)
        subscription = MemorySubscription(kept, self._groups.setdefault((topic, group), _Group()))
        try:
            yield subscription
        finally:
            subscription.leave()

    async def lag(self, topic: str, *, group: str) -> int:
        """Return how many records the group has not committed yet."""
        held = self._groups.get((topic, group), _Group())
        return len(self._topic(topic).records) - held.committed

    async def rewind(self, topic: str, *, group: str) -> None:
        """Let ``group`` begin again at the oldest record; its member is fenced out."""
        held = self._groups.setdefault((topic, group), _Group())
        held.committed, held.member = 0, None
        self._topic(topic).wake()

    async def forget(self, topic: str, *, group: str) -> None:
        """Forget that ``group`` has ever read; ``Conflict`` while a member holds it."""
        held = self._groups.get((topic, group), _Group())
        if held.member is not None:
            raise Conflict(f"The group {group} is being read.")
        self._groups.pop((topic, group), None)

    async def topics(self) -> list[str]:
        """Return the names of the topics there are, sorted."""
        return sorted(self._topics)

    async def extents(self, topic: str) -> dict[int, Extent]:
        """Return what the one partition of a topic holds."""
        return {0: Extent(0, len(self._topic(topic).records))}

    async def stored(
        self, topic: str, partition: int, *, start: int, limit: int = 1000
    ) -> list[Record]:
        """Return up to ``limit`` records from offset ``start`` on, for no group."""
        return [] if partition else self._topic(topic).records[start : start + max(limit, 0)]

    async def load(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, all or nothing."""
        await self.append(topic, envelopes)

    async def places(self, topic: str) -> dict[str, Places]:
        """Return where each group goes on that has committed; ``Conflict`` while one is read."""
        found = {group: held for (t, group), held in self._groups.items() if t == topic}
        if any(held.member is not None for held in found.values()):
            raise Conflict(f"The topic {topic} is being read: stop what reads it first.")
        return {group: {0: held.committed} for group, held in found.items()}

    async def place(self, topic: str, group: str, places: Places) -> None:
        """Let a group go on there; its member is fenced out."""
        self._groups[topic, group] = _Group(places.get(0, 0))
        self._topic(topic).wake()

    async def drop(self, topic: str) -> None:
        """Forget a topic's records."""
        self._topic(topic).records.clear()

    def records(self, topic: str) -> list[Record]:
        """Return everything that was appended to ``topic``."""
        return list(self._topic(topic).records)

    def expire_leases(self) -> None:
        """Behave as if every member had been silent for too long."""
        for group in self._groups.values():
            group.member = None
        for topic in self._topics.values():
            topic.wake()

    async def close(self) -> None:
        """Nothing stays open."""

    def _topic(self, topic: str) -> _Topic:
        if not topic or "\0" in topic:
            raise Invalid(f"{topic!r} cannot name a topic.")
        return self._topics.setdefault(topic, _Topic())


class MemorySubscription:
    """One member of a group; see ``Subscription``."""

    def __init__(self, topic: _Topic, group: _Group) -> None:
        self._topic = topic
        self._group = group
        self._next = 0

    async def poll(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        """Return the next records, waiting up to ``wait`` seconds for the first of them."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            records = self._deliver(max_records)
            if records or loop.time() >= deadline:
                return records
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self._topic.woken.wait()

    async def commit(self, records: Sequence[Record]) -> None:
        """Say that all ``records`` and everything before them are dealt with."""
        if not records:
            return
        if self._group.member is not self:
            raise Conflict("Another consumer has taken over: poll again.")
        after = max(record.offset for record in records) + 1
        self._group.committed = max(self._group.committed, after)

    def leave(self) -> None:
        """Give the lease back, if it is still ours."""
        if self._group.member is self:
            self._group.member = None
            self._topic.wake()

    def _deliver(self, max_records: int) -> list[Record]:
        if self._group.member not in {None, self}:
            return []
        start = self._group.committed if self._group.member is None else self._next
        records = self._topic.records[start : start + max_records]
        if records:
            self._group.member = self
            self._next = start + len(records)
        return records
