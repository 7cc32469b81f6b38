"""The HTTP face of the ``music`` role: one raw ASGI dispatcher in front of everything.

    /livez /readyz /metrics        health, answered here
    /hls/...  /v1/me/plays...      hot routes, raw ASGI (antiphon.streaming)
    /v1/me/spatial...              live spatial sound: a WebSocket (antiphon.live)
    /siri/...                      speakers that ask by themselves, raw ASGI (antiphon.gateways)
    /v1/...  /artwork/...  /.well-known/...   the JSON API (Litestar)
    everything else                the web player

Nothing is opened before the lifespan begins, so each worker process has its own environment.
"""

import asyncio
import gc
import time
from collections.abc import MutableMapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from antiphon.app.api import json_api
from antiphon.app.compose import Installation, open_installation
from antiphon.app.level_metrics import LevelsCollector
from antiphon.app.lifeline import end_with_parent
from antiphon.app.live_description import LIVE_PATH
from antiphon.app.live_metrics import LiveCollector
from antiphon.app.logs import configure_logs
from antiphon.app.media_metrics import TiersCollector
from antiphon.app.metrics import Metrics
from antiphon.app.player_files import (
    CONTENT_SECURITY_POLICY,
    PlayerFiles,
    Receive,
    Scope,
    Send,
)
from antiphon.app.serve import draining_mark
from antiphon.app.settings import Settings, handed_over
from antiphon.app.speakers import sirikit_routes
from antiphon.app.token_scopes import TokenGate
from antiphon.app.voice_metrics import VoiceCollector
from antiphon.app.voicing import voice_desk
from antiphon.gateways import SIRIKIT_ROOT
from antiphon.kernel import AntiphonError, problem, problem_body

if TYPE_CHECKING:
    from antiphon.live import LiveRoutes, LiveService
    from antiphon.voice import VoiceDesk

log = structlog.get_logger()

_SECURITY_HEADERS = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_CLOSE = (b"connection", b"close")
_LOOK_SECONDS = 0.2
_PROBE_SECONDS = 1.0
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
        self._siri: Any = None
        self._gate: TokenGate | None = None
        self._background: list[asyncio.Task[None]] = []
        self._drains = False
        self._was_ready = False
        self._loading = asyncio.Lock()
        self._live: LiveRoutes | None = None
        self._live_service: LiveService | None = None
        self._voice: VoiceDesk | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of the ASGI server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            if scope["path"] == LIVE_PATH:
                await (await self._live_routes())(scope, receive, send)
            else:
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
        self._installation = open_installation(self._settings, serving=True)
        self._metrics.watch_engines(self._installation.guards())
        self._metrics.watch(LevelsCollector(self._installation.levels))
        self._metrics.watch(TiersCollector(self._installation.objects))
        self._metrics.watch(
            LiveCollector(lambda: None if (live := self._live_service) is None else live.counts)
        )
        self._metrics.watch(
            VoiceCollector(lambda: None if (desk := self._voice) is None else desk.counts())
        )
        self._hot = self._installation.hot_routes()
        self._voice = voice_desk(self._installation)
        self._api = json_api(self._installation, self._voice)
        self._siri = sirikit_routes(self._installation, self._voice, self._hot.service)
        self._gate = TokenGate(self._installation.api_tokens)
        await self._installation.identity.reload()
        self._background = [
            asyncio.create_task(self._metrics.keep_written(self._stop)),
            asyncio.create_task(self._installation.identity.keep_current(self._stop)),
            asyncio.create_task(self._installation.openid.keep_current(self._stop)),
            asyncio.create_task(self._hot.keep_told(self._stop)),
            asyncio.create_task(self._watch_for_drain()),
            asyncio.create_task(self._installation.levels.keep_heard(self._stop)),
        ]
        # What is loaded now stays: the collector need not walk it (tens of ms) while requests wait.
        gc.collect()
        gc.freeze()
        log.info("http_worker_started", player_built=self._player.built)

    async def _live_routes(self) -> "LiveRoutes":
        """Return the routes of live streams, made when the first is asked for.

        What they need takes a second to load and much memory, and many installations never do.
        """
        async with self._loading:
            if self._live is None:
                live = await asyncio.to_thread(import_module, "antiphon.live")
                cores = self._settings.spatial_cores / self._settings.http_worker_count()
                self._live_service = live.LiveService(cores)
                self._live = live.LiveRoutes(self._live_service, self._admit)
            return self._live

    async def _posted(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._live_routes())(scope, receive, send)

    async def _admit(self, authorization: bytes | None) -> None:
        """Raise ``Denied`` unless this header's sender may stream."""
        if self._gate is not None:
            await self._gate.check("POST", LIVE_PATH, authorization)
        self._ready.identity.authenticate(authorization)

    async def _watch_for_drain(self) -> None:
        mark = draining_mark(self._settings)
        while not self._stop.is_set():
            self._drains = mark.exists()
            if not self._was_ready:
                await self._faults()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _LOOK_SECONDS)

    async def _close(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._background)
        if self._live_service is not None:
            await asyncio.to_thread(self._live_service.close)
        if self._voice is not None:
            await self._voice.close()
        if self._installation is not None:
            await self._installation.close()
        log.info("http_worker_stopped")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = 500
        route, handler = self._route(scope)
        secured = route in {"api", "player", "health", "live", "siri"}  # hot routes send their own
        body = _Body(scope, receive, None if route == "live" else _MAX_BODY)

        async def observed(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if secured:
                    message["headers"] = [*message.get("headers", ()), *_SECURITY_HEADERS]
                if self._drains or body.left:  # what is kept open goes elsewhere, or is out of step
                    message["headers"] = [*message.get("headers", ()), _CLOSE]
            await send(message)

        try:
            refused = await self._refused(scope)
            if refused is None:
                await handler(scope, body.read, observed)
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
        if path == LIVE_PATH:
            return "live", self._posted
        for route, prefixes, handler in (
            ("siri", (f"{SIRIKIT_ROOT}/",), self._siri),
            ("api", ("/v1/", "/artwork/", "/.well-known/"), self._api),
        ):
            if path.startswith(prefixes):
                return route, handler
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
        if scope["path"] == "/livez":
            await _json(send, 200, {"status": "ok", "faults": {}})
            return
        if self._drains:
            drains = {"server": "It is about to stop."}
            await _json(send, 503, {"status": "unready", "faults": drains})
            return
        faults = await self._faults()
        told = "ok" if not faults else "degraded" if self._was_ready else "unready"
        status = 200 if self._was_ready else 503
        await _json(send, status, {"status": told, "faults": faults})

    async def _faults(self) -> dict[str, str]:
        """Return what does not answer; a balancer is not kept waiting once all of it did.

        From then on the process is ready: an engine that goes away goes for every machine, and none
        would be left to play what it holds.
        """
        try:
            async with asyncio.timeout(_PROBE_SECONDS if self._was_ready else None):
                faults = await self._ready.faults()
        except TimeoutError:
            return {"engines": "Not all of them answered within a second."}
        self._was_ready |= not faults
        return faults


_FAILED = problem_body(
    500,
    code="internal",
    title="Internal Server Error",
    detail="Something failed on the server; its log has the details.",
)


class _Body:
    """A request's body, read no further than 1 MiB where ``most`` says so, and most routes do.

    The server closes a connection whose body was not read to its end. Where the answer does not say
    so, a client sends its next request into it and never learns what became of that.
    """

    def __init__(self, scope: Scope, receive: Receive, most: int | None) -> None:
        self._most = most
        self._headers = () if scope["method"] in {"GET", "HEAD"} else scope["headers"]
        self._receive = receive
        self._seen = 0
        self._ended = False

    @property
    def left(self) -> bool:
        """Whether there is more of it that nobody has read."""
        return not self._ended and any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self._headers
        )

    async def read(self) -> MutableMapping[str, Any]:
        """Return its next part; a disconnect past what is taken."""
        if self._most is not None and self._seen > self._most:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        return message


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
