"""One row of the ledger in memory: applying reports to it is pure and the same every time.

Cells: ``l/head`` (epoch, sealed, frozen, next offset by partition), ``l/counts``, ``l/late`` and
``s/*``, the digests of the grants that counted, ten bytes each. Whoever writes compares the head
it has read, so a row is written by one at a time and knows which records are in it.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec

from antiphon.kernel import Corrupt
from antiphon.rights.accounting.model import PlayReport, Refusal, SongTerms, Usage
from antiphon.rights.accounting.rules import digest, heard_within_wall_time, refusal
from antiphon.storage import Cell, Condition, DeleteFamily, Mutation, Row, SetCell

FAMILY: Final = "l"
SEEN: Final = "s"
_HEAD: Final = "head"
_COUNTS: Final = "counts"
_LATE: Final = "late"
_DIGEST_BYTES: Final = 10
_MOST_CHUNKS: Final = 32

Numbers = dict[Usage, list[int]]  # plays, heard ms


class _Head(msgspec.Struct, array_like=True):
    epoch: int = 0
    sealed: bool = False
    frozen: bool = False
    nexts: dict[int, int] = {}
    refused: dict[str, int] = {}


_Packed = list[tuple[str, str, str, str, str, int, int]]
_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_Head).decode
_numbers = msgspec.msgpack.Decoder(_Packed).decode
_lates = msgspec.msgpack.Decoder(dict[str, _Packed]).decode


class Shard:
    """The state of one row, and what has changed since it was read."""

    def __init__(self, row: Row | None) -> None:
        self._raw = None if row is None else row.value(FAMILY, _HEAD)
        try:
            self.head = _Head(nexts={}, refused={}) if self._raw is None else _read_head(self._raw)
            self.counts = _unpacked(_numbers(_value(row, _COUNTS) or b"\x90"))
            lates = _lates(_value(row, _LATE) or b"\x80")
        except msgspec.DecodeError as fault:
            raise Corrupt(f"A row of the ledger cannot be read: {fault}.") from fault
        self.late = {period: _unpacked(packed) for period, packed in lates.items()}
        self._stored = () if row is None else tuple(c.value for c in row.columns(SEEN).values())
        self._chunks = len(self._stored)
        self._fresh: list[bytes] = []

    @cached_property
    def _seen(self) -> set[bytes]:
        """The digests; readers of counts do without."""
        whole = b"".join(self._stored)
        return {whole[i : i + _DIGEST_BYTES] for i in range(0, len(whole), _DIGEST_BYTES)}

    @property
    def condition(self) -> Condition:
        """Return what must still hold when this is written."""
        return Condition(FAMILY, _HEAD, self._raw)

    def apply(
        self,
        reports: Sequence[tuple[int, int, PlayReport]],
        terms: dict[str, SongTerms],
    ) -> int:
        """Count ``(partition, offset, report)`` in order; those that are in already are passed.

        Returns how many plays were counted now.
        """
        nexts, target = self.head.nexts, self._target()
        counted = 0
        for partition, offset, report in reports:
            if offset < nexts.get(partition, 0):
                continue
            nexts[partition] = offset + 1
            song = terms[report.song_id]
            mark = digest(report.grant_id)
            why = self._refusal(report, song, mark)
            if why is not None:
                self.head.refused[why] = self.head.refused.get(why, 0) + 1
                continue
            self._seen.add(mark)
            self._fresh.append(mark)
            usage = Usage(song.holder, report.song_id, report.territory, report.tier, report.use)
            numbers = target.setdefault(usage, [0, 0])
            numbers[0] += 1
            numbers[1] += heard_within_wall_time(report)
            counted += 1
        return counted

    def seal(self) -> None:
        """Close the row's month: what comes from now on is late."""
        self.head.sealed = True

    def assign_late(self, period: str) -> bool:
        """Put what came late, and is in no statement yet, into that of ``period``."""
        waiting = self.late.pop("", None)
        if not waiting:
            return False
        target = self.late.setdefault(period, {})
        for usage, (plays, heard) in waiting.items():
            numbers = target.setdefault(usage, [0, 0])
            numbers[0] += plays
            numbers[1] += heard
        return True

    def freeze(self) -> None:
        """Drop the digests: nothing of this day counts any more."""
        self.head.frozen = True
        self._seen.clear()
        self._fresh.clear()

    def written(self, *, epoch: int | None = None, at: str) -> list[Mutation]:
        """Return the mutations of one row transaction; ``at`` names the chunk of new digests."""
        if epoch is not None:
            self.head.epoch = epoch
        raw = _encode(self.head)
        mutations: list[Mutation] = [
            SetCell(FAMILY, _HEAD, raw),
            SetCell(FAMILY, _COUNTS, _encode(_packed(self.counts))),
        ]
        if self.late:
            packed = {period: _packed(numbers) for period, numbers in self.late.items()}
            mutations.append(SetCell(FAMILY, _LATE, _encode(packed)))
        mutations += self._seen_mutations(at)
        self._raw, self._fresh = raw, []
        return mutations

    def _target(self) -> Numbers:
        return self.late.setdefault("", {}) if self.head.sealed else self.counts

    def _refusal(self, report: PlayReport, song: SongTerms, mark: bytes) -> Refusal | None:
        if self.head.frozen:
            return Refusal.FROZEN
        if mark in self._seen:
            return Refusal.REPEATED
        return refusal(report, song.needed_at(report.issued_at))

    def _seen_mutations(self, at: str) -> list[Mutation]:
        if self.head.frozen:
            return [DeleteFamily(SEEN)]
        if not self._fresh:
            return []
        self._chunks += 1
        if self._chunks <= _MOST_CHUNKS:
            return [SetCell(SEEN, at, b"".join(self._fresh))]
        self._chunks = 1
        return [DeleteFamily(SEEN), SetCell(SEEN, at, b"".join(self._seen))]


def _value(row: Row | None, column: str) -> bytes | None:
    return None if row is None else row.value(FAMILY, column)


def _packed(numbers: Numbers) -> list[tuple[str, str, str, str, str, int, int]]:
    return [(*usage, plays, heard) for usage, (plays, heard) in numbers.items()]


def _unpacked(packed: _Packed) -> Numbers:
    return {Usage(*line[:5]): [line[5], line[6]] for line in packed}


def ledger_place(row: Row) -> Mapping[int, int] | None:
    """Return up to where the log is in a row, as the next offset by partition."""
    raw = row.value(FAMILY, _HEAD)
    return None if raw is None else _read_head(raw).nexts


def with_ledger_place(row: Row, place: Mapping[int, int]) -> Row:
    """Return the row as it has to be beside a log in which that place is ``place``."""
    cell = row.columns(FAMILY)[_HEAD]
    head = _read_head(cell.value)
    head.nexts = dict(sorted(place.items()))
    columns = {**row.columns(FAMILY), _HEAD: Cell(_encode(head), cell.written_at)}
    return Row(row.key, {**row.families, FAMILY: columns})


def _read_head(raw: bytes) -> _Head:
    try:
        return _head(raw)
    except msgspec.DecodeError as fault:
        raise Corrupt(f"A row of the ledger cannot be read: {fault}.") from fault
