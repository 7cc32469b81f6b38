"""Parquet by DuckDB, which both writes and reads it; the extra "archive"."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from antiphon.archive.rules import SCHEMA, Line
from antiphon.kernel import Invalid

if TYPE_CHECKING:
    import duckdb

COLUMNS: Final = {
    "topic": "VARCHAR",
    "partition": "INTEGER",
    "offset": "BIGINT",
    "event_id": "VARCHAR",
    "type": "VARCHAR",
    "version": "INTEGER",
    "occurred_at": "TIMESTAMP_MS",
    "key": "VARCHAR",
    "listener": "VARCHAR",
    "payload": "VARCHAR",
}
_MEMORY: Final = "512MB"


def connected() -> "duckdb.DuckDBPyConnection":
    """Return a connection to a database in memory, on one thread."""
    try:
        import duckdb  # noqa: PLC0415 - the extra "archive"
    except ModuleNotFoundError as fault:
        raise Invalid("The archive needs DuckDB: pip install 'antiphon[archive]'.") from fault
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET threads=1; SET memory_limit='{_MEMORY}'; SET TimeZone='UTC'")
    return connection


def parquet_of(lines: Sequence[Line]) -> bytes:
    """Return a file of ``lines`` in their order; its metadata name the schema."""
    columns = [f"{_read(name, kind)} AS {_quoted(name)}" for name, kind in COLUMNS.items()]
    values = {name: [getattr(line, name) for line in lines] for name in COLUMNS}
    with tempfile.TemporaryDirectory(prefix="antiphon-archive-") as folder:
        file = Path(folder) / "events.parquet"
        options = f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{antiphon_schema: '{SCHEMA}'}}"
        with connected() as database:
            database.execute(
                f"CREATE TEMP TABLE lines AS SELECT {', '.join(columns)}",
                values,
            )
            database.execute(f"COPY lines TO '{file}' ({options})")
        return file.read_bytes()


def _read(name: str, kind: str) -> str:
    stored = "BIGINT" if kind.startswith("TIMESTAMP") else kind
    told = f"unnest(${name}::{stored}[])"
    return f"make_timestamp_ms({told})" if kind.startswith("TIMESTAMP") else told


def _quoted(name: str) -> str:
    return f'"{name}"'
