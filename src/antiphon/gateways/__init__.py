"""Gateways: the ways in that other people's devices and assistants know."""

from antiphon.gateways.wyoming import (
    Answered,
    Understood,
    WyomingGateway,
    WyomingRoles,
    WyomingSettings,
)

__all__ = [
    "Answered",
    "Understood",
    "WyomingGateway",
    "WyomingRoles",
    "WyomingSettings",
]
