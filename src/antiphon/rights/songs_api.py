"""What labels say of single songs over HTTP, for the owner: facts, deals, where they open."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, FromQuery

from antiphon.kernel import SongId
from antiphon.rights.availability import Decision, Terms
from antiphon.rights.desk import AtDesk, Out, known_id, told_moment
from antiphon.rights.ern.values import COUNTRIES
from antiphon.rights.model import (
    CommercialModel,
    Deal,
    LabelFacts,
    Party,
    RightsLine,
    Text,
    UseType,
)
from antiphon.rights.service import Rights
from antiphon.rights.store import SongDeals

_Uses = Literal["on-demand-stream", "preview", "conditional-download", "radio"]
Models = Literal["subscription", "advertising", "free"]


class DealOut(Out, frozen=True, kw_only=True):
    """One deal of a song.

    ``otherUses`` and ``otherModels`` are the standard's words for what opens nothing here;
    ``channels`` are the services that alone it is for, ``limits`` terms that cannot be kept here.
    It opens nothing here at all where ``opensHere`` is false.
    """

    territories: Sequence[str]
    uses: Sequence[str]
    models: Sequence[str]
    excluded: Sequence[str] = ()
    start: str | None = None
    end: str | None = None
    preview_from: str | None = None
    is_preorder: bool = False
    is_exclusive: bool = False
    is_taken_down: bool = False
    other_uses: Sequence[str] = ()
    other_models: Sequence[str] = ()
    channels: Sequence[str] = ()
    excluded_channels: Sequence[str] = ()
    limits: Sequence[str] = ()
    opens_here: bool = True


class SongDealsOut(Out, frozen=True, kw_only=True):
    """A song's deals and who sent them; without any it belongs to the own library."""

    song_id: str
    deals: Sequence[DealOut]
    sender: str = ""
    sender_name: str = ""
    release_id: str = ""
    changed_at: str | None = None


class TextOut(Out, frozen=True, kw_only=True):
    """Words for a territory, in a language where that was said."""

    value: str
    territory: str
    language: str = ""


class PartyOut(Out, frozen=True, kw_only=True):
    """A person or organisation, in which role."""

    name: str
    role: str = ""
    party_id: str = ""


class LineOut(Out, frozen=True, kw_only=True):
    """A (P) or (C) line."""

    year: str
    text: str


class SongFactsOut(Out, frozen=True, kw_only=True):
    """What a label says of a song, in all languages; nothing of one that no label delivered."""

    song_id: str
    titles: Sequence[TextOut] = ()
    release_titles: Sequence[TextOut] = ()
    artist_names: Sequence[TextOut] = ()
    artists: Sequence[PartyOut] = ()
    contributors: Sequence[PartyOut] = ()
    works: Sequence[str] = ()
    labels: Sequence[str] = ()
    p_line: LineOut | None = None
    c_line: LineOut | None = None
    parental_warning: str = ""
    language: str = ""


class PlaceOut(Out, frozen=True, kw_only=True):
    """Whether a song may be heard in one country, why, and until when that holds."""

    country: str
    allowed: bool
    reason: str
    until: str | None = None


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """All countries, by code."""

    data: list[PlaceOut]


class SongRoutes(Controller):
    """What an owner asks of a song."""

    path = "/songs"
    tags = ("Rights",)

    @get("/{song_id:str}", operation_id="readSongFacts")
    async def facts(self, desk: AtDesk, song_id: FromPath[str]) -> SongFactsOut:
        """Return what a label says of a song: titles, people, works (ISWC), lines."""
        return _facts(song_id, await desk.rights.facts_of(SongId(known_id(song_id, "song"))))

    @get("/{song_id:str}/deals", operation_id="readSongDeals")
    async def deals(self, desk: AtDesk, song_id: FromPath[str]) -> SongDealsOut:
        """Return what deals say of a song."""
        found = await desk.rights.deals_of(SongId(known_id(song_id, "song")))
        return _song_deals(song_id, found, desk.rights)

    @get("/{song_id:str}/availability", operation_id="readAvailability")
    async def availability(
        self,
        desk: AtDesk,
        song_id: FromPath[str],
        use: FromQuery[_Uses] = "on-demand-stream",
        model: FromQuery[Models] = "subscription",
    ) -> Places:
        """Return for every country whether a song may be heard there now, and why."""
        song = await desk.rights.song_rights(SongId(known_id(song_id, "song")))
        paying, wanted, now = CommercialModel(model), UseType(use), desk.clock.now()
        return Places(
            data=[
                _place(country, song.decide(Terms(country, paying), wanted, now))
                for country in sorted(COUNTRIES)
            ]
        )


def _facts(song_id: str, facts: LabelFacts | None) -> SongFactsOut:
    if facts is None:
        return SongFactsOut(song_id=song_id)
    return SongFactsOut(
        song_id=song_id,
        titles=_texts(facts.titles),
        release_titles=_texts(facts.release_titles),
        artist_names=_texts(facts.artist_names),
        artists=_parties(facts.artists),
        contributors=_parties(facts.contributors),
        works=facts.works,
        labels=facts.labels,
        p_line=_line(facts.p_line),
        c_line=_line(facts.c_line),
        parental_warning=facts.parental_warning,
        language=facts.language,
    )


def _texts(texts: Sequence[Text]) -> tuple[TextOut, ...]:
    return tuple(TextOut(value=t.value, territory=t.territory, language=t.language) for t in texts)


def _line(line: RightsLine | None) -> LineOut | None:
    return None if line is None else LineOut(year=line.year, text=line.text)


def _parties(parties: Sequence[Party]) -> tuple[PartyOut, ...]:
    return tuple(PartyOut(name=p.name, role=p.role, party_id=p.party_id) for p in parties)


def _song_deals(song_id: str, found: SongDeals | None, rights: Rights) -> SongDealsOut:
    if found is None:
        return SongDealsOut(song_id=song_id, deals=[])
    return SongDealsOut(
        song_id=song_id,
        deals=[_deal(deal, opens_here=rights.opens(deal)) for deal in found.deals],
        sender=found.sender,
        sender_name=found.sender_name,
        release_id=found.release_id,
        changed_at=told_moment(found.changed_at),
    )


def _deal(deal: Deal, *, opens_here: bool) -> DealOut:
    return DealOut(
        territories=sorted(deal.territories),
        excluded=sorted(deal.excluded),
        uses=sorted(deal.uses),
        models=sorted(deal.models),
        start=told_moment(deal.start),
        end=told_moment(deal.end),
        preview_from=told_moment(deal.preview_from),
        is_preorder=deal.is_preorder,
        is_exclusive=deal.is_exclusive,
        is_taken_down=deal.is_taken_down,
        other_uses=deal.other_uses,
        other_models=deal.other_models,
        channels=tuple(sorted(deal.channels)),
        excluded_channels=tuple(sorted(deal.excluded_channels)),
        limits=deal.limits,
        opens_here=opens_here,
    )


def _place(country: str, decision: Decision) -> PlaceOut:
    return PlaceOut(
        country=country,
        allowed=decision.allowed,
        reason=decision.reason.value,
        until=told_moment(decision.until),
    )
