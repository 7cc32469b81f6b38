"""Rows that carry a place in the log: which they are, and what their place is in another log."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from antiphon.charts import CHARTS_GROUP, CHARTS_ROWS, counts_place, with_counts_place
from antiphon.eventlog import Places
from antiphon.rights import LEDGER_GROUP, LEDGER_ROWS, ledger_place, with_ledger_place
from antiphon.storage import OperatedTables, Row
from antiphon.streaming.events import TOPIC as PLAYS

_PAGE: Final = 128  # such rows may be large


@dataclass(frozen=True, slots=True)
class Carrier:
    """A table whose rows say how much of a topic is in them, and the group that fills it."""

    table: str
    topic: str
    group: str
    place_of: Callable[[Row], Places | None]
    with_place: Callable[[Row, Places], Row]


CARRIERS: Final = (
    Carrier(LEDGER_ROWS, PLAYS, LEDGER_GROUP, ledger_place, with_ledger_place),
    Carrier(CHARTS_ROWS, PLAYS, CHARTS_GROUP, counts_place, with_counts_place),
)


async def carried_places(tables: OperatedTables, carrier: Carrier) -> AsyncIterator[Places]:
    """Yield the place of every row of a carrier."""
    start = b""
    while rows := await tables.page(carrier.table, start=start, limit=_PAGE):
        for row in rows:
            place = carrier.place_of(row)
            if place is not None:
                yield place
        start = rows[-1].key + b"\0"
