"""Every method and every outcome of the three intents, in the shape that the pages give."""

from typing import Any

import msgspec
import pytest

from antiphon.kernel import SongId, UnixMs
from antiphon.library import Kind, PlayNews, Shelf
from antiphon.rights import Terms

from .sirikit_schemas import RESPONSES, check_results
from .sirikit_world import CHILD, ROBIN, STRANGER, World, invocation

PLAY, ADD = "PlayMediaIntentHandling.", "AddMediaIntentHandling."
AFFINITY = "UpdateMediaAffinityIntentHandling."
OK_COMPUTER = {"albumName": "OK Computer", "mediaName": "OK Computer", "mediaType": "album"}


async def found(
    speakers: World, search: dict[str, Any], *, who: str = "robin", **intent: Any
) -> dict[str, Any]:
    """Return the resolution of a search to be played."""
    step = invocation(f"{PLAY}resolveMediaItems", mediaSearch=search, **intent)
    results = await speakers.invoke("playMedia", step, who=who)
    check_results(results)
    [resolution] = results[0]["result"]["resolutionResult"]
    return resolution


async def item(speakers: World, search: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the item that is certainly meant."""
    resolution = await found(speakers, search, **more)
    assert "success" in resolution, resolution
    return resolution["success"]["resolvedMediaItem"]


async def handled(speakers: World, endpoint: str, method: str, **intent: Any) -> dict[str, Any]:
    """Return the response to ``handle`` or ``confirm``."""
    who = intent.pop("who", "robin")
    results = await speakers.invoke(endpoint, invocation(method, **intent), who=who)
    check_results(results)
    return results[0]["result"]["intentResponse"]


def ids(response: dict[str, Any]) -> list[str]:
    return response["userActivity"]["userInfo"].get("songs", "").split()


def song_item(speakers: World, name: str) -> dict[str, str]:
    return {"identifier": speakers.songs[name].id, "type": "song"}


# What is looked for


async def test_a_song_by_an_artist_is_found(speakers: World) -> None:
    search = {"mediaName": "Karma Police", "artistName": "Radiohead", "mediaType": "song"}
    assert await item(speakers, search) == {
        "identifier": speakers.songs["Karma Police"].id,
        "type": "song",
        "title": "Karma Police",
        "artist": "Radiohead",
    }


@pytest.mark.parametrize(
    ("search", "title", "kind"),
    [
        (OK_COMPUTER, "OK Computer", "album"),
        ({"albumName": "Pablo Honey", "artistName": "Radiohead"}, "Pablo Honey", "album"),
        ({"artistName": "Radiohead"}, "Radiohead", "artist"),
        ({"mediaName": "Radiohead", "mediaType": "artist"}, "Radiohead", "artist"),
        ({"mediaName": "karma police", "mediaType": "unknown"}, "Karma Police", "song"),
    ],
)
async def test_names_lead_to_what_bears_them(
    speakers: World, search: dict[str, Any], title: str, kind: str
) -> None:
    one = await item(speakers, search)
    assert (one["title"], one["type"]) == (title, kind)


@pytest.mark.parametrize(
    ("search", "played"),
    [
        ({"genreNames": ["Rock"]}, {"Airbag", "Paranoid Android", "Karma Police", "Creep"}),
        ({"mediaName": "Ambient", "mediaType": "genre"}, {"Nocturne in Blue"}),
        ({"moodNames": ["relaxing"]}, {"Nocturne in Blue"}),
        (
            {"releaseDate": {"startDateComponents": "1980", "endDateComponents": "1989-12-31"}},
            {"Hello by Lionel Richie", "Nocturne in Blue"},
        ),
        (
            {
                "genreNames": ["Pop"],
                "releaseDate": {
                    "startDateComponents": {"year": 2010},
                    "endDateComponents": {"year": 2019},
                },
            },
            {"Hello by Adele"},
        ),
        (
            {"artistName": "Adele", "mediaType": "musicStation"},
            {"Hello by Lionel Richie"},
        ),
    ],
    ids=["genre", "genre by name", "mood", "decade", "genre and decade", "station"],
)
async def test_descriptions_lead_to_music_that_fits(
    speakers: World, search: dict[str, Any], played: set[str]
) -> None:
    one = await item(speakers, search)
    response = await handled(
        speakers, "playMedia", f"{PLAY}handle", mediaItems=[one], mediaSearch=search
    )
    assert response["code"] == "success"
    assert set(ids(response)) == {speakers.songs[name].id for name in played}


async def test_no_name_at_all_plays_something_that_may_be_heard(speakers: World) -> None:
    one = await item(speakers, {"mediaType": "music"})
    response = await handled(
        speakers, "playMedia", f"{PLAY}handle",
        mediaItems=[one], mediaSearch={"mediaType": "music"},
    )  # fmt: skip
    withheld = {speakers.songs[n].id for n in ("Abroad", "Members Only", "Withdrawn")}
    assert len(ids(response)) == 8
    assert not withheld & set(ids(response))


async def test_the_newest_comes_first_and_the_oldest_too(speakers: World) -> None:
    for order, expected in (("newest", ["Airbag", "Creep"]), ("oldest", ["Creep", "Airbag"])):
        search = {"genreNames": ["Rock"], "sortOrder": order}
        one = await item(speakers, search)
        response = await handled(
            speakers, "playMedia", f"{PLAY}handle", mediaItems=[one], mediaSearch=search
        )
        names = [s for s in ids(response) if s in {speakers.songs[n].id for n in expected}]
        assert names == [speakers.songs[n].id for n in expected]


async def test_what_is_playing_now_is_known_by_its_content(speakers: World) -> None:
    song = speakers.songs["Creep"]
    context = {"contentIdentifier": f"grant.{song.id}.18c.ssfr.{'0' * 32}", "offsetInMillis": 10}
    step = invocation(
        f"{PLAY}resolveMediaItems",
        mediaSearch={"reference": "currentlyPlaying"},
        session={"playerContext": context},
    )
    results = await speakers.invoke("playMedia", step)
    check_results(results)
    [resolution] = results[0]["result"]["resolutionResult"]
    assert resolution["success"]["resolvedMediaItem"]["identifier"] == song.id


async def test_nothing_is_playing_where_the_client_says_nothing(speakers: World) -> None:
    assert (await found(speakers, {"reference": "currentlyPlaying"}))["unsupported"] == {}


async def test_my_playlist_is_mine_alone(speakers: World) -> None:
    made = await speakers.library.create_playlist(ROBIN.listener_id, "Top 10")
    await speakers.library.add_to_playlist(ROBIN.listener_id, made.id, [speakers.songs["Creep"].id])
    search = {"mediaName": "Top 10", "mediaType": "playlist", "reference": "my"}
    assert (await item(speakers, search))["identifier"] == made.id
    assert (await found(speakers, search, who="child"))["unsupported"] == {}
    by_id = {"mediaIdentifier": made.id, "mediaType": "playlist"}
    assert (await item(speakers, by_id))["title"] == "Top 10"
    assert (await found(speakers, by_id, who="child"))["unsupported"] == {}


async def test_my_favourites_are_what_was_liked(speakers: World) -> None:
    song = speakers.songs["Nocturne in Blue"]
    await speakers.library.keep(ROBIN.listener_id, Shelf.FAVOURITES, Kind.SONGS, [song.id])
    search = {"mediaName": "Favourites", "reference": "my", "mediaType": "playlist"}
    one = await item(speakers, search)
    response = await handled(
        speakers, "playMedia", f"{PLAY}handle", mediaItems=[one], mediaSearch=search
    )
    assert ids(response) == [song.id]


async def test_an_identifier_is_found_with_its_type_and_without(speakers: World) -> None:
    song = speakers.songs["Creep"]
    for search in ({"mediaIdentifier": song.id}, {"mediaIdentifier": song.id, "mediaType": "song"}):
        assert (await item(speakers, search))["title"] == "Creep"
    wrong = {"mediaIdentifier": song.id, "mediaType": "album"}
    assert (await found(speakers, wrong))["unsupported"] == {}


async def test_the_album_decides_between_songs_of_one_name(speakers: World) -> None:
    one = await item(speakers, {"mediaName": "Hello", "albumName": "25"})
    assert one["artist"] == "Adele"


# Outcomes


async def test_two_of_a_name_are_to_be_chosen_from(speakers: World) -> None:
    resolution = await found(speakers, {"mediaName": "Hello", "mediaType": "song"})
    choices = resolution["disambiguation"]["mediaItemsToDisambiguate"]
    assert {c["artist"] for c in choices} == {"Adele", "Lionel Richie"}


async def test_a_name_that_is_nearly_right_is_to_be_confirmed(speakers: World) -> None:
    resolution = await found(speakers, {"mediaName": "nocturnal blue", "mediaType": "song"})
    assert resolution["confirmationRequired"]["mediaItemToConfirm"]["title"] == "Nocturne in Blue"


async def test_what_is_not_there_has_no_reason(speakers: World) -> None:
    resolution = await found(
        speakers, {"mediaName": "Zanzibar Crossroads", "artistName": "Quivering Hemlocks"}
    )
    assert resolution["unsupported"] == {}


@pytest.mark.parametrize(
    ("search", "who", "reason"),
    [
        ({"mediaName": "Abroad", "artistName": "The Customs"}, "robin", "regionRestriction"),
        (
            {"mediaName": "Members Only", "artistName": "The Velvet Ropes"},
            "robin",
            "subscriptionRequired",
        ),
        ({"mediaName": "Withdrawn", "artistName": "The Recalled"}, "robin", "restrictedContent"),
        (
            {"mediaName": "Rude Awakening", "artistName": "Foul Mouths"},
            "child",
            "explicitContentSettings",
        ),
        ({"mediaName": "A Story", "mediaType": "audioBook"}, "robin", "unsupportedMediaType"),
        ({"mediaName": "The News", "mediaType": "podcastShow"}, "robin", "unsupportedMediaType"),
    ],
)
async def test_what_may_not_be_says_why(
    speakers: World, search: dict[str, Any], who: str, reason: str
) -> None:
    assert (await found(speakers, search, who=who))["unsupported"] == {"reason": reason}


async def test_a_token_that_may_only_play_has_to_sign_in_to_change_anything(
    speakers: World,
) -> None:
    search = {"mediaName": "Creep", "artistName": "Radiohead"}
    for endpoint, prefix in (("addMedia", ADD), ("updateMediaAffinity", AFFINITY)):
        step = invocation(f"{prefix}resolveMediaItems", mediaSearch=search)
        results = await speakers.invoke(endpoint, step, who="player")
        check_results(results)
        [resolution] = results[0]["result"]["resolutionResult"]
        assert resolution["unsupported"] == {"reason": "loginRequired"}
    assert "success" in await found(speakers, search, who="player")


async def test_explicit_songs_are_left_out_where_the_client_wants_none(speakers: World) -> None:
    search = {"mediaName": "Rude Awakening", "artistName": "Foul Mouths"}
    assert "success" in await found(speakers, search)
    clean = {"constraints": {"allowExplicitContent": False}}
    resolution = await found(speakers, search, session=clean)
    assert resolution["unsupported"] == {"reason": "explicitContentSettings"}


async def test_another_households_own_music_is_not_there(speakers: World) -> None:
    await speakers.rights.change_terms(STRANGER.household_id, Terms(shares_library=False))
    speakers.clock.advance(seconds=1)
    for search in (
        {"mediaName": "Creep", "artistName": "Radiohead"},
        {"mediaIdentifier": speakers.songs["Creep"].id},
        {"genreNames": ["Rock"]},
    ):
        assert (await found(speakers, search, who="stranger"))["unsupported"] == {}


# How it is played


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


# Adding


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


def test_every_response_has_a_schema_that_refuses_other_codes() -> None:
    activity = {
        "activityType": "t", "version": "1.0.2", "persistentIdentifier": "p", "title": "",
        "userInfo": {},
    }  # fmt: skip
    for schema in RESPONSES.values():
        wrong = {"class": "X", "code": "unheard", "userActivity": activity}
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, schema)


async def test_children_hear_what_children_may(speakers: World) -> None:
    assert CHILD.allows_explicit is False
    one = await item(speakers, {"genreNames": ["Rock"]}, who="child")
    assert one["type"] == "music"
