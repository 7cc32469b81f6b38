"""Which services a deal is for."""

from typing import Final

from antiphon.rights.ern import known
from antiphon.rights.ern.faults import Faults
from antiphon.rights.ern.xml import LINE, Element, every, first, text_of
from antiphon.rights.model import Deal, Fault, only_named, party_key

_NAMES: Final = (("TradingName", "Name"), ("TradingName",), ("PartyName", "FullName"), ("URL",))
_UNNAMED: Final = "a service of no name"


def read_channels(terms: Element, name: str, path: str, faults: Faults) -> frozenset[str]:
    """Return the services of DistributionChannel or ExcludedDistributionChannel elements."""
    channels = every(terms, name)
    if not channels:
        return frozenset()  # as mostly
    found: set[str] = set()
    for channel in channels:
        faults.only_known(channel, f"{path}/{name}", known.CHANNEL)
        ids = {party_key(_id_of(node)) for node in every(channel, "PartyId")} - {""}
        if not ids or first(channel, "TerritoryCode"):  # the service, but only somewhere: unclear
            told = next((t for names in _NAMES if (t := text_of(channel, *names))), "")
            ids = {only_named(told or ", ".join(sorted(ids)) or _UNNAMED)}
        found |= ids
    return frozenset(found)


def tell_channels(deal: Deal, terms: Element, path: str, faults: Faults, party: str) -> None:
    """Note a deal that is not, or not certainly, for this service."""
    if deal.is_for(party):
        return
    name = "DistributionChannel" if deal.channels else "ExcludedDistributionChannel"
    told = ", ".join(sorted(deal.channels or deal.excluded_channels))
    who = f"this service is {party}" if party else "the setting party_id does not say who this is"
    word = "for" if deal.channels else "not for"
    detail = (
        f"it is {word} {told}, and {who}, so the deal opens nothing: send one for this service"
        f"{'' if party else ', or set party_id'}."
    )
    node = first(terms, name)
    line = terms[LINE] if node is None else node[LINE]
    faults.note(Fault.OTHER_SERVICE, f"{path}/{name}", line, detail)


def _id_of(node: Element) -> str:
    """Return an id as either generation of the standard writes it."""
    return text_of(node) or text_of(node, "DPID") or text_of(node, "ISNI")
