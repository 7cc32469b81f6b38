"""The WebSocket of live streams, as raw ASGI (docs/guides/spatial.md tells the protocol).

One frame is in work at a time: the next is received when the answer to the last one was taken, so
a reader who is slow, or a sender who is quick, costs no memory here; the connection waits.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec

from antiphon.kernel import AntiphonError, Denied, Unavailable, problem, problem_body
from antiphon.live.errors import ListenerTooSlow, MessageInvalid
from antiphon.live.model import VERSION, Opening, read_opening, read_pose
from antiphon.live.posting import render_posted
from antiphon.live.service import LiveService
from antiphon.live.stream import LiveStream
from antiphon.spatial import HeadPose

__all__ = ["LiveRoutes"]

_OPENING_SECONDS: Final = 10.0
_SILENT_SECONDS: Final = 30.0
_READING_SECONDS: Final = 10.0
_BAD, _UNKNOWN, _SLOW, _FULL, _FAILED = 4400, 4401, 4408, 1013, 1011

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Admit = Callable[[bytes | None], Awaitable[object]]


class _Gone(Exception):  # noqa: N818 - no error: it reads as a fact
    """The other side has closed."""


class LiveRoutes:
    """Serves WebSocket connections; ``admit`` raises ``Denied`` for an Authorization header."""

    def __init__(self, service: LiveService, admit: Admit) -> None:
        self._service = service
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or one POST, to its end."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
            return
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        connection = _Connection(receive, send)
        try:
            opening = read_opening(await connection.text(_OPENING_SECONDS))
            await self._admit(_authorization(scope, opening))
            async with self._service.stream(opening) as stream:
                await connection.tell({"ready": _ready(stream)})
                await self._serve(connection, stream)
        except _Gone:
            return
        except AntiphonError as error:
            await connection.refuse(error)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def observed(event: MutableMapping[str, Any]) -> None:
            nonlocal began
            began = True
            await send(event)

        try:
            if scope["method"] != "POST":
                await _wrong_method(send)
                return
            header = next((v for k, v in scope["headers"] if k == b"authorization"), None)
            await self._admit(header)
            await render_posted(self._service, scope, receive, observed)
        except AntiphonError as error:
            if not began:  # one that has begun can only be cut off
                await _refuse(send, error)

    async def _serve(self, connection: "_Connection", stream: LiveStream) -> None:
        pose, at = HeadPose(), math.nan
        while True:
            message = await connection.message(_SILENT_SECONDS)
            arrived = time.perf_counter()
            if isinstance(message, str):
                told = read_pose(message)
                pose, at = told.head(), told.at
                continue
            await connection.answer(await self._service.push(stream, message, pose, at, arrived))


class _Connection:
    """Messages of one WebSocket, each within its time."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def message(self, seconds: float) -> str | bytes:
        try:
            async with asyncio.timeout(seconds):
                event = await self._receive()
        except TimeoutError as fault:
            raise ListenerTooSlow(f"Nothing came for {seconds:.0f} s.") from fault
        if event["type"] != "websocket.receive":
            raise _Gone
        text = event.get("text")
        return text if text is not None else event.get("bytes") or b""

    async def text(self, seconds: float) -> str:
        message = await self.message(seconds)
        if isinstance(message, bytes):
            raise MessageInvalid("The first message is text: say what the stream shall be.")
        return message

    async def tell(self, body: object) -> None:
        await self._sent({"type": "websocket.send", "text": msgspec.json.encode(body).decode()})

    async def answer(self, body: bytes) -> None:
        await self._sent({"type": "websocket.send", "bytes": body})

    async def refuse(self, error: AntiphonError) -> None:
        """Say what is wrong, then close."""
        told: dict[str, object] = {"code": error.code, "detail": error.detail}
        if "retry_after" in error.fields:
            told["retryAfter"] = error.fields["retry_after"]
        try:
            if not isinstance(error, ListenerTooSlow):
                await self.tell({"error": told})
            await self._sent(
                {"type": "websocket.close", "code": _close_code(error), "reason": error.code}
            )
        except (ListenerTooSlow, _Gone):
            return

    async def _sent(self, event: MutableMapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(_READING_SECONDS):
                await self._send(event)
        except TimeoutError as fault:
            raise ListenerTooSlow("The answers were not read.") from fault
        except (OSError, RuntimeError) as fault:  # how servers say that the other side has gone
            raise _Gone from fault


async def _wrong_method(send: Send) -> None:
    detail = "Only POST here, or a WebSocket."
    body = problem_body(405, code="method_not_allowed", title="Method Not Allowed", detail=detail)
    headers = [(b"content-type", b"application/json"), (b"allow", b"POST")]
    await send({"type": "http.response.start", "status": 405, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(body)})


async def _refuse(send: Send, error: AntiphonError) -> None:
    status, body = problem(error)
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if "retry_after" in error.fields:
        headers.append((b"retry-after", str(error.fields["retry_after"]).encode()))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(body)})


def _ready(stream: LiveStream) -> dict[str, object]:
    return {
        "version": VERSION,
        "channels": stream.outputs,
        "latencySamples": stream.latency,
        "cores": round(stream.cost, 4),
    }


def _authorization(scope: Scope, opening: Opening) -> bytes | None:
    """Return the header that a program sent, or what it would be of a token in the message.

    A browser cannot send headers with a WebSocket.
    """
    header = next((v for k, v in scope["headers"] if k == b"authorization"), None)
    if header is None and opening.access_token is not None:
        return b"Bearer " + opening.access_token.encode()
    return None if header is None else bytes(header)


def _close_code(error: AntiphonError) -> int:
    if isinstance(error, ListenerTooSlow):
        return _SLOW
    if isinstance(error, Unavailable):
        return _FULL
    if isinstance(error, Denied):
        return _UNKNOWN
    return _BAD if error.code != "internal" else _FAILED
