"""Statements and the audit log over HTTP, for the owner."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Protocol

import msgspec
from litestar import Controller, Request, Response, Router, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import Guard
from msgspec import Meta

from antiphon.kernel import AccountId, Clock, NotFound, UnixMs
from antiphon.rights.accounting.audit import AuditEntry, AuditLog
from antiphon.rights.accounting.dsr import SongFacts, statement_csv
from antiphon.rights.accounting.ledger import Ledger
from antiphon.rights.accounting.model import Period
from antiphon.rights.accounting.money import Money, MoneyBook
from antiphon.rights.accounting.statements import Books as DrawnUp
from antiphon.rights.accounting.statements import Pool, Rate, Statement, draw_up

_MONTHS: Final = 24
_MICROS_MOST: Final = 10**15
_Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
_Before = Annotated[
    int | None, QueryParameter(ge=1, le=10**15, description="Only entries before this number.")
]
_Word = Annotated[str, Meta(max_length=200)]
_Micros = Annotated[int, Meta(ge=0, le=_MICROS_MOST)]

Facts = Callable[[Sequence[str]], Awaitable[Mapping[str, SongFacts]]]


class _Asker(Protocol):
    account_id: AccountId


class _Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what goes over the wire."""


class PoolBody(_Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came in for a tier in a territory, in millionths, and which part plays share."""

    territory: _Word
    tier: _Word
    revenue_micros: _Micros
    share_millionths: Annotated[int, Meta(ge=0, le=1_000_000)]


class RateBody(_Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a holder is paid for each play instead of a share; empty text stands for any."""

    holder: _Word
    micros_per_play: _Micros
    territory: _Word = ""
    tier: _Word = ""


class MoneyBody(_Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A month's money; the currency by ISO 4217."""

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "EUR"
    sender_id: _Word = ""
    sender_name: _Word = "Antiphon"
    pools: Annotated[list[PoolBody], Meta(max_length=10_000)] = []
    rates: Annotated[list[RateBody], Meta(max_length=10_000)] = []


class MonthOut(_Shape, frozen=True, kw_only=True):
    """A month: whether its figures still change, and whether its money was written down."""

    period: str
    closed_at: str | None
    has_money: bool


class Months(_Shape, frozen=True, kw_only=True):
    """The last two years, the latest first."""

    data: list[MonthOut]


class ShareOut(_Shape, frozen=True, kw_only=True):
    """Plays, heard time and what is owed for them, in millionths of the currency."""

    name: str
    plays: int
    heard_ms: int
    micros: int


class StatementOut(_Shape, frozen=True, kw_only=True):
    """A month by holder, by territory and by tier; each sums to the same."""

    period: str
    closed_at: str | None
    currency: str
    has_money: bool
    holders: list[ShareOut]
    territories: list[ShareOut]
    tiers: list[ShareOut]
    refused: dict[str, int]


class EntryOut(_Shape, frozen=True, kw_only=True):
    """One change: when, by whom, what, to what."""

    number: int
    at: str
    actor: str
    action: str
    subject: str
    details: dict[str, str]


class AuditOut(_Shape, frozen=True, kw_only=True):
    """Entries, the newest first; ``next`` is what to ask for as ``before``."""

    data: list[EntryOut]
    next: int | None


class AuditFindingOut(_Shape, frozen=True, kw_only=True):
    """Whether the chain is whole, how many entries are, and where it breaks."""

    is_whole: bool
    entries: int
    end: str
    first_altered: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Books:
    """What the routes work with; ``facts`` says what the catalogue knows of songs."""

    ledger: Ledger
    money: MoneyBook
    audit: AuditLog
    clock: Clock
    facts: Facts

    async def drawn_up(self, period: Period) -> tuple[DrawnUp, Money | None]:
        """Return a month's books as they are now, and its money."""
        money = await self.money.read(period)
        terms = (money or Money()).terms
        return draw_up(period, await self.ledger.usage(period), terms), money


_Books = NamedDependency[Books]


class StatementRoutes(Controller):
    """What is owed to whom."""

    path = "/statements"
    tags = ("Rights",)

    @get("/", operation_id="listStatements")
    async def months(self, books: _Books) -> Months:
        """List the last two years' months."""
        period, found = Period.of(books.clock.now()), []
        for _ in range(_MONTHS):
            closed = _moment(await books.ledger.closed_at(period))
            has_money = await books.money.read(period) is not None
            found.append(MonthOut(period=str(period), closed_at=closed, has_money=has_money))
            period = period.preceding
        return Months(data=found)

    @get("/{period:str}", operation_id="readStatement")
    async def statement(self, books: _Books, period: FromPath[str]) -> StatementOut:
        """Return a month's figures; those of an open month still change."""
        month = Period.parse(period)
        drawn, money = await books.drawn_up(month)
        return StatementOut(
            period=str(month),
            closed_at=_moment(await books.ledger.closed_at(month)),
            currency=(money or Money()).currency,
            has_money=money is not None,
            holders=_shares(drawn.statements, lambda _line, holder: holder),
            territories=_shares(drawn.statements, lambda line, _holder: line.usage.territory),
            tiers=_shares(drawn.statements, lambda line, _holder: line.usage.tier),
            refused=await books.ledger.refusals(month),
        )

    @get("/{period:str}/money", operation_id="readMoney")
    async def read_money(self, books: _Books, period: FromPath[str]) -> MoneyBody:
        """Return what came in for a month; ``404`` where nothing was written down."""
        money = await books.money.read(Period.parse(period))
        if money is None:
            raise NotFound(f"Nothing was written down of the money of {period}.")
        return msgspec.convert(_camel(money), MoneyBody)

    @put("/{period:str}/money", operation_id="changeMoney")
    async def change_money(
        self,
        request: Request[_Asker, Any, Any],
        books: _Books,
        period: FromPath[str],
        data: JSONBody[MoneyBody],
    ) -> MoneyBody:
        """Write down what came in for a month, and how it is shared."""
        month = Period.parse(period)
        await books.money.write(
            month,
            Money(
                currency=data.currency,
                sender_id=data.sender_id,
                sender_name=data.sender_name,
                pools=tuple(
                    Pool(p.territory, p.tier, p.revenue_micros, p.share_millionths)
                    for p in data.pools
                ),
                rates=tuple(
                    Rate(r.holder, r.micros_per_play, r.territory, r.tier) for r in data.rates
                ),
            ),
        )
        actor = f"account {request.user.account_id}"
        told = {"currency": data.currency, "pools": str(len(data.pools))}
        await books.audit.append(actor, "money_changed", str(month), told)
        return data

    @get(
        "/{period:str}/holders/{holder:str}", operation_id="exportStatement", media_type="text/csv"
    )
    async def export(
        self, books: _Books, period: FromPath[str], holder: FromPath[str]
    ) -> Response[str]:
        """Return one holder's lines as CSV."""
        month = Period.parse(period)
        drawn, _ = await books.drawn_up(month)
        found = next((s for s in drawn.statements if s.holder == holder), None)
        if found is None:
            raise NotFound(f"Nothing of {holder} was played in {month}.")
        songs = await books.facts(sorted({line.usage.song_id for line in found.lines}))
        name = "".join(c if c.isascii() and c.isalnum() else "-" for c in holder)[:60]
        disposition = f'attachment; filename="{month}-{name}.csv"'
        return Response(
            statement_csv(found, songs),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": disposition},
        )


class AuditRoutes(Controller):
    """Who changed what."""

    path = "/audit"
    tags = ("Rights",)

    @get("/", operation_id="listAudit")
    async def entries(self, books: _Books, limit: _Limit = 50, before: _Before = None) -> AuditOut:
        """List changes of rights and administration, the newest first."""
        found = await books.audit.latest(limit, before=before)
        more = found[-1].number if len(found) == limit and found[-1].number > 1 else None
        return AuditOut(data=[_entry(entry) for entry in found], next=more)

    @get("/check", operation_id="checkAudit")
    async def check(self, books: _Books) -> AuditFindingOut:
        """Follow the whole chain of hashes."""
        finding = await books.audit.verify()
        return AuditFindingOut(
            is_whole=finding.first_altered is None,
            entries=finding.entries,
            end=finding.end,
            first_altered=finding.first_altered,
            detail=finding.detail,
        )


def routes(books: Books, *, guards: Sequence[Guard]) -> Sequence[Router]:
    """Return the routes, to be mounted at the root; ``guards`` let only the owner through."""

    def the_books() -> Books:
        return books

    return [
        Router(
            "/v1/rights",
            route_handlers=[StatementRoutes, AuditRoutes],
            guards=list(guards),
            dependencies={"books": Provide(the_books, sync_to_thread=False)},
        )
    ]


def _shares(statements: Sequence[Statement], name_of: Callable[[Any, str], str]) -> list[ShareOut]:
    """Sum lines by a name; most owed first, then most played."""
    totals: dict[str, list[int]] = {}
    for statement in statements:
        for line in statement.lines:
            total = totals.setdefault(name_of(line, statement.holder), [0, 0, 0])
            for i, value in enumerate((line.plays, line.heard_ms, line.micros)):
                total[i] += value
    ordered = sorted(totals.items(), key=lambda item: (-item[1][2], -item[1][0], item[0]))
    return [
        ShareOut(name=name, plays=plays, heard_ms=heard, micros=micros)
        for name, (plays, heard, micros) in ordered
    ]


def _camel(money: Money) -> dict[str, Any]:
    return {
        "currency": money.currency,
        "senderId": money.sender_id,
        "senderName": money.sender_name,
        "pools": [
            {
                "territory": p.territory,
                "tier": p.tier,
                "revenueMicros": p.revenue_micros,
                "shareMillionths": p.share_millionths,
            }
            for p in money.pools
        ],
        "rates": [
            {
                "holder": r.holder,
                "microsPerPlay": r.micros_per_play,
                "territory": r.territory,
                "tier": r.tier,
            }
            for r in money.rates
        ],
    }


def _entry(entry: AuditEntry) -> EntryOut:
    return EntryOut(
        number=entry.number,
        at=_moment(entry.at) or "",
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        details=entry.details,
    )


def _moment(at: UnixMs | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
