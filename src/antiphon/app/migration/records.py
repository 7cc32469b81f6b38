"""The event log: records in order, and the places of groups among them.

A target has other partitions and offsets. Where a topic of the source has several partitions they
are merged by the time of their events, the same way at every run, so that what the target holds
already is a beginning of what each of its partitions shall hold.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from antiphon.app.migration.rows import Sum, Tell
from antiphon.eventlog import Extent, MovableLog, Places, Record
from antiphon.kernel import Corrupt, Envelope

_PAGE: Final = 2000

_encode = msgspec.msgpack.Encoder().encode
_Cut = frozenset[tuple[int, int]]


class Translation:
    """What places in a topic of the source are in the target's, of the places asked about.

    What lies before a place is done with. In the target's partitions a place is the first record
    that is not: no record is passed over that was not done with, and where the target's order is
    not the source's, as in one partition made of several, some that were may come again.
    """

    def __init__(self, asked: Iterable[Places]) -> None:
        self._cuts = {_cut(places): dict(places) for places in asked}
        self._found: dict[_Cut, dict[int, int]] = {cut: {} for cut in self._cuts}
        self._open: dict[int, list[_Cut]] = {}
        every = [dict(cut) for cut in self._cuts]
        partitions = {p for cut in every for p in cut}
        self._floor = {p: min(cut.get(p, 0) for cut in every) for p in partitions}

    def see(self, ours: Record, theirs: Record) -> None:
        """Hear of a record's place at both ends; in the order of the target's partition."""
        if ours.offset < self._floor.get(ours.partition, 0):
            return
        before = self._open.get(theirs.partition)
        if before is None:
            before = list(self._cuts)
        after = []
        for cut in before:
            if ours.offset < self._cuts[cut].get(ours.partition, 0):
                after.append(cut)
            else:
                self._found[cut][theirs.partition] = theirs.offset
        self._open[theirs.partition] = after

    def close(self, extents: dict[int, Extent]) -> None:
        """Hear that there are no more records."""
        for found in self._found.values():
            for partition, extent in extents.items():
                found.setdefault(partition, extent.end)

    def of(self, places: Places) -> Places:
        """Return the target's places."""
        return self._found[_cut(places)]


def joined(*several: Places) -> Places:
    """Return the places before which one of ``several`` is done, by partition."""
    partitions = {p for places in several for p in places}
    return {p: max(places.get(p, 0) for places in several) for p in partitions}


async def copy_topic(source: MovableLog, target: MovableLog, topic: str, tell: Tell) -> None:
    """Append to the target's topic what it does not hold yet."""
    readers = await _readers(target, topic)
    waiting: list[Envelope] = []
    count = 0
    async for record in _merged(source, topic):
        if await _matching(readers, record) is None:
            waiting.append(record.envelope)
        if len(waiting) == _PAGE:
            await target.load(topic, waiting)
            waiting = []
        count += 1
        if count % _PAGE == 0:
            tell(_PAGE)
    if waiting:
        await target.load(topic, waiting)
    tell(count % _PAGE)


async def verify_topic(
    source: MovableLog, target: MovableLog, topic: str, translation: Translation, tell: Tell
) -> Sum:
    """Compare a topic at both ends; one that differs is dropped, and told as ``Corrupt``."""
    readers = await _readers(target, topic)
    digest, count, differs = blake2b(digest_size=16), 0, False
    async for record in _merged(source, topic):
        found = await _matching(readers, record)
        if found is None:
            differs = True
            break
        translation.see(record, found)
        digest.update(_encode(record.envelope))
        count += 1
        if count % _PAGE == 0:
            tell(_PAGE)
    if differs or any([await reader.head() is not None for reader in readers]):
        await target.drop(topic)
        raise Corrupt(
            f"The topic {topic} differs between both ends. It was dropped from the target: run "
            "migrate again."
        )
    translation.close(await target.extents(topic))
    tell(count % _PAGE)
    return Sum(count, digest.hexdigest())


async def count_of(log: MovableLog, topic: str) -> int:
    """Return about how many records a topic has; on Kafka, how many messages."""
    found = 0
    for partition, extent in (await log.extents(topic)).items():
        if extent.begin < extent.end:
            found += max(1, len(await log.stored(topic, partition, start=extent.begin, limit=1)))
    return found


class _Reader:
    """One partition, from its beginning to where it ended when this was made."""

    def __init__(self, log: MovableLog, topic: str, partition: int, extent: Extent) -> None:
        self._log = log
        self._topic = topic
        self._next = extent.begin
        self._end = extent.end
        self.partition = partition
        self._page: Sequence[Record] = ()
        self._at = 0

    async def head(self) -> Record | None:
        """Return the record at hand, None behind the last."""
        if self._at == len(self._page) and self._next < self._end:
            found = await self._log.stored(
                self._topic, self.partition, start=self._next, limit=_PAGE
            )
            self._page = [record for record in found if record.offset < self._end]
            self._at = 0
            self._next = self._page[-1].offset + 1 if self._page else self._end
        return self._page[self._at] if self._at < len(self._page) else None

    def advance(self) -> None:
        """Go on to the next."""
        self._at += 1


async def _readers(log: MovableLog, topic: str) -> list[_Reader]:
    extents = await log.extents(topic)
    return [_Reader(log, topic, p, e) for p, e in extents.items() if e.begin < e.end]


async def _merged(log: MovableLog, topic: str) -> AsyncIterator[Record]:
    """Yield a topic's records, of several partitions the one that happened first."""
    readers = await _readers(log, topic)
    while readers:
        heads = [(reader, await reader.head()) for reader in readers]
        there = [(reader, head) for reader, head in heads if head is not None]
        readers = [reader for reader, _ in there]
        if there:
            reader, first = min(
                there, key=lambda pair: (pair[1].envelope.occurred_at, pair[1].partition)
            )
            reader.advance()
            yield first


async def _matching(readers: Sequence[_Reader], record: Record) -> Record | None:
    """Return the record of the target that this one is next to be found as, and go on behind it."""
    for reader in readers:
        head = await reader.head()
        if head is not None and head.envelope == record.envelope:
            reader.advance()
            return head
    return None


def _cut(places: Places) -> _Cut:
    return frozenset(places.items())
