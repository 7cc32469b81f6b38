"""What the HTTP routes of rights work with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from litestar.di import NamedDependency

from antiphon.kernel import Clock, HouseholdId, NotFound, UnixMs, is_well_formed
from antiphon.rights.service import Rights

Exists = Callable[[HouseholdId], Awaitable[bool]]


class Out(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of answers: camelCase, absent where there is nothing."""


class Audit(Protocol):
    """Where changes are written down."""

    async def append(
        self, actor: str, action: str, subject: str, details: Mapping[str, str] | None = None, /
    ) -> object:
        """Write down one change that has been made, durably."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with; ``exists`` knows households."""

    rights: Rights
    clock: Clock
    exists: Exists
    audit: Audit


AtDesk = NamedDependency[Desk]


def known_id(raw: str, kind: str) -> str:
    """Return an id that could be one; ``NotFound`` for what could not."""
    if not is_well_formed(raw):
        raise NotFound(f"There is no such {kind}.")
    return raw


def told_moment(at: UnixMs | None) -> str | None:
    """Return a moment as ISO 8601; None where there is none."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
