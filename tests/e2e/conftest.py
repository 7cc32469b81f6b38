"""A running Antiphon for end-to-end tests: the real command, a real port, its own data folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Browser, sync_playwright

from antiphon.app.settings import load_settings

from .on_engines import EnginesForTests, chosen
from .seam_world import CHROMIUM_FLAGS, Playing, World, serving

READY_SECONDS = 60
OWNER = "robin"
PASSWORD = "correct horse battery"
SPEAKERS_KEY = "speakers.pem"
_engines = EnginesForTests()


@dataclass(frozen=True, slots=True)
class Server:
    """One running installation."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]
    log: Path
    wyoming_port: int = 0
    """Where voice satellites come, if they may."""

    def engine_url(self, port: str) -> str:
        """Return the URL of the engine behind a port (tables, objects, ...)."""
        return engine_url(self.data, port)

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """Send one JSON request; return (status, decoded body or None)."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                raw = answer.read()
                return answer.status, json.loads(raw) if raw else None
        except urllib.error.HTTPError as fault:
            with fault:
                raw = fault.read()
            return fault.code, json.loads(raw) if raw else None

    def sign_in(self) -> str:
        """Make the owner if there is none yet, and return an access token."""
        device = {"name": "test", "kind": "test"}
        credentials = {"username": OWNER, "password": PASSWORD, "device": device}
        status, setup = self.call("GET", "/v1/setup")
        assert status == 200, setup
        if setup["needed"]:
            status, tokens = self.call("POST", "/v1/setup", credentials | {"displayName": "Robin"})
        else:
            status, tokens = self.call("POST", "/v1/sign-in", credentials)
        assert status in {200, 201}, tokens
        return str(tokens["accessToken"])


def engine_url(data: Path, port: str) -> str:
    """Return the URL of the engine behind a port of the installation in a data folder."""
    return load_settings(env={}, data=str(data)).engine_url(port)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_until(condition: Callable[[], Any], *, seconds: float = 30.0, what: str = "it") -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"waited {seconds} s for {what}")


def start_server(data: Path, *arguments: str, env: dict[str, str] | None = None) -> Server:
    _engines.furnish(data)
    port = free_port()
    log = data.parent / f"{data.name}.log"
    command = [sys.executable, "-m", "antiphon.app", "serve", "--data", str(data)]
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [*command, "--port", str(port), *arguments],
            stdout=sink,
            stderr=sink,
            env={**os.environ, "ANTIPHON_LOG_FORMAT": "json", **(env or {})},
        )
    server = Server(f"http://127.0.0.1:{port}", data, process, log)
    try:
        wait_until(lambda: _ready(server), seconds=READY_SECONDS, what=f"readiness; see {log}")
    except BaseException:
        stop_server(server)
        raise
    return server


def _ready(server: Server) -> bool:
    if server.process.poll() is not None:
        pytest.fail(f"the server ended at start:\n{server.log.read_text()[-4000:]}")
    try:
        return bool(server.call("GET", "/readyz")[0] == 200)
    except OSError:
        return False


def stop_server(server: Server) -> int:
    server.process.send_signal(signal.SIGTERM)
    return server.process.wait(30)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse a run on engines that names a file of which it would run nothing."""
    for name in session.config.args if chosen() else ():
        path = Path(name.partition("::")[0]).absolute()
        if not any(item.path.is_relative_to(path) for item in session.items):
            raise pytest.UsageError(f"Nothing of {name} was selected to run on engines.")


@pytest.fixture(scope="session", autouse=True)
def engines() -> Iterator[EnginesForTests]:
    """Return the engines of this run, shared by all its tests; they start when first asked for."""
    yield _engines
    _engines.close()


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo catalogue, imported and served; speakers and voice satellites may ask it."""
    folder = tmp_path_factory.mktemp("demo")
    key = ec.generate_private_key(ec.SECP256R1())
    made = folder / SPEAKERS_KEY
    made.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    port = free_port()
    env = {
        "ANTIPHON_SIRI_BUNDLE_ID": "org.example.antiphon",
        "ANTIPHON_SIRI_KEY": str(made),
        "ANTIPHON_WYOMING_USER": OWNER,
        "ANTIPHON_WYOMING_PORT": str(port),
    }
    server = replace(start_server(folder / "data", "--demo", env=env), wyoming_port=port)
    try:
        token = server.sign_in()
        wait_until(lambda: _total(server, token) >= 10, seconds=300, what="the demo catalogue")
        albums = "/v1/catalog/home/albums"
        wait_until(lambda: server.call("GET", albums, token=token)[1]["data"], what="albums")
        yield server
    finally:
        status = stop_server(server)
    assert status == 0


def _total(server: Server, token: str) -> int:
    return int(server.call("GET", "/v1/catalog/home/songs", token=token)[1]["meta"]["total"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def playing(chromium: Browser, world: World) -> Iterator[Playing]:
    with serving(world) as url:
        page = chromium.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        page.wait_for_function("'start' in globalThis")
        page.evaluate("async () => { globalThis.h = await start({}); }")
        yield Playing(page, world)
        page.close()
    assert faults == []
