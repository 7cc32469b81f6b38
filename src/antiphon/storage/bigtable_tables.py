"""The tables driver on Bigtable, whose model the port follows.

Tables and families come into being when they are first written to; families keep one version.
Cells are stamped by the server.
"""

import asyncio
import os
import re
import warnings
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
    RetryError,
)
from google.cloud.bigtable.client import Client
from google.cloud.bigtable.column_family import MaxVersionsGCRule
from google.cloud.bigtable.data import (
    BigtableDataClientAsync,
    ReadRowsQuery,
    RowMutationEntry,
    RowRange,
    row_filters,
)
from google.cloud.bigtable.data import Row as BigtableRow
from google.cloud.bigtable.data.exceptions import MutationsExceptionGroup
from google.cloud.bigtable.data.mutations import (
    DeleteAllFromFamily,
    DeleteAllFromRow,
    DeleteRangeFromColumn,
)
from google.cloud.bigtable.data.mutations import Mutation as BigtableMutation
from google.cloud.bigtable.data.mutations import SetCell as BigtableSetCell
from google.cloud.bigtable.data.read_modify_write_rules import IncrementRule
from google.cloud.bigtable.data.row_filters import RowFilter

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage.about import About
from antiphon.storage.tables import (
    Cell,
    Condition,
    DeleteCell,
    DeleteFamily,
    DeleteRow,
    Families,
    Mutation,
    Row,
    SetCell,
    check_row,
    check_row_key,
    check_row_size,
    check_scan_key,
    check_table,
    counter_value,
)

_T = TypeVar("_T")

_ANSWER_SECONDS: Final = 20.0
_ATTEMPT_SECONDS: Final = 5.0
_ROWS_AT_ONCE: Final = 1000
_KEYS_AT_ONCE: Final = 500
_LOOK_BACK: Final = 4096  # rows that a reverse scan looks at in one go
_LATEST: Final = row_filters.CellsColumnLimitFilter(1)
_SERVER_TIME: Final = -1
_COUNTER_MAX: Final = 2**63
_RULE: Final = MaxVersionsGCRule(1)  # type: ignore[no-untyped-call]
_ONE_VERSION: Final = "only the newest is read, so set its rule to maxversions=1."
_EMULATOR: Final = "BIGTABLE_EMULATOR_HOST"


class BigtableTables:
    """``Tables`` in one instance; the names of its tables begin with ``prefix``."""

    def __init__(self, project: str, instance: str, prefix: str) -> None:
        self._project = project
        self._instance = instance
        self._prefix = prefix
        self._client: BigtableDataClientAsync | None = None
        self._admin: Any = None
        self._tables: dict[str, Any] = {}
        self._families: dict[str, set[str]] = {}
        self._making = asyncio.Lock()

    async def read(self, table: str, key: bytes) -> Row | None:
        """Return the row, or None where no cell exists under ``key``."""
        check_row_key(key)
        place = self._table(table)
        try:
            found = await _answered(
                place.read_row(key, row_filter=_LATEST, operation_timeout=_ANSWER_SECONDS)
            )
        except NotFound:
            return None
        return None if found is None else _row(found)

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        """Return one answer per key, in the order of ``keys``."""
        wanted = list(dict.fromkeys(map(check_row_key, keys)))
        parts = [wanted[i : i + _KEYS_AT_ONCE] for i in range(0, len(wanted), _KEYS_AT_ONCE)]
        pages = await asyncio.gather(
            *(self._rows(table, ReadRowsQuery(list(part), row_filter=_LATEST)) for part in parts)
        )
        rows = {row.key: row for page in pages for row in page}
        return [rows.get(key) for key in keys]

    async def scan(
        self,
        table: str,
        *,
        start: bytes = b"",
        end: bytes | None = None,
        limit: int = 1000,
        reverse: bool = False,
    ) -> list[Row]:
        """Return up to ``limit`` rows with ``start <= key < end`` in key order."""
        check_scan_key(start)
        check_scan_key(end or b"")
        if limit <= 0 or (end is not None and end <= start):
            return []
        if reverse:
            return await self._scan_back(table, start, end, limit)
        return await self._rows(table, _query(start, end, limit))

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        """Apply all mutations to one row, in order, atomically."""
        check_row_key(key)
        check_row_size(mutations)
        if mutations:
            await self._make(table, mutations)
            await _answered(
                self._table(table).mutate_row(
                    key, _mutations(mutations), operation_timeout=_ANSWER_SECONDS
                )
            )

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        """Apply mutations to many rows: each row atomically, the rows not together."""
        by_key: dict[bytes, list[Mutation]] = {}
        for key, mutations in rows:  # entries of one call have no order among themselves
            by_key.setdefault(check_row_key(key), []).extend(mutations)
        entries = []
        for key, changes in by_key.items():
            check_row_size(changes)
            if changes:
                await self._make(table, changes)
                entries.append(RowMutationEntry(key, _mutations(changes)))
        for i in range(0, len(entries), _ROWS_AT_ONCE):
            some = entries[i : i + _ROWS_AT_ONCE]
            await _answered(
                self._table(table).bulk_mutate_rows(some, operation_timeout=_ANSWER_SECONDS)
            )

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
        check_row_key(key)
        check_row_size(then)
        check_row_size(otherwise)
        await self._make(table, [*then, *otherwise, _touch(condition)])
        absent = condition.value is None
        # "Absent" has no filter of its own: ask whether the cell is there, and swap the answers.
        matched = await _answered(
            self._table(table).check_and_mutate_row(
                key,
                _predicate(condition),
                true_case_mutations=_mutations(otherwise if absent else then) or None,
                false_case_mutations=_mutations(then if absent else otherwise) or None,
                operation_timeout=_ANSWER_SECONDS,
            )
        )
        return bool(matched) is not absent

    async def increment(
        self, table: str, key: bytes, *, family: str, column: str, by: int = 1
    ) -> int:
        """Add ``by`` to a 64-bit big-endian signed counter cell and return the new value."""
        check_row_key(key)
        if not -_COUNTER_MAX <= by < _COUNTER_MAX:
            raise Invalid("A counter holds 64 bits.")
        await self._make(table, [DeleteCell(family, column)])
        rule = IncrementRule(family, column.encode(), by)
        try:
            found = await _answered(
                self._table(table).read_modify_write_row(
                    key, rule, operation_timeout=_ANSWER_SECONDS
                )
            )
        except (InvalidArgument, FailedPrecondition, _NoCounter) as fault:
            raise Invalid("This cell is no counter: counters hold 8 bytes.") from fault
        return counter_value(_row(found).value(family, column) or b"")

    async def names(self) -> list[str]:
        """Return the names of the tables that hold rows, sorted."""
        found = await asyncio.to_thread(self._names_now)
        return [table for table in found if await self.scan(table, limit=1)]

    async def page(
        self, table: str, *, start: bytes = b"", end: bytes | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return what ``scan`` does."""
        return await self.scan(table, start=start, end=end, limit=limit)

    async def load(self, table: str, rows: Sequence[Row]) -> None:
        """Make each row exactly what is given, with the time stamps given; none without cells."""
        entries = []
        for row in rows:
            check_row(row)
            cells = [
                (f, c, cell) for f, columns in row.families.items() for c, cell in columns.items()
            ]
            await self._make(table, [DeleteFamily(family) for family in row.families])
            loaded = [
                BigtableSetCell(family, column.encode(), cell.value, cell.written_at * 1000)
                for family, column, cell in cells
            ]
            entries.append(RowMutationEntry(row.key, [DeleteAllFromRow(), *loaded]))
        for i in range(0, len(entries), _ROWS_AT_ONCE):
            some = entries[i : i + _ROWS_AT_ONCE]
            await _answered(
                self._table(table).bulk_mutate_rows(some, operation_timeout=_ANSWER_SECONDS)
            )

    async def about(self) -> About:
        """Return what is there, and which families keep more than is asked of them."""
        with _silent_about_emulators():
            return await asyncio.to_thread(self._about)

    def _about(self) -> About:
        try:
            if self._admin is None:
                self._admin = self._admin_of_instance()
            tables = [t for t in self._admin.list_tables() if t.table_id.startswith(self._prefix)]
            families = {t.table_id: t.list_column_families() for t in tables}
        except (GoogleAPICallError, RetryError) as fault:
            raise Unavailable(f"Bigtable does not tell its tables: {fault}") from fault
        count = sum(map(len, families.values()))
        emulator = os.environ.get(_EMULATOR)
        return About(
            f"Bigtable{' emulator' * bool(emulator)}, {len(tables)} tables with {count} families",
            (
                *([f"{emulator} is an emulator: what it holds ends with it."] if emulator else []),
                *(
                    f"{table}: the family {family} keeps {_told(found.gc_rule)}: {_ONE_VERSION}"
                    for table, held in sorted(families.items())
                    for family, found in sorted(held.items())
                    if found.gc_rule != _RULE
                ),
            ),
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    def _table(self, table: str) -> Any:
        check_table(table)
        if self._client is None:
            with _silent_about_emulators():
                self._client = BigtableDataClientAsync(project=self._project)
        if table not in self._tables:
            name = self._prefix + table
            self._tables[table] = self._client.get_table(self._instance, name)
        return self._tables[table]

    async def _rows(self, table: str, query: ReadRowsQuery) -> list[Row]:
        place = self._table(table)
        try:
            found = await _answered(place.read_rows(query, operation_timeout=_ANSWER_SECONDS))
        except NotFound:
            return []
        return [_row(row) for row in found]

    async def _scan_back(
        self, table: str, start: bytes, end: bytes | None, limit: int
    ) -> list[Row]:
        """Walk forward over keys alone and keep the last: the data client cannot walk back.

        Costs the whole range, so it is for short ones, such as the latest entries of a day.
        """
        last: list[bytes] = []
        at = start
        keys_only = row_filters.RowFilterChain(
            [
                _LATEST,
                row_filters.CellsRowLimitFilter(1),
                row_filters.StripValueTransformerFilter(True),
            ]
        )
        while True:
            query = _query(at, end, _LOOK_BACK)
            query.filter = keys_only
            page = await self._rows(table, query)
            last = [*last, *(row.key for row in page)][-limit:]
            if len(page) < _LOOK_BACK:
                break
            at = page[-1].key + b"\0"
        rows = await self.read_many(table, last[::-1])
        return [row for row in rows if row is not None]

    async def _make(self, table: str, mutations: Sequence[Mutation]) -> None:
        """Make the table and the families that the mutations name, where they are new here."""
        check_table(table)
        wanted = {m.family for m in mutations if not isinstance(m, DeleteRow)}
        if table in self._families and wanted <= self._families[table]:
            return
        async with self._making:
            known = self._families.setdefault(table, set())
            missing = wanted - known
            with _silent_about_emulators():
                await asyncio.to_thread(self._make_now, self._prefix + table, missing)
            known |= missing

    def _names_now(self) -> list[str]:
        try:
            with _silent_about_emulators():
                if self._admin is None:
                    self._admin = self._admin_of_instance()
                found = [table.table_id for table in self._admin.list_tables()]
        except (GoogleAPICallError, RetryError) as fault:
            raise Unavailable(f"Bigtable does not list its tables: {fault}") from fault
        mine = (name for name in found if name.startswith(self._prefix))
        return sorted(name.removeprefix(self._prefix) for name in mine)

    def _make_now(self, name: str, families: set[str]) -> None:
        try:
            if self._admin is None:
                self._admin = self._admin_of_instance()
            place = self._admin.table(name)
            with suppress(AlreadyExists):
                place.create()
            for family in families:
                with suppress(AlreadyExists):
                    place.column_family(family, _RULE).create()
        except (GoogleAPICallError, RetryError) as fault:
            raise Unavailable(f"Bigtable does not make {name}: {fault}") from fault

    def _admin_of_instance(self) -> Any:
        client = Client(project=self._project, admin=True)  # type: ignore[no-untyped-call]
        return client.instance(self._instance)  # type: ignore[no-untyped-call]


def open_bigtable(url: str) -> BigtableTables:
    """Open ``bigtable://project/instance`` or ``bigtable://project/instance/prefix``.

    Credentials come from the environment, as Google's own tools take them.
    """
    parts = urlsplit(url)
    names = [parts.netloc, *parts.path.strip("/").split("/")]
    if len(names) not in {2, 3} or not all(re.fullmatch(r"[A-Za-z0-9_.:-]+", n) for n in names):
        raise Invalid(f"{url!r} cannot be the tables engine: write bigtable://project/instance.")
    return BigtableTables(names[0], names[1], f"{names[2]}-" if len(names) == 3 else "")


@contextmanager
def _silent_about_emulators() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Connecting to Bigtable emulator", RuntimeWarning)
        yield


def _query(start: bytes, end: bytes | None, limit: int) -> ReadRowsQuery:
    ranges = RowRange(start or None, end)
    return ReadRowsQuery(row_ranges=ranges, limit=limit, row_filter=_LATEST)


def _predicate(condition: Condition) -> RowFilter:
    column = condition.column.encode()
    of_cell = row_filters.ColumnRangeFilter(condition.family, column, column)
    filters: list[RowFilter] = [of_cell, _LATEST]
    if condition.value is not None:
        filters.append(row_filters.ValueRangeFilter(condition.value, condition.value))
    return row_filters.RowFilterChain(filters)


def _touch(condition: Condition) -> Mutation:
    return DeleteCell(condition.family, condition.column)


def _mutations(mutations: Sequence[Mutation]) -> list[BigtableMutation]:
    return [_mutation(m) for m in mutations]


def _mutation(mutation: Mutation) -> BigtableMutation:
    match mutation:
        case SetCell(family, column, value):
            return BigtableSetCell(family, column.encode(), bytes(value), _SERVER_TIME)
        case DeleteCell(family, column):
            return DeleteRangeFromColumn(family, column.encode())
        case DeleteFamily(family):
            return DeleteAllFromFamily(family)
        case DeleteRow():
            return DeleteAllFromRow()


def _row(found: BigtableRow) -> Row:
    families: Families = {}
    for cell in found.cells:
        columns = families.setdefault(cell.family, {})
        # Newest first: an older version that was not collected yet does not count.
        columns.setdefault(cell.qualifier.decode(), Cell(cell.value, cell.timestamp_micros // 1000))
    return Row(found.row_key, families)


def _told(rule: object) -> str:
    """Return how many versions a rule of garbage collection lets stand, in words."""
    if isinstance(rule, MaxVersionsGCRule):
        return f"{rule.max_num_versions} versions of a cell"
    return "every version of a cell" if rule is None else "versions of a cell by another rule"


class _NoCounter(Exception):  # noqa: N818 - never leaves this module
    """An increment of a cell that is none."""


async def _answered(call: Awaitable[_T]) -> _T:
    try:
        return await call
    except (NotFound, InvalidArgument, FailedPrecondition):
        raise
    except (GoogleAPICallError, RetryError, MutationsExceptionGroup) as fault:
        if "non-64-bit" in str(fault):  # the emulator tells it as an unknown error
            raise _NoCounter from fault
        raise Unavailable(f"Bigtable does not answer: {fault}") from fault
