"""Who may hear what, where, when and how: label deliveries, deals, availability."""

from antiphon.rights.accounting.feed import LedgerFeed
from antiphon.rights.accounting.ledger import FencedOut, Ledger, Place
from antiphon.rights.accounting.model import (
    OWN_LIBRARY,
    Period,
    PlayReport,
    SongTerms,
    Usage,
    UsageLine,
)
from antiphon.rights.availability import Decision, Reason, SongRights, Terms
from antiphon.rights.model import HOME, CommercialModel, Deal, UseType
from antiphon.rights.service import Asker, Rights, SongUnavailable

__all__ = [
    "HOME",
    "OWN_LIBRARY",
    "Asker",
    "CommercialModel",
    "Deal",
    "Decision",
    "FencedOut",
    "Ledger",
    "LedgerFeed",
    "Period",
    "Place",
    "PlayReport",
    "Reason",
    "Rights",
    "SongRights",
    "SongTerms",
    "SongUnavailable",
    "Terms",
    "Usage",
    "UsageLine",
    "UseType",
]
