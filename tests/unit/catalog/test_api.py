import io
from collections.abc import AsyncIterator

import pytest
from litestar import Litestar, Request, Response
from litestar.testing import AsyncTestClient
from PIL import Image

from antiphon.catalog import ArtworkShelf, prepare, routes
from antiphon.catalog.lyrics import parse_lyrics
from antiphon.catalog.store import CatalogStore
from antiphon.kernel import AntiphonError, problem
from antiphon.rights import Rights

HOME = "/v1/catalog/home"


def _problem(_request, error: AntiphonError) -> Response:
    status, body = problem(error)
    return Response(body, status_code=status)


@pytest.fixture
async def client(shop) -> AsyncIterator[AsyncTestClient]:
    def signed_in(request: Request) -> None:
        request.scope["user"] = shop.asker

    app = Litestar(
        routes(shop.catalog, Rights(shop.tables, shop.clock)),
        before_request=signed_in,
        exception_handlers={AntiphonError: _problem},
    )
    async with AsyncTestClient(app) as client:
        yield client


async def _fill(shop, entry, count=3):
    made = [
        entry(f"Title {n}", number=n, album=f"Album {n % 2}", released=f"200{n % 9}")
        for n in range(1, count + 1)
    ]
    await shop.writer.apply(made)
    return made


async def test_a_song_says_everything_the_player_needs(shop, entry, client):
    lyrics = parse_lyrics("[00:01.00]Hello")
    made = entry("Song", lyrics=lyrics, synced_lyrics=True, isrc="DEABC0000001", explicit=True)
    await shop.writer.apply([made])
    song = (await client.get(f"{HOME}/songs/{made.song.id}")).json()["data"][0]
    assert song["type"] == "songs"
    assert song["href"] == f"{HOME}/songs/{made.song.id}"
    attributes = song["attributes"]
    assert attributes["name"] == "Song"
    assert attributes["albumArtistName"] == "Artist"
    assert attributes["audioTraits"] == ["lossless"]
    assert attributes["contentRating"] == "explicit"
    assert attributes["hasTimeSyncedLyrics"] is True
    assert attributes["playParams"] == {"id": made.song.id, "kind": "song"}
    assert attributes["dateAdded"] == "1970-01-01T00:00:01Z"
    album = song["relationships"]["albums"]["data"][0]
    assert album["attributes"] == {"name": "Album"}


async def test_following_next_visits_every_song_once(shop, entry, client):
    made = await _fill(shop, entry, 23)
    seen, url = [], f"{HOME}/songs?limit=5&sort=-added"
    while url:
        body = (await client.get(url)).json()
        assert body["meta"]["total"] == 23
        seen += [s["id"] for s in body["data"]]
        url = body.get("next")
    assert sorted(seen) == sorted(e.song.id for e in made)


async def test_a_random_order_is_the_same_for_the_same_seed(shop, entry, client):
    await _fill(shop, entry, 30)
    first = (await client.get(f"{HOME}/songs?sort=random&seed=7&limit=30")).json()["data"]
    again = (await client.get(f"{HOME}/songs?sort=random&seed=7&limit=30")).json()["data"]
    other = (await client.get(f"{HOME}/songs?sort=random&seed=8&limit=30")).json()["data"]
    assert first == again
    assert [s["id"] for s in first] != [s["id"] for s in other]
    assert {s["id"] for s in first} == {s["id"] for s in other}


async def test_an_album_comes_with_its_songs(shop, entry, client):
    made = await _fill(shop, entry, 4)
    body = (await client.get(f"{HOME}/albums/{made[0].song.album_id}")).json()
    songs = body["data"][0]["relationships"]["songs"]["data"]
    assert [s["attributes"]["trackNumber"] for s in songs] == [1, 3]


async def test_include_brings_whole_resources(shop, entry, client):
    await _fill(shop, entry)
    body = (await client.get(f"{HOME}/songs?include=albums,artists")).json()
    relationships = body["data"][0]["relationships"]
    assert relationships["albums"]["data"][0]["attributes"]["trackCount"] >= 1
    assert relationships["artists"]["data"][0]["attributes"]["songCount"] == 3


async def test_many_are_asked_for_by_ids(shop, entry, client):
    made = await _fill(shop, entry)
    ids = f"{made[2].song.id},{made[0].song.id},{'a' * 16}"
    body = (await client.get(f"{HOME}/songs?ids={ids}")).json()
    assert [s["id"] for s in body["data"]] == [made[2].song.id, made[0].song.id]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/songs?limit=0", 400),
        ("/songs?limit=501", 400),
        ("/songs?limit=abc", 400),
        ("/songs?offset=-1", 400),
        ("/songs?sort=isrc", 400),
        ("/songs?ids=../../etc", 400),
        ("/songs?include=secrets", 400),
        ("/search?term=x&types=users", 400),
        (f"/search?term={'x' * 300}", 400),
        ("/search", 400),
        ("/songs/aaaaaaaaaaaaaaaa", 404),
        ("/songs/not-an-id", 404),
        ("/songs/aaaaaaaaaaaaaaaa/lyrics", 404),
        ("/albums/aaaaaaaaaaaaaaaa", 404),
        ("/artists/aaaaaaaaaaaaaaaa/albums", 404),
        ("/genres/aaaaaaaaaaaaaaaa", 404),
    ],
)
async def test_what_cannot_be_answered_is_refused(client, path, status):
    assert (await client.get(HOME + path)).status_code == status


async def test_an_unknown_storefront_is_not_found(client):
    assert (await client.get("/v1/catalog/nowhere/songs")).status_code == 404


async def test_lyrics_come_with_their_times(shop, entry, client):
    made = entry("Song", lyrics=parse_lyrics("[00:01.50]One\n[00:03]Two"))
    await shop.writer.apply([made])
    body = (await client.get(f"{HOME}/songs/{made.song.id}/lyrics")).json()
    attributes = body["data"][0]["attributes"]
    assert attributes["synced"] is True
    assert attributes["lines"] == [
        {"startMs": 1500, "text": "One"},
        {"startMs": 3000, "text": "Two"},
    ]


async def test_search_finds_by_kind_and_names_the_best(shop, entry, client):
    made = entry("Teardrop", artist="Massive Attack", album="Mezzanine", album_artist=None)
    await shop.writer.apply([made])
    await shop.index()
    results = (await client.get(f"{HOME}/search?term=masive+att")).json()["results"]
    assert results["artists"]["data"][0]["attributes"]["name"] == "Massive Attack"
    assert results["songs"]["data"][0]["id"] == made.song.id
    assert results["top"]["data"][0]["type"] == "artists"
    only = (await client.get(f"{HOME}/search?term=teardrop&types=songs")).json()["results"]
    assert "artists" not in only


async def test_suggestions_go_on_from_one_letter(shop, entry, client):
    await shop.writer.apply([entry("Teardrop", artist="Massive Attack", album="Mezzanine")])
    await shop.index()
    results = (await client.get(f"{HOME}/search/suggestions?term=m")).json()["results"]
    assert "Massive Attack" in results["terms"]
    assert "Mezzanine" in results["terms"]
    assert results["top"][0]["type"] in {"artists", "albums"}


async def test_artwork_is_served_to_fit_and_never_above_its_source(shop, client):
    out = io.BytesIO()
    Image.new("RGB", (500, 250), "navy").save(out, "PNG")
    prepared = prepare(out.getvalue())
    await ArtworkShelf(CatalogStore(shop.tables), shop.objects).keep(prepared)
    for size, expected in [(128, (128, 64)), (1200, (500, 250))]:
        answer = await client.get(f"/artwork/{prepared.artwork.id}/{size}.jpg")
        assert answer.headers["content-type"] == "image/jpeg"
        assert "immutable" in answer.headers["cache-control"]
        picture = Image.open(io.BytesIO(answer.content))
        assert (picture.format, picture.size) == ("JPEG", expected)


@pytest.mark.parametrize("file", ["100000.jpg", "-1.jpg", "NaN.jpg", "301.jpg", "300.png", "x"])
async def test_artwork_comes_in_no_other_size(shop, client, file):
    assert (await client.get(f"/artwork/{'a' * 16}/{file}")).status_code in {400, 404}


async def test_the_interface_describes_itself(client):
    paths = (await client.get("/schema/openapi.json")).json()["paths"]
    assert f"{HOME.replace('home', '{storefront}')}/songs" in paths
