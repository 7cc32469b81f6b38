"""The charts' rows, and the only queries on them.

Table ``charts_standings``: the key is ``storefront/genre/chart`` (``-`` for all genres), cell
``c/v`` the standing.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from antiphon.charts.model import Group, Standing
from antiphon.charts.rules import Chart
from antiphon.storage import DeleteRow, Mutation, SetCell, Tables

STANDINGS: Final = "charts_standings"
_F: Final = "c"
_V: Final = "v"
_PAGE: Final = 500

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Standing).decode


class ChartStore:
    """Reads and replaces charts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def read(self, group: Group, chart: Chart) -> Standing | None:
        """Return a chart; None where nothing was played."""
        row = await self._tables.read(STANDINGS, _key(group, chart))
        raw = None if row is None else row.value(_F, _V)
        return None if raw is None else _decode(raw)

    async def replace(self, standings: Mapping[tuple[Group, Chart], Standing]) -> None:
        """Write all charts there are; those that are not among them have ended."""
        rows: dict[bytes, list[Mutation]] = {}
        start = b""
        while page := await self._tables.scan(STANDINGS, start=start, limit=_PAGE):
            rows |= {row.key: [DeleteRow()] for row in page}
            start = page[-1].key + b"\0"
        for (group, chart), standing in standings.items():
            rows[_key(group, chart)] = [SetCell(_F, _V, _encode(standing))]
        if rows:
            await self._tables.mutate_many(STANDINGS, list(rows.items()))


def _key(group: Group, chart: Chart) -> bytes:
    return f"{group.storefront}/{group.genre or '-'}/{chart.value}".encode()
