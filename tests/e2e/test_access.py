"""Who may do what: every route of the OpenAPI document, asked by everybody."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest

from antiphon.app.token_scopes import scope_for
from antiphon.identity import Scope
from antiphon.storage import open_tables, prefix_range

from .conftest import PASSWORD, start_server, stop_server, wait_until
from .routes_world import (
    MEMBER_PASSWORD,
    NOBODYS,
    ROUTES,
    Operation,
    SignIn,
    World,
    ask,
    is_problem,
    make_album,
    operations,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("access")
    make_album(folder / "music" / "Ann" / "Alb")
    # Encrypted, so that licences are there to be asked for.
    encrypted = {"ANTIPHON_PROTECT": "everything"}
    server = start_server(folder / "data", "--music", str(folder / "music"), env=encrypted)
    try:
        with httpx.Client(base_url=server.url, timeout=120) as client:
            world = World(server, client)
            world.prepare()
            yield world
    finally:
        status = stop_server(server)
    assert status == 0


@pytest.fixture(scope="module")
def by_id(world: World) -> dict[str, Operation]:
    return {operation.id: operation for operation in operations(world.document)}


def test_every_route_has_its_line_in_the_table(by_id: dict[str, Operation]) -> None:
    assert set(by_id) == set(ROUTES)


def test_the_document_says_who_needs_a_token(by_id: dict[str, Operation]) -> None:
    public = {o.id for o in by_id.values() if o.described.get("security") == []}
    assert public == {name for name, route in ROUTES.items() if route.who == "anyone"}


@pytest.mark.parametrize("name", ROUTES)
def test_a_good_request_of_the_owner_is_answered_as_documented(
    world: World, by_id: dict[str, Operation], name: str
) -> None:
    if name == "startImport":
        world.settle_import()
    answer = ask(world, by_id[name], _asking(world, name, world.owner))
    assert answer.status_code in ROUTES[name].statuses, answer.text
    assert str(answer.status_code) in by_id[name].described["responses"]


# A child's profile makes no API tokens, and so has none.
NO_CHILDS = {"createApiToken", "revokeApiToken"}


@pytest.mark.parametrize(
    ("who", "name"),
    [("member", n) for n in ROUTES] + [("child", n) for n in ROUTES if n not in NO_CHILDS],
)
def test_a_member_or_a_child_gets_all_but_what_is_the_owners(
    world: World, by_id: dict[str, Operation], who: str, name: str
) -> None:
    owners = ROUTES[name].who in {"owner", "head"}
    answer = ask(world, by_id[name], _asking(world, name, getattr(world, who)))
    assert answer.status_code in ({403} if owners else ROUTES[name].statuses), answer.text
    if owners:
        assert is_problem(answer)
        code = answer.json()["errors"][0]["code"]
        assert code == ("owner_only" if ROUTES[name].who == "owner" else "manager_only")


def test_a_child_makes_no_api_token(world: World, by_id: dict[str, Operation]) -> None:
    answer = ask(world, by_id["createApiToken"], world.child)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "bad_api_token"
    named = world.api_token(world.owner)
    assert ask(world, by_id["revokeApiToken"], world.child, named=named).status_code == 404


@pytest.mark.parametrize("name", [n for n, r in ROUTES.items() if r.who == "owner"])
def test_the_head_of_a_household_runs_no_installation(
    world: World, by_id: dict[str, Operation], name: str
) -> None:
    answer = ask(world, by_id[name], world.again(world.head))
    assert answer.status_code == 403, answer.text
    assert answer.json()["errors"][0]["code"] == "owner_only"


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.who != "anyone"])
def test_nobody_gets_in_without_a_token_that_is_good(
    world: World, by_id: dict[str, Operation], name: str
) -> None:
    operation = by_id[name]
    path = operation.path.format_map(world.ids | NOBODYS)
    header, payload, _ = world.owner.access.split(".")
    for value in (
        None,
        "Bearer",
        "Bearer garbage",
        f"Basic {world.owner.access}",
        f"Bearer {header}.{payload}.",
        f"Bearer {world.owner.access[:-2]}xx",
        f"Bearer {world.owner.refresh}",
    ):
        headers = {} if value is None else {"Authorization": value}
        answer = world.http.request(operation.method, path, headers=headers)
        assert answer.status_code == 401, (value, answer.text)
        assert is_problem(answer)


@pytest.mark.parametrize(
    ("who", "whose", "name"),
    [
        (who, whose, name)
        for who, whose in (
            ("owner", "member"),
            ("member", "owner"),
            ("owner", "child"),
            ("child", "owner"),
        )
        for name, route in ROUTES.items()
        if route.owned and not (whose == "child" and name in NO_CHILDS)
    ],
)
def test_anothers_things_are_not_there_even_for_the_households_owner(
    world: World, by_id: dict[str, Operation], who: str, whose: str, name: str
) -> None:
    asking, holder = getattr(world, who), getattr(world, whose)
    before = _belongings(world, holder)
    answer = ask(world, by_id[name], asking, owner_of_it=holder)
    assert answer.status_code == 404, answer.text
    assert is_problem(answer)
    assert _belongings(world, holder) >= before
    assert not _belongings(world, holder) & _belongings(world, asking)


# What is deleted by what, and whatever else names such a thing.
DELETED = {
    "deletePlaylist": {
        "readPlaylist",
        "changePlaylist",
        "listPlaylistItems",
        "addPlaylistItems",
        "removePlaylistItem",
        "movePlaylistItem",
    },
    "removePlaylistItem": {"movePlaylistItem"},
    "revokeDevice": set(),
    "removePasskey": {"renamePasskey"},
    "revokeApiToken": set(),
    "unlinkSignIn": set(),
    "removeUser": {"changeUser"},
    "removeHousehold": {"changeTerms", "readTerms"},
    "withdrawInvitation": set(),
}


def test_whatever_can_be_deleted_is_asked_for_afterwards(by_id: dict[str, Operation]) -> None:
    deleting = {o.id for o in by_id.values() if o.method == "DELETE" and "{" in o.path}
    others = {"drop", "cancelImport", "releaseLicence"}  # a mark, a process, a lease: no things
    assert deleting - others == set(DELETED)


@pytest.mark.parametrize("name", DELETED)
def test_what_was_deleted_is_there_for_nobody(
    world: World, by_id: dict[str, Operation], name: str
) -> None:
    named = ROUTES[name].named(world, world.owner)
    assert ask(world, by_id[name], world.owner, named=named).status_code == 204
    for other in (name, *DELETED[name]):
        for who in (world.owner, world.member):
            answer = ask(world, by_id[other], who, named=named)
            manages = ROUTES[other].who in {"owner", "head"}
            wanted = 403 if manages and who is world.member else 404
            assert answer.status_code == wanted, (other, who.username, answer.text)
            assert is_problem(answer)


def _asking(world: World, name: str, who: SignIn) -> SignIn:
    """Return a sign-in for one request, as it may end by it; a new password ends all others."""
    return who if name == "changePassword" else world.again(who)


def _belongings(world: World, who: SignIn) -> set[str]:
    """Return the ids and names of what somebody has."""
    headers = who.headers
    playlists = world.http.get("/v1/me/playlists?limit=500", headers=headers).json()["data"]
    found = {f"{p['id']} {p['attributes']['name']}" for p in playlists}
    for kind in ("devices", "passkeys", "api-tokens"):
        things = world.http.get(f"/v1/me/{kind}", headers=headers).json()["data"]
        found |= {f"{thing['id']} {thing['name']}" for thing in things}
    links = world.http.get("/v1/me/openid", headers=headers).json()["data"]
    return found | {link["id"] for link in links}


def test_the_log_of_changes_begins_with_who_made_the_owner(world: World) -> None:
    owner = world.http.get("/v1/me", headers=world.owner.headers).json()["id"]
    pages = world.http.get("/v1/rights/audit?before=2", headers=world.owner.headers)
    (first,) = pages.raise_for_status().json()["data"]
    assert (first["number"], first["action"], first["subject"]) == (1, "owner_made", owner)
    assert first["actor"] == f"account {owner}"
    assert PASSWORD not in pages.text


def test_what_one_listener_keeps_and_hears_no_other_sees(world: World) -> None:
    shelf, ids = "/v1/me/favorites/songs", f"?ids={world.ids['song_id']}"
    world.http.put(shelf + ids, headers=world.owner.headers).raise_for_status()
    assert world.http.get(shelf, headers=world.owner.headers).json()["meta"]["total"] == 1
    assert world.http.get(shelf, headers=world.member.headers).json()["meta"]["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/users", {"username": "x", "password": "long enough it is", "role": "owner"}),
        ("PATCH", "/v1/me", {"role": "owner"}),
        ("PATCH", "/v1/me", {"listenerId": "a" * 24}),
        ("POST", "/v1/me/playlists", {"name": "x", "listenerId": "a" * 24}),
        ("POST", "/v1/me/playlists", {"name": "x", "owner": "robin"}),
    ],
)
def test_nobody_assigns_a_role_or_an_owner(
    world: World, method: str, path: str, body: dict[str, str]
) -> None:
    answer = world.http.request(method, path, json=body, headers=world.owner.headers)
    assert answer.status_code == 400
    assert is_problem(answer)


def test_a_sign_in_that_has_ended_is_refused_by_every_process_within_seconds(world: World) -> None:
    ended = world.again(world.member)
    for _ in range(2):  # the second may meet a process that has not heard yet
        answer = world.http.post("/v1/sign-out", headers=ended.headers)
        assert answer.status_code in {204, 401}
    time.sleep(2)
    for _ in range(20):
        with httpx.Client(base_url=world.server.url) as client:  # each may meet another process
            assert client.get("/v1/me", headers=ended.headers).status_code == 401
            assert client.post("/v1/me/plays", headers=ended.headers).status_code == 401


def test_what_a_removed_user_kept_is_deleted_soon(world: World) -> None:
    user_id = world.add_user("leaving")
    leaving = world.sign_in("leaving", MEMBER_PASSWORD)
    world.playlist(leaving)
    listener = world.http.get("/v1/me", headers=leaving.headers).json()["listenerId"]

    async def rows() -> int:
        start, end = prefix_range(f"{listener}/".encode())
        tables = open_tables(world.server.engine_url("tables"))
        try:
            kinds = ("playlists", "kept", "plays")
            found = [await tables.scan(kind, start=start, end=end) for kind in kinds]
        finally:
            await tables.close()
        return sum(map(len, found))

    assert asyncio.run(rows()) == 1
    gone = world.http.delete(f"/v1/users/{user_id}", headers=world.owner.headers)
    assert gone.status_code == 204
    wait_until(lambda: asyncio.run(rows()) == 0, what="the rows to go")


# ------------------------------------------------------------------------------------ households


def test_a_head_sees_and_changes_their_own_household_only(world: World) -> None:
    head, there = world.head.headers, world.add_user(world.fresh_name())
    here = world.http.get("/v1/me", headers=head).json()["id"]
    assert [u["id"] for u in world.http.get("/v1/users", headers=head).json()["data"]] == [here]
    owner = world.http.get("/v1/me", headers=world.owner.headers).json()["id"]
    for user_id in (there, owner):
        for method, body in (("PATCH", {"displayName": "Mine now"}), ("DELETE", None)):
            answer = world.http.request(method, f"/v1/users/{user_id}", json=body, headers=head)
            assert answer.status_code == 404, answer.text
    assert there in {u["id"] for u in _users(world)}
    assert "Mine now" not in {u["displayName"] for u in _users(world)}
    open_here = world.invitation()["invitation_id"]
    assert world.http.delete(f"/v1/invitations/{open_here}", headers=head).status_code == 404
    told = world.http.get("/v1/invitations", headers=head).json()["data"]
    assert open_here not in {invitation["id"] for invitation in told}
    wish = {"newHousehold": "A third"}
    assert world.http.post("/v1/invitations", json=wish, headers=head).status_code == 403


def test_whom_a_head_invites_lives_with_them_and_manages_nothing(world: World) -> None:
    body = {
        "token": world.invitation(world.head)["token"],
        "username": world.fresh_name(),
        "password": MEMBER_PASSWORD,
    }
    world.http.post("/v1/invitations/accept", json=body).raise_for_status()
    guest = world.sign_in(body["username"], MEMBER_PASSWORD).headers
    homes = [world.http.get("/v1/household", headers=h).json() for h in (guest, world.head.headers)]
    assert homes[0] == homes[1]
    assert world.http.get("/v1/me", headers=guest).json()["role"] == "member"
    again = world.http.post("/v1/invitations/accept", json=body | {"username": "second"})
    assert again.status_code == 404


def test_a_restriction_is_in_force_in_every_process_within_seconds(world: World) -> None:
    user_id = world.add_user("kim")
    before = world.sign_in("kim", MEMBER_PASSWORD)
    body = {"isChild": True, "allowsExplicit": False}
    answer = world.http.patch(f"/v1/users/{user_id}", json=body, headers=world.owner.headers)
    assert answer.json()["allowsExplicit"] is False
    time.sleep(2)
    for _ in range(20):
        with httpx.Client(base_url=world.server.url) as client:  # each may meet another process
            assert client.get("/v1/me", headers=before.headers).status_code == 401
    renewed = world.http.post("/v1/token", json={"refreshToken": before.refresh})
    headers = {"Authorization": f"Bearer {renewed.raise_for_status().json()['accessToken']}"}
    assert world.http.get("/v1/me", headers=headers).json()["allowsExplicit"] is False


def _users(world: World) -> list[dict[str, str]]:
    found = world.http.get("/v1/users", headers=world.owner.headers).json()["data"]
    return list(found)


# ------------------------------------------------------------------------------------ API tokens

# What makes, changes or ends a way in, or a user: no API token may ever do it.
KEYS = {
    "setUp",
    "signIn",
    "renewToken",
    "signOut",
    "beginLinking",
    "linkSignIn",
    "unlinkSignIn",
    "changeMe",
    "changePassword",
    "listDevices",
    "revokeDevice",
    "addUser",
    "createInvitation",
    "withdrawInvitation",
    "acceptInvitation",
    "offerInvitedPasskey",
    "askForPasskey",
    "signInWithPasskey",
    "listPasskeys",
    "offerPasskey",
    "addPasskey",
    "renamePasskey",
    "removePasskey",
    "listApiTokens",
    "createApiToken",
    "revokeApiToken",
}


@pytest.fixture(autouse=True)
def _signed_in(world: World) -> None:
    world.stay_signed_in()


@pytest.fixture(scope="module")
def tokens(world: World) -> dict[str, SignIn]:
    """One API token of the owner for each scope, and one with all of them."""
    scopes = {scope.value: (scope.value,) for scope in Scope} | {"all": tuple(Scope)}
    made = {name: world.api_token(world.owner, *wanted)["text"] for name, wanted in scopes.items()}
    return {name: SignIn(text, "", "robin") for name, text in made.items()}


@pytest.mark.parametrize("name", ROUTES)
def test_an_api_token_reaches_what_its_scope_is_for_and_no_more(
    world: World, by_id: dict[str, Operation], tokens: dict[str, SignIn], name: str
) -> None:
    operation = by_id[name]
    if name == "startImport":
        world.settle_import()
    needed = scope_for(operation.method, operation.path.format_map(world.ids | NOBODYS))
    for scope in Scope:
        if scope is needed:
            # A play belongs to the device that began it: here the token.
            holder = tokens[scope] if scope is Scope.PLAY else world.owner
            answer = ask(world, operation, tokens[scope], owner_of_it=holder)
            assert answer.status_code in ROUTES[name].statuses, (scope, answer.text)
        else:
            path = operation.path.format_map(world.ids | NOBODYS)
            headers = tokens[scope].headers
            answer = world.http.request(operation.method, path, headers=headers)
            assert answer.status_code == 403, (scope, answer.text)
            assert answer.json()["errors"][0]["code"] == "token_may_not"


def test_a_token_that_only_plays_changes_nothing_by_voice(
    world: World, tokens: dict[str, SignIn]
) -> None:
    def answer(scope: str) -> tuple[str, str]:
        body = {"text": "I like this", "playing": world.ids["song_id"]}
        headers = tokens[scope].headers
        told = world.http.post("/v1/me/voice", json=body, headers=headers).json()["data"]
        return told["outcome"], told.get("reason", "")

    shelf, ids = "/v1/me/favorites/songs", f"?ids={world.ids['song_id']}"
    world.http.delete(shelf + ids, headers=world.owner.headers).raise_for_status()
    assert answer("play") == ("refuse", "not-allowed")
    assert world.http.get(shelf, headers=world.owner.headers).json()["data"] == []
    assert answer("all") == ("act", "")
    assert len(world.http.get(shelf, headers=world.owner.headers).json()["data"]) == 1


@pytest.mark.parametrize("name", sorted(KEYS))
def test_no_api_token_makes_or_changes_a_way_in(
    world: World, by_id: dict[str, Operation], tokens: dict[str, SignIn], name: str
) -> None:
    operation = by_id[name]
    path = operation.path.format_map(world.ids | NOBODYS)
    for spelling in (path, f"{path}/", path.replace("/v1/", "/v1//", 1)):
        answer = world.http.request(operation.method, spelling, headers=tokens["all"].headers)
        assert answer.status_code == 403, answer.text
        assert answer.json()["errors"][0]["code"] == "token_may_not"


def test_a_revoked_api_token_is_refused_by_every_process_within_seconds(world: World) -> None:
    made = world.api_token(world.member, "read", "play")
    headers = {"Authorization": f"Bearer {made['text']}"}
    assert world.http.get("/v1/me", headers=headers).json()["username"] == "sam"
    assert world.http.get("/v1/users", headers=headers).status_code == 403
    altered = {
        "Authorization": f"Bearer {made['text'][:-1]}{'a' if made['text'][-1] != 'a' else 'b'}"
    }
    assert world.http.get("/v1/me", headers=altered).status_code == 401
    path = f"/v1/me/api-tokens/{made['token_id']}"
    assert world.http.delete(path, headers=world.member.headers).status_code == 204
    time.sleep(2.2)
    for _ in range(20):
        with httpx.Client(base_url=world.server.url) as client:  # each may meet another process
            assert client.get("/v1/me", headers=headers).status_code == 401
            assert client.post("/v1/me/plays", headers=headers).status_code == 401
