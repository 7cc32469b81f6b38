"""What tests ask the gateway for, and what of the answers they look at."""

from typing import Any

from antiphon.gateways.sirikit.queues import info_for
from antiphon.kernel import random_id

from .sirikit_schemas import check_queue, check_results
from .sirikit_world import World, invocation

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


def activity(speakers: World, *names: str, identifier: str = "", **info: Any) -> dict[str, Any]:
    return {
        "activityType": "org.example.antiphon.play",
        "persistentIdentifier": identifier or random_id(),
        "version": "1.0.2",
        "userInfo": info_for([speakers.songs[n].id for n in names], **info),
    }


async def asked(
    speakers: World,
    about: dict[str, Any],
    *,
    who: str = "robin",
    constraints: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the queue of an activity."""
    body = {"userActivity": about, "constraints": constraints or {}, "version": "1.0.2"}
    answer = await speakers.call("POST", "/siri/queues/playMedia", body, who=who)
    assert answer.status == 200, answer.body
    check_queue(answer.json)
    return answer.json
