"""The archive asked by SQL: files of the days that are asked about, as views of DuckDB."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from antiphon.archive.parquet import COLUMNS, connected
from antiphon.archive.rules import ROOT
from antiphon.kernel import Invalid
from antiphon.storage import Objects

_AT_ONCE: Final = 8
_VIEWS: Final = """
CREATE VIEW events AS SELECT * FROM log
  QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY occurred_at, "offset") = 1;
CREATE VIEW plays AS SELECT
    occurred_at, listener,
    payload->>'$.grant_id' AS grant_id, payload->>'$.song_id' AS song_id,
    payload->>'$.territory' AS territory, payload->>'$.tier' AS tier, payload->>'$.use' AS use,
    payload->>'$.reason' AS reason, CAST(payload->>'$.heard_ms' AS BIGINT) AS heard_ms,
    make_timestamp_ms(CAST(payload->>'$.issued_at' AS BIGINT)) AS issued_at
  FROM events WHERE type = 'streaming.play_ended';
"""


@dataclass(frozen=True, slots=True)
class Span:
    """Which files are asked: of one topic or all, of days (``2026-11-28``), both included."""

    topic: str = ""
    since: str = ""
    until: str = ""

    def holds(self, key: str) -> bool:
        """Say whether a file is among them."""
        topic, day, _ = key.removeprefix(f"{ROOT}/events/").split("/")
        return (not self.topic or topic == self.topic) and self.since <= day <= (self.until or "~")


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of an answer below their names."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]


async def ask(objects: Objects, sql: str, span: Span) -> Answer:
    """Return what ``sql`` finds in the archive.

    Views: ``log`` has each record, ``events`` each event once, ``plays`` the plays that ended.
    Files of remote stores are fetched first, so narrow the span where the archive is large.
    """
    found = [info.key async for info in objects.list(f"{ROOT}/events") if span.holds(info.key)]
    with tempfile.TemporaryDirectory(prefix="antiphon-archive-") as folder:
        turns = asyncio.Semaphore(_AT_ONCE)
        files = await asyncio.gather(
            *(
                _local(objects, key, Path(folder) / f"{n}.parquet", turns)
                for n, key in enumerate(found)
            )
        )
        return await asyncio.to_thread(_asked, sql, [str(file) for file in files])


async def _local(objects: Objects, key: str, copy: Path, turns: asyncio.Semaphore) -> Path:
    path = objects.locate(key).path
    if path is None:
        async with turns:
            data = await objects.get(key) or b""
            await asyncio.to_thread(copy.write_bytes, data)
        return copy
    return path


def _asked(sql: str, files: Sequence[str]) -> Answer:
    import duckdb  # noqa: PLC0415 - the extra "archive"

    with connected() as database:
        if files:
            named = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
            log = f"SELECT * FROM read_parquet([{named}], union_by_name=true)"  # noqa: S608 - ours
        else:
            empty = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in COLUMNS.items())
            log = f"SELECT {empty} WHERE false"
        database.execute(f"CREATE VIEW log AS {log}; {_VIEWS}")
        try:
            answer = database.execute(sql)
            names = tuple(column[0] for column in answer.description or ())
            return Answer(names, answer.fetchall())
        except duckdb.Error as fault:
            raise Invalid(f"The archive cannot be asked that: {fault}") from fault
