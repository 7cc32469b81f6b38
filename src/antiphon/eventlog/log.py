"""The event log port: what happened, in order."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from antiphon.kernel import Envelope, UnixMs


@dataclass(frozen=True, slots=True)
class Record:
    """One envelope at its place in the log; offsets grow within a partition."""

    topic: str
    partition: int
    offset: int
    envelope: Envelope


class Subscription(Protocol):
    """One consumer's membership in a group for one topic."""

    async def poll(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        """Return the next records, waiting up to ``wait`` seconds for the first of them."""
        ...

    async def commit(self, records: Sequence[Record]) -> None:
        """Say that all ``records`` (and everything before them) are dealt with.

        A consumer that lost its partition to another gets ``Conflict`` and must poll again.
        """
        ...


class EventLog(Protocol):
    """Topics of records. Append is durable when it returns.

    Records of one key keep their order. Within a group each record goes to one consumer at a time;
    after a crash the group goes on at its last commit, so delivery is at least once and consumers
    are idempotent. A new group starts at the oldest record.
    """

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, durably. All or nothing for the envelopes of one key."""
        ...

    def subscribe(self, topic: str, *, group: str) -> AbstractAsyncContextManager[Subscription]:
        """Join ``group`` on ``topic``; leaving hands the partitions to the others."""
        ...


class OperatedLog(EventLog, Protocol):
    """A log with what operators ask of it."""

    async def rewind(self, topic: str, *, group: str) -> None:
        """Let ``group`` begin again at the oldest record; ``Conflict`` where that cannot be now."""
        ...

    async def forget(self, topic: str, *, group: str) -> None:
        """Forget that ``group`` has ever read; ``Conflict`` while it is being read.

        A group that does not read any more would keep what it has not committed from being trimmed.
        """
        ...

    async def trim(
        self, topic: str, *, read_by: Sequence[str], before: UnixMs, most_bytes: int | None = None
    ) -> int:
        """Delete the oldest records; return how many that were.

        Those that happened earlier than ``before`` go, and more while the topic takes more than
        ``most_bytes`` where the driver bounds that; but never what one of ``read_by`` has not
        committed.
        """
        ...

    async def lag(self, topic: str, *, group: str) -> int:
        """Return how much the group has not committed yet; 0 only where that is nothing."""
        ...

    async def close(self) -> None:
        """Finish what was asked for and close."""
        ...


Places = Mapping[int, int]
"""Where somebody goes on: the next offset by partition; a partition not named: its beginning."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a partition holds: offsets from ``begin`` on, all of them before ``end``."""

    begin: int
    end: int


class MovableLog(OperatedLog, Protocol):
    """A log with what moving an installation asks of it, while nobody else uses it."""

    async def topics(self) -> list[str]:
        """Return the names of the topics there are, sorted."""
        ...

    async def extents(self, topic: str) -> dict[int, Extent]:
        """Return what each partition of a topic holds."""
        ...

    async def stored(
        self, topic: str, partition: int, *, start: int, limit: int = 1000
    ) -> list[Record]:
        """Return up to ``limit`` records of a partition from offset ``start`` on, for no group."""
        ...

    async def load(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, durably, each by itself.

        Killed within, each partition holds what belongs to it up to some envelope, in order.
        """
        ...

    async def places(self, topic: str) -> dict[str, Places]:
        """Return where each group goes on that has committed; ``Conflict`` while one is read."""
        ...

    async def place(self, topic: str, group: str, places: Places) -> None:
        """Let a group that nobody reads go on there, in every partition that is named."""
        ...

    async def drop(self, topic: str) -> None:
        """Forget a topic's records; its groups are placed anew after that."""
        ...
