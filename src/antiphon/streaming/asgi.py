"""What the hot routes need of HTTP over ASGI: requests read in one pass, bodies, answers."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec

from antiphon.kernel import AntiphonError, Invalid, problem, problem_body
from antiphon.streaming.prepared import Headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_SECONDS: Final = 10.0
_REFUSES_GZIP: Final = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|\Z)")
_JSON: Final = (b"content-type", b"application/json")
PRIVATE: Final = [_JSON, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


class BodyTooLarge(Invalid):
    """The body is larger than the route takes."""

    code = "too_large"


class BodyTooSlow(Invalid):
    """The body did not arrive in time."""

    code = "too_slow"


class Request:
    """What of a request's headers matters for media, read in one pass."""

    __slots__ = (
        "authorization",
        "gzip",
        "head",
        "if_none_match",
        "if_range",
        "range",
        "receive",
        "scope",
        "send",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.head: bool = scope["method"] == "HEAD"
        self.authorization: bytes | None = None
        self.if_none_match: bytes | None = None
        self.if_range: bytes | None = None
        self.range: bytes | None = None
        self.gzip = False
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                self.gzip = b"gzip" in value and not _REFUSES_GZIP.search(value)
            elif name == b"range":
                self.range = value
            elif name == b"if-none-match":
                self.if_none_match = value
            elif name == b"if-range":
                self.if_range = value
            elif name == b"authorization":
                self.authorization = value

    def wants_range(self, etag: bytes) -> bool:
        """Say whether a part is asked for, and of the bytes that are still there (If-Range)."""
        if self.range is None or not self.range.startswith(b"bytes="):
            return False
        return self.if_range is None or self.if_range == etag


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Compare weakly (RFC 9110, 13.1.2)."""
    if if_none_match == b"*":
        return True
    strong = etag.removeprefix(b"W/")
    return any(t.strip().removeprefix(b"W/") == strong for t in if_none_match.split(b","))


def header(headers: Headers, wanted: bytes) -> bytes | None:
    """Return the first header of a name (in lower case), or None."""
    for name, value in headers:
        if name == wanted:
            return value
    return None


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """Return the whole body; ``BodyTooLarge`` as soon as it is known to exceed ``limit``."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _whole_body(receive, headers, limit)
    except TimeoutError as fault:
        detail = f"The body did not arrive within {BODY_SECONDS:.0f} s."
        raise BodyTooSlow(detail, http_status=408) from fault


async def _whole_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    told = header(headers, b"content-length")
    if told is not None and (not told.isdigit() or int(told) > limit):
        raise _too_large(limit)
    parts = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("The body was cut short.")
        part: bytes = message.get("body", b"")
        parts += part
        if len(parts) > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return parts


async def disconnected(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"A body has at most {limit} bytes here.", http_status=413)


async def answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def not_modified(request: Request, headers: Headers) -> None:
    """Say that the client has it already."""
    kept = [h for h in headers if h[0] in {b"etag", b"cache-control", b"vary"}]
    await answer(request.send, 304, kept, b"")


def part_headers(headers: Headers, wanted: range, size: int) -> Headers:
    """Return the headers of a part of what these are for."""
    kept = [h for h in headers if h[0] != b"content-length"]
    place = b"bytes %d-%d/%d" % (wanted.start, wanted.stop - 1, size)
    return [*kept, (b"content-length", b"%d" % len(wanted)), (b"content-range", place)]


async def wrong_method(send: Send, allowed: bytes) -> None:
    """Refuse a method, naming those that are allowed."""
    detail = f"Only {allowed.decode()} here."
    body = problem_body(405, code="method_not_allowed", title="Method Not Allowed", detail=detail)
    raw = msgspec.json.encode(body)
    headers = [*PRIVATE, (b"allow", allowed), (b"content-length", b"%d" % len(raw))]
    await answer(send, 405, headers, raw)


async def refuse(send: Send, error: AntiphonError, *, head: bool) -> None:
    """Answer with a problem in JSON."""
    status, body = problem(error)
    raw = msgspec.json.encode(body)
    headers = [*PRIVATE, (b"content-length", b"%d" % len(raw))]
    if "retry_after" in error.fields:
        headers.append((b"retry-after", str(error.fields["retry_after"]).encode()))
    if status == 416:
        headers.append((b"content-range", b"bytes */" + str(error.fields["size"]).encode()))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await answer(send, status, headers, b"" if head else raw)
