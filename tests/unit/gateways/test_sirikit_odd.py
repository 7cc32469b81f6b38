"""Odd values anywhere in a request."""

import random
from typing import Any

import pytest

from .sirikit_schemas import check_queue, check_results
from .sirikit_world import World, invocation

ODD: list[Any] = [
    None, True, -1, 0, 2**31, 2**64, 1e308, "", "x", "\x00", "\u202e", "\ud800",
    "🎵" * 50, "a" * 24,
    "' OR 1=1 --", "../../etc/passwd", "{{7*7}}", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "0000", [], {}, [[]], [{}], {"identifier": "a" * 16},
]  # fmt: skip


def mutated(value: Any, chance: random.Random) -> Any:
    """Return a copy in which about one value in eight is odd, or gone."""
    if chance.random() < 0.08:
        return chance.choice(ODD)
    if isinstance(value, dict):
        kept = {k: mutated(v, chance) for k, v in value.items() if chance.random() > 0.04}
        return kept | ({"extra": chance.choice(ODD)} if chance.random() < 0.1 else {})
    if isinstance(value, list):
        return [mutated(v, chance) for v in value]
    return value


def samples(speakers: World) -> list[tuple[str, Any]]:
    """Return one request for each endpoint that says all that can be said."""
    song = speakers.songs["Creep"].id
    playing = {"contentIdentifier": f"grant.{song}.18c.ssfr.0", "offsetInMillis": 5}
    context = {"queueIdentifier": "q", **playing, "playbackSpeed": 1.0}
    search = {
        "mediaName": "Creep", "artistName": "Radiohead", "albumName": "Pablo Honey",
        "mediaType": "song", "genreNames": ["Rock"], "moodNames": ["happy"],
        "releaseDate": {"startDateComponents": "1990", "endDateComponents": {"year": 1999}},
        "sortOrder": "newest", "reference": "unknown", "mediaIdentifier": "",
    }  # fmt: skip
    intent = {
        "mediaSearch": search, "mediaItems": [{"identifier": song, "type": "song", "title": "x"}],
        "playShuffled": True, "playbackRepeatMode": "all", "playbackQueueLocation": "next",
        "resumePlayback": False, "affinityType": "like",
        "mediaDestination": {"mediaDestinationType": "playlist", "playlistName": "Mine"},
    }  # fmt: skip
    session = {"playerContext": context}
    steps = {
        "playMedia": ("PlayMedia", ("resolveMediaItems", "resolvePlaybackQueueLocation", "handle")),
        "addMedia": ("AddMedia", ("resolveMediaItems", "resolveMediaDestination", "handle")),
        "updateMediaAffinity": ("UpdateMediaAffinity", ("resolveMediaItems", "handle")),
    }
    about = {
        "activityType": "x", "persistentIdentifier": "p", "version": "1.0.2",
        "userInfo": {"songs": song, "start": 0, "offset": 5, "place": "next", "queue": "p"},
    }  # fmt: skip
    return [
        *(
            (
                f"intent/{endpoint}",
                [invocation(f"{of}IntentHandling.{m}", session=session, **intent) for m in methods],
            )
            for endpoint, (of, methods) in steps.items()
        ),
        ("queues/playMedia", {"userActivity": about, "constraints": {}, "version": "1.0.2"}),
        (
            "queues/updateActivity",
            {
                "report": "local.playing.transitioned.skip_next",
                "timestamp": "2023-11-14T22:13:20Z",
                "userActivity": about,
                "nowPlaying": context,
                "previouslyPlaying": playing,
                "constraints": {"updateUserTasteProfile": True},
            },
        ),
    ]


@pytest.mark.parametrize("seed", range(8))
async def test_odd_values_anywhere_are_answered_by_the_protocol(speakers: World, seed: int) -> None:
    chance = random.Random(seed)
    seen: set[int] = set()
    for _ in range(40):
        for path, body in samples(speakers):
            answer = await speakers.call("POST", f"/siri/{path}", mutated(body, chance))
            assert answer.status in {200, 204, 400, 404, 410}, (body, answer.body)
            seen.add(answer.status)
            if path.startswith("intent/"):
                check_results(answer.json)
            elif answer.status == 200:
                check_queue(answer.json)
    assert {200, 400} <= seen
