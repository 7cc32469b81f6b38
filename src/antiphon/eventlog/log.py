"""The event log port: what happened, in order."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from antiphon.kernel import Envelope


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
