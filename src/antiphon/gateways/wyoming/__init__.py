"""Wyoming: open voice satellites and home automation speak to Antiphon, and it answers."""

from antiphon.gateways.wyoming.model import Answered, Understood, WyomingRoles, WyomingSettings
from antiphon.gateways.wyoming.server import WyomingGateway

__all__ = [
    "Answered",
    "Understood",
    "WyomingGateway",
    "WyomingRoles",
    "WyomingSettings",
]
