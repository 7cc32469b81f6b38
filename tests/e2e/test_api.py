"""The JSON API against its own OpenAPI document, and against requests that mean no good."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import OWNER, PASSWORD, start_server, stop_server
from .routes_world import METHODS, NOBODYS, Operation, World, is_problem, make_album, operations

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_EXAMPLES = 20
_TOO_LARGE = 1024 * 1024 + 1


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("api")
    make_album(folder / "music" / "Ann" / "Alb")
    server = start_server(folder / "data", "--music", str(folder / "music"))
    try:
        with httpx.Client(base_url=server.url, timeout=120) as client:
            world = World(server, client)
            world.prepare()
            yield world
    finally:
        status = stop_server(server)
    assert status == 0


def _everything(world: World) -> list[Operation]:
    return operations(world.document)


def _filled(world: World, operation: Operation) -> str:
    return operation.path.format_map(world.ids | NOBODYS)


def _send(world: World, operation: Operation, body: Any, **headers: str) -> httpx.Response:
    kind = {"Content-Type": "application/json"} | headers
    return world.http.request(
        operation.method,
        _filled(world, operation),
        content=body,
        headers=world.owner.headers | kind,
    )


def test_a_wrong_method_is_refused_with_those_that_there_are(world: World) -> None:
    methods: dict[str, set[str]] = {}
    for operation in _everything(world):
        methods.setdefault(operation.path, set()).add(operation.method)
    for operation in _everything(world):
        for method in {m.upper() for m in METHODS} - methods[operation.path]:
            path = _filled(world, operation)
            answer = world.http.request(method, path, headers=world.owner.headers)
            assert answer.status_code == 405, (method, path)
            assert is_problem(answer)
            assert methods[operation.path] <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"x=1", "application/x-www-form-urlencoded"),
        (b"--b\r\n\r\n--b--", "multipart/form-data; boundary=b"),
        (b"\x81\xa1a", "application/msgpack"),
        (b"<a/>", "application/xml"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 100_000, "application/json"),
        (b'{"username":"\xff\xfe","name":"\xff","songId":"\xff"}', "application/json"),
        (b'{"username":"\\ud800","name":"\\ud800","songId":"\\ud800"}', "application/json"),
        (b'{"position":' + b"9" * 100_000 + b"}", "application/json"),
        (b'{"position":NaN}', "application/json"),
        (b"null", "application/json"),
        (b"[]", "application/json"),
        (b"\0" * 1000, "application/json"),
        (b'{"a":1}', "application/json; charset=utf-16"),
    ],
)
def test_a_body_that_is_no_good_is_refused_by_every_route_that_takes_one(
    world: World, body: bytes, kind: str
) -> None:
    for operation in _everything(world):
        if "requestBody" in operation.described:
            answer = _send(world, operation, body, **{"Content-Type": kind})
            assert answer.status_code in {400, 401, 404, 409, 413, 422}, (operation.id, answer.text)
            assert str(answer.status_code) in operation.described["responses"]
            assert is_problem(answer), operation.id


def test_a_body_that_is_too_large_is_refused_whether_or_not_it_says_so(world: World) -> None:
    body = json.dumps({"name": "x" * _TOO_LARGE}).encode()

    def unannounced() -> Iterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    for operation in _everything(world):
        taken = operation.described.get("requestBody", {}).get("content", {})
        if taken and "application/octet-stream" not in taken:  # which is streamed, at any length
            for content in (lambda: body, unannounced):
                answer = _answer_to_too_much(world, operation, content)
                assert answer.status_code == 413, (operation.id, answer.text)
                assert is_problem(answer)


def _answer_to_too_much(world: World, operation: Operation, content: Any) -> httpx.Response:
    """Return the answer, which a reset may overtake: the server closes without reading the rest."""
    for _ in range(10):
        try:
            return _send(world, operation, content())
        except httpx.TransportError:
            continue
    pytest.fail(f"{operation.id} never answered")


def test_an_answer_that_does_not_wait_for_the_body_ends_the_connection(world: World) -> None:
    url = httpx.URL(world.server.url)
    lines = [
        "POST /v1/me/playlists HTTP/1.1",
        "Host: 127.0.0.1",
        "Authorization: Bearer forged",
        "Content-Type: application/json",
        "Content-Length: 500000",
    ]
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", "{"]).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))  # to the end: it is closed
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b" 401 " in head.splitlines()[0]
    assert b"connection: close" in head.splitlines()


@pytest.mark.parametrize(
    "value",
    ["..%2f..%2fsecret", "%00", "%ff%fe", "a" * 4000, "%0d%0aX-A:1", "..;", "'--", "\u202e"],
)
def test_an_id_that_is_none_is_not_found_and_never_an_error(world: World, value: str) -> None:
    for operation in _everything(world):
        if "{" not in operation.path or operation.method != "GET":
            continue
        names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
        for name in names:
            path = operation.path.format_map(
                world.ids | dict.fromkeys(names, "home") | {name: value}
            )
            answer = world.http.get(path, headers=world.owner.headers)
            assert answer.status_code in {400, 404}, (path[:200], answer.text)
            assert is_problem(answer)


@pytest.mark.parametrize(
    "path",
    ["/v1/", "/v1/nothing", "/v1/me/playsomething", "/v1/me/plays/x/events/y", "/hls/x/y.m3u8"],
)
def test_what_is_not_there_is_told_in_the_same_shape(world: World, path: str) -> None:
    answer = world.http.get(path, headers=world.owner.headers)
    assert answer.status_code == 404
    assert is_problem(answer)


def test_a_player_without_a_sign_in_is_told_so_without_an_error(world: World) -> None:
    with httpx.Client(base_url=world.server.url) as browser:
        web = {"X-Antiphon-Client": "web"}
        nobody = browser.post("/v1/token", json={}, headers=web)
        assert (nobody.status_code, nobody.content) == (204, b"")
        assert browser.post("/v1/token", json={}).status_code == 401
        forged = {"Cookie": "antiphon_refresh=a.b.c"}
        assert browser.post("/v1/token", json={}, headers=web | forged).status_code == 401
        assert browser.post("/v1/token", json={}, headers=forged).status_code == 401
        credentials = {"username": OWNER, "password": PASSWORD}
        signed_in = browser.post("/v1/sign-in", json=credentials, headers=web)
        assert "refreshToken" not in signed_in.json()
        assert browser.post("/v1/token", json={}, headers=web).status_code == 200


def _cases(operation: Any, mode: GenerationMode) -> Any:
    return operation.as_strategy(generation_mode=mode)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_keeps_to_its_description(world: World, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(world.document)
    schema.config.update(base_url=world.server.url)
    leaving = world.again(world.owner)
    seen, failures = set(), []
    for found in schema.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        headers = (leaving if name == "signOut" else world.owner).headers
        seen.add(name)
        try:
            _explore(operation, mode, headers)
        except hypothesis.errors.Unsatisfiable:
            continue  # nothing of this operation can be wrong
        except BaseException as failure:  # noqa: BLE001 - all operations are told of
            failures.append(f"{name}: {_told(failure)}")
    assert not failures, "\n\n".join(failures)
    assert seen == {operation.id for operation in _everything(world)}


def _explore(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @hypothesis.settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=_cases(operation, mode))
    def explore(case: Any) -> None:
        answer = case.call(headers=headers, timeout=60)
        case.validate_response(answer, checks=_CHECKS)

    explore()


def _told(failure: BaseException) -> str:
    inner = getattr(failure, "exceptions", ())
    return "\n".join([str(failure), *(_told(one) for one in inner)])
