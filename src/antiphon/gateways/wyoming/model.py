"""What the gateway is given, and what it is told."""

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from antiphon.kernel import Invalid
from antiphon.voice import Recogniser, Speaker

__all__ = [
    "Answered",
    "Handle",
    "Understand",
    "Understood",
    "WyomingRoles",
    "WyomingSettings",
    "checked",
]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text asks for: the name of an intent, its (name, value) entities, words to answer."""

    intent: str
    entities: tuple[tuple[str, str], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was done about a text, in words; ``handled``: whether anything was."""

    text: str
    handled: bool = True


Understand: TypeAlias = Callable[[str], Awaitable[Understood | None]]
"""Says what a text asks for and does nothing; None where it asks for nothing that is known."""
Handle: TypeAlias = Callable[[str], Awaitable[Answered]]
"""Does what a text asks for."""


@dataclass(frozen=True, slots=True)
class WyomingRoles:
    """Who hears, speaks, understands and acts."""

    recogniser: Recogniser
    speaker: Speaker
    understand: Understand
    handle: Handle


@dataclass(frozen=True, slots=True)
class WyomingSettings:
    """Where to listen, and to how many at once.

    The protocol has neither encryption nor signing in: whoever reaches the port may speak for
    the listener. ``trusted_network`` says that this is meant, for a host beyond this machine.
    """

    host: str = "127.0.0.1"
    port: int = 10_310
    trusted_network: bool = False
    connections: int = 64
    idle_seconds: float = 120.0
    """Between two events while nothing is under way."""
    sound_seconds: float = 10.0
    """Between two events while sound is being sent."""


def checked(settings: WyomingSettings) -> WyomingSettings:
    """Return the settings; ``Invalid`` where they open the port to a network unsaid."""
    if not (settings.trusted_network or _is_loopback(settings.host)):
        raise Invalid(
            f"Wyoming has no protection: to listen on {settings.host} say trusted_network, or use "
            "127.0.0.1."
        )
    return settings


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
