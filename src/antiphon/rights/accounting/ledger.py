"""The ledger: reports in, usage by month out, each play once, whatever dies or lags.

| table | key | cells |
|---|---|---|
| rights_ledger | day / shard of the song | see ``shard``: counts, digests, offsets |
| rights_periods | month | v: when it was closed |
| rights_ledger_epoch | "epoch" | n: raised by every consumer that begins |

A row carries the offset up to which the log is in it, so a batch may be applied again in part or
whole: what is in is passed. A writer compares the row's head with the one it has read; one whose
row a younger consumer has written is fenced out.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from antiphon.kernel import Clock, Conflict, Invalid, UnixMs
from antiphon.rights.accounting.model import Period, PlayReport, SongTerms, Usage, UsageLine
from antiphon.rights.accounting.rules import DAY_MS, SHARDS, WINDOW_MS, day_of, row_key
from antiphon.rights.accounting.shard import Numbers, Shard
from antiphon.storage import SetCell, Tables

log = structlog.get_logger()

LEDGER: Final = "rights_ledger"
PERIODS: Final = "rights_periods"
EPOCHS: Final = "rights_ledger_epoch"
_EPOCH: Final = b"epoch"
_F: Final = "r"
_V: Final = "v"
_MOST_ROWS_HELD: Final = 4 * SHARDS
_PAGE: Final = 2 * SHARDS

Place = tuple[int, int, PlayReport]  # partition, offset, report


class FencedOut(Conflict):
    """Another consumer has begun since: this one must stop."""

    code = "ledger_fenced_out"


class Songs(Protocol):
    """Who holds the rights of songs, and what counts as a play of them."""

    async def terms_of(self, song_ids: Sequence[str]) -> Sequence[SongTerms]:
        """Return one answer per song, in order; the same for as long as a deal does not change."""
        ...


class Ledger:
    """Counts plays. One consumer writes at a time; any number of processes read and close."""

    def __init__(self, tables: Tables, clock: Clock, songs: Songs) -> None:
        self._tables = tables
        self._clock = clock
        self._songs = songs
        self._held: dict[bytes, Shard] = {}
        self._epoch = 0

    async def begin(self) -> int:
        """Become the consumer; the one before is fenced out at its next write."""
        self._held = {}
        self._epoch = await self._tables.increment(EPOCHS, _EPOCH, family=_F, column="n")
        return self._epoch

    async def apply(self, places: Sequence[Place]) -> int:
        """Count reports that lie in the log's order; durable on return. Returns the new plays."""
        if not self._epoch:
            await self.begin()
        terms = await self._terms(places)
        by_row: dict[bytes, list[Place]] = {}
        for place in places:
            by_row.setdefault(row_key(place[2]), []).append(place)
        await self._hold(list(by_row))
        done = await asyncio.gather(
            *(self._count(key, some, terms) for key, some in by_row.items()),
            return_exceptions=True,
        )
        faults = [fault for fault in done if isinstance(fault, BaseException)]
        if faults:
            self._held = {}
            raise faults[0]
        self._let_go()
        return sum(n for n in done if isinstance(n, int))

    async def close(self, period: Period) -> bool:
        """Close a month: its figures are final, later reports become adjustments.

        Earlier months' late plays go into this one's statement. Interrupted, it can be repeated.
        Returns False where it was closed before.
        """
        if await self.closed_at(period) is not None:
            return False
        if self._clock.now() < period.end:
            raise Invalid(f"{period} has not ended yet: close it afterwards.")
        for day in period.days:
            keys = [f"{day}/{shard:02x}".encode() for shard in range(SHARDS)]
            await asyncio.gather(*(self._seal(key) for key in keys))
        await self._gather_late(period)
        now = msgspec.msgpack.encode(self._clock.now())
        await self._tables.mutate(PERIODS, str(period).encode(), [SetCell(_F, _V, now)])
        log.info("accounting_period_closed", period=str(period))
        return True

    async def closed_at(self, period: Period) -> UnixMs | None:
        """Return when a month was closed, None while it is open."""
        row = await self._tables.read(PERIODS, str(period).encode())
        raw = row.value(_F, _V) if row else None
        return msgspec.msgpack.decode(raw, type=UnixMs) if raw else None

    async def usage(self, period: Period) -> list[UsageLine]:
        """Return what was played in a month, and what came late and is stated in it, sorted."""
        totals: dict[tuple[str, Usage], list[int]] = {}
        earliest = day_of(UnixMs(_begin(period) - 2 * WINDOW_MS))
        async for key, shard in self._rows(earliest, period.days[-1]):
            played_in = f"{key[:4].decode()}-{key[4:6].decode()}"
            if played_in == str(period):
                _add(totals, played_in, shard.counts)
            _add(totals, played_in, shard.late.get(str(period), {}))
        return [
            UsageLine(usage, plays, heard, played_in)
            for (played_in, usage), (plays, heard) in sorted(totals.items())
        ]

    async def counted(self, period: Period) -> dict[Usage, int]:
        """Return all plays of a month's grants, in whichever statement they are."""
        totals: dict[Usage, int] = {}
        async for _, shard in self._rows(period.days[0], period.days[-1]):
            for numbers in (shard.counts, *shard.late.values()):
                for usage, (plays, _heard) in numbers.items():
                    totals[usage] = totals.get(usage, 0) + plays
        return totals

    async def refusals(self, period: Period) -> dict[str, int]:
        """Return how many reports of a month's grants did not count, by reason."""
        found: dict[str, int] = {}
        async for _, shard in self._rows(period.days[0], period.days[-1]):
            for why, count in shard.head.refused.items():
                found[why] = found.get(why, 0) + count
        return dict(sorted(found.items()))

    async def waiting(self, period: Period) -> int:
        """Return how many plays of a closed month came late and are in no statement yet."""
        total = 0
        async for _, shard in self._rows(period.days[0], period.days[-1]):
            total += sum(plays for plays, _ in shard.late.get("", {}).values())
        return total

    async def freeze(self, at: UnixMs) -> int:
        """Drop the digests of days that can get no more plays; ``at`` is how far the log is read.

        Returns how many rows that were.
        """
        last = day_of(UnixMs(at - WINDOW_MS - 2 * DAY_MS))
        first = day_of(UnixMs(at - 3 * WINDOW_MS))
        frozen = 0
        async for key, shard in self._rows(first, last):
            if not shard.head.frozen:
                await self._change(key, Shard.freeze)
                frozen += 1
        return frozen

    async def _terms(self, places: Sequence[Place]) -> dict[str, SongTerms]:
        ids = list(dict.fromkeys(report.song_id for _, _, report in places))
        return dict(zip(ids, await self._songs.terms_of(ids), strict=True))

    async def _hold(self, keys: Sequence[bytes]) -> None:
        missing = [key for key in keys if key not in self._held]
        rows = await self._tables.read_many(LEDGER, missing) if missing else []
        for key, row in zip(missing, rows, strict=True):
            self._held[key] = Shard(row)

    async def _count(self, key: bytes, places: Sequence[Place], terms: dict[str, SongTerms]) -> int:
        at = f"{places[-1][0]:04x}{places[-1][1]:016x}"
        shard = self._held.pop(key)  # comes back once it is written
        while True:
            if shard.head.epoch > self._epoch:
                raise FencedOut("A younger consumer of plays has taken over.")
            condition = shard.condition
            counted = shard.apply(places, terms)
            then = shard.written(epoch=self._epoch, at=at)
            if await self._tables.check_and_mutate(LEDGER, key, condition, then=then):
                self._held[key] = shard
                return counted
            shard = Shard(await self._tables.read(LEDGER, key))

    def _let_go(self) -> None:
        while len(self._held) > _MOST_ROWS_HELD:  # the ones that were written longest ago
            del self._held[next(iter(self._held))]

    async def _seal(self, key: bytes) -> None:
        await self._change(key, Shard.seal)

    async def _gather_late(self, period: Period) -> None:
        first = day_of(UnixMs(_begin(period) - 2 * WINDOW_MS))
        async for key, shard in self._rows(first, period.days[-1]):
            if shard.late.get("") and not key.startswith(_month(period)):
                await self._change(key, lambda s: s.assign_late(str(period)))

    async def _change(self, key: bytes, change: Callable[[Shard], object]) -> None:
        """Change a row under the consumer's hands: it sees a new head and reads again."""
        while True:
            shard = Shard(await self._tables.read(LEDGER, key))
            condition = shard.condition
            change(shard)
            then = shard.written(at="")
            if await self._tables.check_and_mutate(LEDGER, key, condition, then=then):
                return

    async def _rows(self, first: str, last: str) -> AsyncIterator[tuple[bytes, Shard]]:
        start, end = first.encode(), last.encode() + b"0"  # "0" follows "/"
        while page := await self._tables.scan(LEDGER, start=start, end=end, limit=_PAGE):
            for row in page:
                yield row.key, Shard(row)
            start = page[-1].key + b"\0"


def _begin(period: Period) -> int:
    return period.end - len(period.days) * DAY_MS


def _month(period: Period) -> bytes:
    return period.days[0][:6].encode()


def _add(totals: dict[tuple[str, Usage], list[int]], played_in: str, numbers: Numbers) -> None:
    for usage, (plays, heard) in numbers.items():
        line = totals.setdefault((played_in, usage), [0, 0])
        line[0] += plays
        line[1] += heard
