"""What a ReleaseDeal grants."""

from typing import Final

from antiphon.kernel import UnixMs
from antiphon.rights.ern import known
from antiphon.rights.ern.faults import Faults
from antiphon.rights.ern.values import (
    MODELS,
    OTHER_MODELS,
    OTHER_USES,
    USES,
    read_moment,
    territory_of,
)
from antiphon.rights.ern.xml import CHILDREN, LINE, NAME, Element, every, first, text_of
from antiphon.rights.model import CommercialModel, Deal, Fault, ReleaseDeals, UseType

_DAY_MS: Final = 24 * 3600 * 1000
_PREVIEWS: Final = ("ClipPreviewStartDateTime", "ClipPreviewStartDate")


def read_release_deal(node: Element, path: str, faults: Faults) -> ReleaseDeals:
    """Read the deals of one or more releases."""
    references = tuple(text_of(r) for r in every(node, "DealReleaseReference"))
    if not references:
        faults.missing("DealReleaseReference", path, node[LINE])
    deals = []
    for number, deal in enumerate(every(node, "Deal"), 1):
        terms = first(deal, "DealTerms")
        at = f"{path}/Deal[{number}]"
        if terms is None:
            faults.missing("DealTerms", at, deal[LINE])
        else:
            deals.append(_terms(terms, f"{at}/DealTerms", faults))
    return ReleaseDeals(references, tuple(deals))


def _terms(terms: Element, path: str, faults: Faults) -> Deal:
    faults.only_known(terms, path, known.DEAL_TERMS)
    taken_down = "true" in {text_of(terms, "TakeDown"), text_of(terms, "AllDealsCancelled")}
    uses, other_uses = _uses(terms, path, faults)
    models, other_models = _models(terms, path, faults)
    if not taken_down:
        if not (uses or other_uses):
            faults.missing("UseType", path, terms[LINE])
        if not (models or other_models):
            faults.missing("CommercialModelType", path, terms[LINE])
    start, end = _validity(terms, path, faults, required=not taken_down)
    territories = _territories(terms, "TerritoryCode", path, faults)
    excluded = _territories(terms, "ExcludedTerritoryCode", path, faults)
    if not territories and not excluded:
        faults.missing("TerritoryCode", path, terms[LINE])
    return Deal(
        territories=territories or frozenset({"Worldwide"}),
        excluded=excluded,
        uses=uses,
        models=models,
        start=start,
        end=end,
        preview_from=_preview(terms, path, faults),
        is_preorder=text_of(terms, "IsPreOrderDeal") == "true",
        is_exclusive=text_of(terms, "IsExclusive") == "true",
        is_taken_down=taken_down,
        other_uses=other_uses,
        other_models=other_models,
    )


def _uses(terms: Element, path: str, faults: Faults) -> tuple[frozenset[UseType], tuple[str, ...]]:
    found: set[UseType] = set()
    others: list[str] = []
    holders = [(terms, path)]
    for usage in every(terms, "Usage"):
        faults.only_known(usage, f"{path}/Usage", known.USAGE)
        holders.append((usage, f"{path}/Usage"))
    for holder, at in holders:
        for node in every(holder, "UseType"):
            name = text_of(node)
            found |= USES.get(name, frozenset())
            if name in OTHER_USES:
                others.append(name)
            elif name not in USES:
                faults.bad_value("UseType", name, "a use type of the standard", at, node[LINE])
    return frozenset(found), tuple(dict.fromkeys(others))


def _models(
    terms: Element, path: str, faults: Faults
) -> tuple[frozenset[CommercialModel], tuple[str, ...]]:
    found: set[CommercialModel] = set()
    others: list[str] = []
    for node in every(terms, "CommercialModelType"):
        name = text_of(node)
        found |= MODELS.get(name, frozenset())
        if name in OTHER_MODELS:
            others.append(name)
        elif name not in MODELS:
            wanted = "a commercial model of the standard"
            faults.bad_value("CommercialModelType", name, wanted, path, node[LINE])
    return frozenset(found), tuple(dict.fromkeys(others))


def _territories(terms: Element, name: str, path: str, faults: Faults) -> frozenset[str]:
    found = set()
    for node in every(terms, name):
        text = text_of(node)
        territory = territory_of(text)
        if territory is None:
            wanted = "Worldwide or a country's two letters"
            faults.bad_value(name, text, wanted, path, node[LINE])
        else:
            found.add(territory)
    return frozenset(found)


def _validity(
    terms: Element, path: str, faults: Faults, *, required: bool
) -> tuple[UnixMs | None, UnixMs | None]:
    """Return from when until when; of several periods, the one that spans them all is refused."""
    periods = every(terms, "ValidityPeriod")
    if not periods:
        if required:
            faults.missing("ValidityPeriod", path, terms[LINE])
        return None, None
    if len(periods) > 1:
        detail = "a deal has one validity period here: send a deal for each."
        faults.add(Fault.DUPLICATE, f"{path}/ValidityPeriod[2]", periods[1][LINE], detail)
    at = f"{path}/ValidityPeriod"
    faults.only_known(periods[0], at, known.VALIDITY)
    start = end = None
    for node in periods[0][CHILDREN]:
        moment = read_moment(text_of(node))
        if moment is None:
            faults.bad_value(node[NAME], text_of(node), "a date or time", at, node[LINE])
        elif node[NAME].startswith("Start"):
            start = moment
        elif node[NAME] == "EndDate":  # the whole of that day
            end = UnixMs(moment + _DAY_MS)
        else:
            end = moment
    if start is None and required:
        faults.missing("StartDate or StartDateTime", at, periods[0][LINE])
    if start is not None and end is not None and end <= start:
        faults.add(
            Fault.BAD_VALUE, at, periods[0][LINE], "the period ends before it begins: correct it."
        )
    return start, end


def _preview(terms: Element, path: str, faults: Faults) -> UnixMs | None:
    for name in _PREVIEWS:
        text = text_of(terms, name)
        if text:
            moment = read_moment(text)
            if moment is None:
                faults.bad_value(name, text, "a date or time", path, terms[LINE])
            return moment
    return None
