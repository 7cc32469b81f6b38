"""How something is played: customisations, steps told ahead, and how it ends."""

from typing import Any

import pytest

from antiphon.kernel import SongId, UnixMs
from antiphon.library import PlayNews

from .sirikit_asking import OK_COMPUTER, PLAY, handled, ids, item, song_item
from .sirikit_schemas import check_results
from .sirikit_world import ROBIN, World, invocation


@pytest.mark.parametrize(
    ("method", "intent", "outcome"),
    [
        ("resolvePlayShuffled", {"playShuffled": True}, {"success": {"resolvedValue": True}}),
        ("resolvePlayShuffled", {}, {"notRequired": {}}),
        ("resolveResumePlayback", {"resumePlayback": False}, {"success": {"resolvedValue": False}}),
        ("resolveResumePlayback", {}, {"notRequired": {}}),
        (
            "resolvePlaybackRepeatMode",
            {"playbackRepeatMode": "one"},
            {"success": {"resolvedPlaybackRepeatMode": "one"}},
        ),
        ("resolvePlaybackRepeatMode", {"playbackRepeatMode": "unknown"}, {"notRequired": {}}),
        ("resolvePlaybackRepeatMode", {}, {"notRequired": {}}),
        (
            "resolvePlaybackQueueLocation",
            {"playbackQueueLocation": "later"},
            {"success": {"resolvedPlaybackQueueLocation": "now"}},
        ),
        (
            "resolvePlaybackQueueLocation",
            {
                "playbackQueueLocation": "later",
                "session": {"playerContext": {"queueIdentifier": "q"}},
            },
            {"success": {"resolvedPlaybackQueueLocation": "later"}},
        ),
        ("resolvePlaybackQueueLocation", {}, {"notRequired": {}}),
    ],
)
async def test_customisations_are_resolved(
    speakers: World, method: str, intent: dict[str, Any], outcome: dict[str, Any]
) -> None:
    results = await speakers.invoke("playMedia", invocation(PLAY + method, **intent))
    check_results(results)
    resolution = results[0]["result"]["resolutionResult"]
    assert {k: v for k, v in resolution.items() if k != "class"} == outcome


async def test_all_steps_are_answered_ahead_once_the_item_is_certain(speakers: World) -> None:
    step = invocation(f"{PLAY}resolveMediaItems", mediaSearch=OK_COMPUTER)
    results = await speakers.invoke("playMedia", step)
    check_results(results)
    assert [r["method"].removeprefix(PLAY) for r in results] == [
        "resolveMediaItems",
        "resolvePlayShuffled",
        "resolvePlaybackRepeatMode",
        "resolvePlaybackQueueLocation",
        "resolveResumePlayback",
        "handle",
    ]
    album = [speakers.songs[n].id for n in ("Airbag", "Paranoid Android", "Karma Police")]
    assert ids(results[-1]["result"]["intentResponse"]) == album


async def test_nothing_is_answered_ahead_of_a_question_or_a_failure(speakers: World) -> None:
    for search in ({"mediaName": "Hello", "mediaType": "song"}, {"mediaName": "Zanzibar Xylophon"}):
        step = invocation(f"{PLAY}resolveMediaItems", mediaSearch=search)
        assert len(await speakers.invoke("playMedia", step)) == 1


async def test_what_is_asked_along_is_answered_once_and_in_its_place(speakers: World) -> None:
    one = await item(speakers, OK_COMPUTER)
    steps = [
        invocation(f"{PLAY}resolveMediaItems", mediaSearch=OK_COMPUTER),
        invocation(f"{PLAY}handle", mediaSearch=OK_COMPUTER, mediaItems=[one]),
        invocation(f"{PLAY}resolvePlayShuffled", mediaSearch=OK_COMPUTER),
    ]
    results = await speakers.invoke("playMedia", *steps)
    check_results(results)
    methods = [r["method"] for r in results]
    assert methods[:3] == [s["method"] for s in steps]
    assert len(set(methods)) == len(methods) == 6


async def test_an_artist_who_is_not_to_be_shuffled_plays_in_order(speakers: World) -> None:
    search = {"artistName": "Radiohead"}
    one = await item(speakers, search)
    orders = set()
    for _ in range(5):
        response = await handled(
            speakers, "playMedia", f"{PLAY}handle",
            mediaItems=[one], mediaSearch=search, playShuffled=False,
        )  # fmt: skip
        orders.add(tuple(ids(response)))
    assert len(orders) == 1
    assert len(orders.pop()) == 4


async def test_an_album_that_is_to_be_shuffled_is(speakers: World) -> None:
    one = await item(speakers, OK_COMPUTER)
    orders = set()
    for _ in range(30):
        response = await handled(
            speakers, "playMedia", f"{PLAY}handle", mediaItems=[one], playShuffled=True
        )
        orders.add(tuple(ids(response)))
    assert len(orders) > 1
    assert len({frozenset(order) for order in orders}) == 1


# Handling


async def test_the_activity_names_the_songs_and_how_they_repeat(speakers: World) -> None:
    one = await item(speakers, OK_COMPUTER)
    response = await handled(
        speakers, "playMedia", f"{PLAY}handle", mediaItems=[one], playbackRepeatMode="all"
    )
    assert response["code"] == "success"
    activity = response["userActivity"]
    assert activity["activityType"] == "org.example.antiphon.play"
    assert activity["title"] == "OK Computer"
    assert activity["userInfo"]["repeat"] == "all"


@pytest.mark.parametrize(
    ("name", "who", "code"),
    [
        ("Abroad", "robin", "failureRestrictedContent"),
        ("Withdrawn", "robin", "failureRestrictedContent"),
        ("Rude Awakening", "child", "failureRestrictedContent"),
        ("Abroad", "stranger", "failureRequiringAppLaunch"),  # who has not said where they are
    ],
)
async def test_what_may_not_be_heard_is_not_handled(
    speakers: World, name: str, who: str, code: str
) -> None:
    items = [song_item(speakers, name)]
    response = await handled(speakers, "playMedia", f"{PLAY}handle", mediaItems=items, who=who)
    assert response["code"] == code
    assert response["userActivity"]["userInfo"] == {}


@pytest.mark.parametrize(
    ("one", "code"),
    [
        ({"identifier": "a" * 24, "type": "song"}, "failure"),
        ({"identifier": "../../etc/passwd", "type": "album"}, "failure"),
        ({"identifier": "search.0011223344556677", "type": "music"}, "failure"),
        ({"identifier": "x", "type": "movie"}, "failureUnknownMediaType"),
    ],
)
async def test_items_that_are_none_are_not_handled(
    speakers: World, one: dict[str, str], code: str
) -> None:
    response = await handled(speakers, "playMedia", f"{PLAY}handle", mediaItems=[one])
    assert response["code"] == code


async def test_going_on_starts_where_the_listener_was(speakers: World) -> None:
    song = speakers.songs["Paranoid Android"]
    await listened(speakers, song.id, 65_000)
    step = invocation(f"{PLAY}resolveMediaItems", resumePlayback=True)
    results = await speakers.invoke("playMedia", step)
    check_results(results)
    info = results[-1]["result"]["intentResponse"]["userActivity"]["userInfo"]
    assert info["songs"].split()[info["start"]] == song.id
    assert info["offset"] == 65_000


async def test_there_is_nothing_to_go_on_with_at_first(speakers: World) -> None:
    step = invocation(f"{PLAY}resolveMediaItems", resumePlayback=True)
    [result] = await speakers.invoke("playMedia", step)
    assert result["result"]["resolutionResult"][0]["unsupported"] == {}
    one = await item(speakers, OK_COMPUTER)
    response = await handled(
        speakers, "playMedia", f"{PLAY}handle", mediaItems=[one], resumePlayback=True
    )
    assert response["code"] == "failureNoUnplayedContent"


async def listened(speakers: World, song_id: str, position: int) -> None:
    news = PlayNews(
        "g" * 24, ROBIN.listener_id, SongId(song_id), position, UnixMs(speakers.clock.now()), 40_000
    )
    await speakers.library.record_play(news)
