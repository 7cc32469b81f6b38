"""What is played how often, where and when: counts by hour, charts, what trends."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from antiphon.catalog import Catalog, Gate
from antiphon.charts import again
from antiphon.charts.day import counts_place, with_counts_place
from antiphon.charts.feed import GROUP as CHARTS_GROUP
from antiphon.charts.feed import ChartsFeed
from antiphon.charts.maker import ChartMaker
from antiphon.charts.model import Group, Kind, Position, Standing
from antiphon.charts.plays import PLAYS_TABLE as CHARTS_ROWS
from antiphon.charts.plays import FencedOut, PlayCounts, Played, Songs
from antiphon.charts.rules import HALF_LIFE_HOURS, Chart
from antiphon.charts.store import ChartStore
from antiphon.kernel import HouseholdId

if TYPE_CHECKING:
    from litestar import Router

__all__ = [
    "CHARTS_GROUP",
    "CHARTS_ROWS",
    "HALF_LIFE_HOURS",
    "Chart",
    "ChartMaker",
    "ChartStore",
    "ChartsFeed",
    "FencedOut",
    "Group",
    "Kind",
    "PlayCounts",
    "Played",
    "Position",
    "Songs",
    "Standing",
    "again",
    "counts_place",
    "routes",
    "with_counts_place",
]


def routes(
    store: ChartStore,
    catalog: Catalog,
    gate: Gate,
    storefront_of: Callable[[HouseholdId], Awaitable[str]],
) -> "Sequence[Router]":
    """Return the HTTP routes; ``storefront_of`` says where a household is."""
    from antiphon.charts import api  # noqa: PLC0415 - only HTTP workers load the web framework

    return api.routes(store, catalog, gate, storefront_of)
