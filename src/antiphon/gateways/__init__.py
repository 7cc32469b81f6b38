"""Gateways: the ways in that other people's devices and assistants know."""

from antiphon.gateways.sirikit import SIRIKIT_ROOT, SirikitRoutes
from antiphon.gateways.sirikit import Configuration as SirikitConfiguration
from antiphon.gateways.sirikit import Rooms as SirikitRooms
from antiphon.gateways.sirikit import configuration as sirikit_configuration
from antiphon.gateways.sirikit import read_key as read_sirikit_key
from antiphon.gateways.wyoming import (
    Answered,
    Understood,
    WyomingGateway,
    WyomingRoles,
    WyomingSettings,
)

__all__ = [
    "SIRIKIT_ROOT",
    "Answered",
    "SirikitConfiguration",
    "SirikitRooms",
    "SirikitRoutes",
    "Understood",
    "WyomingGateway",
    "WyomingRoles",
    "WyomingSettings",
    "read_sirikit_key",
    "sirikit_configuration",
]
