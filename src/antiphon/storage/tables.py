"""The tables port: wide-column rows, after the Bigtable model.

A row is a key (1-400 bytes), and in it cells addressed by family and column; a cell keeps its
newest value and the timestamp (Unix ms) at which it was written. Rows are ordered by key,
bytewise. **Atomic within one row only**: nothing here spans rows. What must, goes through the
outbox (``antiphon.eventlog.outbox``) and an idempotent projection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from antiphon.kernel import Invalid

MAX_KEY_BYTES = 400
MAX_ROW_BYTES = 4 * 1024 * 1024
MAX_TABLE_NAME = 64
_COUNTER_BYTES = 8


@dataclass(frozen=True, slots=True)
class SetCell:
    """Write one cell; it replaces what was there."""

    family: str
    column: str
    value: bytes


@dataclass(frozen=True, slots=True)
class DeleteCell:
    """Remove one cell; removing what is not there is fine."""

    family: str
    column: str


@dataclass(frozen=True, slots=True)
class DeleteFamily:
    """Remove all cells of one family in the row."""

    family: str


@dataclass(frozen=True, slots=True)
class DeleteRow:
    """Remove the whole row."""


Mutation = SetCell | DeleteCell | DeleteFamily | DeleteRow


class Cell(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value and the Unix ms at which it was written."""

    value: bytes
    written_at: int


Families = dict[str, dict[str, Cell]]


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row as it was at one instant: ``families[family][column]`` is a ``Cell``."""

    key: bytes
    families: Mapping[str, Mapping[str, Cell]] = {}

    def value(self, family: str, column: str) -> bytes | None:
        """Return the value of one cell, or None where there is none."""
        cell = self.families.get(family, {}).get(column)
        return None if cell is None else cell.value

    def columns(self, family: str) -> Mapping[str, Cell]:
        """Return the cells of one family by column; empty where there are none."""
        return self.families.get(family, {})


@dataclass(frozen=True, slots=True)
class Condition:
    """What ``check_and_mutate`` tests: a cell's value equals ``value``; None: cell is absent."""

    family: str
    column: str
    value: bytes | None


class Tables(Protocol):
    """Rows in named tables.

    Tables come into being at the first write. Writes are durable when the call returns. Reads see
    every write that returned before them, in any process. Callers may run any number of calls at
    once. Transient faults raise ``Unavailable`` and may be retried by the caller; ``mutate`` and
    ``mutate_many`` are idempotent, ``check_and_mutate`` and ``increment`` are not.
    """

    async def read(self, table: str, key: bytes) -> Row | None:
        """Return the row, or None where no cell exists under ``key``."""
        ...

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        """Return one answer per key, in the order of ``keys``."""
        ...

    async def scan(
        self,
        table: str,
        *,
        start: bytes = b"",
        end: bytes | None = None,
        limit: int = 1000,
        reverse: bool = False,
    ) -> list[Row]:
        """Return up to ``limit`` rows with ``start <= key < end`` in key order.

        ``end`` None means to the end of the table. ``reverse`` returns the last ones first. A page
        is one consistent-per-row view, not a snapshot: go on from the last key plus a zero byte.
        """
        ...

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        """Apply all mutations to one row, in order, atomically."""
        ...

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        """Apply mutations to many rows: each row atomically, the rows not together."""
        ...

    async def check_and_mutate(
        self,
        table: str,
        key: bytes,
        condition: Condition,
        *,
        then: Sequence[Mutation],
        otherwise: Sequence[Mutation] = (),
    ) -> bool:
        """Apply ``then`` if the condition holds, else ``otherwise``; return whether it held."""
        ...

    async def increment(
        self, table: str, key: bytes, *, family: str, column: str, by: int = 1
    ) -> int:
        """Add ``by`` to a 64-bit big-endian signed counter cell and return the new value."""
        ...

    async def close(self) -> None:
        """Finish what was asked for and close."""
        ...


class OperatedTables(Tables, Protocol):
    """Tables with what moving an installation asks of them, while nobody else uses them."""

    async def names(self) -> list[str]:
        """Return the names of the tables that hold rows, sorted."""
        ...

    async def page(
        self, table: str, *, start: bytes = b"", end: bytes | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return what ``scan`` does, cheaper where reading beside writers has its price."""
        ...

    async def load(self, table: str, rows: Sequence[Row]) -> None:
        """Make each row exactly what is given, with the time stamps given; none without cells.

        Only for rows that nothing but ``load`` has written, each key once in ``rows``, and for
        stamps that are not in the future: any write after this wins over it. Rows come in any
        order, each whole or not at all; the same load again does no harm.
        """
        ...


def check_table(table: str) -> None:
    """Raise ``Invalid`` where ``table`` is no name of a table."""
    if not table or len(table) > MAX_TABLE_NAME or "\0" in table or not table.isascii():
        raise Invalid(f"{table!r} is no table name: 1 to {MAX_TABLE_NAME} ASCII characters.")


def check_row_key(key: bytes) -> bytes:
    """Return the key; ``Invalid`` where it is empty or too long."""
    if not 0 < len(key) <= MAX_KEY_BYTES:
        raise Invalid(f"A row key has 1 to {MAX_KEY_BYTES} bytes, not {len(key)}.")
    return key


def check_scan_key(key: bytes) -> None:
    """Raise ``Invalid`` where an end of a range is longer than what follows the longest key."""
    if len(key) > MAX_KEY_BYTES + 1:
        raise Invalid(f"A row key has at most {MAX_KEY_BYTES} bytes.")


def check_row_size(mutations: Sequence[Mutation]) -> None:
    """Raise ``Invalid`` where what is written to one row at once is larger than a row may be."""
    size = sum(len(m.value) for m in mutations if isinstance(m, SetCell))
    if size + 64 > MAX_ROW_BYTES:
        raise Invalid(f"A row holds at most {MAX_ROW_BYTES} bytes, not {size}.")


def check_row(row: Row) -> None:
    """Raise ``Invalid`` where a whole row cannot be stored as it is."""
    check_row_key(row.key)
    cells = [cell for columns in row.families.values() for cell in columns.values()]
    check_row_size([SetCell("", "", cell.value) for cell in cells])


def prefix_range(prefix: bytes) -> tuple[bytes, bytes | None]:
    """Return ``(start, end)`` that together cover exactly the keys beginning with ``prefix``."""
    trimmed = prefix.rstrip(b"\xff")
    if not trimmed:
        return prefix, None
    return prefix, trimmed[:-1] + bytes([trimmed[-1] + 1])


def apply_mutation(families: Families, mutation: Mutation, now: int) -> None:
    """Change ``families`` as ``mutation`` says; a row without cells ends up without families."""
    match mutation:
        case SetCell(family, column, value):
            families.setdefault(family, {})[column] = Cell(bytes(value), now)
        case DeleteCell(family, column):
            columns = families.get(family, {})
            columns.pop(column, None)
            if not columns:
                families.pop(family, None)
        case DeleteFamily(family):
            families.pop(family, None)
        case DeleteRow():
            families.clear()


def counter_value(value: bytes) -> int:
    """Return what a counter cell holds; ``Invalid`` for a cell that is no counter."""
    if len(value) != _COUNTER_BYTES:
        raise Invalid("This cell is no counter: counters hold 8 bytes.")
    return int.from_bytes(value, "big", signed=True)


def counter_bytes(total: int) -> bytes:
    """Return the cell value for ``total``; ``Invalid`` where it does not fit."""
    try:
        return total.to_bytes(_COUNTER_BYTES, "big", signed=True)
    except OverflowError as fault:
        raise Invalid("A counter holds 64 bits.") from fault
