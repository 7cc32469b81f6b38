"""What one step of an intent is done with: who asks, within which limits, and the rooms below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec

from antiphon.catalog import Catalog, Gate
from antiphon.gateways.sirikit.requests import Constraints, MediaIntent, MediaItem, Session
from antiphon.identity import Principal, Scope
from antiphon.kernel import Clock
from antiphon.library import Library
from antiphon.storage import Cache
from antiphon.streaming import Caller, PlayEventsIn, PlayIn
from antiphon.voice import Asker, VoiceDesk

ROOT: Final = "/siri"
"""The path below which the gateway answers."""


class Plays(Protocol):
    """The part of streaming that this gateway asks: grants, and what became of them."""

    async def grant(self, caller: Caller, ask: PlayIn, /) -> bytes:
        """Return a play grant as JSON."""
        ...

    async def record(self, caller: Caller, public_id: str, batch: PlayEventsIn, /) -> None:
        """Write down what became of a play."""
        ...


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the gateway stands on. ``origin`` is the address of the installation, without a path."""

    voice: VoiceDesk
    catalog: Catalog
    library: Library
    gate: Gate
    plays: Plays
    cache: Cache
    clock: Clock
    origin: str
    bundle_id: str

    @property
    def base_url(self) -> str:
        """Return the address below which this gateway answers."""
        return f"{self.origin}{ROOT}"


@dataclass(frozen=True, slots=True)
class Step:
    """One invocation, by whom. ``language`` is that of the client, or empty."""

    caller: Principal
    session: Session
    intent: MediaIntent
    language: str = ""

    @property
    def asker(self) -> Asker:
        """Return who asks, as the voice room knows them; the client may forbid explicit songs."""
        return asker_of(self.caller, self.session.constraints)

    @property
    def may_change(self) -> bool:
        """Say whether this caller may change what the listener keeps."""
        return may_change(self.caller)

    def of(self, items: Sequence[MediaItem]) -> "Step":
        """Return the same step with its items resolved."""
        intent = msgspec.structs.replace(self.intent, media_items=list(items))
        return replace(self, intent=intent)


def may_change(caller: Principal) -> bool:
    """Say whether a caller may change what the listener keeps: not by a token that only plays."""
    return caller.scopes is None or Scope.LIBRARY.value in caller.scopes


def asker_of(caller: Principal, constraints: Constraints) -> Asker:
    """Return who asks, within what the client takes."""
    explicit = caller.allows_explicit and constraints.allow_explicit_content
    return Asker(caller.listener_id, caller.household_id, explicit)
