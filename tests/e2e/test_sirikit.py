"""Recorded dialogues of a speaker, replayed against a running server with the demo catalogue.

No client of the vendor exists to test with. The dialogues were written from the vendor's public
pages; what they prove is that this server keeps to them, not that a speaker does.
"""

import base64
import json
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .conftest import PASSWORD, SPEAKERS_KEY, Server, start_server, stop_server, wait_until

DIALOGUES = sorted((Path(__file__).parents[1] / "unit" / "gateways" / "dialogues").glob("*.json"))
_NAME = re.compile(r"\$(?:song|album):[A-Z][A-Za-z, &]*[a-z]|\$[a-z]+")


@pytest.fixture(scope="module")
def server(demo_server: Server) -> Server:
    return demo_server


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.sign_in()


@pytest.fixture(scope="module")
def facts(server: Server, token: str) -> dict[str, str]:
    """The ids of what the dialogues name; every song is ready to be played."""

    def listed(kind: str) -> list[dict[str, Any]]:
        path = f"/v1/catalog/home/{kind}?limit=100"
        return server.call("GET", path, token=token)[1]["data"]

    wait_until(lambda: len(listed("songs")) >= 15, seconds=300, what="the demo catalogue")
    for song in listed("songs"):
        ask = {"songId": song["id"]}
        wait_until(
            lambda ask=ask: server.call("POST", "/v1/me/plays", ask, token)[0] == 201,
            seconds=300,
            what="every song to be packaged",
        )
    named = {f"$song:{one['attributes']['name']}": one["id"] for one in listed("songs")}
    return named | {f"$album:{one['attributes']['name']}": one["id"] for one in listed("albums")}


def send(
    server: Server, method: str, url: str, body: Any, token: str | None, **headers: str
) -> tuple[int, Mapping[str, str], bytes]:
    """Send one request as a speaker does."""
    sent = {
        "Content-Type": "application/json",
        "Accept-Language": "en-GB",
        "User-Agent": "AppleCloudExtension/1.0.2 (AudioAccessory)",
        "Request-Timeout": "10",
        "x-applecloudextension-session-id": "e2e",
        **({"Authorization": f"Bearer {token}"} if token else {}),
        **headers,
    }
    address = url if url.startswith("http") else server.url + url
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as fault:
        with fault:
            return fault.code, fault.headers, fault.read()


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Return a template with its names filled in; a name alone may stand for anything."""
    if isinstance(value, dict):
        return {k: filled(v, known) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, known) for v in value]
    if not isinstance(value, str):
        return value
    if value in known:
        return known[value]
    return _NAME.sub(lambda m: str(known[m.group()]), value)


def unlike(expected: Any, got: Any, place: str = "") -> str:
    """Return where an answer is not what a dialogue expects; empty where it is.

    More members of objects are fine. A list that ends in ``...`` may go on; ``{"has": x}`` and
    ``{"lacks": x}`` are for lists in any order; ``~`` begins a pattern.
    """
    if isinstance(expected, dict) and expected.keys() <= {"has", "lacks"} and isinstance(got, list):
        return _unlike_any(expected, got, place)
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return f"{place}: no object but {got!r}"
        wrong = (unlike(v, got.get(k), f"{place}.{k}") for k, v in expected.items())
        return next(filter(None, wrong), "")
    if isinstance(expected, list):
        return _unlike_list(expected, got, place)
    if isinstance(expected, str) and expected.startswith("~"):
        return "" if re.fullmatch(expected[1:], str(got)) else f"{place}: {got!r}"
    return "" if expected == got else f"{place}: {got!r} is not {expected!r}"


def _unlike_any(expected: dict[str, Any], got: list[Any], place: str) -> str:
    for word, one in expected.items():
        is_there = any(not unlike(one, found) for found in got)
        if is_there != (word == "has"):
            return f"{place}: {word} {one!r} is not so of {got!r}"
    return ""


def _unlike_list(expected: list[Any], got: Any, place: str) -> str:
    wanted = [one for one in expected if one != "..."]
    if not isinstance(got, list) or len(got) < len(wanted):
        return f"{place}: {got!r} is no list of {len(wanted)}"
    if len(got) > len(wanted) and wanted == expected:
        return f"{place}: {got!r} is a list of more than {len(wanted)}"
    wrong = (
        unlike(v, g, f"{place}.{n}") for n, (v, g) in enumerate(zip(wanted, got, strict=False))
    )
    return next(filter(None, wrong), "")


def at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def replay(server: Server, token: str, steps: list[Any], known: dict[str, Any]) -> None:
    for number, step in enumerate(steps):
        known["$now"] = now()
        asked = filled(step["send"], known)
        url = re.sub(
            "%7B([a-zA-Z]+)%7D",
            lambda m, asked=asked: asked.get("tokens", {}).get(m.group(1), ""),
            asked["path"],
        )
        status, headers, raw = send(server, asked["method"], url, asked.get("body"), token)
        assert status == step["expect"]["status"], (number, status, raw)
        if "text" in step["expect"]:
            assert raw.decode().startswith(step["expect"]["text"])
            continue
        body = json.loads(raw) if raw else None
        wrong = unlike(filled(step["expect"].get("body"), known), body) if raw else ""
        assert wrong == "", f"step {number}: {wrong}"
        if url.startswith("/siri/") and status == 200:
            assert headers["x-applecloudextension-session-id"] == "e2e"
        for name, path in step.get("keep", {}).items():
            known[f"${name}"] = at(body, path)


@pytest.mark.parametrize("file", DIALOGUES, ids=lambda file: file.stem)
def test_a_dialogue_goes_as_it_is_written(
    server: Server, token: str, facts: dict[str, str], file: Path
) -> None:
    dialogue = json.loads(file.read_text("utf-8"))
    known = facts | {"$session": secrets.token_hex(8)}
    replay(server, token, dialogue["steps"], known)


def test_there_are_dialogues_to_replay() -> None:
    assert len(DIALOGUES) >= 7


def test_the_configuration_is_signed_by_the_operators_key(server: Server) -> None:
    status, headers, raw = send(server, "GET", "/siri/configuration", None, None)
    assert (status, headers["content-type"]) == (200, "application/jose")
    head, payload, signature = raw.decode("ascii").split(".")
    bytes_ = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(*(int.from_bytes(p, "big") for p in (bytes_[:32], bytes_[32:])))
    pem = (server.data.parent / SPEAKERS_KEY).read_bytes()
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    key.public_key().verify(der, f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    config = json.loads(base64.urlsafe_b64decode(payload + "=="))
    for path in ("intent/playMedia", "queues/playMedia"):
        assert send(server, "POST", f"{config['url']}/{path}", [], None)[0] in {400, 401}
    tag = {"If-None-Match": headers["etag"]}
    assert send(server, "GET", "/siri/configuration", None, None, **tag)[0] == 304


def test_what_a_speaker_plays_is_in_the_history(
    server: Server, token: str, facts: dict[str, str]
) -> None:
    file = next(f for f in DIALOGUES if f.stem == "play_an_album")
    known = facts | {"$session": secrets.token_hex(8)}
    replay(server, token, json.loads(file.read_text("utf-8"))["steps"], known)

    def heard() -> list[str]:
        found = server.call("GET", "/v1/me/history", token=token)[1]["data"]
        return [one["song"]["id"] for one in found]

    wait_until(lambda: facts["$song:Slow Signal"] in heard(), what="the play in the history")


def test_the_sound_of_a_queue_can_be_fetched(
    server: Server, token: str, facts: dict[str, str]
) -> None:
    item = {"identifier": facts["$song:Bronze Rain"], "type": "song"}
    step = {
        "method": "PlayMediaIntentHandling.handle",
        "params": {"intent": {"mediaItems": [item]}},
    }
    status, _, raw = send(server, "POST", "/siri/intent/playMedia", [step], token)
    assert status == 200, raw
    activity = json.loads(raw)[0]["result"]["intentResponse"]["userActivity"]
    body = {"userActivity": activity, "constraints": {}, "version": "1.0.2"}
    status, _, raw = send(server, "POST", "/siri/queues/playMedia", body, token)
    assert status == 200, raw
    url = json.loads(raw)["content"][0]["url"]
    main = send(server, "GET", url, None, None)[2].decode()
    media = (
        url.rsplit("/", 1)[0]
        + "/"
        + next(line for line in main.splitlines() if line and not line.startswith("#"))
    )
    playlist = send(server, "GET", media, None, None)[2].decode()
    first = next(line for line in playlist.splitlines() if line and not line.startswith("#"))
    status, headers, sound = send(server, "GET", media.rsplit("/", 1)[0] + "/" + first, None, None)
    assert status == 200
    assert len(sound) == int(headers["content-length"]) > 1000


def test_a_forged_token_gets_nothing(server: Server, token: str) -> None:
    head, payload, signature = token.split(".")
    forged = f"{head}.{payload}.{signature[::-1]}"
    started = time.monotonic()
    for bearer in (forged, "nonsense", None):
        assert send(server, "POST", "/siri/queues/playMedia", {}, bearer)[0] == 401
        step = [{"method": "PlayMediaIntentHandling.handle", "params": {"intent": {}}}]
        status, headers, raw = send(server, "POST", "/siri/intent/playMedia", step, bearer)
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert json.loads(raw)[0]["exception"]["reason"] == "unauthorized"
    assert time.monotonic() - started < 20


def test_a_listener_who_signs_out_takes_the_speaker_along(server: Server, token: str) -> None:
    other = server.sign_in()
    step = [{"method": "PlayMediaIntentHandling.resolvePlayShuffled", "params": {"intent": {}}}]
    assert send(server, "POST", "/siri/intent/playMedia", step, other)[0] == 200
    assert server.call("POST", "/v1/sign-out", token=other)[0] == 204
    wait_until(
        lambda: send(server, "POST", "/siri/intent/playMedia", step, other)[0] == 401,
        what="every worker to know of it",
    )
    assert send(server, "POST", "/siri/intent/playMedia", step, token)[0] == 200


def test_without_a_key_the_gateway_says_that_it_is_off(tmp_path: Path) -> None:
    plain = start_server(tmp_path / "data")
    try:
        status, answer = plain.call("GET", "/siri/configuration")
    finally:
        stop_server(plain)
    assert (status, answer["errors"][0]["code"]) == (404, "siri_not_set_up")


def test_an_api_token_lets_a_speaker_play_and_no_more(
    server: Server, token: str, facts: dict[str, str]
) -> None:
    wish = {"name": "Kitchen HomePod", "scopes": ["play"], "password": PASSWORD}
    status, made = server.call("POST", "/v1/me/api-tokens", wish, token)
    assert status == 201, made
    form = {
        "grant_type": "client_credentials",
        "client_id": "kitchen",
        "client_secret": made["token"],
    }
    request = urllib.request.Request(server.url + "/siri/token", urlencode(form).encode())
    with urllib.request.urlopen(request, timeout=20) as answer:
        granted = json.loads(answer.read())
    assert granted["scope"] == "play"
    item = {"identifier": facts["$song:Bronze Rain"], "type": "song"}
    about = {"params": {"intent": {"mediaItems": [item], "affinityType": "like"}}}
    codes = []
    for endpoint, intent in (
        ("playMedia", "PlayMedia"),
        ("updateMediaAffinity", "UpdateMediaAffinity"),
    ):
        step = {"method": f"{intent}IntentHandling.handle", **about}
        bearer = granted["access_token"]
        status, _, raw = send(server, "POST", f"/siri/intent/{endpoint}", [step], bearer)
        assert status == 200, raw
        codes.append(json.loads(raw)[0]["result"]["intentResponse"]["code"])
    assert codes == ["success", "failureRequiringAppLaunch"]
    assert server.call("DELETE", f"/v1/me/api-tokens/{made['id']}", token=token)[0] == 204
    wait_until(
        lambda: send(server, "POST", "/siri/intent/playMedia", [step], bearer)[0] == 401,
        what="every worker to know of it",
    )
