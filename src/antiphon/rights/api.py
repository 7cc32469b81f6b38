"""Rights over HTTP, for the owner: deliveries, what deals say of a song, terms of households."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

import msgspec
from litestar import Controller, Request, Router, get, put
from litestar.di import Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import Guard

from antiphon.kernel import AccountId, HouseholdId, NotFound
from antiphon.rights.availability import Plan, Terms
from antiphon.rights.desk import AtDesk, Desk, Exists, known_id, told_moment
from antiphon.rights.ern.values import COUNTRIES
from antiphon.rights.model import (
    HOME,
    CommercialModel,
)
from antiphon.rights.songs_api import Models, SongRoutes
from antiphon.rights.store import DeliveryRecord, ReleaseState

_STOREFRONTS = frozenset({HOME, *COUNTRIES})
_Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
_Offset = Annotated[int, QueryParameter(ge=0, le=800, description="How many to pass over.")]


class _Asker(Protocol):
    account_id: AccountId


class TermsIn(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """On what terms a household is to listen; ``storefront`` is ``home`` or a country (``fr``)."""

    storefront: Annotated[str, msgspec.Meta(pattern="^(home|[a-z]{2})$")]
    model: Models = "subscription"
    plan: Literal["individual", "family"] = "family"
    shares_library: bool = True


class TermsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """On what terms a household listens."""

    storefront: str
    model: str
    plan: str
    shares_library: bool


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A delivery: what became of it, and what was wrong with it."""

    id: str
    received_at: str
    folder: str
    outcome: str
    messages: Sequence[str]
    releases: Sequence[str]
    titles: Sequence[str]
    faults: Sequence[str]
    notes: Sequence[str]


class FaultOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A broken rule, the element, its line (0: not in a message), and what to do."""

    rule: str
    path: str
    line: int
    detail: str


class DeliveredOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A release as it is now, with the ids of its songs; those taken down are among them."""

    key: str
    title: str
    song_ids: Sequence[str]
    is_purged: bool


class DeliveryDetailOut(DeliveryOut, frozen=True, kw_only=True, rename="camel"):
    """A delivery with its faults in parts and its releases."""

    senders: Sequence[str]
    found: Sequence[FaultOut]
    delivered: Sequence[DeliveredOut]


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, the latest first."""

    data: list[DeliveryOut]


class Storefronts(msgspec.Struct, frozen=True, kw_only=True):
    """``home``, for an installation that has chosen no country, and countries by code."""

    data: list[str]


class RightsRoutes(Controller):
    """What the owner asks and decides about rights."""

    path = "/"
    tags = ("Rights",)

    @get("/deliveries", operation_id="listDeliveries")
    async def deliveries(self, desk: AtDesk, limit: _Limit = 50, offset: _Offset = 0) -> Deliveries:
        """List label deliveries, the latest first."""
        found = await desk.rights.deliveries(limit, offset)
        return Deliveries(data=[_delivery(record) for record in found])

    @get("/deliveries/{delivery_id:str}", operation_id="readDelivery")
    async def delivery(self, desk: AtDesk, delivery_id: FromPath[str]) -> DeliveryDetailOut:
        """Return one of the last thousand deliveries, with faults in parts and its releases."""
        record = await desk.rights.delivery(known_id(delivery_id, "delivery"))
        if record is None:
            raise NotFound(f"There is no delivery {delivery_id}.")
        return _detail(record, await desk.rights.releases_of(record))

    @get("/storefronts", operation_id="listStorefronts", sync_to_thread=False)
    def storefronts(self) -> Storefronts:
        """List where households can be put: ``home``, and every country."""
        return Storefronts(data=[HOME, *sorted(COUNTRIES)])

    @get("/households/{household_id:str}/terms", operation_id="readTerms")
    async def terms(self, desk: AtDesk, household_id: FromPath[str]) -> TermsOut:
        """Return on what terms a household listens."""
        household = await _household(desk.exists, household_id)
        return _terms(await desk.rights.terms(household))

    @put("/households/{household_id:str}/terms", operation_id="changeTerms")
    async def change_terms(
        self,
        request: Request[_Asker, Any, Any],
        desk: AtDesk,
        household_id: FromPath[str],
        data: JSONBody[TermsIn],
    ) -> TermsOut:
        """Put a household into a storefront, on a plan, with or without the owner's library."""
        household = await _household(desk.exists, household_id)
        if data.storefront not in _STOREFRONTS:
            raise NotFound(f"There is no country {data.storefront!r}.", pointer="/storefront")
        terms = Terms(
            storefront=data.storefront,
            model=CommercialModel(data.model),
            shares_library=data.shares_library,
            plan=Plan(data.plan),
        )
        await desk.rights.change_terms(household, terms)
        details = {name: str(value) for name, value in msgspec.to_builtins(data).items()}
        actor = f"account {request.user.account_id}"
        await desk.audit.append(actor, "household_terms_changed", household, details)
        return _terms(terms)


def routes(desk: Desk, *, guards: Sequence[Guard]) -> Sequence[Router]:
    """Return the routes, to be mounted at the root; ``guards`` let only the owner through."""

    def the_desk() -> Desk:
        return desk

    return [
        Router(
            "/v1/rights",
            route_handlers=[RightsRoutes, SongRoutes],
            guards=list(guards),
            dependencies={"desk": Provide(the_desk, sync_to_thread=False)},
        )
    ]


async def _household(exists: Exists, household_id: str) -> HouseholdId:
    household = HouseholdId(known_id(household_id, "household"))
    if not await exists(household):
        raise NotFound(f"There is no household {household_id}.")
    return household


def _terms(terms: Terms) -> TermsOut:
    return TermsOut(
        storefront=terms.storefront,
        model=terms.model.value,
        plan=terms.plan.value,
        shares_library=terms.shares_library,
    )


def _delivery(record: DeliveryRecord) -> DeliveryOut:
    return DeliveryOut(
        id=record.id,
        received_at=told_moment(record.received_at) or "",
        folder=record.folder,
        outcome=str(record.outcome),
        messages=record.messages,
        releases=record.releases,
        titles=record.titles,
        faults=record.faults,
        notes=record.notes,
    )


def _detail(record: DeliveryRecord, releases: Sequence[ReleaseState]) -> DeliveryDetailOut:
    told = msgspec.structs.asdict(_delivery(record))
    return DeliveryDetailOut(
        **told,
        senders=record.senders,
        found=[
            FaultOut(rule=f.rule.value, path=f.path, line=f.line, detail=f.detail)
            for f in record.found
        ],
        delivered=[
            DeliveredOut(
                key=release.key,
                title=release.title,
                song_ids=[song.song_id for song in release.songs if song.song_id],
                is_purged=release.purged,
            )
            for release in releases
        ],
    )
