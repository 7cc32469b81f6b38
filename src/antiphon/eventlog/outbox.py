"""The outbox: a row changes, and the log hears of it, whatever dies in between.

Nothing is atomic across a row and the log, so a change goes in four steps:

1. an intent row says which row is about to change;
2. the row changes, and in the same atomic mutation gets a cell ``outbox/{id}`` with the envelopes;
3. all outbox cells of the row, oldest first, are appended to the log;
4. those cells and their intents are removed.

A process killed before 2 changed nothing; the sweep removes the intent. Killed after 2, the sweep,
or the next writer of the row, does 3 and 4. Killed between 3 and 4, that appends again: the event
ids are the same, and consumers are idempotent. As 3 takes whatever stands in the row, events of
one row enter the log in the order of its changes, also after a kill, but for repetitions.

For a moment, or until the sweep, a removed row still exists with nothing but its outbox cells:
readers take a row without their family as absent.
"""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import structlog

from antiphon.eventlog.codec import encode_event
from antiphon.eventlog.log import EventLog
from antiphon.kernel import Clock, Envelope, Event, random_id
from antiphon.storage import DeleteCell, DeleteFamily, DeleteRow, Mutation, Row, SetCell, Tables

log = structlog.get_logger()

FAMILY = "outbox"
INTENTS = "outbox_intents"
_SETTLED_AFTER_MS = 5_000
_ABANDONED_AFTER_MS = 3_600_000  # a writer that stalls longer than this before step 2 is not ours
_PAGE = 1000


class _Intent(msgspec.Struct, array_like=True):
    """Which row is about to change, and when that was written down."""

    table: str
    key: bytes
    written_at: int


class _Pending(msgspec.Struct, array_like=True):
    """What an outbox cell holds: events that their topic has yet to hear."""

    topic: str
    envelopes: list[Envelope]


class _Told(NamedTuple):
    """One change that has events: its id, its row, and what to tell."""

    id: str
    key: bytes
    mutations: Sequence[Mutation]
    pending: _Pending


_encode = msgspec.msgpack.Encoder().encode
_decode_intent = msgspec.msgpack.Decoder(_Intent).decode
_decode_pending = msgspec.msgpack.Decoder(_Pending).decode

Change = tuple[bytes, Sequence[Mutation], Sequence[Event]]


class Outbox:
    """Writes rows together with the events that tell of them."""

    def __init__(self, tables: Tables, log: EventLog, clock: Clock) -> None:
        self._tables = tables
        self._log = log
        self._clock = clock
        self._latest = 0
        self._numbers = itertools.count()

    async def write(
        self,
        table: str,
        key: bytes,
        mutations: Sequence[Mutation],
        events: Sequence[Event],
        *,
        topic: str,
    ) -> None:
        """Change one row and tell the log; both happen, or neither, once this returns or dies."""
        await self.write_many(table, [(key, mutations, events)], topic=topic)

    async def write_many(self, table: str, changes: Sequence[Change], *, topic: str) -> None:
        """Change many rows, each with its own events: each row is atomic, the rows not together.

        Events of one row are appended in the order of its changes, rows in that of their first.
        """
        changes = await self._keeping_outboxes(table, changes)
        told = [
            _Told(self._fresh_id(), key, mutations, self._pending(topic, events))
            for key, mutations, events in changes
            if events
        ]
        await self._intend(table, told)
        told_rows = [
            (t.key, [*t.mutations, SetCell(FAMILY, t.id, _encode(t.pending))]) for t in told
        ]
        silent_rows = [(key, mutations) for key, mutations, events in changes if not events]
        await self._tables.mutate_many(table, told_rows + silent_rows)
        await self._publish(table, told)

    async def sweep(self) -> int:
        """Finish what killed processes left; return how many changes that were.

        Only changes older than five seconds count as left behind: younger ones may be under way.
        """
        finished = 0
        start = b""
        while page := await self._tables.scan(INTENTS, start=start, limit=_PAGE):
            for row in page:
                finished += await self._finish(row)
            start = page[-1].key + b"\0"
        return finished

    async def _keeping_outboxes(self, table: str, changes: Sequence[Change]) -> Sequence[Change]:
        """Return ``changes`` with every removal of a row sparing what the row has yet to tell."""
        removed = [key for key, mutations, _ in changes if DeleteRow() in mutations]
        if not removed:
            return changes
        rows = await self._tables.read_many(table, removed)
        families = {row.key: set(row.families) - {FAMILY} for row in rows if row is not None}
        return [
            (key, _spared(mutations, families.get(key, set())), events)
            for key, mutations, events in changes
        ]

    def _pending(self, topic: str, events: Sequence[Event]) -> _Pending:
        return _Pending(topic, [encode_event(event, clock=self._clock) for event in events])

    def _fresh_id(self) -> str:
        """Return an id that sorts after the earlier ones, of this process and, nearly, of all."""
        self._latest = max(self._latest, self._clock.now())
        return f"{self._latest:012x}{next(self._numbers):08x}{random_id()[:8]}"

    async def _intend(self, table: str, told: Sequence[_Told]) -> None:
        now = self._clock.now()
        intents = [(t.id, _encode(_Intent(table, t.key, now))) for t in told]
        await self._tables.mutate_many(
            INTENTS, [(i.encode(), [SetCell("i", "", raw)]) for i, raw in intents]
        )

    async def _publish(self, table: str, told: Sequence[_Told]) -> None:
        """Append what the rows have to tell; also what earlier writers left in them."""
        keys = list(dict.fromkeys(t.key for t in told))
        waiting = {
            (key, i): pending
            for key, row in zip(keys, await self._tables.read_many(table, keys), strict=True)
            for i, pending in _waiting(row)
        }
        # What another writer of the row has told meanwhile is told again: better than never.
        waiting |= {(t.key, t.id): t.pending for t in told}
        await self._tell(table, waiting)

    async def _tell(self, table: str, waiting: dict[tuple[bytes, str], _Pending]) -> None:
        by_topic: dict[str, list[Envelope]] = {}
        for pending in waiting.values():
            by_topic.setdefault(pending.topic, []).extend(pending.envelopes)
        for topic, envelopes in by_topic.items():
            await self._log.append(topic, envelopes)
        await asyncio.gather(
            self._tables.mutate_many(table, [(k, [DeleteCell(FAMILY, i)]) for k, i in waiting]),
            self._forget(i for _, i in waiting),
        )

    async def _finish(self, intent_row: Row) -> int:
        try:
            intent = _decode_intent(intent_row.value("i", "") or b"")
        except msgspec.DecodeError:
            log.exception("intent_unreadable", intent=intent_row.key.decode())
            return 0
        age = abs(self._clock.now() - intent.written_at)  # the clock may have been set back
        if age < _SETTLED_AFTER_MS:
            return 0
        row = await self._tables.read(intent.table, intent.key)
        waiting = {(intent.key, i): pending for i, pending in _waiting(row)}
        if waiting:
            await self._tell(intent.table, waiting)
        elif age >= _ABANDONED_AFTER_MS:
            await self._forget([intent_row.key.decode()])
        return len(waiting)

    async def _forget(self, ids: Iterable[str]) -> None:
        await self._tables.mutate_many(INTENTS, [(i.encode(), [DeleteRow()]) for i in ids])


def _waiting(row: Row | None) -> list[tuple[str, _Pending]]:
    """Return what a row has yet to tell, oldest first."""
    cells = {} if row is None else row.columns(FAMILY)
    in_order = sorted(cells.items(), key=lambda item: (item[1].written_at, item[0]))
    return [(i, _decode_pending(cell.value)) for i, cell in in_order]


def _spared(mutations: Sequence[Mutation], families: set[str]) -> list[Mutation]:
    """Return mutations that do the same, but remove only ``families`` where the row would go."""
    spared: list[Mutation] = []
    for mutation in mutations:
        if isinstance(mutation, DeleteRow):
            spared = [DeleteFamily(family) for family in sorted(families)]
        else:
            spared.append(mutation)
    return spared
