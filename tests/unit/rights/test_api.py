"""What the owner asks and decides about rights over HTTP, on real tables."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from litestar import Litestar, Request, Response
from litestar.testing import AsyncTestClient

from antiphon.kernel import AntiphonError, FixedClock, SongId, UnixMs, problem
from antiphon.rights import (
    AuditLog,
    CommercialModel,
    Deal,
    LabelFacts,
    Party,
    Rights,
    RightsLine,
    SongDeals,
    Text,
    UseType,
    routes,
)
from antiphon.storage import open_tables

NOW = 1_700_000_000_000
HOUSEHOLD, SONG = "h" * 24, "s" * 16
TERMS = f"/v1/rights/households/{HOUSEHOLD}/terms"


@dataclass
class Desk:
    client: AsyncTestClient
    rights: Rights
    audit: AuditLog
    clock: FixedClock


@dataclass
class Owner:
    account_id: str = "a" * 24


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    tables, clock = open_tables(f"lmdb:{tmp_path}"), FixedClock(NOW)
    rights, audit = Rights(tables, clock), AuditLog(tables, clock, b"k" * 32)

    async def exists(household: str) -> bool:
        return household == HOUSEHOLD

    def signed_in(request: Request) -> None:
        request.scope["user"] = Owner()

    def answer(_request: Request, error: AntiphonError) -> Response:
        status, body = problem(error)
        return Response(body, status_code=status)

    app = Litestar(
        routes(rights, clock, exists=exists, audit=audit, guards=[]),
        before_request=signed_in,
        exception_handlers={AntiphonError: answer},
    )
    async with AsyncTestClient(app) as client:
        yield Desk(client, rights, audit, clock)
    await tables.close()


async def test_terms_are_read_changed_and_written_down(desk):
    first = await desk.client.get(TERMS)
    assert first.json() == {
        "storefront": "home",
        "model": "subscription",
        "plan": "family",
        "sharesLibrary": True,
    }
    wish = {"storefront": "fr", "model": "free", "plan": "individual", "sharesLibrary": False}
    assert (await desk.client.put(TERMS, json=wish)).json() == wish
    assert (await desk.client.get(TERMS)).json() == wish
    [entry] = await desk.audit.latest()
    assert (entry.action, entry.subject) == ("household_terms_changed", HOUSEHOLD)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (TERMS, {"storefront": "zz"}, 404),
        (TERMS, {"storefront": "France"}, 400),
        (TERMS, {"storefront": "fr", "plan": "all"}, 400),
        (TERMS, {"storefront": "fr", "colour": "blue"}, 400),
        (TERMS, {}, 400),
        ("/v1/rights/households/" + "x" * 24 + "/terms", {"storefront": "fr"}, 404),
        ("/v1/rights/households/..%2f/terms", {"storefront": "fr"}, 404),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(desk, path, body, status):
    assert (await desk.client.put(path, json=body)).status_code == status
    assert (await desk.client.get(TERMS)).json()["storefront"] == "home"
    assert await desk.audit.latest() == []


async def test_deals_and_where_they_let_a_song_be_heard(desk):
    deal = Deal(
        territories=frozenset({"Worldwide"}),
        excluded=frozenset({"de"}),
        uses=frozenset({UseType.STREAM}),
        models=frozenset({CommercialModel.SUBSCRIPTION}),
        start=UnixMs(NOW),
        end=UnixMs(NOW + 3_600_000),
    )
    told = SongDeals(
        deals=(deal,), release_id="r", sender="S", sender_name="Label", changed_at=UnixMs(NOW)
    )
    await desk.rights.store.write_songs([(SongId(SONG), told)])
    shown = (await desk.client.get(f"/v1/rights/songs/{SONG}/deals")).json()
    assert shown["senderName"] == "Label"
    assert shown["deals"] == [
        {
            "territories": ["Worldwide"],
            "excluded": ["de"],
            "uses": ["on-demand-stream"],
            "models": ["subscription"],
            "start": "2023-11-14T22:13:20Z",
            "end": "2023-11-14T23:13:20Z",
        }
    ]
    places = (await desk.client.get(f"/v1/rights/songs/{SONG}/availability")).json()["data"]
    by_country = {place["country"]: place for place in places}
    assert len(by_country) > 240
    assert by_country["fr"] == {
        "country": "fr",
        "allowed": True,
        "reason": "granted",
        "until": "2023-11-14T23:13:20Z",
    }
    assert (by_country["de"]["allowed"], by_country["de"]["reason"]) == (False, "territory")
    free = await desk.client.get(f"/v1/rights/songs/{SONG}/availability?model=free")
    assert {place["reason"] for place in free.json()["data"]} == {"commercial_model", "territory"}


async def test_a_song_of_the_own_library_has_no_deals_and_is_heard_everywhere(desk):
    assert (await desk.client.get(f"/v1/rights/songs/{SONG}/deals")).json() == {
        "songId": SONG,
        "deals": [],
    }
    places = (await desk.client.get(f"/v1/rights/songs/{SONG}/availability")).json()["data"]
    assert {place["reason"] for place in places} == {"own_library"}


async def test_what_a_label_says_of_a_song_is_told_to_the_owner(desk):
    facts = LabelFacts(
        titles=(Text("Low Water"), Text("Ebbe", "Worldwide", "de")),
        release_titles=(Text("Tidal Rooms"),),
        artists=(Party("The Quiet Engines", "MainArtist", "0000000121032683"),),
        contributors=(Party("Bob Black", "Composer"),),
        works=("T1234567890",),
        p_line=RightsLine("2026", "Harbour Light"),
        language="en",
    )
    await desk.rights.store.write_facts([(SongId(SONG), facts)])
    answer = await desk.client.get(f"/v1/rights/songs/{SONG}")
    assert answer.json() == {
        "songId": SONG,
        "titles": [
            {"value": "Low Water", "territory": "Worldwide"},
            {"value": "Ebbe", "territory": "Worldwide", "language": "de"},
        ],
        "releaseTitles": [{"value": "Tidal Rooms", "territory": "Worldwide"}],
        "artists": [
            {"name": "The Quiet Engines", "role": "MainArtist", "partyId": "0000000121032683"}
        ],
        "contributors": [{"name": "Bob Black", "role": "Composer"}],
        "works": ["T1234567890"],
        "pLine": {"year": "2026", "text": "Harbour Light"},
        "language": "en",
    }
    unknown = await desk.client.get(f"/v1/rights/songs/{'x' * 16}")
    assert unknown.json() == {"songId": "x" * 16}


async def test_a_deal_that_opens_nothing_here_says_so(desk):
    theirs = Deal(
        territories=frozenset({"Worldwide"}),
        uses=frozenset({UseType.STREAM}),
        channels=frozenset({"PADPIDA2008120501W"}),
        other_uses=("PermanentDownload",),
    )
    row = SongDeals(deals=(theirs,), release_id="r", sender="s", changed_at=UnixMs(NOW))
    await desk.rights.store.write_songs([(SongId(SONG), row)])
    (told,) = (await desk.client.get(f"/v1/rights/songs/{SONG}/deals")).json()["deals"]
    assert (told["opensHere"], told["channels"]) == (False, ["PADPIDA2008120501W"])
    assert told["otherUses"] == ["PermanentDownload"]
