"""What is shown follows what may be heard: marked with the reason, or not there at all."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar, Request, Response
from litestar.testing import AsyncTestClient

from antiphon.catalog import routes
from antiphon.catalog.lyrics import parse_lyrics
from antiphon.kernel import AntiphonError, UnixMs, problem
from antiphon.rights import CommercialModel, Deal, Rights, SongDeals, Terms, UseType

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
