"""Counts made again from the log take the place of those in use, row by row.

A row says up to where the log is in it. So a row that was made again from the log's beginning may
take the place of one in use as soon as the log is as far in it, by one compare-and-swap: the
consumer that goes on meanwhile passes what is in it already, and adds what is not.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from antiphon.charts.day import DayRow
from antiphon.charts.plays import EPOCHS, MONTHS, PLAYS_TABLE, days_in
from antiphon.charts.rules import DAY_MS, SHARDS, day_key, day_of_month, month_key
from antiphon.kernel import UnixMs
from antiphon.storage import DeleteRow, Row, Tables

AGAIN: Final = "_again"
"""The generation of counts that are made again."""

_PAGE: Final = 2 * SHARDS


@dataclass(frozen=True, slots=True)
class Swapped:
    """What became of the rows in use: those replaced, and those in which the log is further."""

    replaced: int
    behind: int


async def swap(tables: Tables, *, since: UnixMs | None) -> Swapped:
    """Put what was made again in the place of what is in use; repeatable.

    ``since`` is how far back the log reaches, None for its very beginning: days that began before
    are not all in it, and stay as they are, as do days that are in their month already.
    """
    first = b"" if since is None else day_key(-(-since // DAY_MS), 0)
    replaced = behind = 0
    async for row in _rows(tables, PLAYS_TABLE + AGAIN, first):
        done = await _swap_row(tables, row)
        replaced += done is True
        behind += done is False
    return Swapped(replaced, behind)


async def forget(tables: Tables) -> None:
    """Remove what was made again."""
    for table in (PLAYS_TABLE, MONTHS, EPOCHS):
        rows = [row.key async for row in _rows(tables, table + AGAIN, b"")]
        for start in range(0, len(rows), _PAGE):
            gone = [(key, [DeleteRow()]) for key in rows[start : start + _PAGE]]
            await tables.mutate_many(table + AGAIN, gone)


async def _swap_row(tables: Tables, made: Row) -> bool | None:
    """Say whether a row took its place; False: the log is further in the other; None: no place."""
    while True:
        row = await tables.read(PLAYS_TABLE, made.key)
        if row is None and await _is_in_month(tables, made.key):
            return None
        current = DayRow(row)
        mutations = DayRow(made).in_place_of(current)
        if mutations is None:
            return False
        if await tables.check_and_mutate(PLAYS_TABLE, made.key, current.condition, then=mutations):
            return True


async def _is_in_month(tables: Tables, key: bytes) -> bool:
    month = await tables.read(MONTHS, month_key(key))
    return bool(days_in(month) >> day_of_month(key) & 1)


async def _rows(tables: Tables, table: str, start: bytes) -> AsyncIterator[Row]:
    while page := await tables.scan(table, start=start, limit=_PAGE):
        for row in page:
            yield row
        start = page[-1].key + b"\0"
