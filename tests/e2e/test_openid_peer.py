"""Signing in against a certified provider, over both servers' public protocols.

The peer is the npm package ``oidc-provider``. Apple's kind of client secret is checked in front of
it by another JOSE library, as Apple's documentation describes it; Apple itself was not asked.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from joserfc.jwk import ECKey

from antiphon.eventlog import Outbox
from antiphon.identity import Identity, Links, NewAccount, OpenIdSignIn, Provider, SignInDevice
from antiphon.identity.openid.errors import OpenIdRefused
from antiphon.identity.openid.flow import ProviderAnswer
from antiphon.kernel import SystemClock
from antiphon.testing import MemoryCache, MemoryEventLog, MemoryTables

from .conftest import Server, free_port, start_server, stop_server, wait_until
from .openid_peer import Peer, answered, openid_peer

TEAM, KEY_ID = "TEAM123456", "KEY1234567"
SECRETS = {"basic": "s:e c/r+e t", "post": "s", "es256": "s", "ps256": "s", "hasty": "s"}
SIGNED = {"es256": "ES256", "ps256": "PS256"}
METHODS = {"post": "client_secret_post", "public": "none", "assertion": "private_key_jwt"}
HANDED_ON = ("state", "code", "iss", "error", "user")  # of what comes back, by the player
IDS = (*SECRETS, "public", "assertion", "apple", "forged")


@dataclass(frozen=True, slots=True)
class World:
    """An installation at ``origin`` that trusts the peer by way of several clients."""

    server: Server
    peer: Peer
    origin: str
    keys: Path

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.server.url, timeout=20)

    def begin(self, browser: httpx.Client, provider: str) -> str:
        told = browser.post(f"/v1/sign-in/openid/{provider}/begin").raise_for_status()
        return str(told.json()["url"])

    def finish(self, browser: httpx.Client, provider: str, told: dict[str, str]) -> httpx.Response:
        body = {name: told[name] for name in HANDED_ON if name in told}
        return browser.post(f"/v1/sign-in/openid/{provider}", json=body)

    def sign_in(self, provider: str, **how: Any) -> httpx.Response:
        """Go through the whole flow in a fresh browser."""
        with self.browser() as browser:
            url = self.begin(browser, provider)
            _, told = answered(url, back_to=self.origin, **how)
            return self.finish(browser, provider, told)

    def me(self, answer: httpx.Response) -> dict[str, Any]:
        token = answer.raise_for_status().json()["accessToken"]
        return dict(self.server.call("GET", "/v1/me", token=token)[1])


def settings_of(issuer: str, keys: Path) -> str:
    """Return a settings file with one provider for each way of showing who asks."""
    tables = []
    for name in IDS:
        more: dict[str, Any] = {"id": name, "name": name.title(), "client_id": name}
        if name in SECRETS:
            more["client_secret"] = SECRETS[name]
            more["client_auth"] = "post" if name == "post" else "auto"
        elif name != "public":
            more |= {"key_id": KEY_ID, "key_file": str(keys / f"{name}.p8")}
        if name in {"apple", "forged"}:
            more |= {"style": "apple", "team": TEAM, "scopes": ["openid", "name", "email"]}
            more["client_id"] = "apple"
        lines = [f"{key} = {json.dumps(value)}" for key, value in more.items()]
        common = [f'issuer = "{issuer}"', 'new_accounts = "anyone"', "private_addresses = true"]
        tables.append("\n".join(["[[openid]]", *lines, *common]))
    return "\n\n".join(tables)


def clients_for(origin: str, public: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the provider knows of this installation."""
    made = []
    for name in IDS[:-1]:
        form = f"{origin}/v1/sign-in/openid/{name}/form"
        client = {
            "client_id": name,
            "redirect_uris": [form if name == "apple" else f"{origin}/sign-in/openid/{name}"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": METHODS.get(name, "client_secret_basic"),
            "id_token_signed_response_alg": SIGNED.get(name, "RS256"),
        }
        if name in SECRETS:
            client["client_secret"] = SECRETS[name]
        if name == "assertion":
            client["jwks"] = {"keys": [public | {"kid": KEY_ID}]}
        if name == "apple":
            client["token_endpoint_auth_method"] = "client_secret_post"
            client["redirect_uris"].append(f"{origin}/v1/sign-in/openid/forged/form")
        made.append(client)
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("openid")
    keys = {name: ECKey.generate_key("P-256") for name in ("assertion", "apple", "forged")}
    for name, key in keys.items():
        (folder / f"{name}.p8").write_bytes(key.as_pem(private=True))
    origin = f"http://localhost:{free_port()}"  # nobody listens there: answers are carried by hand
    with openid_peer(folder / "peer.log") as peer:
        public = {n: k.as_dict(private=False) for n, k in keys.items()}
        apple = {"clientId": "apple", "team": TEAM, "keyId": KEY_ID, "key": public["apple"]}
        peer.tell(clients=clients_for(origin, public["assertion"]), apple=apple)
        file = folder / "antiphon.toml"
        file.write_text(f'public_url = "{origin}"\n\n' + settings_of(peer.issuer, folder), "utf-8")
        server = start_server(folder / "data", env={"ANTIPHON_CONFIG": str(file)})
        try:
            server.sign_in()
            yield World(server, peer, origin, folder)
        finally:
            status = stop_server(server)
    assert status == 0


def changed(url: str, **query: str) -> str:
    """Return the address with other parameters."""
    parts = urlsplit(url)
    before = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return urlunsplit(parts._replace(query=urlencode(before | query)))


def refused(answer: httpx.Response, *words: str) -> bool:
    assert answer.status_code == 400, answer.text
    (problem,) = answer.json()["errors"]
    assert problem["code"] == "openid_refused"
    return all(word in problem["detail"] for word in words)


# How the token request showed who sent it: by its header, and by which fields.
SHOWN = {
    "basic": (True, set()),
    "post": (False, {"client_id", "client_secret"}),
    "public": (False, {"client_id"}),
    "assertion": (False, {"client_id", "client_assertion", "client_assertion_type"}),
    "es256": (True, set()),
    "ps256": (True, set()),
}
FLOW = {"grant_type", "code", "redirect_uri", "code_verifier"}


@pytest.mark.parametrize("provider", SHOWN)
def test_a_person_signs_in_and_comes_back_however_the_client_shows_itself(
    world: World, provider: str
) -> None:
    world.peer.events("grant")
    login = f"kim-{provider}"
    first = world.me(world.sign_in(provider, login=login))
    assert (first["username"], first["displayName"]) == (login, f"{login} Example")
    assert (first["role"], first["hasPassword"]) == ("member", False)
    again = world.me(world.sign_in(provider, login=login))
    assert again["id"] == first["id"]
    grants = world.peer.events("grant")
    in_header, fields = SHOWN[provider]
    assert [g["basic"] for g in grants] == [in_header] * 2
    assert all(set(g["fields"]) == FLOW | fields for g in grants)


def test_one_person_is_one_account_by_way_of_every_client_of_the_issuer(world: World) -> None:
    one = world.me(world.sign_in("basic", login="same"))
    assert world.me(world.sign_in("assertion", login="same"))["id"] == one["id"]
    assert world.me(world.sign_in("basic", login="other"))["id"] != one["id"]


def test_an_id_token_with_another_nonce_is_refused(world: World) -> None:
    with world.browser() as browser:
        url = changed(world.begin(browser, "basic"), nonce="x" * 43)
        _, told = answered(url, back_to=world.origin)
        assert refused(world.finish(browser, "basic", told), "belongs to another sign-in")


def test_a_code_asked_for_with_anothers_challenge_is_refused_by_the_provider(
    world: World,
) -> None:
    world.peer.events("refusal")
    with world.browser() as browser:
        url = changed(world.begin(browser, "basic"), code_challenge="x" * 43)
        _, told = answered(url, back_to=world.origin)
        assert refused(world.finish(browser, "basic", told), "does not take this answer")
    (event,) = world.peer.events("refusal")
    assert "code_verifier does not match" in event["why"]


def test_a_state_is_good_in_its_browser_only_for_its_client_and_once(world: World) -> None:
    with world.browser() as mine, world.browser() as other:
        _, told = answered(world.begin(mine, "basic"), back_to=world.origin)
        assert refused(world.finish(other, "basic", told), "another browser")
        assert refused(world.finish(mine, "post", told), "something else")
        assert refused(world.finish(mine, "basic", told | {"state": "x" * 43}))
        assert world.finish(mine, "basic", told).status_code == 200
        assert refused(world.finish(mine, "basic", told), "used already")


def test_a_code_is_good_once_and_not_for_another_sign_in(world: World) -> None:
    with world.browser() as browser:
        _, used = answered(world.begin(browser, "basic"), back_to=world.origin)
        world.finish(browser, "basic", used).raise_for_status()
        _, told = answered(world.begin(browser, "basic"), back_to=world.origin)
        mixed = told | {"code": used["code"]}
        assert refused(world.finish(browser, "basic", mixed), "does not take this answer")


def test_a_code_that_has_expired_is_refused(world: World) -> None:
    with world.browser() as browser:
        _, told = answered(world.begin(browser, "hasty"), back_to=world.origin)
        time.sleep(2.1)  # the provider's code lives for a second, and it counts whole ones
        assert refused(world.finish(browser, "hasty", told), "does not take this answer")


def test_who_does_not_allow_it_is_told_so_and_gets_no_account(world: World) -> None:
    answer = world.sign_in("basic", login="nobody", allows=False)
    assert refused(answer, "did not allow")
    users = world.server.call("GET", "/v1/users", token=world.server.sign_in())[1]["data"]
    assert "nobody" not in {user["username"] for user in users}


def test_the_answer_has_to_say_that_it_is_from_this_provider(world: World) -> None:
    with world.browser() as browser:
        _, told = answered(world.begin(browser, "basic"), back_to=world.origin)
        assert told["iss"] == world.peer.issuer
        with_other = told | {"iss": "https://evil.example"}
        assert refused(world.finish(browser, "basic", with_other), "another provider")


# ------------------------------------------------------------------- Apple's conventions


def posted(
    world: World, browser: httpx.Client, provider: str, login: str = "kim", **more: str
) -> dict[str, str]:
    """Have the provider post its form, as a browser without our cookies; return what came of it."""
    target, fields = answered(world.begin(browser, provider), back_to=world.origin, login=login)
    path = f"/v1/sign-in/openid/{provider}/form"
    assert target == world.origin + path
    with world.browser() as from_elsewhere:
        answer = from_elsewhere.post(path, data=fields | more)
    assert answer.status_code == 303
    page = urlsplit(answer.headers["location"])
    assert page.path == f"/sign-in/openid/{provider}"
    return {name: values[0] for name, values in parse_qs(page.query).items()}


def test_a_posted_form_and_a_signed_secret_sign_in_with_the_name_that_is_told_once(
    world: World,
) -> None:
    world.peer.events("grant")
    user = json.dumps({"name": {"firstName": "Kim", "lastName": "Lee"}, "email": "x@y.example"})
    with world.browser() as browser:
        told = posted(world, browser, "apple", login="posted", user=user)
        assert json.loads(told["user"])["name"]["firstName"] == "Kim"
        me = world.me(world.finish(browser, "apple", told))
    assert me["displayName"] == "posted Example"  # a provider that tells a name is believed first
    (grant,) = world.peer.events("grant")
    assert (grant["clientId"], grant["basic"]) == ("apple", False)
    assert set(grant["fields"]) == FLOW | {"client_id", "client_secret"}


def test_a_secret_signed_by_another_key_opens_nothing(world: World) -> None:
    with world.browser() as browser:
        answer = world.finish(browser, "forged", posted(world, browser, "forged"))
    assert answer.status_code == 503, answer.text
    assert answer.json()["errors"][0]["code"] == "provider_unavailable"


def notice(world: World, login: str, kind: str, **changes: Any) -> str:
    """Return a notice about somebody, signed by the provider."""
    events = json.dumps({"type": kind, "sub": login, "event_time": round(time.time() * 1000)})
    claims = {"iss": world.peer.issuer, "aud": "apple", "jti": login, "events": events}
    return str(world.peer.tell(sign=claims | {"iat": round(time.time()), **changes})["jwt"])


def test_a_withdrawn_consent_signs_out_in_every_process_within_seconds(world: World) -> None:
    with world.browser() as browser:
        told = posted(world, browser, "apple", login="withdrawer")
        token = world.finish(browser, "apple", told).raise_for_status().json()["accessToken"]
        path = "/v1/sign-in/openid/apple/notices"
        forged = notice(world, "withdrawer", "consent-revoked", iss="https://evil.example")
        assert refused(browser.post(path, json={"payload": forged}), "somebody else")
        assert world.server.call("GET", "/v1/me", token=token)[0] == 200
        signed = notice(world, "withdrawer", "consent-revoked")
        taken = browser.post(path, json={"payload": signed, "more": 1})
        assert (taken.status_code, taken.json()) == (200, {"taken": True})
    wait_until(lambda: world.server.call("GET", "/v1/me", token=token)[0] == 401, what="the end")
    time.sleep(1.1)  # both processes look once a second
    assert {world.server.call("GET", "/v1/me", token=token)[0] for _ in range(8)} == {401}


def test_the_consent_is_given_back_when_an_account_is_removed(world: World) -> None:
    with world.browser() as browser:
        told = posted(world, browser, "apple", login="leaver")
        me = world.me(world.finish(browser, "apple", told))
    world.peer.events("revoked")
    owner = world.server.sign_in()
    assert world.server.call("DELETE", f"/v1/users/{me['id']}", token=owner)[0] == 204
    events = wait_until(lambda: world.peer.events("revoked"), what="the revocation")
    assert [event["accountId"] for event in events] == ["leaver"]


# ------------------------------------------------------------------------------- linking


def test_a_linked_person_gets_into_the_account_that_linked_them_until_unlinked(
    world: World,
) -> None:
    with world.browser() as browser:
        owner = {"Authorization": f"Bearer {world.server.sign_in()}"}
        begun = browser.post("/v1/me/openid/basic/begin", json={}, headers=owner)
        url = str(begun.raise_for_status().json()["url"])
        _, told = answered(url, back_to=world.origin, login="robins-work")
        assert refused(world.finish(browser, "basic", told), "something else")
        linked = browser.post("/v1/me/openid/basic", json=told, headers=owner)
        assert linked.status_code == 201, linked.text
        assert linked.json()["shownAs"] == "robins-work@provider.example"
        assert world.me(world.sign_in("basic", login="robins-work"))["role"] == "owner"
        path = f"/v1/me/openid/links/{linked.json()['id']}"
        world.peer.events("revoked")
        assert browser.delete(path, headers=owner).status_code == 204
    (event,) = wait_until(lambda: world.peer.events("revoked"), what="the revocation")
    assert event["accountId"] == "robins-work"
    assert world.me(world.sign_in("basic", login="robins-work"))["role"] == "member"


# --------------------------------------------------- the provider changes its keys, in process


class LeapingClock(SystemClock):
    """The time of now, whose monotonic half can be moved on."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


async def test_after_a_change_of_keys_the_new_ones_are_found_within_a_minute(
    tmp_path: Path,
) -> None:
    origin, clock, tables, cache = (
        "http://localhost:1",
        LeapingClock(),
        MemoryTables(),
        MemoryCache(),
    )
    identity = Identity(tables, cache, Outbox(tables, MemoryEventLog(), clock), clock, b"s" * 32)
    await identity.set_up(NewAccount("robin", "correct horse", "Robin"), SignInDevice())
    with openid_peer(tmp_path / "peer.log") as peer:
        peer.tell(clients=[c for c in clients_for(origin, {}) if c["client_id"] == "post"])
        provider = Provider(
            id="post",
            name="Post",
            issuer=peer.issuer,
            client_id="post",
            client_secret=SECRETS["post"],
            new_accounts="anyone",
            private_addresses=True,
        )
        openid = OpenIdSignIn(
            identity,
            Links(tables),
            cache,
            clock,
            NoAudit(),
            providers=[provider],
            origin=origin,
            secret=b"s" * 32,
        )

        async def sign_in() -> str:
            begun = await openid.begin("post", address="1.2.3.4")
            _, told = answered(begun.url, back_to=origin)
            answer = ProviderAnswer(told["state"], begun.browser, told["code"], told["iss"])
            return (await openid.sign_in("post", answer, SignInDevice()))[0].id

        first = await sign_in()
        peer.rotate()
        with pytest.raises(OpenIdRefused, match="does not publish"):
            await sign_in()  # keys were read just now: an unknown one makes no load
        clock.ahead = 61.0
        assert await sign_in() == first


class NoAudit:
    """Keeps nothing: what is written down is tested elsewhere."""

    async def append(self, *_: object) -> None:
        return None
