"""The one seam: whatever lets a song out asks here first, and gets the same answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from antiphon.kernel import Clock, Denied, HouseholdId, SongId, UnixMs
from antiphon.rights.availability import OWN_LIBRARY, Decision, Reason, SongRights, Terms
from antiphon.rights.model import UseType
from antiphon.rights.store import DeliveryRecord, LabelFacts, RightsStore, SongDeals
from antiphon.storage import Tables

log = structlog.get_logger()

_FRESH_SECONDS: Final = 0.25  # a takedown is seen by every process within this
_KEEP_SECONDS: Final = 30.0  # and by one whose writer was killed before telling, within this
_MOST_SONGS: Final = 200_000
_FORBIDDEN: Final = 403

_NOT_AVAILABLE: Final = "This song is not available."
SENTENCES: Final = {
    Reason.NOT_SHARED: "The owner does not share the library with your household.",
    Reason.TAKEN_DOWN: "The rights holder has withdrawn this song.",
    Reason.NO_DEAL: "No deal says that this song may be played.",
    Reason.STOREFRONT_NEEDED: "This song is for some countries: the owner has to choose yours.",
    Reason.TERRITORY: "This song is not available in your country.",
    Reason.USE_TYPE: "The rights holder does not allow this use of the song.",
    Reason.COMMERCIAL_MODEL: "This song is not part of your plan.",
    Reason.NOT_YET: "This song has not been released yet.",
    Reason.PREORDER: "This song has not been released yet: it can only be pre-ordered.",
    Reason.EXCLUSIVE: "For now this song is exclusive to another plan.",
    Reason.ENDED: "The deal for this song has ended.",
}


_OPENING: Final = frozenset({Reason.NOT_YET, Reason.PREORDER, Reason.EXCLUSIVE})


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a household may not hear a song, for whoever shows it."""

    reason: str
    detail: str
    opens_at: UnixMs | None
    is_hidden: bool


class SongUnavailable(Denied):
    """Deals, or the owner, do not let this household do that with the song now."""

    code = "song_unavailable"

    def __init__(self, decision: Decision) -> None:
        super().__init__(
            SENTENCES.get(decision.reason, _NOT_AVAILABLE),
            http_status=_FORBIDDEN,
            meta={"reason": decision.reason.value, "until": decision.until},
        )
        self.decision = decision


def _withheld(decision: Decision) -> Withheld:
    return Withheld(
        decision.reason.value,
        SENTENCES.get(decision.reason, _NOT_AVAILABLE),
        decision.until if decision.reason in _OPENING else None,
        decision.is_hidden,
    )


class Asker(Protocol):
    """Who asks: the part of identity's principal that rights need."""

    @property
    def household_id(self) -> HouseholdId:
        """Return the household that the listener belongs to."""
        ...


class Rights:
    """Decides from memory where it can; what it holds is at most a quarter of a second old."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self.store = RightsStore(tables)
        self._clock = clock
        self._songs: dict[SongId, SongRights] = {}
        self._terms: dict[HouseholdId, Terms] = {}
        self._epoch = -1
        self._looked_at = self._cleared_at = float("-inf")

    def peek(self, household: HouseholdId, song_id: SongId, use: UseType) -> Decision | None:
        """Return a decision where memory is fresh and holds all of it, else None."""
        if self._clock.monotonic() - self._looked_at >= _FRESH_SECONDS:
            return None
        song, terms = self._songs.get(song_id), self._terms.get(household)
        if song is None or terms is None:
            return None
        return song.decide(terms, use, self._clock.now())

    async def decide(
        self, household: HouseholdId, song_id: SongId, use: UseType = UseType.STREAM
    ) -> Decision:
        """Return whether a household may do this with a song now."""
        known = self.peek(household, song_id, use)
        if known is not None:
            return known
        return (await self.decide_all(household, [song_id], use))[0]

    async def decide_all(
        self,
        household: HouseholdId,
        song_ids: Sequence[SongId],
        use: UseType = UseType.STREAM,
        *,
        storefront: str | None = None,
    ) -> list[Decision]:
        """Return the decisions for songs; ``storefront`` asks as if the household were there."""
        await self._look()
        terms = await self._terms_of(household)
        if storefront is not None:
            terms = replace(terms, storefront=storefront)
        songs, now = await self._rights_of(song_ids), self._clock.now()
        return [song.decide(terms, use, now) for song in songs]

    async def withheld(
        self, household: HouseholdId, song_ids: Sequence[SongId], storefront: str | None = None
    ) -> dict[SongId, Withheld]:
        """Return those of the songs that may not be streamed; see ``decide_all``."""
        decisions = await self.decide_all(household, song_ids, storefront=storefront)
        return {
            song_id: _withheld(decision)
            for song_id, decision in zip(song_ids, decisions, strict=True)
            if not decision.allowed
        }

    async def hides(self, household: HouseholdId) -> bool:
        """Return whether there are songs that a household is not even told of."""
        return not (await self.terms(household)).shares_library

    async def require(
        self, household: HouseholdId, song_id: SongId, use: UseType = UseType.STREAM
    ) -> Decision:
        """Return the decision that allows it, or raise ``SongUnavailable`` with the reason."""
        decision = await self.decide(household, song_id, use)
        if not decision.allowed:
            raise SongUnavailable(decision)
        return decision

    async def terms(self, household: HouseholdId) -> Terms:
        """Return on what terms a household listens."""
        await self._look()
        return await self._terms_of(household)

    async def change_terms(self, household: HouseholdId, terms: Terms) -> None:
        """Put a household into a storefront, on a plan, with or without the owner's library."""
        await self.store.write_terms(household, terms)
        self._looked_at = float("-inf")
        log.info("household_terms_changed", household_id=household, storefront=terms.storefront)

    async def song_rights(self, song_id: SongId) -> SongRights:
        """Return what deals say of one song."""
        await self._look()
        return (await self._rights_of([song_id]))[0]

    async def deals_of(self, song_id: SongId) -> SongDeals | None:
        """Return a song's deals and where they came from; None for the own library's."""
        return (await self.store.songs([song_id]))[0]

    async def facts_of(self, song_id: SongId) -> LabelFacts | None:
        """Return what the label says of a song beyond what the catalogue shows."""
        return await self.store.facts(song_id)

    async def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return one of the last thousand deliveries, with its faults."""
        return await self.store.delivery(delivery_id)

    async def deliveries(self, limit: int, offset: int = 0) -> list[DeliveryRecord]:
        """Return deliveries, the latest first."""
        return await self.store.deliveries(limit, offset)

    async def _look(self) -> None:
        """Forget everything where anything was changed since the last look."""
        now = self._clock.monotonic()
        if now - self._looked_at < _FRESH_SECONDS:
            return
        epoch = await self.store.epoch()
        stale = now - self._cleared_at >= _KEEP_SECONDS or len(self._songs) > _MOST_SONGS
        if epoch != self._epoch or stale:
            self._songs, self._terms = {}, {}
            self._epoch, self._cleared_at = epoch, now
        self._looked_at = now

    async def _terms_of(self, household: HouseholdId) -> Terms:
        known = self._terms.get(household)
        if known is None:
            held = self._terms
            known = held[household] = await self.store.terms(household)
        return known

    async def _rights_of(self, ids: Sequence[SongId]) -> list[SongRights]:
        held = self._songs  # a look replaces it: what was read before must not be kept after
        unknown = [i for i in dict.fromkeys(ids) if i not in held]
        if unknown:
            for song_id, deals in zip(unknown, await self.store.songs(unknown), strict=True):
                held[song_id] = OWN_LIBRARY if deals is None else SongRights(deals.deals)
        return [held[i] for i in ids]
