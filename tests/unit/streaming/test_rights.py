"""What deals and owners say counts at every way out of a song, in the same words."""

import random
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from litestar import Litestar, Request
from litestar.testing import AsyncTestClient

from antiphon.catalog import PrefixTable, SearchProjection
from antiphon.catalog import routes as catalog_routes
from antiphon.catalog.events import SongAdded
from antiphon.kernel import UnixMs
from antiphon.rights import CommercialModel, Deal, Rights, SongDeals, Terms, UseType
from antiphon.streaming.events import PlayEnded

from .conftest import HOUSEHOLD, ROBIN

NOW = 1_700_000_000_000
HOUR = 3_600_000
STREAM, DOWNLOAD, PREVIEW = UseType.STREAM, UseType.DOWNLOAD, UseType.PREVIEW
PAYING, FREE = CommercialModel.SUBSCRIPTION, CommercialModel.FREE


def deal(**more) -> Deal:
    values = {
        "territories": frozenset({"fr"}),
        "uses": frozenset({STREAM}),
        "models": frozenset({PAYING}),
        "start": UnixMs(NOW - HOUR),
    }
    return Deal(**values | more)


@pytest.fixture
async def label(house):
    """Return what gives the encrypted take deals and the household terms; undone afterwards."""
    store = Rights(house.tables, house.clock).store
    song_id = house.id("locked")

    async def say(*deals: Deal, terms: Terms | None = None) -> None:
        told = SongDeals(deals=deals, release_id="r", sender="label", changed_at=UnixMs(NOW))
        await store.write_songs([(song_id, told)])
        if terms is not None:
            await store.write_terms(HOUSEHOLD, terms)
        house.clock.advance(seconds=0.25)  # as long as a process believes what it knows

    yield say
    await store.forget_songs([song_id])
    await store.write_terms(HOUSEHOLD, Terms())


def ways_out(grant) -> list[str]:
    base = grant["variants"][0]["baseUrl"]
    return [
        grant["playlistUrl"],
        grant["variants"][0]["playlistUrl"],
        grant["progressiveUrl"],
        f"{base}init.mp4",
        f"{base}0.m4s",
        f"{base}key",
    ]


async def licence(house, grant):
    """Ask for a licence of what was granted, by the play and by the signed address."""
    kid = bytes.fromhex(grant["variants"][0]["kid"])
    asked = {"kids": [urlsafe_b64encode(kid).rstrip(b"=").decode()]}
    address = grant["playlistUrl"].replace("main.m3u8", "licence")
    by_play = await house.call("POST", grant["protection"]["licenceUrl"], body=asked, who="robin")
    return {by_play.status, (await house.call("POST", address, body=asked)).status}


async def ask(house, *, who: str = "robin", **more):
    body = {"songId": house.id("locked"), **more}
    return await house.call("POST", "/v1/me/plays", body=body, who=who)


async def test_a_song_with_deals_plays_where_they_say(house, label):
    await label(deal(), terms=Terms("fr"))
    assert (await ask(house)).status == 201


@pytest.mark.parametrize(
    ("said", "terms", "reason"),
    [
        (deal(), Terms("de"), "territory"),
        (deal(), Terms(), "storefront_needed"),
        (deal(start=UnixMs(NOW + HOUR)), Terms("fr"), "not_yet"),
        (deal(end=UnixMs(NOW)), Terms("fr"), "ended"),
        (deal(models=frozenset({FREE})), Terms("fr"), "commercial_model"),
        (deal(uses=frozenset({DOWNLOAD})), Terms("fr"), "use_type"),
        (deal(is_taken_down=True), Terms("fr"), "taken_down"),
    ],
)
async def test_a_refusal_says_why(house, label, said, terms, reason):
    await label(said, terms=terms)
    answer = await ask(house)
    assert (answer.status, answer.code) == (403, "song_unavailable")
    assert answer.json["errors"][0]["meta"]["reason"] == reason


async def test_a_grant_ends_with_the_deal(house, label):
    await label(deal(end=UnixMs(NOW + HOUR)), terms=Terms("fr"))
    grant = (await ask(house)).json
    assert grant["expiresAt"] == "2023-11-14T23:13:20Z"
    house.clock.advance(ms=HOUR)
    for url in ways_out(grant):
        assert (await house.call("GET", url)).status == 403, url


async def test_a_takedown_shuts_every_way_out_within_a_quarter_of_a_second(house, label):
    await label(deal(), terms=Terms("fr"))
    grant = (await ask(house)).json
    for url in ways_out(grant):
        assert (await house.call("GET", url)).status == 200, url
    await label(deal(is_taken_down=True))
    assert (await ask(house)).code == "song_unavailable"
    for url in ways_out(grant):
        answer = await house.call("GET", url)
        assert (answer.status, answer.code) == (403, "song_unavailable"), url


async def test_a_download_needs_a_right_of_its_own(house, label):
    await label(deal(), terms=Terms("fr"))
    assert (await ask(house, use="download")).json["errors"][0]["meta"]["reason"] == "use_type"
    await label(deal(uses=frozenset({STREAM, DOWNLOAD})))
    grant = (await ask(house, use="download")).json
    await label(deal())  # the right to download ends, that to stream stays
    assert (await ask(house)).status == 201
    for url in ways_out(grant):
        assert (await house.call("GET", url)).status == 403, url


async def test_a_library_that_is_not_shared_is_not_even_told_of(house, label):
    await label(deal(), terms=Terms("fr", shares_library=False))
    body = {"songId": house.id("short")}
    answer = await house.call("POST", "/v1/me/plays", body=body, who="robin")
    assert (answer.status, answer.code) == (404, "song_unknown")
    assert (await ask(house)).status == 201, "a label's song is no part of the library"


async def test_a_device_that_was_signed_out_gets_nothing_more_of_its_grants(house, label):
    await label(deal(), terms=Terms("fr"))
    grant, other = (await ask(house)).json, (await ask(house, who="kim")).json
    house.revoked.add(ROBIN.device_id)
    for url in ways_out(grant):
        answer = await house.call("GET", url)
        assert (answer.status, answer.code) == (403, "device_revoked"), url
    for url in ways_out(other):
        assert (await house.call("GET", url)).status == 200, url


async def test_the_play_is_counted_on_the_terms_of_its_grant(house, label):
    free = deal(models=frozenset({FREE}))
    await label(free, terms=Terms("fr", FREE))
    grant = (await ask(house)).json
    await label(free, terms=Terms("de"))
    body = {"events": [{"type": "ended", "positionMs": 9000, "at": house.clock.now()}]}
    url = f"/v1/me/plays/{grant['id']}/events"
    assert (await house.call("POST", url, body=body, who="robin")).status == 202
    [ended] = [e for e in await house.told() if isinstance(e, PlayEnded)]
    assert (ended.territory, ended.tier, ended.use) == ("fr", "free", "on-demand-stream")


async def test_altered_terms_make_an_unknown_play(house, label):
    await label(deal(), terms=Terms("fr"))
    play = (await ask(house)).json["id"]
    altered = play.replace(".ssfr.", ".ssde.")
    assert altered != play
    body = {"events": [{"type": "ended", "positionMs": 9000, "at": house.clock.now()}]}
    answer = await house.call("POST", f"/v1/me/plays/{altered}/events", body=body, who="robin")
    assert (answer.status, answer.code) == (404, "play_unknown")


async def test_a_child_gets_no_explicit_song(house, label, monkeypatch):
    catalog = house.service._catalog
    song = await catalog.song(house.id("locked"))

    async def marked(_song_id):
        return replace(song, explicit=True)

    assert (await ask(house, who="child")).status == 201
    monkeypatch.setattr(catalog, "song", marked)
    house.clock.advance(seconds=16)  # as long as a prepared song is trusted
    answer = await ask(house, who="child")
    assert (answer.status, answer.code) == (403, "explicit_not_allowed")
    assert (await ask(house, who="robin")).status == 201


@pytest.fixture
async def catalogue(house):
    """Return what asks the catalogue's routes, as robin: songs, album, search, suggestions."""
    rights = Rights(house.tables, house.clock)
    catalog = house.service._catalog
    search = catalog._index
    await SearchProjection(catalog, search, PrefixTable(house.tables)).refresh(
        [
            SongAdded(s.id, s.recording_id, s.master.content_hash, s.master.path, s.album_id)
            for s in (await catalog.list_songs(limit=100)).items
        ]
    )
    search._checked = 0.0

    def signed_in(request: Request) -> None:
        request.scope["user"] = ROBIN

    app = Litestar(catalog_routes(catalog, rights), before_request=signed_in)
    async with AsyncTestClient(app) as client:
        yield client


async def shown(client, house) -> list[str | None]:
    """Return why the song may not be heard, in every place of the catalogue that shows it."""
    song_id = house.id("locked")
    song = await house.service._catalog.song(song_id)
    paths = (
        "songs?limit=100",
        f"songs/{song_id}",
        f"albums/{song.album_id}/songs",
        f"artists/{song.artists[0].id}/songs",
        "search?term=locked&types=songs",
        "search/suggestions?term=lock",
    )
    reasons: list[str | None] = []
    for path in paths:
        answer = await client.get(f"/v1/catalog/home/{path}")
        assert answer.status_code == 200, (path, answer.text)
        marks = [s for s in songs_in(answer.json()) if s["id"] == song_id]
        assert marks or path.startswith("search/suggestions"), path
        for mark in marks:
            told = mark["attributes"].get("availability")
            reasons.append(told["reason"] if told else None)
    return reasons


def songs_in(found) -> list:
    """Return all song resources of an answer, however deep."""
    if isinstance(found, dict):
        inner = [s for value in found.values() for s in songs_in(value)]
        return [found, *inner] if found.get("type") == "songs" and "attributes" in found else inner
    return [s for value in found for s in songs_in(value)] if isinstance(found, list) else []


async def test_every_way_out_gives_the_answer_of_the_deals(house, label, catalogue):
    """Random deals, terms, moments: grant, playlists, files, keys, lists, search: one decision."""
    chance = random.Random(3)
    rights = Rights(house.tables, house.clock)
    await label(deal(), terms=Terms("fr"))
    grant = (await ask(house)).json
    granted = refused = 0
    for _ in range(150):
        await label(
            *(some_deal(chance, house.clock.now()) for _ in range(chance.randint(1, 4))),
            terms=Terms(chance.choice(["fr", "de", "home"]), chance.choice([PAYING, FREE])),
        )
        decided = await rights.decide(HOUSEHOLD, house.id("locked"), STREAM)
        statuses = {(await house.call("GET", url)).status for url in ways_out(grant)}
        statuses |= await licence(house, grant)
        assert statuses == ({200} if decided.allowed else {403})
        assert (await ask(house)).status == (201 if decided.allowed else 403)
        why = None if decided.allowed else decided.reason.value
        assert set(await shown(catalogue, house)) == {why}
        granted, refused = granted + decided.allowed, refused + (not decided.allowed)
    assert min(granted, refused) > 20, "both answers were exercised"


def some_deal(chance: random.Random, now: int) -> Deal:
    begins = now + chance.randint(-3, 1) * HOUR
    return deal(
        territories=frozenset(chance.sample(["fr", "de", "Worldwide"], k=chance.randint(1, 2))),
        uses=frozenset(chance.sample([STREAM, DOWNLOAD, PREVIEW], k=2)),
        models=frozenset(chance.sample([PAYING, FREE], k=chance.randint(1, 2))),
        start=UnixMs(begins),
        end=chance.choice([None, UnixMs(begins + chance.randint(1, 4) * HOUR)]),
        is_exclusive=chance.random() < 0.15,
        is_taken_down=chance.random() < 0.1,
    )
