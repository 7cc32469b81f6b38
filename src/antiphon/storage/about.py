"""What engines tell of themselves: for those who operate them."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from antiphon.storage.resilience import Guarded


@dataclass(frozen=True, slots=True)
class About:
    """An engine's product with its version, and what should be changed about it, a line each."""

    product: str
    advice: tuple[str, ...] = ()


@runtime_checkable
class Telling(Protocol):
    """A driver whose engine can be asked about itself."""

    async def about(self) -> About:
        """Return what the engine tells; ``Unavailable`` where it does not answer."""
        ...


async def about(port: object) -> About | None:
    """Return what the engine behind a port tells of itself; None where it cannot be asked."""
    driver = getattr(port, "driver", port) if isinstance(port, Guarded) else port
    return await driver.about() if isinstance(driver, Telling) else None


def older(version: str, least: tuple[int, ...]) -> bool:
    """Say whether a version such as ``5.0.6`` is below the least that is good."""
    parts = version.split("-", maxsplit=1)[0].split(".")
    return tuple(int(part) for part in parts if part.isdecimal()) < least
