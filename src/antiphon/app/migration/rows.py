"""Tables: every row with the time stamps of its cells, page by page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import msgspec

from antiphon.kernel import Corrupt
from antiphon.storage import Cell, OperatedTables, Row

Change = Callable[[str, Row], Row]
"""What a row of a table has to be in the target."""
Tell = Callable[[int], None]

_LEAST_ROWS: Final = 64  # of a page, which is as large as the last one was light
_MOST_ROWS: Final = 2048
_LIGHT_BYTES: Final = 4 * 1024 * 1024

_encode = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Sum:
    """How much there is of something, and the checksum of it."""

    count: int
    checksum: str


@dataclass(frozen=True, slots=True)
class _Page:
    rows: list[Row]
    start: bytes
    end: bytes | None


async def copy_table(
    source: OperatedTables, target: OperatedTables, table: str, change: Change, tell: Tell
) -> None:
    """Make the target's table what the source's has to be there; what is right already stays."""
    async for page in _pages(source, table):
        wanted = {row.key: change(table, row) for row in page.rows}
        held = {row.key: row for row in await _between(target, table, page)}
        news = [row for key, row in wanted.items() if held.get(key) != row]
        gone = [Row(key, {}) for key in held.keys() - wanted.keys()]
        if news or gone:
            await target.load(table, [*news, *gone])
        tell(len(page.rows))


async def verify_table(
    source: OperatedTables, target: OperatedTables, table: str, change: Change, tell: Tell
) -> Sum:
    """Compare the table at both ends; ``Corrupt`` names the first row that differs."""
    whole, count = blake2b(digest_size=16), 0
    async for page in _pages(source, table):
        wanted = [change(table, row) for row in page.rows]
        held = await _between(target, table, page)
        ours, theirs = _digest(wanted), _digest(held)
        if ours != theirs:
            key = _first_that_differs(wanted, held)
            raise Corrupt(
                f"The row {key!r} of {table} differs between both ends: run migrate again, and "
                "see that nothing else writes to either."
            )
        whole.update(ours)
        count += len(wanted)
        tell(len(wanted))
    return Sum(count, whole.hexdigest())


def stamped_by(row: Row, latest: int) -> Row:
    """Return the row with no cell stamped later: the future would hide what is written next."""
    cells = (cell for columns in row.families.values() for cell in columns.values())
    if all(cell.written_at <= latest for cell in cells):
        return row
    return Row(
        row.key,
        {
            family: {c: Cell(x.value, min(x.written_at, latest)) for c, x in columns.items()}
            for family, columns in row.families.items()
        },
    )


async def _pages(tables: OperatedTables, table: str) -> AsyncIterator[_Page]:
    """Yield pages that together cover all keys there can be; the next is read meanwhile."""
    start, limit = b"", _LEAST_ROWS
    reading = asyncio.create_task(tables.page(table, start=start, limit=limit))
    try:
        while True:
            rows = await reading
            if len(rows) < limit:
                yield _Page(rows, start, None)
                return
            page = _Page(rows, start, rows[-1].key + b"\0")
            start = rows[-1].key + b"\0"
            limit = _next_limit(rows, limit)
            reading = asyncio.create_task(tables.page(table, start=start, limit=limit))
            yield page
    finally:
        reading.cancel()


async def _between(tables: OperatedTables, table: str, page: _Page) -> list[Row]:
    """Return the target's rows in the range of a page of the source."""
    rows: list[Row] = []
    start, limit = page.start, max(len(page.rows) + 1, _LEAST_ROWS)
    while True:
        some = await tables.page(table, start=start, end=page.end, limit=limit)
        rows += some
        if len(some) < limit:
            return rows
        start = some[-1].key + b"\0"


def _next_limit(rows: Sequence[Row], limit: int) -> int:
    size = sum(
        len(cell.value) + 64
        for row in rows
        for columns in row.families.values()
        for cell in columns.values()
    )
    fitting = limit * _LIGHT_BYTES // max(size, 1)
    return max(_LEAST_ROWS, min(_MOST_ROWS, 2 * limit, fitting))


def _digest(rows: Sequence[Row]) -> bytes:
    digest = blake2b(digest_size=16)
    for row in rows:
        digest.update(_encode((row.key, _plain(row.families))))
    return digest.digest()


def _plain(families: Mapping[str, Mapping[str, Cell]]) -> list[Any]:
    """Return cells in an order of their own: engines keep columns in different ones."""
    return [
        (family, column, cell.value, cell.written_at)
        for family, columns in sorted(families.items())
        for column, cell in sorted(columns.items())
    ]


def _first_that_differs(wanted: Sequence[Row], held: Sequence[Row]) -> bytes:
    ours = {row.key: _plain(row.families) for row in wanted}
    theirs = {row.key: _plain(row.families) for row in held}
    return min(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
