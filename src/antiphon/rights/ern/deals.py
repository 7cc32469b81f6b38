"""What a ReleaseDeal grants: never more than it says.

A term is read and kept, or limits nothing, or closes the deal with a note; one that the standard
does not know is a fault.
"""

from typing import Final

from msgspec.structs import replace

from antiphon.kernel import UnixMs
from antiphon.rights.ern import known
from antiphon.rights.ern.channels import read_channels, tell_channels
from antiphon.rights.ern.faults import Faults
from antiphon.rights.ern.values import (
    MODELS,
    OTHER_MODELS,
    OTHER_USES,
    USES,
    read_moment,
    territory_of,
)
from antiphon.rights.ern.xml import ATTRIBUTES, CHILDREN, LINE, NAME, Element, every, first, text_of
from antiphon.rights.model import CommercialModel, Deal, DisplayDate, Fault, ReleaseDeals, UseType

_DAY_MS: Final = 24 * 3600 * 1000
_PREVIEWS: Final = ("ClipPreviewStartDateTime", "ClipPreviewStartDate")
_EFFECTIVE: Final = ("EffectiveDateTime", "EffectiveDate")
_TECHNICALS: Final = "DealTechnicalResourceDetailsReferenceList"
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False, "": False}


def read_release_deal(node: Element, path: str, faults: Faults, party: str) -> ReleaseDeals:
    """Read the deals of one or more releases; ``party`` is this service (see ``Deal.is_for``)."""
    faults.only_known(node, path, known.RELEASE_DEAL)
    references = tuple(text_of(r) for r in every(node, "DealReleaseReference"))
    if not references:
        faults.missing("DealReleaseReference", path, node[LINE])
    effective = _moment(node, _EFFECTIVE, path, faults)
    deals: list[Deal] = []
    dates: list[DisplayDate] = []
    for number, deal in enumerate(every(node, "Deal"), 1):
        at = f"{path}/Deal[{number}]"
        read = _deal(deal, at, faults, party)
        for terms in every(deal, "DealTerms"):
            dates += read_display_dates(terms, f"{at}/DealTerms", faults)
        if read is not None and effective is not None and not read.is_taken_down:
            read = replace(read, start=max(read.start or effective, effective))
        deals += [] if read is None else [read]
    return ReleaseDeals(references, tuple(deals), tuple(dates))


def read_display_dates(node: Element, path: str, faults: Faults) -> list[DisplayDate]:
    """Return from when on things may be shown, as terms of a deal or a ReleaseVisibility say."""
    found = []
    for child in node[CHILDREN]:
        if child[NAME] not in known.DISPLAY_DATES:
            continue
        moment = read_moment(text_of(child))
        if moment is None:
            faults.bad_value(child[NAME], text_of(child), "a date or time", path, child[LINE])
        else:
            found.append(DisplayDate(moment, f"{path}/{child[NAME]}", child[LINE]))
    return found


def _deal(node: Element, path: str, faults: Faults, party: str) -> Deal | None:
    faults.only_known(node, path, known.DEAL)
    terms = every(node, "DealTerms")
    if not terms:
        if not _flag(node, "IsCommunicatedOutOfBand", path, faults):
            faults.missing("DealTerms", path, node[LINE])
        else:
            _closed(node, path, faults)
        return None
    if len(terms) > 1:
        detail = "a deal has one DealTerms: send a deal for each."
        faults.add(Fault.DUPLICATE, f"{path}/DealTerms[2]", terms[1][LINE], detail)
    deal = _terms(terms[0], f"{path}/DealTerms", faults)
    if deal.is_taken_down:
        return deal
    limits = (*_closed(node, path, faults), *_closed(terms[0], f"{path}/DealTerms", faults))
    tell_channels(deal, terms[0], f"{path}/DealTerms", faults, party)
    technicals = first(node, _TECHNICALS)
    if not limits and technicals is None:
        return deal
    named = every(technicals, "DealTechnicalResourceDetailsReference") if technicals else []
    return replace(deal, limits=limits, technicals=frozenset(map(text_of, named)))


def _terms(terms: Element, path: str, faults: Faults) -> Deal:
    faults.only_known(terms, path, known.DEAL_TERMS)
    ends = [_flag(terms, name, path, faults) for name in ("TakeDown", "AllDealsCancelled")]
    taken_down = any(ends)
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
        preview_from=_moment(terms, _PREVIEWS, path, faults),
        is_preorder=_flag(terms, "IsPreOrderDeal", path, faults),
        is_exclusive=_flag(terms, "IsExclusive", path, faults),
        is_taken_down=taken_down,
        other_uses=other_uses,
        other_models=other_models,
        channels=read_channels(terms, "DistributionChannel", path, faults),
        excluded_channels=read_channels(terms, "ExcludedDistributionChannel", path, faults),
    )


def _closed(node: Element, path: str, faults: Faults) -> tuple[str, ...]:
    """Return the terms of an element that cannot be kept here, having noted each."""
    found: list[str] = []
    for child in node[CHILDREN]:
        name = child[NAME]
        if name not in known.LIMITS or _is_no_limit(name, text_of(child)):
            continue
        found.append(name)
        what = "the use" if node[NAME] == "Usage" else "the deal"
        detail = (
            f"{known.LIMITS[name]}, which cannot be kept here, so {what} opens nothing: "
            f"send one without {name} for this service."
        )
        faults.note(Fault.LIMIT_NOT_KEPT, f"{path}/{name}", child[LINE], detail)
    return tuple(dict.fromkeys(found))


def _is_no_limit(name: str, text: str) -> bool:
    if name == "DistributionChannelType":
        return text in known.INTERNET
    return name == "IsCommunicatedOutOfBand" and not _FLAGS.get(text, True)


def _uses(terms: Element, path: str, faults: Faults) -> tuple[frozenset[UseType], tuple[str, ...]]:
    """Return what may be done, and by name what opens nothing here."""
    found: set[UseType] = set()
    others: list[str] = []
    for number, usage in enumerate(every(terms, "Usage"), 1):
        at = f"{path}/Usage[{number}]"
        faults.only_known(usage, at, known.USAGE)
        limits = _closed(usage, at, faults)
        opened, closed = _use_types(usage, at, faults)
        if limits:
            closed += [f"{text_of(n)} by {limits[0]}" for n in every(usage, "UseType")]
        else:
            found |= opened
        others += closed
    opened, closed = _use_types(terms, path, faults)
    return frozenset(found | opened), tuple(dict.fromkeys((*others, *closed)))


def _use_types(holder: Element, path: str, faults: Faults) -> tuple[set[UseType], list[str]]:
    found: set[UseType] = set()
    others: list[str] = []
    for node in every(holder, "UseType"):
        name = text_of(node)
        if name in OTHER_USES:
            others.append(name)
        elif name not in USES:
            faults.bad_value("UseType", name, "a use type of the standard", path, node[LINE])
        elif _FLAGS.get(node[ATTRIBUTES].get("IsDiscoverable", "true"), False):
            found |= USES[name]
        else:
            others.append(f"{name} by IsDiscoverable")
            detail = (
                "what may be heard here is found as well, so the use opens nothing: "
                "send one that may be discovered."
            )
            at = f"{path}/UseType/@IsDiscoverable"
            faults.note(Fault.LIMIT_NOT_KEPT, at, node[LINE], detail)
    return found, others


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


def _moment(node: Element, names: tuple[str, ...], path: str, faults: Faults) -> UnixMs | None:
    """Return the moment that the first of these elements tells."""
    for name in names:
        text = text_of(node, name)
        if text:
            moment = read_moment(text)
            if moment is None:
                faults.bad_value(name, text, "a date or time", path, node[LINE])
            return moment
    return None


def _flag(node: Element, name: str, path: str, faults: Faults) -> bool:
    """Return whether a flag is set; it is not where it does not stand there."""
    text = text_of(node, name)
    if text not in _FLAGS:
        faults.bad_value(name, text, "true or false", path, node[LINE])
    return _FLAGS.get(text, False)
