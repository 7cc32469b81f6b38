"""The outbox: a row changes, and the log hears of it, whatever dies in between.

Nothing is atomic across a row and the log, so a change goes in four steps:

1. an intent row says which row is about to change;
2. the row changes, and in the same atomic mutation gets a cell ``outbox/{id}`` with the envelopes;
3. the envelopes are appended to the log;
4. the cell and the intent are removed.

A process killed before 2 changed nothing; the sweep removes the intent. Killed after 2, the sweep
does 3 and 4. Killed between 3 and 4, the sweep appends again: the event ids are the same, and
consumers are idempotent.
"""

from collections.abc import Sequence

import msgspec

from antiphon.eventlog.codec import encode_event
from antiphon.eventlog.log import EventLog
from antiphon.kernel import Clock, Envelope, Event, random_id
from antiphon.storage import DeleteCell, DeleteRow, Mutation, Row, SetCell, Tables

FAMILY = "outbox"
_INTENTS = "outbox_intents"
_SETTLED_AFTER_MS = 5_000
_ABANDONED_AFTER_MS = 3_600_000  # a writer that stalls longer than this before step 2 is not ours
_PAGE = 1000


class _Intent(msgspec.Struct, array_like=True):
    """Which row is about to change, under which outbox cell, for which topic, written when."""

    table: str
    key: bytes
    topic: str
    written_at: int


_encode = msgspec.msgpack.Encoder().encode
_decode_intent = msgspec.msgpack.Decoder(_Intent).decode
_decode_envelopes = msgspec.msgpack.Decoder(list[Envelope]).decode

Change = tuple[bytes, Sequence[Mutation], Sequence[Event]]


class Outbox:
    """Writes rows together with the events that tell of them."""

    def __init__(self, tables: Tables, log: EventLog, clock: Clock) -> None:
        self._tables = tables
        self._log = log
        self._clock = clock

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

        Events are appended in the order of ``changes``.
        """
        told = [change for change in changes if change[2]]
        silent = [(key, mutations) for key, mutations, events in changes if not events]
        if not told:
            await self._tables.mutate_many(table, silent)
            return
        ids = [random_id() for _ in told]
        envelopes = [
            [encode_event(event, clock=self._clock) for event in events] for _, _, events in told
        ]
        now = self._clock.now()
        await self._tables.mutate_many(
            _INTENTS,
            [
                (i.encode(), [SetCell("i", "", _encode(_Intent(table, key, topic, now)))])
                for i, (key, _, _) in zip(ids, told, strict=True)
            ],
        )
        await self._tables.mutate_many(
            table,
            [
                (key, [*mutations, SetCell(FAMILY, i, _encode(some))])
                for i, (key, mutations, _), some in zip(ids, told, envelopes, strict=True)
            ]
            + silent,
        )
        await self._log.append(topic, [e for some in envelopes for e in some])
        await self._forget(table, [(key, i) for i, (key, _, _) in zip(ids, told, strict=True)])

    async def sweep(self) -> int:
        """Finish what killed processes left; return how many changes that were.

        Only changes older than five seconds count as left behind: younger ones may be under way.
        """
        finished = 0
        start = b""
        while page := await self._tables.scan(_INTENTS, start=start, limit=_PAGE):
            for row in page:
                finished += await self._finish(row)
            start = page[-1].key + b"\0"
        return finished

    async def _finish(self, intent_row: Row) -> bool:
        intent = _decode_intent(intent_row.value("i", "") or b"")
        if self._clock.now() - intent.written_at < _SETTLED_AFTER_MS:
            return False
        column = intent_row.key.decode()
        row = await self._tables.read(intent.table, intent.key)
        raw = None if row is None else row.value(FAMILY, column)
        if raw is not None:
            await self._log.append(intent.topic, _decode_envelopes(raw))
        elif self._clock.now() - intent.written_at < _ABANDONED_AFTER_MS:
            return False
        await self._forget(intent.table, [(intent.key, column)])
        return raw is not None

    async def _forget(self, table: str, written: Sequence[tuple[bytes, str]]) -> None:
        await self._tables.mutate_many(
            table, [(key, [DeleteCell(FAMILY, i)]) for key, i in written]
        )
        await self._tables.mutate_many(_INTENTS, [(i.encode(), [DeleteRow()]) for _, i in written])
