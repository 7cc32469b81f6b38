"""What players tell becomes plays, likes and dislikes, and nothing else does."""

from typing import Any

import pytest

from antiphon.library import Kind, Shelf
from antiphon.rights import Terms

from .sirikit_asking import activity, asked
from .sirikit_world import ROBIN, STRANGER, World

PLAYING = {
    "local.playing.elapsed": "progress",
    "local.playing.continued": "progress",
    "local.playing.fastForward": "progress",
    "local.playing.fastRewind": "progress",
    "local.playing.scrub": "progress",
    "local.playing.paused": "paused",
    "local.stopped.naturally": "ended",
    "local.stopped.skip_past_end": "skipped",
    "local.stopped.content_failure": "skipped",
}
TRANSITIONS = {
    "local.playing.transitioned.naturally": "ended",
    "local.playing.transitioned.skip_next": "skipped",
    "local.playing.transitioned.skip_previous": "skipped",
    "local.playing.transitioned.queue_replaced": "skipped",
}


async def reported(
    speakers: World, event: str, *, who: str = "robin", status: int = 204, **more: Any
) -> Any:
    body = {
        "report": event,
        "timestamp": "2023-11-14T22:13:20.000Z",
        "userActivity": activity(speakers, "Creep"),
        "version": "1.0.2",
        **more,
    }
    answer = await speakers.call("POST", "/siri/queues/updateActivity", body, who=who)
    assert answer.status == status, answer.body
    return answer.json if answer.body else None


def at(content: str, offset: int) -> dict[str, Any]:
    return {"contentIdentifier": content, "offsetInMillis": offset, "playbackSpeed": 1.0}


@pytest.mark.parametrize(("event", "told"), PLAYING.items())
async def test_what_a_player_does_is_told_of_the_play(
    speakers: World, event: str, told: str
) -> None:
    [content] = (await asked(speakers, activity(speakers, "Creep")))["content"]
    await reported(speakers, event, nowPlaying=at(content["identifier"], 31_000))
    [(play, noted)] = speakers.plays.told
    assert play == content["identifier"]
    assert (noted["type"], noted["positionMs"], noted["at"]) == (told, 31_000, 1_700_000_000_000)


@pytest.mark.parametrize(("event", "told"), TRANSITIONS.items())
async def test_a_transition_ends_one_play_and_begins_another(
    speakers: World, event: str, told: str
) -> None:
    queue = await asked(speakers, activity(speakers, "Creep", "Airbag"))
    first, second = [c["identifier"] for c in queue["content"]]
    await reported(speakers, event, previouslyPlaying=at(first, 45_000), nowPlaying=at(second, 0))
    assert [(p, e["type"], e["positionMs"]) for p, e in speakers.plays.told] == [
        (first, told, 45_000),
        (second, "started", 0),
    ]


async def test_a_song_that_ended_by_itself_was_heard_to_its_end(speakers: World) -> None:
    [content] = (await asked(speakers, activity(speakers, "Creep")))["content"]
    await reported(speakers, "local.stopped.naturally", nowPlaying=at(content["identifier"], 0))
    assert speakers.plays.told[0][1]["positionMs"] == 200_000


async def test_going_back_to_the_start_of_a_song_skips_nothing(speakers: World) -> None:
    [content] = (await asked(speakers, activity(speakers, "Creep")))["content"]
    name = content["identifier"]
    await reported(
        speakers, "local.playing.transitioned.skip_previous",
        previouslyPlaying=at(name, 50_000), nowPlaying=at(name, 0),
    )  # fmt: skip
    assert [e["type"] for _, e in speakers.plays.told] == ["progress"]


@pytest.mark.parametrize(
    ("event", "shelf"),
    [
        ("local.command.like", Shelf.FAVOURITES),
        ("local.command.dislike", Shelf.DISLIKES),
        ("local.command.bookmark", Shelf.LIBRARY),
    ],
)
async def test_buttons_put_the_song_on_a_shelf(speakers: World, event: str, shelf: Shelf) -> None:
    [content] = (await asked(speakers, activity(speakers, "Creep")))["content"]
    await reported(speakers, event, nowPlaying=at(content["identifier"], 5))
    kept = await speakers.library.kept(ROBIN.listener_id, shelf, Kind.SONGS)
    assert [k.id for k in kept] == [speakers.songs["Creep"].id]
    assert speakers.plays.told == []


async def test_buttons_teach_nothing_where_the_client_says_so(speakers: World) -> None:
    [content] = (await asked(speakers, activity(speakers, "Creep")))["content"]
    await reported(
        speakers, "local.command.like",
        nowPlaying=at(content["identifier"], 5),
        constraints={"updateUserTasteProfile": False},
    )  # fmt: skip
    assert await speakers.library.kept(ROBIN.listener_id, Shelf.FAVOURITES, Kind.SONGS) == []


async def test_buttons_change_nothing_for_a_token_that_only_plays(speakers: World) -> None:
    [content] = (await asked(speakers, activity(speakers, "Creep")))["content"]
    now = at(content["identifier"], 5)
    told = await reported(speakers, "local.command.like", who="player", status=403, nowPlaying=now)
    assert told["errors"][0]["code"] == "token_may_not"
    assert await speakers.library.kept(ROBIN.listener_id, Shelf.FAVOURITES, Kind.SONGS) == []


async def test_a_song_that_is_hidden_cannot_be_liked(speakers: World) -> None:
    await speakers.rights.change_terms(STRANGER.household_id, Terms(shares_library=False))
    speakers.clock.advance(seconds=1)
    name = f"grant.{speakers.songs['Creep'].id}.18c.ssfr.0"
    answer = await reported(
        speakers, "local.command.like", who="stranger", status=400, nowPlaying=at(name, 0)
    )
    assert answer["errors"][0]["code"] == "report_unknown"


@pytest.mark.parametrize(
    ("event", "timestamp"),
    [
        ("local.playing.dancing", "2023-11-14T22:13:20.000Z"),
        ("local.playing.elapsed", "yesterday"),
        ("local.playing.elapsed", "2023-11-14T22:13:20.000"),
    ],
)
async def test_reports_that_are_none_are_refused(
    speakers: World, event: str, timestamp: str
) -> None:
    [content] = (await asked(speakers, activity(speakers, "Creep")))["content"]
    now = at(content["identifier"], 1)
    await reported(speakers, event, status=400, timestamp=timestamp, nowPlaying=now)
    assert speakers.plays.told == []
