"""Charts over HTTP: ``/v1/catalog/{storefront}/charts``."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from antiphon.catalog import (
    AlbumResource,
    ArtistResource,
    Catalog,
    Gate,
    Showing,
    SongResource,
    language_of,
)
from antiphon.charts.model import Group, Kind, Position, Standing
from antiphon.charts.rules import Chart
from antiphon.charts.store import ChartStore
from antiphon.identity import Principal
from antiphon.kernel import (
    AlbumId,
    ArtistId,
    GenreId,
    HouseholdId,
    Invalid,
    NotFound,
    SongId,
    UnixMs,
    is_well_formed,
)

_STOREFRONT = re.compile(r"home|[a-z]{2}")
_HOME = "home"
_MOST_SONGS_LOOKED_AT = 500
_T = TypeVar("_T")

_Asking = Request[Principal, Any, Any]
_Types = Annotated[
    str, QueryParameter(description="Kinds to chart, separated by commas: songs, albums, artists.")
]
_Genre = Annotated[str | None, QueryParameter(description="A genre's id; without one, all.")]
_Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most of each kind.")]
_Offset = Annotated[int, QueryParameter(ge=0, le=200, description="How many to pass over.")]


class _Out(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of answers: camelCase, absent where there is nothing."""


class ChartPlace(_Out, frozen=True, kw_only=True):
    """Where an item stands among what the asker may hear; ``before`` is where it stood a day ago.

    Without ``before`` it is new in the chart; what trends has none.
    """

    id: str
    rank: int
    before: int | None = None


class ChartMeta(_Out, frozen=True, kw_only=True):
    """How many the chart has, when it was made, and the places of the items of this page.

    ``missingAtMost``: there may be missing what was played less often than that; absent where the
    chart is exact.
    """

    total: int
    places: list[ChartPlace]
    made_at: str | None = None
    missing_at_most: float | None = None


class ChartPage(_Out, Generic[_T], frozen=True, kw_only=True):
    """A page of a chart."""

    data: list[_T]
    meta: ChartMeta
    next: str | None = None


class _Charts(_Out, frozen=True, kw_only=True):
    """The charts that were asked for, by kind."""

    songs: ChartPage[SongResource] | None = None
    albums: ChartPage[AlbumResource] | None = None
    artists: ChartPage[ArtistResource] | None = None


class ChartsAnswer(_Out, frozen=True, kw_only=True):
    """The answer to a request for charts."""

    results: _Charts


@dataclass(frozen=True, slots=True)
class Desk:
    """What the route asks: the charts, the catalogue, who may hear what, where a household is."""

    store: ChartStore
    catalog: Catalog
    gate: Gate
    storefront_of: Callable[[HouseholdId], Awaitable[str]]


class _Open:
    """Of what is charted, what one asker may hear: a chart is no place to learn what one may not.

    Songs that are withheld, and albums and artists of which every song is, are left out.
    """

    def __init__(self, desk: Desk, asker: Principal, storefront: str) -> None:
        self._desk = desk
        self._asker = asker
        self._storefront = None if storefront == _HOME else storefront

    async def of(self, kind: Kind, positions: Sequence[Position]) -> set[str]:
        """Return those of the items that are open."""
        if kind is Kind.SONGS:
            return set(await self._heard([SongId(p.id) for p in positions]))
        heard = await self._heard([SongId(p.lead) for p in positions])
        open_ = {p.id for p in positions if p.lead in heard}
        rest = [p.id for p in positions if p.id not in open_]
        songs = await (self._of_albums(rest) if kind is Kind.ALBUMS else self._of_artists(rest))
        heard = await self._heard(list({song for some in songs.values() for song in some}))
        return open_ | {item for item, some in songs.items() if not heard.isdisjoint(some)}

    @property
    def where(self) -> str:
        """Return the base of addresses."""
        return f"/v1/catalog/{self._storefront or _HOME}"

    async def resources(self, kind: Kind, ids: Sequence[str], showing: Showing) -> list[Any]:
        """Return what is still in the catalogue, in order."""
        catalog = self._desk.catalog
        if kind is Kind.SONGS:
            songs = await catalog.songs([SongId(i) for i in ids])
            return list(await showing.songs([s for s in songs if s is not None]))
        if kind is Kind.ALBUMS:
            albums = await catalog.albums([AlbumId(i) for i in ids])
            return list(await showing.albums([a for a in albums if a is not None]))
        artists = await catalog.artists([ArtistId(i) for i in ids])
        return list(await showing.artists([a for a in artists if a is not None]))

    async def _of_albums(self, ids: Sequence[str]) -> Mapping[str, Sequence[SongId]]:
        albums = await self._desk.catalog.albums([AlbumId(i) for i in ids])
        return {album.id: album.song_ids for album in albums if album is not None}

    async def _of_artists(self, ids: Sequence[str]) -> Mapping[str, Sequence[SongId]]:
        found = {}
        for item in ids:
            page = await self._desk.catalog.artist_songs(
                ArtistId(item), limit=_MOST_SONGS_LOOKED_AT, offset=0
            )
            found[item] = [song.id for song in page.items]
        return found

    async def _heard(self, ids: Sequence[SongId]) -> set[SongId]:
        gate, household = self._desk.gate, self._asker.household_id
        withheld = await gate.withheld(household, ids, self._storefront)
        return set(ids) - withheld.keys()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which charts are asked for, and which part of them."""

    kinds: Sequence[Kind]
    chart: Chart
    genre: str | None
    limit: int
    offset: int

    def next(self, where: str, kind: Kind) -> str:
        """Return where the following page of one kind is."""
        trends = self.chart is Chart.TRENDING
        query: dict[str, object] = {"types": kind.value}
        query |= {"chart": "trending"} if trends else {"period": self.chart.value}
        query |= {"genre": self.genre} if self.genre else {}
        query |= {"limit": self.limit, "offset": self.offset + self.limit}
        return f"{where}/charts?{urlencode(query)}"


@get("/", operation_id="getCharts", tags=["Catalogue"])
async def charts(
    request: _Asking,
    desk: NamedDependency[Desk],
    storefront: FromPath[str],
    asked: NamedDependency[Asked],
) -> ChartsAnswer:
    """Say what is played most in a storefront, or more than usual, of one genre or of all.

    A play counts as in statements: heard for thirty seconds, or half of a short song. Charts end
    with the hour that runs. What trends is judged by plays that count half as much with each
    twelve hours, against the rate of the thirty days before.
    """
    if _STOREFRONT.fullmatch(storefront) is None:
        raise NotFound(f"There is no storefront {storefront!r}: this installation's own is 'home'.")
    genre = asked.genre
    if genre is not None and (
        not is_well_formed(genre) or await desk.catalog.genre(GenreId(genre)) is None
    ):
        raise NotFound(f"There is no genre {genre}.", id=genre)
    asker = request.user
    place = await desk.storefront_of(asker.household_id) if storefront == _HOME else storefront
    standing = await desk.store.read(Group(place, genre or ""), asked.chart) or Standing(UnixMs(0))
    where = f"/v1/catalog/{storefront}"
    language = language_of(request.headers.get("accept-language", ""))
    showing = Showing(desk.catalog, desk.gate, asker, where, language)
    open_ = _Open(desk, asker, storefront)
    pages = {k.value: await _page(k, standing, asked, open_, showing) for k in asked.kinds}
    return ChartsAnswer(results=_Charts(**pages))


async def _page(
    kind: Kind, standing: Standing, asked: Asked, open_: _Open, showing: Showing
) -> Any:
    positions = standing.of(kind)
    told = _ranked(positions, await open_.of(kind, positions))
    end = asked.offset + asked.limit
    chosen = told[asked.offset : end]
    data = await open_.resources(kind, [p.id for p in chosen], showing)
    there = {resource.id for resource in data}
    return ChartPage(
        data=data,
        meta=ChartMeta(
            total=len(told),
            places=[p for p in chosen if p.id in there],
            made_at=_moment(standing.made_at) if standing.made_at else None,
            missing_at_most=standing.bounds.get(kind),
        ),
        next=asked.next(open_.where, kind) if end < len(told) else None,
    )


def routes(
    store: ChartStore,
    catalog: Catalog,
    gate: Gate,
    storefront_of: Callable[[HouseholdId], Awaitable[str]],
) -> Sequence[Router]:
    """Return the routes, to be mounted at the root."""
    desk = Desk(store, catalog, gate, storefront_of)

    def the_desk() -> Desk:
        return desk

    return [
        Router(
            "/v1/catalog/{storefront:str}/charts",
            route_handlers=[charts],
            dependencies={
                "desk": Provide(the_desk, sync_to_thread=False),
                "asked": Provide(_asked, sync_to_thread=False),
            },
        )
    ]


def _ranked(positions: Sequence[Position], shown: set[str]) -> list[ChartPlace]:
    """Return the places among what is shown: whoever may not hear the first sees the second."""
    told = [position for position in positions if position.id in shown]
    stood = sorted(position.before for position in told if position.before)
    before = {at: rank for rank, at in enumerate(stood, 1)}
    return [
        ChartPlace(id=position.id, rank=rank, before=before.get(position.before))
        for rank, position in enumerate(told, 1)
    ]


def _asked(
    types: _Types = "songs,albums,artists",
    chart: FromQuery[Literal["most-played", "trending"]] = "most-played",
    period: FromQuery[Literal["24h", "7d", "30d"]] = "7d",
    genre: _Genre = None,
    limit: _Limit = 50,
    offset: _Offset = 0,
) -> Asked:
    which = Chart.TRENDING if chart == "trending" else Chart(period)
    return Asked(_kinds(types), which, genre, limit, offset)


def _moment(at: UnixMs) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _kinds(value: str) -> list[Kind]:
    known = {k.value: k for k in Kind}
    asked = [i for i in value.split(",") if i]
    if not asked or any(i not in known for i in asked):
        raise Invalid(f"types are some of {', '.join(known)}.", parameter="types")
    return [known[i] for i in dict.fromkeys(asked)]
