"""Rights over HTTP, for the owner: deliveries, what deals say of a song, terms of households."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Protocol

import msgspec
from litestar import Controller, Request, Router, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import Guard

from antiphon.kernel import AccountId, Clock, HouseholdId, NotFound, SongId, UnixMs, is_well_formed
from antiphon.rights.availability import Decision, Plan, Terms
from antiphon.rights.ern.values import COUNTRIES
from antiphon.rights.model import HOME, CommercialModel, Deal, UseType
from antiphon.rights.service import Rights
from antiphon.rights.store import DeliveryRecord, ReleaseState, SongDeals

_STOREFRONTS = frozenset({HOME, *COUNTRIES})
_Uses = Literal["on-demand-stream", "preview", "conditional-download", "radio"]
_Models = Literal["subscription", "advertising", "free"]
_Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
_Offset = Annotated[int, QueryParameter(ge=0, le=800, description="How many to pass over.")]

Exists = Callable[[HouseholdId], Awaitable[bool]]


class Audit(Protocol):
    """Where changes are written down."""

    async def append(
        self, actor: str, action: str, subject: str, details: Mapping[str, str] | None = None, /
    ) -> object:
        """Write down one change that has been made, durably."""
        ...


class _Asker(Protocol):
    account_id: AccountId


class _Out(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of answers: camelCase, absent where there is nothing."""


class TermsIn(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """On what terms a household is to listen; ``storefront`` is ``home`` or a country (``fr``)."""

    storefront: Annotated[str, msgspec.Meta(pattern="^(home|[a-z]{2})$")]
    model: _Models = "subscription"
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


class DealOut(_Out, frozen=True, kw_only=True):
    """One deal of a song.

    ``otherUses`` and ``otherModels`` are the standard's words for what opens nothing here;
    ``channels`` are the services that alone it is for, ``limits`` terms that cannot be kept here.
    It opens nothing here at all where ``opensHere`` is false.
    """

    territories: Sequence[str]
    uses: Sequence[str]
    models: Sequence[str]
    excluded: Sequence[str] = ()
    start: str | None = None
    end: str | None = None
    preview_from: str | None = None
    is_preorder: bool = False
    is_exclusive: bool = False
    is_taken_down: bool = False
    other_uses: Sequence[str] = ()
    other_models: Sequence[str] = ()
    channels: Sequence[str] = ()
    excluded_channels: Sequence[str] = ()
    limits: Sequence[str] = ()
    opens_here: bool = True


class SongDealsOut(_Out, frozen=True, kw_only=True):
    """A song's deals and who sent them; without any it belongs to the own library."""

    song_id: str
    deals: Sequence[DealOut]
    sender: str = ""
    sender_name: str = ""
    release_id: str = ""
    changed_at: str | None = None


class PlaceOut(_Out, frozen=True, kw_only=True):
    """Whether a song may be heard in one country, why, and until when that holds."""

    country: str
    allowed: bool
    reason: str
    until: str | None = None


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, the latest first."""

    data: list[DeliveryOut]


class Storefronts(msgspec.Struct, frozen=True, kw_only=True):
    """``home``, for an installation that has chosen no country, and countries by code."""

    data: list[str]


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """All countries, by code."""

    data: list[PlaceOut]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with; ``exists`` knows households."""

    rights: Rights
    clock: Clock
    exists: Exists
    audit: Audit


_Desk = NamedDependency[Desk]


class RightsRoutes(Controller):
    """What the owner asks and decides about rights."""

    path = "/"
    tags = ("Rights",)

    @get("/deliveries", operation_id="listDeliveries")
    async def deliveries(self, desk: _Desk, limit: _Limit = 50, offset: _Offset = 0) -> Deliveries:
        """List label deliveries, the latest first."""
        found = await desk.rights.deliveries(limit, offset)
        return Deliveries(data=[_delivery(record) for record in found])

    @get("/deliveries/{delivery_id:str}", operation_id="readDelivery")
    async def delivery(self, desk: _Desk, delivery_id: FromPath[str]) -> DeliveryDetailOut:
        """Return one of the last thousand deliveries, with faults in parts and its releases."""
        record = await desk.rights.delivery(_id(delivery_id, "delivery"))
        if record is None:
            raise NotFound(f"There is no delivery {delivery_id}.")
        return _detail(record, await desk.rights.releases_of(record))

    @get("/songs/{song_id:str}/deals", operation_id="readSongDeals")
    async def deals(self, desk: _Desk, song_id: FromPath[str]) -> SongDealsOut:
        """Return what deals say of a song."""
        found = await desk.rights.deals_of(SongId(_id(song_id, "song")))
        return _song_deals(song_id, found, desk.rights)

    @get("/songs/{song_id:str}/availability", operation_id="readAvailability")
    async def availability(
        self,
        desk: _Desk,
        song_id: FromPath[str],
        use: FromQuery[_Uses] = "on-demand-stream",
        model: FromQuery[_Models] = "subscription",
    ) -> Places:
        """Return for every country whether a song may be heard there now, and why."""
        song = await desk.rights.song_rights(SongId(_id(song_id, "song")))
        paying, wanted, now = CommercialModel(model), UseType(use), desk.clock.now()
        return Places(
            data=[
                _place(country, song.decide(Terms(country, paying), wanted, now))
                for country in sorted(COUNTRIES)
            ]
        )

    @get("/storefronts", operation_id="listStorefronts", sync_to_thread=False)
    def storefronts(self) -> Storefronts:
        """List where households can be put: ``home``, and every country."""
        return Storefronts(data=[HOME, *sorted(COUNTRIES)])

    @get("/households/{household_id:str}/terms", operation_id="readTerms")
    async def terms(self, desk: _Desk, household_id: FromPath[str]) -> TermsOut:
        """Return on what terms a household listens."""
        household = await _household(desk.exists, household_id)
        return _terms(await desk.rights.terms(household))

    @put("/households/{household_id:str}/terms", operation_id="changeTerms")
    async def change_terms(
        self,
        request: Request[_Asker, Any, Any],
        desk: _Desk,
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
            route_handlers=[RightsRoutes],
            guards=list(guards),
            dependencies={"desk": Provide(the_desk, sync_to_thread=False)},
        )
    ]


async def _household(exists: Exists, household_id: str) -> HouseholdId:
    household = HouseholdId(_id(household_id, "household"))
    if not await exists(household):
        raise NotFound(f"There is no household {household_id}.")
    return household


def _id(raw: str, kind: str) -> str:
    if not is_well_formed(raw):
        raise NotFound(f"There is no such {kind}.")
    return raw


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
        received_at=_moment(record.received_at) or "",
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


def _song_deals(song_id: str, found: SongDeals | None, rights: Rights) -> SongDealsOut:
    if found is None:
        return SongDealsOut(song_id=song_id, deals=[])
    return SongDealsOut(
        song_id=song_id,
        deals=[_deal(deal, opens_here=rights.opens(deal)) for deal in found.deals],
        sender=found.sender,
        sender_name=found.sender_name,
        release_id=found.release_id,
        changed_at=_moment(found.changed_at),
    )


def _deal(deal: Deal, *, opens_here: bool) -> DealOut:
    return DealOut(
        territories=sorted(deal.territories),
        excluded=sorted(deal.excluded),
        uses=sorted(deal.uses),
        models=sorted(deal.models),
        start=_moment(deal.start),
        end=_moment(deal.end),
        preview_from=_moment(deal.preview_from),
        is_preorder=deal.is_preorder,
        is_exclusive=deal.is_exclusive,
        is_taken_down=deal.is_taken_down,
        other_uses=deal.other_uses,
        other_models=deal.other_models,
        channels=tuple(sorted(deal.channels)),
        excluded_channels=tuple(sorted(deal.excluded_channels)),
        limits=deal.limits,
        opens_here=opens_here,
    )


def _place(country: str, decision: Decision) -> PlaceOut:
    return PlaceOut(
        country=country,
        allowed=decision.allowed,
        reason=decision.reason.value,
        until=_moment(decision.until),
    )


def _moment(at: UnixMs | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
