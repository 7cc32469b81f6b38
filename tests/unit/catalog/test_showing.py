"""What is shown follows what may be heard: marked with the reason, or not there at all."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar, Request, Response
from litestar.testing import AsyncTestClient

from antiphon.catalog import routes
from antiphon.catalog.lyrics import parse_lyrics
from antiphon.kernel import AntiphonError, UnixMs, problem
from antiphon.rights import (
    CommercialModel,
    Deal,
    LabelFacts,
    Party,
    Rights,
    RightsLine,
    SongDeals,
    Terms,
    Text,
    UseType,
)

HOME = "/v1/catalog/home"
NOW = 1_700_000_000_000
IN_FRANCE = Deal(
    territories=frozenset({"fr"}),
    uses=frozenset({UseType.STREAM}),
    models=frozenset({CommercialModel.SUBSCRIPTION}),
    start=UnixMs(NOW + 3_600_000),
)


@pytest.fixture
async def client(shop) -> AsyncIterator[AsyncTestClient]:
    def signed_in(request: Request) -> None:
        request.scope["user"] = shop.asker

    def answer(_request: Request, error: AntiphonError) -> Response:
        status, body = problem(error)
        return Response(body, status_code=status)

    app = Litestar(
        routes(shop.catalog, Rights(shop.tables, shop.clock)),
        before_request=signed_in,
        exception_handlers={AntiphonError: answer},
    )
    async with AsyncTestClient(app) as client:
        yield client


@pytest.fixture
async def songs(shop, entry):
    """Two songs: the household's own, and one of a label on an album of its own."""
    words = parse_lyrics("[00:01.00]Hello")
    own = entry("Own song", album="Own", lyrics=words, synced_lyrics=True, explicit=True)
    label = entry("Label song", album="Theirs", lyrics=words, synced_lyrics=True)
    await shop.writer.apply([own, label])
    await shop.index()
    deals = SongDeals(deals=(IN_FRANCE,), release_id="r", sender="s", changed_at=UnixMs(NOW))
    await Rights(shop.tables, shop.clock).store.write_songs([(label.song.id, deals)])
    return own.song, label.song


async def live_in(shop, terms: Terms) -> None:
    await Rights(shop.tables, shop.clock).store.write_terms(shop.asker.household_id, terms)
    shop.clock.advance(seconds=1)


async def seen(client, path: str):
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def availability(song) -> object:
    return song["attributes"].get("availability")


def songs_in(found) -> list:
    """Return all song resources of an answer, however deep."""
    if isinstance(found, dict):
        inner = [s for value in found.values() for s in songs_in(value)]
        return [found, *inner] if found.get("type") == "songs" else inner
    return [s for value in found for s in songs_in(value)] if isinstance(found, list) else []


def everywhere(own, label) -> list[str]:
    """Return the address of every answer that holds songs."""
    return [
        f"{HOME}/songs",
        f"{HOME}/songs?ids={own.id},{label.id}",
        f"{HOME}/songs/{label.id}",
        f"{HOME}/albums/{label.album_id}",
        f"{HOME}/albums/{label.album_id}/songs",
        f"{HOME}/albums?include=songs",
        f"{HOME}/artists/{label.artists[0].id}/songs",
        f"{HOME}/genres/{label.genres[0].id}/songs" if label.genres else f"{HOME}/songs",
        f"{HOME}/search?term=song",
        f"{HOME}/search/suggestions?term=label",
    ]


async def test_every_answer_says_why_a_song_may_not_be_heard(shop, songs, client):
    await live_in(shop, Terms("fr"))
    own, label = songs
    for path in everywhere(own, label):
        shown = {s["id"]: s for s in songs_in(await seen(client, path))}
        assert availability(shown[label.id]) == {
            "reason": "not_yet",
            "detail": "This song has not been released yet.",
            "from": "2023-11-14T23:13:20Z",
        }, path
        if own.id in shown:
            assert availability(shown[own.id]) is None


async def test_the_reason_goes_when_the_time_has_come(shop, songs, client):
    await live_in(shop, Terms("fr"))
    shop.clock.advance(seconds=3600)
    for path in everywhere(*songs):
        for song in songs_in(await seen(client, path)):
            assert availability(song) is None, path


async def test_another_storefront_can_be_looked_at(shop, songs, client):
    await live_in(shop, Terms("fr"))
    [song] = (await seen(client, f"/v1/catalog/de/songs/{songs[1].id}"))["data"]
    assert availability(song)["reason"] == "territory"
    assert "from" not in availability(song)


async def test_words_are_kept_back_with_their_song(shop, songs, client):
    own, label = songs
    assert (await client.get(f"{HOME}/songs/{own.id}/lyrics")).status_code == 200
    refused = await client.get(f"{HOME}/songs/{label.id}/lyrics")
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["code"] == "song_unavailable"
    assert refused.json()["errors"][0]["meta"] == {"reason": "storefront_needed"}


async def test_a_child_sees_explicit_songs_marked_and_gets_no_words(shop, songs, client):
    shop.asker.allows_explicit = False
    [song] = (await seen(client, f"{HOME}/songs/{songs[0].id}"))["data"]
    assert availability(song)["reason"] == "explicit"
    assert (await client.get(f"{HOME}/songs/{songs[0].id}/lyrics")).status_code == 403


async def test_a_library_that_is_not_shared_is_nowhere(shop, songs, client):
    await live_in(shop, Terms("fr", shares_library=False))
    own, label = songs
    for path in everywhere(own, label):
        assert {s["id"] for s in songs_in(await seen(client, path))} == {label.id}, path
    for path in (
        f"{HOME}/songs/{own.id}",
        f"{HOME}/songs/{own.id}/lyrics",
        f"{HOME}/albums/{own.album_id}",
        f"{HOME}/albums/{own.album_id}/songs",
    ):
        assert (await client.get(path)).status_code == 404, path
    assert "Own" not in (await client.get(f"{HOME}/albums")).text
    suggested = await seen(client, f"{HOME}/search/suggestions?term=own")
    assert suggested["results"] == {"terms": [], "top": []}


async def test_an_artist_of_whom_nothing_is_shared_is_not_there(shop, entry, songs, client):
    await shop.writer.apply([entry("Alone", artist="Hermit", album="Cave")])
    assert "Hermit" in (await client.get(f"{HOME}/artists")).text
    await live_in(shop, Terms("fr", shares_library=False))
    assert "Hermit" not in (await client.get(f"{HOME}/artists")).text


NAMED = SongDeals(
    deals=(IN_FRANCE,),
    release_id="r",
    sender="s",
    titles=(Text("Label song"), Text("唱片", "Worldwide", "ja-Jpan"), Text("Chanson", "FR", "fr")),
    release_titles=(Text("Theirs"), Text("彼らの", "Worldwide", "ja-Jpan")),
    changed_at=UnixMs(NOW),
)


@pytest.mark.parametrize(
    ("storefront", "language", "title", "album"),
    [
        ("home", "", "Label song", "Theirs"),
        ("home", "en-GB,en;q=0.9", "Label song", "Theirs"),
        ("home", "ja,en;q=0.5", "唱片", "彼らの"),
        ("fr", "fr", "Chanson", "Theirs"),
        ("fr", "", "Chanson", "Theirs"),
        ("fr", "ja", "唱片", "彼らの"),
        ("de", "fr", "Label song", "Theirs"),
        ("home", "*", "Label song", "Theirs"),
        ("home", "';drop", "Label song", "Theirs"),
    ],
)
async def test_every_answer_tells_titles_in_the_language_and_for_the_country(
    shop, songs, client, storefront, language, title, album
):
    _, label = songs
    await Rights(shop.tables, shop.clock).store.write_songs([(label.id, NAMED)])
    await live_in(shop, Terms(storefront))
    client.headers["accept-language"] = language
    for path in everywhere(*songs):
        for song in songs_in(await seen(client, path)):
            if song["id"] == label.id:
                attributes = song["attributes"]
                assert (attributes["name"], attributes["albumName"]) == (title, album), path
    [shown] = (await seen(client, f"{HOME}/albums/{label.album_id}"))["data"]
    assert shown["attributes"]["name"] == album
    [song] = (await seen(client, f"{HOME}/songs/{label.id}?include=albums"))["data"]
    [included] = song["relationships"]["albums"]["data"]
    assert included["attributes"]["name"] == album


async def test_credits_are_those_of_the_label(shop, songs, client):
    facts = LabelFacts(
        titles=(),
        release_titles=(),
        artists=(Party("Ada", "MainArtist"),),
        contributors=(Party("Ada", "Composer"), Party("Bo", "Producer"), Party("Cy")),
        works=("T1234567890",),
        labels=("Harbour Light",),
        p_line=RightsLine("2026", "Harbour Light"),
        c_line=RightsLine("2026", "(C) 2026 Harbour Light"),
    )
    await Rights(shop.tables, shop.clock).store.write_facts([(songs[1].id, facts)])
    [told] = (await seen(client, f"{HOME}/songs/{songs[1].id}/credits"))["data"]
    assert told["attributes"] == {
        "people": [
            {"name": "Ada", "roles": ["MainArtist", "Composer"]},
            {"name": "Bo", "roles": ["Producer"]},
            {"name": "Cy", "roles": ["Artist"]},
        ],
        "labels": ["Harbour Light"],
        "works": ["T1234567890"],
        "lines": ["2026 Harbour Light", "(C) 2026 Harbour Light"],
    }


async def test_credits_of_the_own_library_are_what_its_tags_say(songs, client):
    [told] = (await seen(client, f"{HOME}/songs/{songs[0].id}/credits"))["data"]
    assert told["attributes"] == {
        "people": [{"name": songs[0].artists[0].name, "roles": ["MainArtist"]}]
    }


async def test_credits_of_a_hidden_song_are_not_told(shop, songs, client):
    await live_in(shop, Terms(shares_library=False))
    assert (await client.get(f"{HOME}/songs/{songs[0].id}/credits")).status_code == 404
