"""The HTTP face of the ``music`` role: one raw ASGI dispatcher in front of everything.

    /livez /readyz /metrics        health, answered here
    /hls/...  /v1/me/plays...      hot routes, raw ASGI (antiphon.streaming)
    /v1/...  /artwork/...  /.well-known/...   the JSON API (Litestar)
    everything else                the web player

Nothing is opened before the lifespan begins, so each worker process has its own environment.
"""

import asyncio
import gc
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from antiphon.app.api import json_api
from antiphon.app.compose import Installation, open_installation
from antiphon.app.lifeline import end_with_parent
from antiphon.app.logs import configure_logs
from antiphon.app.metrics import Metrics
from antiphon.app.player_files import (
    CONTENT_SECURITY_POLICY,
    PlayerFiles,
    Receive,
    Scope,
    Send,
)
from antiphon.app.settings import Settings, handed_over
from antiphon.app.token_scopes import TokenGate
from antiphon.kernel import AntiphonError, problem, problem_body

log = structlog.get_logger()

_SECURITY_HEADERS = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_PLAYER = Path(__file__).parent / "player"
_MAX_BODY = 1024 * 1024


class Application:
    """One ASGI application per worker process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = Metrics(settings.data_path / "run" / "metrics", "music")
        self._player = PlayerFiles(_PLAYER)
        self._installation: Installation | None = None
        self._api: Any = None
        self._stop = asyncio.Event()
        self._hot: Any = None
        self._gate: TokenGate | None = None
        self._background: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of the ASGI server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start()
                except Exception:
                    log.exception("http_worker_failed_to_start")
                    await send({"type": "lifespan.startup.failed"})
                    raise
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start(self) -> None:
        self._installation = open_installation(self._settings)
        self._hot = self._installation.hot_routes()
        self._api = json_api(self._installation)
        self._gate = TokenGate(self._installation.api_tokens)
        await self._installation.identity.reload()
        self._background = [
            asyncio.create_task(self._metrics.keep_written(self._stop)),
            asyncio.create_task(self._installation.identity.keep_current(self._stop)),
        ]
        # What is loaded now stays: the collector need not walk it (tens of ms) while requests wait.
        gc.collect()
        gc.freeze()
        log.info("http_worker_started", player_built=self._player.built)

    async def _close(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._background)
        if self._installation is not None:
            await self._installation.close()
        log.info("http_worker_stopped")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = 500
        route, handler = self._route(scope)
        secured = route in {"api", "player", "health"}  # hot routes send their own

        async def observed(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if secured:
                    message["headers"] = [*message.get("headers", ()), *_SECURITY_HEADERS]
            await send(message)

        try:
            refused = await self._refused(scope)
            if refused is None:
                await handler(scope, _bounded(receive), observed)
            else:
                await _json(observed, *problem(refused))
        except Exception:
            log.exception("request_failed", path=scope["path"])
            if status == 500:
                await _json(observed, 500, _FAILED)
        finally:
            self._metrics.observe(route, status, time.perf_counter() - began)

    async def _refused(self, scope: Scope) -> AntiphonError | None:
        """Return why an API token may not go here; everybody else is checked by the routers."""
        header = next((v for k, v in scope["headers"] if k == b"authorization"), None)
        try:
            if self._gate is not None:
                await self._gate.check(scope["method"], scope["path"], header)
        except AntiphonError as error:
            return error
        return None

    def _route(self, scope: Scope) -> tuple[str, Any]:
        path: str = scope["path"]
        if path.startswith("/hls/"):
            return ("segment" if path.endswith(".m4s") else "playlist"), self._hot
        if path.startswith("/v1/me/plays"):
            return "grant", self._hot
        if path.startswith(("/v1/", "/artwork/", "/.well-known/")):
            return "api", self._api
        if path in {"/livez", "/readyz", "/metrics"}:
            return "health", self._health
        return "player", self._player

    @property
    def _ready(self) -> Installation:
        assert self._installation is not None, "served before its lifespan began"
        return self._installation

    async def _health(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] == "/metrics":
            self._metrics.jobs_now(await self._ready.jobs.status())
            await _bytes(send, 200, self._metrics.page(), b"text/plain; version=0.0.4")
            return
        faults = {} if scope["path"] == "/livez" else await self._ready.faults()
        status = 503 if faults else 200
        await _json(send, status, {"status": "unready" if faults else "ok", "faults": faults})


_FAILED = problem_body(
    500,
    code="internal",
    title="Internal Server Error",
    detail="Something failed on the server; its log has the details.",
)


def _bounded(receive: Receive) -> Receive:
    """Read no further than 1 MiB: no route takes more, and each says so at what passes it."""
    seen = 0

    async def bounded() -> MutableMapping[str, Any]:
        nonlocal seen
        if seen > _MAX_BODY:
            return {"type": "http.disconnect"}
        message = await receive()
        seen += len(message.get("body", b""))
        return message

    return bounded


async def _json(send: Send, status: int, body: object) -> None:
    await _bytes(send, status, msgspec.json.encode(body), b"application/json")


async def _bytes(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [
        (b"content-type", kind),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def create() -> Application:
    """Make the application of a worker process from the settings its parent handed over."""
    settings = handed_over()
    configure_logs(log_format=settings.log_format, level=settings.log_level, role="music")
    end_with_parent()
    return Application(settings)
