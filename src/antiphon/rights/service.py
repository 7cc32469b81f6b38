"""The one seam: whatever lets a song out asks here first, and gets the same answer."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from antiphon.kernel import Clock, Denied, HouseholdId, SongId, Unavailable, UnixMs
from antiphon.rights.availability import OWN_LIBRARY, Decision, Reason, SongRights, Terms
from antiphon.rights.model import Deal, LabelFacts, UseType, party_key
from antiphon.rights.store import (
    DeliveryRecord,
    ReleaseState,
    RightsStore,
    SongDeals,
    release_id,
)
from antiphon.rights.telling import Credits, Named, Names, credits_of
from antiphon.storage import Tables

log = structlog.get_logger()

_FRESH_SECONDS: Final = 0.25  # a takedown is seen by every process within this
_KEEP_SECONDS: Final = 30.0  # and by one whose writer was killed before telling, within this
_MOST_SONGS: Final = 200_000
_PATIENCE_SECONDS: Final = 0.5  # so long a look may take before memory decides, tables away
_FORBIDDEN: Final = 403

_NOT_AVAILABLE: Final = "This song is not available."
SENTENCES: Final = {
    Reason.NOT_SHARED: "The owner does not share the library with your household.",
    Reason.TAKEN_DOWN: "The rights holder has withdrawn this song.",
    Reason.NO_DEAL: "No deal says that this song may be played.",
    Reason.STOREFRONT_NEEDED: "This song is for some countries: the owner has to choose yours.",
    Reason.TERRITORY: "This song is not available in your country.",
    Reason.SERVICE: "The rights holder gives this song to other services only.",
    Reason.TERMS: "The deals for this song have terms that cannot be kept here.",
    Reason.USE_TYPE: "The rights holder does not allow this use of the song.",
    Reason.COMMERCIAL_MODEL: "This song is not part of your plan.",
    Reason.NOT_YET: "This song has not been released yet.",
    Reason.PREORDER: "This song has not been released yet: it can only be pre-ordered.",
    Reason.EXCLUSIVE: "For now this song is exclusive to another plan or service.",
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
    """Decides from memory where it can; what it holds is at most a quarter of a second old.

    Where the tables do not answer, memory decides alone for ``away`` seconds: deals begin and end
    on time, and what signals tell to have changed is not decided until the tables are back.
    ``party`` is this service's DDEX party id: deals for others alone grant nothing.
    """

    def __init__(self, tables: Tables, clock: Clock, *, away: float = 0.0, party: str = "") -> None:
        self.store = RightsStore(tables)
        self.decided_alone = 0  # looks that the tables did not answer, since the process began
        self._clock = clock
        self._away = away
        self._party = party_key(party)
        self._is_away = False
        self._looking: asyncio.Task[None] | None = None
        self._looking_since = 0.0
        self._turn = 0  # a look of before one's own change says nothing
        self._confirmed_at = float("-inf")
        self._former_songs: dict[SongId, SongRights] = {}
        self._former_terms: dict[HouseholdId, Terms] = {}
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

    async def named(
        self,
        household: HouseholdId,
        song_ids: Sequence[SongId],
        language: str,
        storefront: str | None = None,
    ) -> dict[SongId, Named]:
        """Return titles in a language for those songs whose label sent several."""
        place = storefront or (await self.terms(household)).storefront
        songs = await self._rights_of(song_ids)
        return {
            song_id: song.names.told(language, place)
            for song_id, song in zip(song_ids, songs, strict=True)
            if song.names is not None
        }

    async def credits(self, song_id: SongId) -> Credits | None:
        """Return who made a song, as its label says; None for one that no label delivered."""
        facts = await self.store.facts(song_id)
        return None if facts is None else credits_of(facts)

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

    async def storefront_of(self, household: HouseholdId) -> str:
        """Return in which storefront a household listens."""
        return (await self.terms(household)).storefront

    async def change_terms(self, household: HouseholdId, terms: Terms) -> None:
        """Put a household into a storefront, on a plan, with or without the owner's library."""
        await self.store.write_terms(household, terms)
        self.terms_changed([household])
        log.info("household_terms_changed", household_id=household, storefront=terms.storefront)

    async def song_rights(self, song_id: SongId) -> SongRights:
        """Return what deals say of one song."""
        await self._look()
        return (await self._rights_of([song_id]))[0]

    async def deals_of(self, song_id: SongId) -> SongDeals | None:
        """Return a song's deals and where they came from; None for the own library's."""
        return (await self.store.songs([song_id]))[0]

    def opens(self, deal: Deal) -> bool:
        """Say whether a deal can open anything in this service, at some time and somewhere."""
        return deal.is_for(self._party) and not deal.limits

    async def facts_of(self, song_id: SongId) -> LabelFacts | None:
        """Return what the label says of a song beyond what the catalogue shows."""
        return await self.store.facts(song_id)

    async def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return one of the last thousand deliveries, with its faults."""
        return await self.store.delivery(delivery_id)

    async def releases_of(self, record: DeliveryRecord) -> list[ReleaseState]:
        """Return the releases of a delivery as they are now."""
        ids = [release_id(sender, key) for sender in record.senders for key in record.releases]
        found = [await self.store.release(i) for i in ids]
        return [release for release in found if release is not None]

    async def deliveries(self, limit: int, offset: int = 0) -> list[DeliveryRecord]:
        """Return deliveries, the latest first."""
        return await self.store.deliveries(limit, offset)

    def songs_changed(self, ids: Iterable[SongId]) -> None:
        """Forget songs whose deals are known to have changed, and look again at once."""
        for song_id in ids:
            self._songs.pop(song_id, None)
            self._former_songs.pop(song_id, None)
        self.look_again()

    def terms_changed(self, households: Iterable[HouseholdId]) -> None:
        """Forget terms that are known to have changed, and look again at once."""
        for household in households:
            self._terms.pop(household, None)
            self._former_terms.pop(household, None)
        self.look_again()

    def look_again(self) -> None:
        """Trust nothing until the next look: news may have been missed."""
        self._looked_at = float("-inf")
        self._looking = None
        self._turn += 1

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        """Forget everything where anything was changed since the last look."""
        now = self._clock.monotonic()
        if now - self._looked_at < _FRESH_SECONDS:
            return
        if not self._away:
            await self._ask_epoch()
            return
        looking = self._look_begun(now)
        left = max(0.0, self._looking_since + _PATIENCE_SECONDS - now)
        await asyncio.wait([looking], timeout=left)
        fault = looking.exception() if looking.done() else Unavailable("The tables are slow.")
        if fault is None:
            return
        if not isinstance(fault, Unavailable):
            raise fault
        if now - self._confirmed_at >= self._away:
            await asyncio.shield(looking)
            return
        self._is_away = True
        self._looked_at = now
        self.decided_alone += 1

    def _look_begun(self, now: float) -> asyncio.Task[None]:
        """Return the look under way, which all who need one share, or begin it."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._ask_epoch())
            self._looking.add_done_callback(_seen)
            self._looking_since = now
        return self._looking

    async def _ask_epoch(self) -> None:
        turn, now = self._turn, self._clock.monotonic()
        epoch = await self.store.epoch()
        if turn != self._turn:
            return
        stale = now - self._cleared_at >= _KEEP_SECONDS or len(self._songs) > _MOST_SONGS
        if epoch != self._epoch or stale:
            self._keep_former(same=epoch == self._epoch)
            self._songs, self._terms = {}, {}
            self._epoch, self._cleared_at = epoch, now
        self._looked_at = self._confirmed_at = now
        self._is_away = False

    def _keep_former(self, *, same: bool) -> None:
        """Keep what is forgotten only because of its age, for when the tables are away."""
        if not self._away or not same:
            self._former_songs, self._former_terms = {}, {}
            return
        if len(self._former_songs) > _MOST_SONGS:
            self._former_songs = {}
        self._former_songs |= self._songs
        self._former_terms |= self._terms

    async def _terms_of(self, household: HouseholdId) -> Terms:
        known = self._terms.get(household)
        if known is None:
            held = self._terms
            known = held[household] = await self._read_terms(household)
        return known

    async def _read_terms(self, household: HouseholdId) -> Terms:
        former = self._former_terms
        if self._is_away and household in former:
            return former[household]
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS if household in former else None):
                return await self.store.terms(household)
        except (TimeoutError, Unavailable):
            if household not in self._former_terms:
                raise
            return self._former_terms[household]

    async def _rights_of(self, ids: Sequence[SongId]) -> list[SongRights]:
        held = self._songs  # a look replaces it: what was read before must not be kept after
        wanted = dict.fromkeys(ids)
        found = {i: held[i] for i in wanted if i in held}  # news may take them away meanwhile
        unknown = [i for i in wanted if i not in found]
        if unknown:
            read = dict(zip(unknown, await self._read_songs(unknown), strict=True))
            held.update(read)
            found |= read
        return [found[i] for i in ids]

    async def _read_songs(self, ids: Sequence[SongId]) -> list[SongRights]:
        known = all(i in self._former_songs for i in ids)
        if self._is_away and known:
            return [self._former_songs[i] for i in ids]
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS if known else None):
                rows = await self.store.songs(ids)
        except (TimeoutError, Unavailable):
            if not known or any(i not in self._former_songs for i in ids):
                raise
            return [self._former_songs[i] for i in ids]
        return [OWN_LIBRARY if deals is None else self._rights(deals) for deals in rows]

    def _rights(self, row: SongDeals) -> SongRights:
        has_several = bool(row.titles or row.release_titles)
        names = Names(row.titles, row.release_titles) if has_several else None
        return SongRights(row.deals, self._party, names)


def _seen(looking: asyncio.Task[None]) -> None:
    """Keep asyncio from complaining of a failed look that nobody waited for."""
    if not looking.cancelled():
        looking.exception()
