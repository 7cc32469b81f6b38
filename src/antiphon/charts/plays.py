"""Plays by hour, day and month: each play that the ledger counts, once, whatever dies or lags.

| table | key | cells |
|---|---|---|
| charts_plays | day of the grant / shard of the song | see ``day``: counts, digests, offsets |
| charts_months | month / shard | m/days: which days are in it, a bit each; m/counts |
| charts_epoch | "epoch" | n: raised by every consumer that begins |

As in the ledger, a row carries the offset up to which the log is in it and the epoch of its writer:
what is applied again is passed, and who was replaced is fenced out. All tellings of a grant meet in
one row, so a play that is told late, within the ledger's window, counts in its own hour.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import structlog

from antiphon.charts.day import (
    Counts,
    DayRow,
    Place,
    add_counts,
    decode_counts,
    encode_counts,
)
from antiphon.charts.rules import (
    DAY_MS,
    KEEP_DAYS,
    SHARDS,
    day_key,
    day_number,
    day_of_month,
    month_key,
    shard_of,
)
from antiphon.kernel import Conflict, UnixMs
from antiphon.rights import WINDOW_MS, SongTerms
from antiphon.storage import Condition, DeleteRow, Row, SetCell, Tables

log = structlog.get_logger()

PLAYS_TABLE: Final = "charts_plays"
MONTHS: Final = "charts_months"
EPOCHS: Final = "charts_epoch"
_EPOCH: Final = b"epoch"
_F: Final = "m"
_DAYS: Final = "days"
_COUNTS: Final = "counts"
_MOST_ROWS_HELD: Final = 4 * SHARDS
_PAGE: Final = 2 * SHARDS


class FencedOut(Conflict):
    """Another consumer has begun since: this one must stop."""

    code = "charts_fenced_out"


class Songs(Protocol):
    """What counts as a play of songs: the ledger asks the same."""

    async def terms_of(self, song_ids: Sequence[str]) -> Sequence[SongTerms]:
        """Return one answer per song, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """How often a song was played in a storefront, and for how long it was heard."""

    storefront: str
    song_id: str
    plays: int
    heard_ms: int


class PlayCounts:
    """Counts plays. One consumer writes at a time; any number of processes read."""

    def __init__(self, tables: Tables, songs: Songs, *, generation: str = "") -> None:
        """``generation``: of counts that are made beside those in use, in tables of their own."""
        self._tables = tables
        self._songs = songs
        self._days = PLAYS_TABLE + generation
        self._months = MONTHS + generation
        self._epochs = EPOCHS + generation
        self._held: dict[bytes, DayRow] = {}
        self._epoch = 0

    async def begin(self) -> int:
        """Become the consumer; the one before is fenced out at its next write."""
        self._held = {}
        self._epoch = await self._tables.increment(self._epochs, _EPOCH, family="r", column="n")
        return self._epoch

    async def apply(self, places: Sequence[Place]) -> int:
        """Count reports that lie in the log's order; durable on return. Returns the new plays."""
        if not self._epoch:
            await self.begin()
        ids: list[str] = list(dict.fromkeys(report.song_id for _, _, report in places))
        terms = dict(zip(ids, await self._songs.terms_of(ids), strict=True))
        shards = {song_id: shard_of(song_id) for song_id in ids}
        by_row: dict[tuple[int, int], list[Place]] = {}
        for place in places:
            report = place[2]
            row = (report.issued_at // DAY_MS, shards[report.song_id])
            by_row.setdefault(row, []).append(place)
        keyed = {day_key(*row): some for row, some in by_row.items()}
        await self._hold(list(keyed))
        done = await asyncio.gather(
            *(self._count(key, some, terms) for key, some in keyed.items()),
            return_exceptions=True,
        )
        faults = [fault for fault in done if isinstance(fault, BaseException)]
        if faults:
            self._held = {}
            raise faults[0]
        while len(self._held) > _MOST_ROWS_HELD:  # the ones that were written longest ago
            del self._held[next(iter(self._held))]
        return sum(n for n in done if isinstance(n, int))

    async def roll_up(self, at: UnixMs) -> int:
        """Settle days that can get no more plays, and add old ones to their months.

        ``at`` is how far the log is read. Interrupted, it can be repeated. Returns how many rows
        changed.
        """
        last = (at - WINDOW_MS) // DAY_MS - 2
        oldest_kept = at // DAY_MS - KEEP_DAYS
        changed = 0
        async for row in self._rows(b"", day_key(last + 1, 0)):
            day = DayRow(row)
            if not day.head.settled:
                await self._settle(row.key)
                changed += 1
            if day_number(row.key) < oldest_kept:
                await self._into_month(row.key)
                changed += 1
        if changed:
            log.info("plays_rolled_up", rows=changed)
        return changed

    async def hours(self, first: int, last: int) -> AsyncIterator[tuple[int, Played]]:
        """Return what was played in hours (from the epoch, both included) that are still apart."""
        async for row in self._rows(day_key(first // 24, 0), day_key(last // 24 + 1, 0)):
            begin = day_number(row.key) * 24
            for hour, counts in DayRow(row).hours():
                if first <= begin + hour <= last:
                    for played in _played(counts):
                        yield begin + hour, played

    async def days(self, first: int, last: int) -> AsyncIterator[tuple[int, Played]]:
        """Return what was played on days (from the epoch, both included) that are still apart."""
        async for row in self._rows(day_key(first, 0), day_key(last + 1, 0)):
            for played in _played(DayRow(row).whole()):
                yield day_number(row.key), played

    async def month(self, month: str) -> AsyncIterator[Played]:
        """Return what was played in a month such as ``202611``, whose days may still be apart.

        A song may come several times: once for each day, and for the days that are added up.
        """
        merged: dict[bytes, int] = {}
        start, end = f"{month}/".encode(), f"{month}0".encode()
        for row in await self._tables.scan(self._months, start=start, end=end, limit=SHARDS):
            merged[row.key] = days_in(row)
            for played in _played(decode_counts(row.value(_F, _COUNTS))):
                yield played
        async for row in self._rows(f"{month}01/".encode(), f"{month}32/".encode()):
            if not merged.get(month_key(row.key), 0) >> day_of_month(row.key) & 1:
                for played in _played(DayRow(row).whole()):
                    yield played

    async def shard(self, shard: int, first: int, last: int) -> dict[int, Counts]:
        """Return the hours (from the epoch, both included) of one shard of songs."""
        keys = [day_key(day, shard) for day in range(first // 24, last // 24 + 1)]
        found: dict[int, Counts] = {}
        for row in await self._tables.read_many(self._days, keys):
            if row is not None:
                begin = day_number(row.key) * 24
                for hour, counts in DayRow(row).hours():
                    if first <= begin + hour <= last:
                        found[begin + hour] = counts
        return found

    async def _hold(self, keys: Sequence[bytes]) -> None:
        missing = [key for key in keys if key not in self._held]
        rows = await self._tables.read_many(self._days, missing) if missing else []
        for key, row in zip(missing, rows, strict=True):
            self._held[key] = await self._day(key, row)

    async def _day(self, key: bytes, row: Row | None) -> DayRow:
        """Return a day; one without a row may be in its month already, and counts no more."""
        if row is not None:
            return DayRow(row)
        month = await self._tables.read(self._months, month_key(key))
        return DayRow(None, gone=bool(days_in(month) >> day_of_month(key) & 1))

    async def _count(self, key: bytes, places: Sequence[Place], terms: dict[str, SongTerms]) -> int:
        at = f"{places[-1][0]:04x}{places[-1][1]:016x}"
        day = self._held.pop(key)  # comes back once it is written
        while True:
            if day.is_gone:
                return 0
            if day.head.epoch > self._epoch:
                raise FencedOut("A younger consumer of plays has taken over.")
            condition = day.condition
            counted = day.apply(places, terms)
            then = day.written(epoch=self._epoch, at=at)
            if await self._tables.check_and_mutate(self._days, key, condition, then=then):
                self._held[key] = day
                return counted
            day = await self._day(key, await self._tables.read(self._days, key))

    async def _settle(self, key: bytes) -> None:
        """Under the consumer's hands, if it must be: it sees a new head and reads again."""
        while (row := await self._tables.read(self._days, key)) is not None:
            day = DayRow(row)
            condition = day.condition
            day.settle()
            then = day.written(at="")
            if await self._tables.check_and_mutate(self._days, key, condition, then=then):
                return

    async def _into_month(self, key: bytes) -> None:
        """Add a settled day to its month, once: the month's row knows which days are in it."""
        row = await self._tables.read(self._days, key)
        bit = 1 << day_of_month(key)
        while row is not None:
            month = await self._tables.read(self._months, month_key(key))
            days = days_in(month)
            if days & bit:
                break
            whole = decode_counts(None if month is None else month.value(_F, _COUNTS))
            add_counts(whole, DayRow(row).whole())
            was = Condition(_F, _DAYS, None if month is None else month.value(_F, _DAYS))
            cells = [
                SetCell(_F, _DAYS, msgspec.msgpack.encode(days | bit)),
                SetCell(_F, _COUNTS, encode_counts(whole)),
            ]
            if await self._tables.check_and_mutate(self._months, month_key(key), was, then=cells):
                break
        await self._tables.mutate(self._days, key, [DeleteRow()])

    async def _rows(self, start: bytes, end: bytes) -> AsyncIterator[Row]:
        while page := await self._tables.scan(self._days, start=start, end=end, limit=_PAGE):
            for row in page:
                yield row
            start = page[-1].key + b"\0"


def days_in(month: Row | None) -> int:
    """Return which days are in the row of a month, a bit each."""
    raw = None if month is None else month.value(_F, _DAYS)
    return 0 if raw is None else msgspec.msgpack.decode(raw, type=int)


def _played(counts: Counts) -> list[Played]:
    return [
        Played(storefront, song_id, plays, heard_ms)
        for storefront, songs in counts.items()
        for song_id, (plays, heard_ms) in songs.items()
    ]
