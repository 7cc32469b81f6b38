"""One day's plays of one shard of songs in memory: applying reports to it is pure.

| cell | holds |
|---|---|
| h/head | epoch of the writer, settled, next offset by partition |
| c/00 .. c/23 | plays and heard ms of that hour, by storefront and song |
| c/day | the same of the whole day, once it is settled |
| s/* | digests of the grants that counted, 8 bytes each, until the day is settled |

Whoever writes compares the head that was read, so counts, digests and offsets change together.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec

from antiphon.charts.rules import digest, hour_of
from antiphon.kernel import Corrupt
from antiphon.rights import PlayReport, SongTerms, heard_within_wall_time, refusal
from antiphon.storage import Cell, Condition, DeleteFamily, Mutation, Row, SetCell

Counts = dict[str, dict[str, list[int]]]
"""Plays and heard ms by storefront and song."""

Place = tuple[int, int, PlayReport]  # partition, offset, report

_HEAD_FAMILY: Final = "h"
_HEAD: Final = "head"
_COUNTS: Final = "c"
_WHOLE: Final = "day"
_SEEN: Final = "s"
_DIGEST_BYTES: Final = 8
_MOST_CHUNKS: Final = 32
_HOURS: Final = 24


class _Head(msgspec.Struct, array_like=True):
    epoch: int = 0
    settled: bool = False
    nexts: dict[int, int] = {}


_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_Head).decode
_counts = msgspec.msgpack.Decoder(Counts).decode


class DayRow:
    """The state of one row, and what has changed since it was read."""

    def __init__(self, row: Row | None, *, gone: bool = False) -> None:
        """Read a row; ``gone`` says that the day is in its month already: nothing counts here."""
        self._raw = None if row is None else row.value(_HEAD_FAMILY, _HEAD)
        self.head = _Head(settled=gone, nexts={}) if self._raw is None else _read_head(self._raw)
        self._cells = {} if row is None else {n: c.value for n, c in row.columns(_COUNTS).items()}
        self._stored = () if row is None else tuple(c.value for c in row.columns(_SEEN).values())
        self._open: dict[int, Counts] = {}
        self._chunks = len(self._stored)
        self._fresh: list[bytes] = []
        self._settles = False

    @cached_property
    def _seen(self) -> set[bytes]:
        """The digests; readers of counts do without."""
        whole = b"".join(self._stored)
        return {whole[i : i + _DIGEST_BYTES] for i in range(0, len(whole), _DIGEST_BYTES)}

    @property
    def condition(self) -> Condition:
        """Return what must still hold when this is written."""
        return Condition(_HEAD_FAMILY, _HEAD, self._raw)

    @property
    def is_gone(self) -> bool:
        """Return whether the day is in its month already, and there is no row of it."""
        return self._raw is None and self.head.settled

    def apply(self, places: Sequence[Place], terms: dict[str, SongTerms]) -> int:
        """Count reports in the log's order, each grant once; return how many counted now.

        What is in already is passed by its offset. A day that is settled counts nothing more.
        """
        nexts, counted = self.head.nexts, 0
        for partition, offset, report in places:
            if offset < nexts.get(partition, 0):
                continue
            nexts[partition] = offset + 1
            if not self.head.settled and self._counts_as_play(report, terms[report.song_id]):
                songs = self._hour(hour_of(report.issued_at) % _HOURS).setdefault(
                    report.territory.lower(), {}
                )
                numbers = songs.setdefault(report.song_id, [0, 0])
                numbers[0] += 1
                numbers[1] += heard_within_wall_time(report)
                counted += 1
        return counted

    def settle(self) -> None:
        """Add the hours up to the day and drop what tells grants apart: no more plays can come."""
        whole: Counts = {}
        for _, counts in self.hours():
            add_counts(whole, counts)
        self._open = {}
        self._cells = {_WHOLE: _encode(whole)}
        self.head.settled = True
        self._settles = True

    def hours(self) -> Iterator[tuple[int, Counts]]:
        """Return the counts of each hour of the day, 0 to 23; of a settled day none."""
        for hour in range(_HOURS):
            if hour in self._open or f"{hour:02}" in self._cells:
                yield hour, self._hour(hour)

    def whole(self) -> Counts:
        """Return the counts of the day."""
        if _WHOLE in self._cells:
            return _read(self._cells[_WHOLE])
        whole: Counts = {}
        for _, counts in self.hours():
            add_counts(whole, counts)
        return whole

    def written(self, *, epoch: int | None = None, at: str) -> list[Mutation]:
        """Return the mutations of one row transaction; ``at`` names the chunk of new digests."""
        if epoch is not None:
            self.head.epoch = epoch
        raw = _encode(self.head)
        mutations: list[Mutation] = [SetCell(_HEAD_FAMILY, _HEAD, raw)]
        if self._settles:
            mutations += [DeleteFamily(_COUNTS), SetCell(_COUNTS, _WHOLE, self._cells[_WHOLE])]
            mutations.append(DeleteFamily(_SEEN))
        else:
            self._cells |= {f"{hour:02}": _encode(c) for hour, c in self._open.items()}
            mutations += [SetCell(_COUNTS, f"{h:02}", self._cells[f"{h:02}"]) for h in self._open]
            mutations += self._seen_mutations(at)
        self._raw, self._fresh, self._open, self._settles = raw, [], {}, False
        return mutations

    def in_place_of(self, other: "DayRow") -> list[Mutation] | None:
        """Return the mutations that put this row, as it was read, in the place of ``other``.

        None where the log went further into the other. What is settled there is settled here, and
        the other's consumer writes on.
        """
        read = self.head.nexts
        if any(read.get(at, 0) < offset for at, offset in other.head.nexts.items()):
            return None
        self.head.epoch = other.head.epoch
        if other.head.settled and not self.head.settled:
            self.settle()
            return self.written(at="")
        cells = [SetCell(_COUNTS, name, value) for name, value in self._cells.items()]
        seen = b"".join(self._stored)
        return [
            DeleteFamily(_COUNTS),
            DeleteFamily(_SEEN),
            SetCell(_HEAD_FAMILY, _HEAD, _encode(self.head)),
            *cells,
            *([SetCell(_SEEN, "again", seen)] if seen else []),
        ]

    def _counts_as_play(self, report: PlayReport, song: SongTerms) -> bool:
        mark = digest(report.grant_id)
        if mark in self._seen or refusal(report, song.needed_at(report.issued_at)) is not None:
            return False
        self._seen.add(mark)
        self._fresh.append(mark)
        return True

    def _hour(self, hour: int) -> Counts:
        counts = self._open.get(hour)
        if counts is None:
            raw = self._cells.get(f"{hour:02}")
            counts = self._open[hour] = {} if raw is None else _read(raw)
        return counts

    def _seen_mutations(self, at: str) -> list[Mutation]:
        if not self._fresh:
            return []
        self._chunks += 1
        if self._chunks <= _MOST_CHUNKS:
            return [SetCell(_SEEN, at, b"".join(self._fresh))]
        self._chunks = 1
        return [DeleteFamily(_SEEN), SetCell(_SEEN, at, b"".join(self._seen))]


def add_counts(target: Counts, counts: Counts) -> None:
    """Add ``counts`` to ``target``."""
    for storefront, songs in counts.items():
        into = target.setdefault(storefront, {})
        for song_id, (plays, heard_ms) in songs.items():
            numbers = into.setdefault(song_id, [0, 0])
            numbers[0] += plays
            numbers[1] += heard_ms


def decode_counts(raw: bytes | None) -> Counts:
    """Return the counts of a cell; none where there is no cell."""
    return {} if raw is None else _read(raw)


def encode_counts(counts: Counts) -> bytes:
    """Return the cell of counts."""
    return _encode(counts)


def _read(raw: bytes) -> Counts:
    try:
        return _counts(raw)
    except msgspec.DecodeError as fault:
        raise Corrupt(f"Counts of plays cannot be read: {fault}.") from fault


def counts_place(row: Row) -> Mapping[int, int] | None:
    """Return up to where the log is in a row, as the next offset by partition."""
    raw = row.value(_HEAD_FAMILY, _HEAD)
    return None if raw is None else _read_head(raw).nexts


def with_counts_place(row: Row, place: Mapping[int, int]) -> Row:
    """Return the row as it has to be beside a log in which that place is ``place``."""
    cell = row.columns(_HEAD_FAMILY)[_HEAD]
    head = _read_head(cell.value)
    head.nexts = dict(sorted(place.items()))
    columns = {**row.columns(_HEAD_FAMILY), _HEAD: Cell(_encode(head), cell.written_at)}
    return Row(row.key, {**row.families, _HEAD_FAMILY: columns})


def _read_head(raw: bytes) -> _Head:
    try:
        return _head(raw)
    except msgspec.DecodeError as fault:
        raise Corrupt(f"A row of plays cannot be read: {fault}.") from fault
