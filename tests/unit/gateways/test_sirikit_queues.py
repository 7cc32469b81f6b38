"""Queues: what plays, in segments, with what may not be heard or is not ready left out."""

import json
import re
from typing import Any

import pytest

from antiphon.gateways.sirikit.queues import (
    ActivityGone,
    ActivityInfo,
    info_for,
    info_of,
    inserted,
    new_queue,
    next_place,
    previous_end,
)
from antiphon.kernel import SongId, random_id
from antiphon.rights import Terms
from antiphon.streaming import NotReady, SongUnplayable

from .sirikit_asking import activity, asked
from .sirikit_schemas import check_queue
from .sirikit_world import CHILD, ORIGIN, ROBIN, STRANGER, World

ALL = [
    "Airbag", "Paranoid Android", "Karma Police", "Creep", "Hello by Adele",
    "Hello by Lionel Richie", "Nocturne in Blue",
]  # fmt: skip


async def followed(
    speakers: World, told: dict[str, Any], name: str, tokens: dict[str, str] | None = None
) -> Any:
    """Return the segment that a pattern of a queue leads to, filled in as clients do."""
    given = tokens or {"queue": told["identifier"]}
    url = re.sub("%7B([a-zA-Z]+)%7D", lambda m: given.get(m.group(1), ""), told[name])
    assert url.startswith(ORIGIN)
    answer = await speakers.call("GET", url.removeprefix(ORIGIN))
    assert answer.status in {200, 204}, answer.body
    if answer.status == 204:
        return None
    check_queue(answer.json)
    return answer.json


def titles(queue: dict[str, Any]) -> list[str]:
    return [content["attributes"]["name"] for content in queue["content"]]


async def test_a_queue_has_what_was_asked_for_in_its_order(speakers: World) -> None:
    about = activity(speakers, "Karma Police", "Airbag", identifier="activity-1")
    queue = await asked(speakers, about)
    assert titles(queue) == ["Karma Police", "Airbag"]
    assert queue["identifier"] == "activity-1"
    assert queue["contentItemsCount"] == 2
    assert "nextContentUrl" not in queue
    assert "previousContentUrl" not in queue
    first = queue["content"][0]
    song = speakers.songs["Karma Police"]
    assert first["url"] == f"{ORIGIN}/hls/token/{song.id}/main.m3u8"
    assert first["attributes"] == {
        "name": "Karma Police",
        "artistName": "Radiohead",
        "albumName": "OK Computer",
        "durationInMillis": 200_000,
        "trackNumber": 3,
        "genreNames": ["Rock"],
    }


async def test_the_client_says_how_much_it_takes_and_follows_the_rest(speakers: World) -> None:
    few = {"maximumQueueSegmentItemCount": 3}
    queue = await asked(speakers, activity(speakers, *ALL), constraints=few)
    seen, places = titles(queue), [c["playIndex"] for c in queue["content"]]
    while "nextContentUrl" in queue:
        queue = await followed(speakers, queue, "nextContentUrl")
        assert len(queue["content"]) <= 3
        seen += titles(queue)
        places += [c["playIndex"] for c in queue["content"]]
    assert places == [1, 2, 3, 4, 5, 6, 7]
    assert seen == [speakers.songs[n].title for n in ALL]
    before = await followed(speakers, queue, "previousContentUrl")
    assert titles(before) == ["Creep", "Hello", "Hello"]


async def test_the_patterns_have_tokens_with_escaped_braces(speakers: World) -> None:
    few = {"maximumQueueSegmentItemCount": 2}
    queue = await asked(speakers, activity(speakers, *ALL), constraints=few)
    for token in ("activity", "queue", "content", "offset"):
        assert f"{token}=%7B{token}%7D" in queue["nextContentUrl"]
    assert "{" not in queue["nextContentUrl"]


async def test_a_segment_is_found_by_its_activity_where_the_queue_is_unknown(
    speakers: World,
) -> None:
    few = {"maximumQueueSegmentItemCount": 2}
    about = activity(speakers, *ALL, identifier="activity-2")
    queue = await asked(speakers, about, constraints=few)
    found = await followed(speakers, queue, "nextContentUrl", {"activity": "activity-2"})
    assert titles(found) == ["Karma Police", "Creep"]


async def test_a_segment_after_the_end_has_no_content(speakers: World) -> None:
    queue = await asked(speakers, activity(speakers, "Creep"))
    path = f"/siri/queues/segment?queue={queue['identifier']}&from=7"
    assert (await speakers.call("GET", path)).status == 204


async def test_a_segment_may_be_asked_for_by_post(speakers: World) -> None:
    queue = await asked(speakers, activity(speakers, *ALL))
    path = f"/siri/queues/segment?queue={queue['identifier']}&from=4"
    answer = await speakers.call("POST", path, {})
    assert titles(answer.json) == ["Hello", "Hello", "Nocturne in Blue"]


async def test_nobody_follows_anothers_queue(speakers: World) -> None:
    queue = await asked(speakers, activity(speakers, *ALL))
    path = f"/siri/queues/segment?queue={queue['identifier']}&from=1"
    answer = await speakers.call("GET", path, who="child")
    assert (answer.status, answer.json["errors"][0]["code"]) == (404, "queue_unknown")


async def test_repeating_all_leads_from_the_last_segment_to_the_first(speakers: World) -> None:
    few = {"maximumQueueSegmentItemCount": 2}
    about = activity(speakers, "Airbag", "Creep", "Karma Police", repeat="all")
    first = await asked(speakers, about, constraints=few)
    last = await followed(speakers, first, "nextContentUrl")
    again = await followed(speakers, last, "nextContentUrl")
    assert [titles(q) for q in (first, last, again)] == [
        ["Airbag", "Creep"],
        ["Karma Police"],
        ["Airbag", "Creep"],
    ]
    assert titles(await followed(speakers, first, "previousContentUrl")) == [
        "Creep",
        "Karma Police",
    ]


async def test_repeating_one_leads_to_itself(speakers: World) -> None:
    queue = await asked(speakers, activity(speakers, "Airbag", "Creep", repeat="one"))
    again = await followed(speakers, queue, "nextContentUrl")
    assert titles(queue) == titles(again) == ["Airbag"]
    assert queue["content"][0]["identifier"] != again["content"][0]["identifier"]


async def test_going_on_begins_with_the_song_and_points_into_it(speakers: World) -> None:
    about = activity(speakers, "Airbag", "Creep", "Karma Police", start=1, offset=65_000)
    queue = await asked(speakers, about)
    assert titles(queue) == ["Creep", "Karma Police"]
    first = queue["content"][0]["identifier"]
    assert queue["playPointer"] == {"contentIdentifier": first, "offsetInMillis": 65_000}
    assert titles(await followed(speakers, queue, "previousContentUrl")) == ["Airbag"]


async def test_next_is_put_after_what_plays_and_the_rest_is_told_again(speakers: World) -> None:
    queue = await asked(speakers, activity(speakers, "Airbag", "Creep", "Karma Police"))
    playing = queue["content"][0]["identifier"]
    about = activity(
        speakers, "Nocturne in Blue", place="next", queue=queue["identifier"], content=playing
    )
    changed = await asked(speakers, about)
    assert changed["identifier"] == queue["identifier"]
    assert changed["insertPointer"] == {"afterIdentifier": playing, "replace": True}
    assert titles(changed) == ["Nocturne in Blue", "Creep", "Karma Police"]
    assert [c["playIndex"] for c in changed["content"]] == [2, 3, 4]
    assert changed["contentItemsCount"] == 4


async def test_later_is_put_at_the_end_of_what_is_not_yet_told(speakers: World) -> None:
    few = {"maximumQueueSegmentItemCount": 2}
    queue = await asked(
        speakers, activity(speakers, "Airbag", "Creep", "Karma Police"), constraints=few
    )
    last = queue["content"][-1]["identifier"]
    about = activity(
        speakers, "Nocturne in Blue", place="later", queue=queue["identifier"], content=last
    )
    changed = await asked(speakers, about, constraints=few)
    assert changed["insertPointer"] == {"afterIdentifier": last, "replace": False}
    assert titles(changed) == ["Karma Police", "Nocturne in Blue"]


async def test_what_goes_into_a_queue_that_is_not_known_any_more_plays_by_itself(
    speakers: World,
) -> None:
    about = activity(speakers, "Creep", place="next", queue="forgotten", content="x")
    queue = await asked(speakers, about)
    assert queue["identifier"] == about["persistentIdentifier"]
    assert "insertPointer" not in queue


# What may not be heard


async def test_songs_that_may_not_be_heard_are_left_out(speakers: World) -> None:
    about = activity(speakers, "Abroad", "Creep", "Withdrawn", "Airbag", "Members Only")
    queue = await asked(speakers, about)
    assert titles(queue) == ["Creep", "Airbag"]
    assert [c["playIndex"] for c in queue["content"]] == [2, 4]


async def test_rights_that_change_under_a_queue_count_from_the_next_segment(
    speakers: World,
) -> None:
    queue = await asked(
        speakers, activity(speakers, *ALL), constraints={"maximumQueueSegmentItemCount": 2}
    )
    await speakers.rights.change_terms(ROBIN.household_id, Terms(shares_library=False))
    speakers.clock.advance(seconds=1)
    assert await followed(speakers, queue, "nextContentUrl") is None


async def test_an_activity_with_nothing_to_be_heard_has_no_content(speakers: World) -> None:
    body = {"userActivity": activity(speakers, "Withdrawn"), "version": "1.0.2"}
    assert (await speakers.call("POST", "/siri/queues/playMedia", body)).status == 204


async def test_a_song_that_cannot_be_decoded_is_left_out(speakers: World) -> None:
    speakers.plays.refusals[speakers.songs["Creep"].id] = SongUnplayable("It is broken.")
    assert titles(await asked(speakers, activity(speakers, "Creep", "Airbag"))) == ["Airbag"]


async def test_a_segment_ends_before_a_song_that_is_not_ready(speakers: World) -> None:
    speakers.plays.refusals[speakers.songs["Creep"].id] = NotReady("Wait.", retry_after=2)
    queue = await asked(speakers, activity(speakers, "Airbag", "Creep", "Karma Police"))
    assert titles(queue) == ["Airbag"]
    speakers.plays.refusals.clear()
    rest = await followed(speakers, queue, "nextContentUrl")
    assert titles(rest) == ["Creep", "Karma Police"]


async def test_what_is_ready_plays_where_the_first_song_is_not(speakers: World) -> None:
    speakers.plays.refusals[speakers.songs["Creep"].id] = NotReady("Wait.", retry_after=2)
    assert titles(await asked(speakers, activity(speakers, "Creep", "Airbag"))) == ["Airbag"]


async def test_the_client_is_told_to_come_back_where_nothing_is_ready(speakers: World) -> None:
    speakers.plays.refusals[speakers.songs["Creep"].id] = NotReady("Wait.", retry_after=2)
    body = {"userActivity": activity(speakers, "Creep"), "version": "1.0.2"}
    answer = await speakers.call("POST", "/siri/queues/playMedia", body)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


# Activities


def test_what_a_hundred_songs_take_fits_into_an_activity() -> None:
    info = info_for([random_id() for _ in range(100)], queue="q" * 1024, content="c" * 1000)
    assert len(json.dumps(info)) <= 8192


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"songs": ""},
        {"songs": "a" * 24 + " ../../etc/passwd"},
        {"songs": 7},
        {"songs": " ".join(["a" * 16] * 101)},
        {"songs": "a" * 24, "start": -1},
        {"songs": "a" * 24, "offset": 2**80},
        {"songs": "a" * 24, "place": ["now"]},
    ],
)
async def test_activities_that_were_not_made_here_are_gone(
    speakers: World, info: dict[str, Any]
) -> None:
    with pytest.raises(ActivityGone):
        info_of(info)
    body = {
        "userActivity": {"activityType": "x", "version": "1.0.2", "userInfo": info},
        "version": "1.0.2",
    }
    answer = await speakers.call("POST", "/siri/queues/playMedia", body)
    assert (answer.status, answer.json["errors"][0]["code"]) == (410, "activity_gone")


async def test_an_activity_of_another_household_plays_only_what_may_be_heard_here(
    speakers: World,
) -> None:
    await speakers.rights.change_terms(STRANGER.household_id, Terms(shares_library=False))
    speakers.clock.advance(seconds=1)
    body = {"userActivity": activity(speakers, *ALL), "version": "1.0.2"}
    answer = await speakers.call("POST", "/siri/queues/playMedia", body, who="stranger")
    assert answer.status == 204
    assert CHILD.household_id != STRANGER.household_id


# Pure decisions


def a_queue(*, repeat: str = "none") -> Any:
    info = ActivityInfo(songs=" ".join(f"{n}" * 16 for n in "abcd"), repeat=repeat)
    return new_queue(info, allows_explicit=True, size=2)


def test_a_queue_ends_unless_it_repeats() -> None:
    assert next_place(a_queue(), 1) == 2
    assert next_place(a_queue(), 3) is None
    assert next_place(a_queue(repeat="all"), 3) == 0
    assert next_place(a_queue(repeat="one"), 0) == 0
    assert previous_end(a_queue(), 0) is None
    assert previous_end(a_queue(), 2) == 2
    assert previous_end(a_queue(repeat="all"), 0) == 4


def test_a_queue_does_not_grow_without_bound() -> None:
    state = a_queue()
    more = ActivityInfo(songs=" ".join(["e" * 16] * 100), place="later")
    for _ in range(20):
        state, _ = inserted(state, more)
    assert len(state.songs) == len(state.contents) == 1000


def test_songs_are_known_by_their_ids_alone() -> None:
    assert info_of({"songs": f"{'a' * 16} {'b' * 24}"}).song_ids == [
        SongId("a" * 16),
        SongId("b" * 24),
    ]
