"""Who may do what: every route of the OpenAPI document, asked by everybody."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest

from antiphon.storage import open_tables, prefix_range

from .conftest import start_server, stop_server, wait_until
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
    server = start_server(folder / "data", "--music", str(folder / "music"))
    try:
        with httpx.Client(base_url=server.url, timeout=20) as client:
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


@pytest.mark.parametrize("name", ROUTES)
def test_a_member_gets_all_but_what_is_the_owners(
    world: World, by_id: dict[str, Operation], name: str
) -> None:
    owners = ROUTES[name].who == "owner"
    answer = ask(world, by_id[name], _asking(world, name, world.member))
    assert answer.status_code in ({403} if owners else ROUTES[name].statuses), answer.text
    if owners:
        assert is_problem(answer)
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


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.owned])
@pytest.mark.parametrize("owner_asks", [True, False])
def test_anothers_things_are_not_there_even_for_the_households_owner(
    world: World, by_id: dict[str, Operation], name: str, owner_asks: bool
) -> None:
    asking, holder = (world.owner, world.member) if owner_asks else (world.member, world.owner)
    before = _belongings(world, holder)
    answer = ask(world, by_id[name], asking, owner_of_it=holder)
    assert answer.status_code == 404, answer.text
    assert is_problem(answer)
    assert _belongings(world, holder) >= before
    assert not _belongings(world, holder) & _belongings(world, asking)


def _asking(world: World, name: str, who: SignIn) -> SignIn:
    """Return a sign-in for one request, as it may end by it; a new password ends all others."""
    return who if name == "changePassword" else world.again(who)


def _belongings(world: World, who: SignIn) -> set[str]:
    """Return the ids and names of what somebody has."""
    headers = who.headers
    playlists = world.http.get("/v1/me/playlists?limit=500", headers=headers).json()["data"]
    devices = world.http.get("/v1/me/devices", headers=headers).json()["data"]
    return {f"{p['id']} {p['attributes']['name']}" for p in playlists} | {d["id"] for d in devices}


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
    tables = open_tables(f"lmdb:{world.server.data / 'tables'}")

    async def rows() -> int:
        start, end = prefix_range(f"{listener}/".encode())
        found = [await tables.scan(t, start=start, end=end) for t in ("playlists", "kept", "plays")]
        return sum(map(len, found))

    try:
        assert asyncio.run(rows()) == 1
        gone = world.http.delete(f"/v1/users/{user_id}", headers=world.owner.headers)
        assert gone.status_code == 204
        wait_until(lambda: asyncio.run(rows()) == 0, what="the rows to go")
    finally:
        asyncio.run(tables.close())
