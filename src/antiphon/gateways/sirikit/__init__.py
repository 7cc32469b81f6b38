"""SiriKit Cloud Media: the vendor's speakers ask this installation directly, and play from it."""

from antiphon.gateways.sirikit.configuration import Configuration, configuration, read_key
from antiphon.gateways.sirikit.routes import SirikitRoutes
from antiphon.gateways.sirikit.steps import ROOT as SIRIKIT_ROOT
from antiphon.gateways.sirikit.steps import Plays, Rooms

__all__ = [
    "SIRIKIT_ROOT",
    "Configuration",
    "Plays",
    "Rooms",
    "SirikitRoutes",
    "configuration",
    "read_key",
]
