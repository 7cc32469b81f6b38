"""A media search leads where spoken text would; each outcome has the shape of the pages."""

from typing import Any

import msgspec
import pytest

from antiphon.library import Kind, Shelf
from antiphon.rights import Terms

from .sirikit_asking import ADD, AFFINITY, OK_COMPUTER, PLAY, found, handled, ids, item
from .sirikit_schemas import RESPONSES, check_results
from .sirikit_world import CHILD, ROBIN, STRANGER, World, invocation


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
