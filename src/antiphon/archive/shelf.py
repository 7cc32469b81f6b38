"""Where the archive's files lie, and how each event comes to lie in exactly one of them.

A range of offsets is claimed before its files are written: the claim is an object that only one can
create, at the place where the claim before ends, and says which records it is about. Whoever was
killed in between, or is slow, and whoever reads the same records again, writes the same files: the
range is not his to choose. The group's offset is committed after them.

Offsets say nothing once a backup is restored, so all names carry the log's generation.
"""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from antiphon.archive.parquet import parquet_of
from antiphon.archive.pseudonyms import Pseudonyms
from antiphon.archive.rules import (
    Line,
    claim_key,
    claims_folder,
    day_of,
    file_key,
    line_of,
    listener_of,
)
from antiphon.eventlog import Record
from antiphon.kernel import Conflict
from antiphon.storage import Condition, Objects, SetCell, Tables

log = structlog.get_logger()

_TABLE: Final = "archive"
_GENERATION: Final = b"generation"
_FAMILY: Final = "a"


class Claim(msgspec.Struct, frozen=True):
    """Which records one step of a chain is about: offsets from ``first`` until before ``next``."""

    first: int
    next: int
    count: int


class Incomplete(Conflict):
    """What is held is not all that a claim is about: read again from the last commit."""

    code = "archive_incomplete"


_claim = msgspec.json.Decoder(Claim).decode


class Shelf:
    """Writes ranges of records as files, each record into one."""

    def __init__(self, objects: Objects, tables: Tables) -> None:
        self._objects = objects
        self._tables = tables
        self._pseudonyms = Pseudonyms(tables)
        self._generation = ""
        self._ends: dict[tuple[str, int], Claim] = {}

    async def put(self, records: Sequence[Record]) -> int:
        """Put records of one partition, in order, where they are not yet; return how many.

        ``Incomplete`` where another has claimed more than these.
        """
        topic, partition = records[0].topic, records[0].partition
        chain = f"{await self._log_generation()}-{partition}"
        written, left = 0, list(records)
        while left:
            end = await self._end(topic, partition, chain)
            known = [record for record in left if record.offset < end.next]
            if known:
                written += await self._claimed_before(topic, chain, end, known)
                left = left[len(known) :]
                continue
            claim = Claim(left[0].offset, left[-1].offset + 1, len(left))
            key = claim_key(topic, chain, end.next)
            if await self._objects.put(key, msgspec.json.encode(claim), create_only=True):
                await self._write(topic, chain, left)
                self._ends[topic, partition] = claim
                return written + len(left)
            del self._ends[topic, partition]  # another was here
        return written

    async def _claimed_before(
        self, topic: str, chain: str, end: Claim, known: Sequence[Record]
    ) -> int:
        """Write what the last claim is about, in case whoever claimed it did not."""
        mine = [record for record in known if record.offset >= end.first]
        if len(mine) == end.count:
            await self._write(topic, chain, mine)
            return len(mine)
        if mine and mine[0].offset == end.first:
            raise Incomplete(f"A claim in {topic} is about {end.count} events, not {len(mine)}.")
        return 0  # it was committed, so its files are there

    async def _write(self, topic: str, chain: str, records: Sequence[Record]) -> None:
        whose = [listener_of(record) for record in records]
        keys = await self._pseudonyms.keys(listener for listener in whose if listener)
        days: dict[str, list[Line]] = {}
        for record, listener in zip(records, whose, strict=True):
            line = line_of(record, keys.get(listener or ""))
            days.setdefault(day_of(record.envelope.occurred_at), []).append(line)
        for day, lines in sorted(days.items()):
            file = await asyncio.to_thread(parquet_of, lines)
            await self._objects.put(file_key(topic, day, chain, records[0].offset), file)
        log.info("events_archived", topic=topic, events=len(records), files=len(days))

    async def _end(self, topic: str, partition: int, chain: str) -> Claim:
        """Return the chain's last claim; an empty one where there is none."""
        if (topic, partition) not in self._ends:
            last = ""
            async for info in self._objects.list(claims_folder(topic, chain)):
                last = max(last, info.key)
            raw = await self._objects.get(last) if last else None
            self._ends[topic, partition] = Claim(0, 0, 0) if raw is None else _claim(raw)
        return self._ends[topic, partition]

    async def _log_generation(self) -> str:
        if not self._generation:
            cell = [SetCell(_FAMILY, "", secrets.token_hex(4).encode())]
            absent = Condition(_FAMILY, "", None)
            await self._tables.check_and_mutate(_TABLE, _GENERATION, absent, then=cell)
            row = await self._tables.read(_TABLE, _GENERATION)
            assert row is not None, "it was written a moment ago"
            self._generation = (row.value(_FAMILY, "") or b"").decode()
        return self._generation


async def new_generation(tables: Tables) -> None:
    """Note that the log's offsets begin to mean something else: a backup was restored."""
    if await tables.read(_TABLE, _GENERATION) is not None:
        cell = SetCell(_FAMILY, "", secrets.token_hex(4).encode())
        await tables.mutate(_TABLE, _GENERATION, [cell])
