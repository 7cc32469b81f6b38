"""A speaker gets a token for a listener's API token, by RFC 6749, and nothing for anything else."""

import base64
import json
from urllib.parse import urlencode

import pytest

from antiphon.eventlog import Outbox
from antiphon.gateways import SirikitRoutes, sirikit_configuration
from antiphon.identity import Identity, NewAccount, SignInDevice
from antiphon.testing import MemoryCache, MemoryEventLog, MemoryTables

from .sirikit_world import BUNDLE, HEADERS, KEY, TOKEN, Answer, World, admit, invocation, send

GRANT = {"grant_type": "client_credentials"}
CLIENT = {"client_id": "robin", "client_secret": TOKEN}


async def asked(
    speakers: World, form: object, *, basic: str | None = None, **headers: str
) -> Answer:
    sent = {"content_type": "application/x-www-form-urlencoded"} | headers
    if basic is not None:
        sent["authorization"] = "Basic " + base64.b64encode(basic.encode()).decode()
    body = form if isinstance(form, bytes) else urlencode(form).encode()  # type: ignore[call-overload]
    return await speakers.call("POST", "/siri/token", body, who="", **sent)


@pytest.mark.parametrize("by_header", [False, True])
async def test_an_api_token_is_exchanged_for_itself(speakers: World, by_header: bool) -> None:
    answer = await asked(
        speakers,
        GRANT if by_header else GRANT | CLIENT,
        basic=f"robin:{TOKEN}" if by_header else None,
    )
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "play",
    }


@pytest.mark.parametrize(
    ("form", "basic", "status", "error"),
    [
        (b"", None, 400, "invalid_request"),
        (CLIENT, None, 400, "invalid_request"),
        (GRANT | CLIENT | {"grant_type": "password"}, None, 400, "unsupported_grant_type"),
        (GRANT, None, 401, "invalid_client"),
        (GRANT | {"client_secret": TOKEN}, None, 401, "invalid_client"),
        (GRANT | CLIENT | {"client_secret": TOKEN + "x"}, None, 401, "invalid_client"),
        (GRANT | CLIENT | {"client_secret": "caf\u00e9"}, None, 401, "invalid_client"),
        (GRANT, "robin", 401, "invalid_client"),
        (GRANT, "robin:wrong", 401, "invalid_client"),
        (GRANT | CLIENT, f"robin:{TOKEN}", 400, "invalid_request"),
        ([*GRANT.items(), *GRANT.items(), *CLIENT.items()], None, 400, "invalid_request"),
        (GRANT | CLIENT | {"scope": "play admin"}, None, 400, "invalid_scope"),
    ],
)
async def test_everything_else_is_refused_in_the_standards_words(
    speakers: World, form: object, basic: str | None, status: int, error: str
) -> None:
    answer = await asked(speakers, form, basic=basic)
    assert (answer.status, answer.json) == (status, {"error": error})
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_header_that_is_none_is_no_client(speakers: World) -> None:
    for header in ("Basic !!!", "Basic 4pi6", f"Bearer {TOKEN}", "Basic"):
        answer = await asked(speakers, GRANT, authorization=header)
        assert (answer.status, answer.json) == (401, {"error": "invalid_client"})


async def test_only_a_short_form_is_taken(speakers: World) -> None:
    assert (await asked(speakers, b"x" * 4097)).status == 413
    assert (await asked(speakers, GRANT | CLIENT, content_type="application/json")).status == 415
    many = [(f"n{n}", "x") for n in range(21)]
    assert (await asked(speakers, many)).status == 400
    assert (await speakers.call("GET", "/siri/token")).status == 405


async def test_an_access_token_that_has_expired_is_unauthorized(speakers: World) -> None:
    clock = speakers.clock
    tables = MemoryTables(clock=clock)
    outbox = Outbox(tables, MemoryEventLog(), clock)
    identity = Identity(tables, MemoryCache(), outbox, clock, b"a secret for tests, 32 bytes long")
    new = NewAccount("robin", "correct horse battery")
    _, tokens = await identity.set_up(new, SignInDevice("HomePod", "speaker"))
    found = sirikit_configuration("https://music.example.org/siri", BUNDLE, KEY)
    routes = SirikitRoutes(speakers.rooms, found, identity.authenticate, admit)
    step = json.dumps([invocation("PlayMediaIntentHandling.resolvePlayShuffled")]).encode()
    headers = HEADERS | {"authorization": f"Bearer {tokens.access_token}"}
    path = "/siri/intent/playMedia"
    assert (await send(routes, "POST", path, step, headers)).status == 200
    clock.advance(seconds=tokens.expires_in + 120)
    await identity.reload()
    answer = await send(routes, "POST", path, step, headers)
    assert answer.status == 401
    assert answer.json[0]["exception"]["reason"] == "unauthorized"
