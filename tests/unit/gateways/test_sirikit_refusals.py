"""Broken requests get protocol exceptions, and hostile ones cost little."""

import asyncio
import json
from typing import Any

import pytest

from antiphon.gateways.sirikit.errors import Why, protocol_error
from antiphon.kernel import Conflict, Denied, Unavailable

from .sirikit_schemas import check_results
from .sirikit_world import World, invocation

PLAY = "PlayMediaIntentHandling."
SEARCH = {"mediaName": "Creep", "artistName": "Radiohead"}
RESOLVE = invocation(f"{PLAY}resolveMediaItems", mediaSearch=SEARCH)


async def refused(
    speakers: World, body: Any, status: int, *, endpoint: str = "playMedia", **more: Any
) -> dict[str, Any]:
    """Return the one exception that a request gets."""
    answer = await speakers.call("POST", f"/siri/intent/{endpoint}", body, **more)
    assert answer.status == status, answer.body
    check_results(answer.json)
    [result] = answer.json
    assert result["method"] == "ProtocolException"
    return result["exception"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"[7]",
        b'{"method":"x"}',
        b"[" * 50_000,
        b'"\xff\xfe"',
        json.dumps([{"method": "x"}]).encode(),
        json.dumps([{"method": 7, "params": {"intent": {}}}]).encode(),
        json.dumps([RESOLVE] * 17).encode(),
        json.dumps([invocation("x" * 101)]).encode(),
        json.dumps([invocation("x", mediaSearch={"mediaName": "x" * 1001})]).encode(),
        json.dumps([invocation("x", mediaSearch={"genreNames": ["x"] * 21})]).encode(),
        json.dumps([invocation("x", mediaItems=[{"identifier": "x" * 251}])]).encode(),
        json.dumps([invocation("x", mediaItems=[{"identifier": "x"}] * 101)]).encode(),
        json.dumps([invocation("x", session={"identifier": ""})]).encode(),
        json.dumps([invocation("x", session={"version": "one"})]).encode(),
        json.dumps(
            [invocation("x", session={"constraints": {"maximumQueueSegmentItemCount": 0}})]
        ).encode(),
    ],
)
async def test_what_cannot_be_read_is_unparseable(speakers: World, body: bytes) -> None:
    told = await refused(speakers, body, 400)
    assert told["reason"] == "unparseable"
    assert "trace" not in told


async def test_a_body_that_is_too_large_is_not_read_to_its_end(speakers: World) -> None:
    assert (await refused(speakers, b"[" + b" " * 65_536, 413))["reason"] == "unparseable"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_only_json_is_taken(speakers: World, kind: str) -> None:
    told = await refused(speakers, [RESOLVE], 415, content_type=kind)
    assert told["reason"] == "unparseable"


async def test_json_may_say_its_charset(speakers: World) -> None:
    answer = await speakers.call(
        "POST", "/siri/intent/playMedia", [RESOLVE], content_type="Application/JSON; charset=utf-8"
    )
    assert answer.status == 200


@pytest.mark.parametrize("session", ["", "x" * 129, "caf\u00e9"])
async def test_a_request_without_a_session_is_refused(speakers: World, session: str) -> None:
    told = await refused(speakers, [RESOLVE], 400, x_applecloudextension_session_id=session)
    assert told["reason"] == "unparseable"


@pytest.mark.parametrize("who", ["", "forged", "robin "])
async def test_a_token_that_is_none_is_unauthorized(speakers: World, who: str) -> None:
    answer = await speakers.call("POST", "/siri/intent/playMedia", [RESOLVE], who=who)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    check_results(answer.json)
    assert answer.json[0]["exception"] == {
        "reason": "unauthorized",
        "code": 2,
        "methodName": f"{PLAY}resolveMediaItems",
        "methodIndex": 0,
    }


@pytest.mark.parametrize("path", ["queues/playMedia", "queues/updateActivity", "queues/segment"])
async def test_queues_are_for_those_who_are_signed_in(speakers: World, path: str) -> None:
    answer = await speakers.call("POST", f"/siri/{path}", {}, who="forged")
    assert answer.status == 401
    assert answer.json["errors"][0]["code"] == "not_signed_in"


async def test_an_unknown_method_fails_alone_and_says_which(speakers: World) -> None:
    steps = [RESOLVE, invocation(f"{PLAY}resolvePlaybackSpeed"), RESOLVE]
    results = await speakers.invoke("playMedia", *steps)
    check_results(results)
    assert results[1]["exception"] == {
        "reason": "unsupported",
        "code": 1,
        "methodName": f"{PLAY}resolvePlaybackSpeed",
        "methodIndex": 1,
    }
    for place in (0, 2):
        assert "success" in results[place]["result"]["resolutionResult"][0]


@pytest.mark.parametrize(
    ("endpoint", "method"),
    [
        ("addMedia", f"{PLAY}resolveMediaItems"),
        ("addMedia", f"{PLAY}handle"),
        ("playMedia", "AddMediaIntentHandling.confirm"),
        ("updateMediaAffinity", "AddMediaIntentHandling.resolveMediaItems"),
    ],
)
async def test_a_method_of_another_endpoint_is_invalid(
    speakers: World, endpoint: str, method: str
) -> None:
    [result] = await speakers.invoke(endpoint, invocation(method))
    check_results([result])
    told = result["exception"]
    assert (told["reason"], told["methodName"], told["methodIndex"]) == ("invalid", method, 0)


async def test_handling_before_anything_was_resolved_is_unexpected(speakers: World) -> None:
    [result] = await speakers.invoke("playMedia", invocation(f"{PLAY}handle", mediaSearch=SEARCH))
    check_results([result])
    assert result["exception"]["reason"] == "unexpected"


async def test_a_version_that_is_not_spoken_any_more_is_deprecated(speakers: World) -> None:
    step = invocation(f"{PLAY}resolveMediaItems", session={"version": "0.9.0"})
    [result] = await speakers.invoke("playMedia", step)
    check_results([result])
    assert result["exception"]["reason"] == "deprecated"


async def test_too_many_at_once_are_told_when_to_come_back(speakers: World) -> None:
    async def one() -> Any:
        return await speakers.call("POST", "/siri/intent/playMedia", [RESOLVE] * 4)

    answers = await asyncio.gather(*(one() for _ in range(40)))
    assert {a.status for a in answers} == {200, 503}
    for answer in answers:
        check_results(answer.json)
        if answer.status == 503:
            told = answer.json[0]["exception"]
            assert told["reason"] == "busy"
            assert 0 < told["retryWithDelay"] <= 5
            assert told["methodName"] == f"{PLAY}resolveMediaItems"
    assert (await one()).status == 200


async def test_what_takes_longer_than_the_client_waits_is_complex(
    speakers: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(_caller: Any, _asked: Any, _: Any = None) -> Any:
        await asyncio.sleep(60)

    voice = await speakers.rooms.voice.voice()
    monkeypatch.setattr(voice, "find", slow)
    told = await refused(speakers, [RESOLVE], 503, request_timeout="1")
    assert told["reason"] == "complex"
    assert "retryWithDelay" not in told


@pytest.mark.parametrize("timeout", ["", "0", "-5", "soon", "9" * 30])
async def test_an_odd_deadline_is_none(speakers: World, timeout: str) -> None:
    answer = await speakers.call(
        "POST", "/siri/intent/playMedia", [RESOLVE], request_timeout=timeout
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "configuration", "GET, HEAD"),
        ("GET", "intent/playMedia", "POST"),
        ("DELETE", "queues/playMedia", "POST"),
        ("PUT", "queues/segment", "GET, POST"),
    ],
)
async def test_other_methods_are_told_which_are_right(
    speakers: World, method: str, path: str, allowed: str
) -> None:
    answer = await speakers.call(method, f"/siri/{path}", {})
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["", "intent/", "intent/search", "queues/", "queues/x", "x/y/z"])
async def test_there_is_nothing_anywhere_else(speakers: World, path: str) -> None:
    assert (await speakers.call("POST", f"/siri/{path}", [RESOLVE])).status == 404


@pytest.mark.parametrize("query", ["", "queue=x", "queue=x&from=", "queue=x&from=-1", "from=1e9"])
async def test_a_segment_without_a_place_is_refused(speakers: World, query: str) -> None:
    answer = await speakers.call("GET", f"/siri/queues/segment?{query}")
    assert answer.status == 400


@pytest.mark.parametrize("queue", ["", "unknown", "x" * 3000, "%00", "%F0%9F%8E%B5"])
async def test_a_segment_of_no_queue_is_not_found(speakers: World, queue: str) -> None:
    answer = await speakers.call("GET", f"/siri/queues/segment?queue={queue}&from=1")
    assert answer.status == 404


def test_errors_of_the_rooms_are_told_in_the_protocols_words() -> None:
    assert protocol_error(Unavailable("Tables are away.")).why is Why.BUSY
    assert protocol_error(Unavailable("Tables are away.")).retry == 1.0
    assert protocol_error(Denied("No.")).why is Why.UNAUTHORIZED
    assert protocol_error(Conflict("Changed.")).why is Why.INTERNAL
