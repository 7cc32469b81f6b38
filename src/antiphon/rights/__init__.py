"""Who may hear what, where, when and how: label deliveries, deals, availability."""

from antiphon.rights.availability import Decision, Reason, SongRights, Terms
from antiphon.rights.model import HOME, CommercialModel, Deal, UseType
from antiphon.rights.service import Asker, Rights, SongUnavailable

__all__ = [
    "HOME",
    "Asker",
    "CommercialModel",
    "Deal",
    "Decision",
    "Reason",
    "Rights",
    "SongRights",
    "SongUnavailable",
    "Terms",
    "UseType",
]
