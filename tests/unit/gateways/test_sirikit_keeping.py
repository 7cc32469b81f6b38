"""Adding, liking and disliking, by every method and with every outcome."""

from typing import Any

import pytest

from antiphon.library import Kind, Shelf

from .sirikit_asking import ADD, AFFINITY, OK_COMPUTER, handled, item, song_item
from .sirikit_schemas import check_results
from .sirikit_world import ROBIN, World, invocation


async def added(speakers: World, items: list[Any], **intent: Any) -> str:
    response = await handled(speakers, "addMedia", f"{ADD}handle", mediaItems=items, **intent)
    return str(response["code"])


async def test_songs_and_albums_are_added_to_the_library(speakers: World) -> None:
    album = await item(speakers, OK_COMPUTER)
    assert await added(speakers, [album]) == "success"
    other = {"identifier": "another"}
    assert await added(speakers, [song_item(speakers, "Creep")], session=other) == "success"
    kept = [await speakers.library.kept(ROBIN.listener_id, Shelf.LIBRARY, k) for k in Kind]
    assert [[k.id for k in one] for one in kept] == [
        [speakers.songs["Creep"].id],
        [album["identifier"]],
        [],
    ]


async def test_songs_are_added_to_a_playlist_once_however_often_it_is_asked(
    speakers: World,
) -> None:
    made = await speakers.library.create_playlist(ROBIN.listener_id, "Rainy Days")
    destination = {"mediaDestinationType": "playlist", "playlistName": "rainy days"}
    items = [song_item(speakers, "Creep")]
    for _ in range(2):
        assert await added(speakers, items, mediaDestination=destination) == "success"
    held = await speakers.library.playlist(ROBIN.listener_id, made.id)
    assert [i.song_id for i in held.items] == [speakers.songs["Creep"].id]


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        (None, {"success": {"resolvedMediaDestination": {"mediaDestinationType": "library"}}}),
        (
            {"mediaDestinationType": "library"},
            {"success": {"resolvedMediaDestination": {"mediaDestinationType": "library"}}},
        ),
        (
            {"mediaDestinationType": "playlist", "playlistName": "RAINY days"},
            {
                "success": {
                    "resolvedMediaDestination": {
                        "mediaDestinationType": "playlist",
                        "playlistName": "Rainy Days",
                    }
                }
            },
        ),
        (
            {"mediaDestinationType": "playlist", "playlistName": "sunny"},
            {
                "confirmationRequired": {
                    "mediaDestinationToConfirm": {
                        "mediaDestinationType": "playlist",
                        "playlistName": "Sunny Mornings",
                    }
                }
            },
        ),
        (
            {"mediaDestinationType": "playlist", "playlistName": "road"},
            {
                "disambiguation": {
                    "mediaDestinationsToDisambiguate": [
                        {"mediaDestinationType": "playlist", "playlistName": "Road Home"},
                        {"mediaDestinationType": "playlist", "playlistName": "Road Trip"},
                    ]
                }
            },
        ),
        (
            {"mediaDestinationType": "playlist", "playlistName": "Nowhere"},
            {"unsupported": {"reason": "playlistNameNotFound"}},
        ),
        ({"mediaDestinationType": "playlist"}, {"needsValue": {}}),
        ({"mediaDestinationType": "attic"}, {"unsupported": {}}),
    ],
)
async def test_destinations_are_resolved(speakers: World, asked: Any, outcome: Any) -> None:
    for name in ("Road Trip", "Road Home", "Sunny Mornings", "Rainy Days"):
        await speakers.library.create_playlist(ROBIN.listener_id, name)
        speakers.clock.advance(seconds=1)
    step = invocation(f"{ADD}resolveMediaDestination", mediaDestination=asked)
    results = await speakers.invoke("addMedia", step)
    check_results(results)
    resolution = results[0]["result"]["resolutionResult"]
    assert {k: v for k, v in resolution.items() if k != "class"} == outcome


async def test_adding_is_confirmed_where_it_can_be_done(speakers: World) -> None:
    items = [song_item(speakers, "Creep")]
    nowhere = {"mediaDestinationType": "playlist", "playlistName": "Nowhere"}
    method = f"{ADD}confirm"
    ready = await handled(speakers, "addMedia", method, mediaItems=items)
    no_list = await handled(
        speakers, "addMedia", method, mediaItems=items, mediaDestination=nowhere
    )
    no_song = await handled(
        speakers, "addMedia", method, mediaItems=[song_item(speakers, "Abroad")]
    )
    assert [r["code"] for r in (ready, no_list, no_song)] == ["ready", "failure", "failure"]


async def test_nothing_is_added_by_a_token_that_may_only_play(speakers: World) -> None:
    code = await added(speakers, [song_item(speakers, "Creep")], who="player")
    assert code == "failureRequiringAppLaunch"
    assert await speakers.library.kept(ROBIN.listener_id, Shelf.LIBRARY, Kind.SONGS) == []


async def test_it_has_to_be_said_what_is_added(speakers: World) -> None:
    results = await speakers.invoke("addMedia", invocation(f"{ADD}resolveMediaItems"))
    check_results(results)
    assert results[0]["result"]["resolutionResult"][0]["needsValue"] == {}


async def test_what_may_not_be_heard_is_not_added(speakers: World) -> None:
    assert await added(speakers, [song_item(speakers, "Withdrawn")]) == "failure"
    assert await speakers.library.kept(ROBIN.listener_id, Shelf.LIBRARY, Kind.SONGS) == []


# Liking


async def shelves(speakers: World, kind: Kind = Kind.SONGS) -> list[list[str]]:
    listener = ROBIN.listener_id
    found = [
        await speakers.library.kept(listener, shelf, kind)
        for shelf in (Shelf.FAVOURITES, Shelf.DISLIKES)
    ]
    return [[kept.id for kept in one] for one in found]


async def judged(speakers: World, name: str, said: str, **more: Any) -> str:
    items = [song_item(speakers, name)]
    response = await handled(
        speakers, "updateMediaAffinity", f"{AFFINITY}handle",
        mediaItems=items, affinityType=said, **more,
    )  # fmt: skip
    return str(response["code"])


async def test_a_like_takes_a_dislike_back(speakers: World) -> None:
    song = speakers.songs["Creep"].id
    assert await judged(speakers, "Creep", "dislike") == "success"
    assert await shelves(speakers) == [[], [song]]
    assert await judged(speakers, "Creep", "like") == "success"
    assert await shelves(speakers) == [[song], []]


async def test_nothing_is_learned_where_the_client_says_so(speakers: World) -> None:
    quiet = {"constraints": {"updateUserTasteProfile": False}}
    assert await judged(speakers, "Creep", "like", session=quiet) == "failure"
    assert await shelves(speakers) == [[], []]


async def test_albums_are_liked_but_only_songs_are_disliked(speakers: World) -> None:
    for said, outcome in (
        ("like", "success"),
        ("dislike", "unsupported"),
    ):
        step = invocation(
            f"{AFFINITY}resolveMediaItems", mediaSearch=OK_COMPUTER, affinityType=said
        )
        results = await speakers.invoke("updateMediaAffinity", step)
        check_results(results)
        assert outcome in results[0]["result"]["resolutionResult"][0]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("like", {"success": {"resolvedMediaAffinityType": "like"}}),
        ("dislike", {"success": {"resolvedMediaAffinityType": "dislike"}}),
        ("unknown", {"needsValue": {}}),
        ("", {"needsValue": {}}),
    ],
)
async def test_affinities_are_resolved(speakers: World, said: str, outcome: Any) -> None:
    step = invocation(f"{AFFINITY}resolveAffinityType", affinityType=said)
    results = await speakers.invoke("updateMediaAffinity", step)
    check_results(results)
    resolution = results[0]["result"]["resolutionResult"]
    assert {k: v for k, v in resolution.items() if k != "class"} == outcome
