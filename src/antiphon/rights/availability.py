"""May this be heard, here, now? Deals compiled to one timeline per storefront, use and model.

A timeline is what all deals together say, cut at every moment where the answer changes; asking is
finding the piece that holds the moment. Pure: time comes in, a decision with its reason goes out.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antiphon.kernel import UnixMs
from antiphon.rights.model import HOME, CommercialModel, Deal, UseType
from antiphon.rights.telling import Names

_Key = tuple[str, UseType, CommercialModel]


class Reason(StrEnum):
    """Why something may be heard or not; ``docs/reference/availability.md`` explains each."""

    GRANTED = "granted"
    OWN_LIBRARY = "own_library"
    NOT_SHARED = "not_shared"
    TAKEN_DOWN = "taken_down"
    NO_DEAL = "no_deal"
    STOREFRONT_NEEDED = "storefront_needed"
    TERRITORY = "territory"
    SERVICE = "service"
    TERMS = "terms"
    USE_TYPE = "use_type"
    COMMERCIAL_MODEL = "commercial_model"
    NOT_YET = "not_yet"
    PREORDER = "preorder"
    EXCLUSIVE = "exclusive"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something may be heard, why, and until when that holds; None: until deals change."""

    allowed: bool
    reason: Reason
    until: UnixMs | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether not even the song's existence is told: it is another household's own."""
        return self.reason is Reason.NOT_SHARED


class Plan(StrEnum):
    """How many devices of a household may stream at once: one, or six."""

    INDIVIDUAL = "individual"
    FAMILY = "family"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a household listens: where, how it pays, whether it shares the library."""

    storefront: str = HOME
    model: CommercialModel = CommercialModel.SUBSCRIPTION
    shares_library: bool = True
    plan: Plan = Plan.FAMILY


_OWN: Final = Decision(True, Reason.OWN_LIBRARY)
_NOT_SHARED: Final = Decision(False, Reason.NOT_SHARED)


class SongRights:
    """What deals say of one song; ``deals`` None: it belongs to the installation's own library.

    ``party`` is the service that asks, as ``party_key`` has it; empty: it has not said who it is.
    ``names`` are the song's titles, where there are several.
    """

    __slots__ = ("_lines", "_party", "deals", "names")

    def __init__(
        self, deals: Sequence[Deal] | None, party: str = "", names: Names | None = None
    ) -> None:
        self.deals = None if deals is None else tuple(deals)
        self.names = names
        self._party = party
        self._lines: dict[_Key, tuple[list[int], list[Decision]]] = {}

    def decide(self, terms: Terms, use: UseType, now: int) -> Decision:
        """Return the decision at the moment ``now`` (Unix ms)."""
        if self.deals is None:
            return _OWN if terms.shares_library else _NOT_SHARED
        key = (terms.storefront, use, terms.model)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _line(self.deals, key, self._party)
        starts, decisions = line
        return decisions[bisect_right(starts, now)]

    def timeline(self, terms: Terms, use: UseType) -> list[tuple[UnixMs | None, Decision]]:
        """Return the decisions in their order, each with when it begins; None: ever since."""
        if self.deals is None:
            return [(None, self.decide(terms, use, 0))]
        self.decide(terms, use, 0)
        starts, decisions = self._lines[terms.storefront, use, terms.model]
        return list(zip([None, *map(UnixMs, starts)], decisions, strict=True))


OWN_LIBRARY: Final = SongRights(None)


def _line(deals: Sequence[Deal], key: _Key, party: str) -> tuple[list[int], list[Decision]]:
    """Cut time where a deal in this storefront begins or ends; pieces that say the same are one."""
    storefront = key[0]
    here = [d for d in deals if d.covers(storefront) and _counts(d, party)]
    cuts = sorted({t for d in here for t in (d.start, d.end, d.preview_from) if t is not None})
    pieces: list[tuple[int | None, tuple[bool, Reason]]] = []
    for cut in (None, *cuts):
        found = _at(deals, here, key, cut, party)
        if not pieces or pieces[-1][1] != found:
            pieces.append((cut, found))
    starts = [cut for cut, _ in pieces if cut is not None]
    ends = [*starts, None]
    return starts, [
        Decision(allowed, reason, None if end is None else UnixMs(end))
        for (_, (allowed, reason)), end in zip(pieces, ends, strict=True)
    ]


def _at(
    deals: Sequence[Deal], here: Sequence[Deal], key: _Key, now: int | None, party: str
) -> tuple[bool, Reason]:
    """Return what deals say at one moment; None is before all of them."""
    storefront, use, model = key
    if any(d.is_taken_down and _runs(d, now) for d in here):
        return False, Reason.TAKEN_DOWN
    open_ = [d for d in here if not d.is_taken_down]
    exclusive = [
        d for d in open_ if d.is_exclusive and not d.is_preorder and use in d.uses and _runs(d, now)
    ]
    counting = exclusive or open_
    kept = [d for d in counting if d.is_for(party) and not d.limits]
    if any(_grants(d, use, model, now) for d in kept):
        return True, Reason.GRANTED
    if exclusive:
        return False, Reason.EXCLUSIVE
    if not open_:
        return False, _elsewhere(deals, storefront)
    if not kept:
        return False, Reason.TERMS if any(d.is_for(party) for d in open_) else Reason.SERVICE
    return False, _refusal(kept, use, model, now)


def _counts(deal: Deal, party: str) -> bool:
    """Say whether a deal matters to a service: what it takes down for others does not.

    What others have to themselves does: while they have it, a deal for all gives nothing away.
    """
    return deal.may_be_for(party) if deal.is_taken_down else True


def _elsewhere(deals: Sequence[Deal], storefront: str) -> Reason:
    if all(d.is_taken_down for d in deals):
        return Reason.TAKEN_DOWN if deals else Reason.NO_DEAL
    return Reason.STOREFRONT_NEEDED if storefront == HOME else Reason.TERRITORY


def _refusal(here: Sequence[Deal], use: UseType, model: CommercialModel, now: int | None) -> Reason:
    """Return the reason that is nearest to a yes."""
    usable = [d for d in here if use in d.uses]
    payable = [d for d in usable if model in d.models and not d.is_preorder]
    if payable and all(_is_over(d, now) for d in payable):
        return Reason.ENDED
    if any(d.is_preorder and _runs(d, now) for d in here):
        return Reason.PREORDER
    if payable:
        return Reason.NOT_YET
    return Reason.COMMERCIAL_MODEL if usable else Reason.USE_TYPE


def _grants(deal: Deal, use: UseType, model: CommercialModel, now: int | None) -> bool:
    if model not in deal.models:
        return False
    if use is UseType.PREVIEW and deal.preview_from is not None:
        return now is not None and deal.preview_from <= now and not _is_over(deal, now)
    return not deal.is_preorder and use in deal.uses and _runs(deal, now)


def _is_over(deal: Deal, now: int | None) -> bool:
    return now is not None and deal.end is not None and deal.end <= now


def _runs(deal: Deal, now: int | None) -> bool:
    if now is None:
        return deal.start is None
    return (deal.start is None or deal.start <= now) and not _is_over(deal, now)
