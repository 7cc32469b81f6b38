"""One HTTP exchange of this gateway over ASGI: headers, a bounded body, one answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from antiphon.catalog import language_of
from antiphon.gateways.sirikit.errors import ProtocolError, Why
from antiphon.kernel import AntiphonError, problem, problem_body

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

MOST_BODY: Final = 64 * 1024
JSON: Final = b"application/json"
NO_STORE: Final = (b"cache-control", b"no-store")
NO_CONTENT: Final = 204
_BODY_SECONDS: Final = 10.0
_LONGEST_SECONDS: Final = 30
_SESSION: Final = b"x-applecloudextension-session-id"
_SESSION_ID: Final = re.compile(rb"[ -~]{1,128}\Z")
_SECONDS: Final = re.compile(rb"[1-9][0-9]{0,8}\Z")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the way to answer it."""

    scope: Scope
    receive: Receive
    send: Send

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return str(self.scope["method"])

    @property
    def query(self) -> str:
        """Return the query string."""
        return bytes(self.scope.get("query_string", b"")).decode("latin-1")

    def header(self, wanted: bytes) -> bytes | None:
        """Return the first header of a name (in lower case), or None."""
        return next((value for name, value in self.scope["headers"] if name == wanted), None)

    @property
    def session_id(self) -> str:
        """Return the id that the client wants to have back in every answer; empty without one."""
        given = self.header(_SESSION) or b""
        return given.decode("ascii") if _SESSION_ID.match(given) else ""

    @property
    def language(self) -> str:
        """Return the language of the client, or nothing."""
        return language_of((self.header(b"accept-language") or b"").decode("latin-1"))

    @property
    def seconds(self) -> int:
        """Return how long the client waits, as it says; bounded."""
        told = self.header(b"request-timeout") or b""
        return min(int(told), _LONGEST_SECONDS) if _SECONDS.match(told) else _LONGEST_SECONDS

    async def body(self, kind: bytes = JSON, *, most: int = MOST_BODY) -> bytes:
        """Return the whole body, of a kind and a size; ``ProtocolError`` for any other."""
        given = (self.header(b"content-type") or b"").split(b";")[0].strip().lower()
        if given != kind:
            detail = f"The body has to be {kind.decode()}."
            raise ProtocolError(Why.UNPARSEABLE, detail, status=415)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await self._whole(most)
        except TimeoutError as fault:
            raise ProtocolError(Why.UNPARSEABLE, "The body was slow.", status=408) from fault

    async def _whole(self, most: int) -> bytes:
        parts = b""
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ProtocolError(Why.UNPARSEABLE, "The body was cut short.")
            part: bytes = message.get("body", b"")
            parts += part
            if len(parts) > most:
                raise ProtocolError(Why.UNPARSEABLE, "The body is too large.", status=413)
            if not message.get("more_body"):
                return parts

    async def answer(
        self,
        status: int,
        body: object = None,
        *,
        kind: bytes = JSON,
        headers: Iterable[Header] = (NO_STORE,),
    ) -> None:
        """Send an answer: bytes as they are, anything else as JSON."""
        raw = b"" if body is None else body if isinstance(body, bytes) else _encode(body)
        sent = [*headers]
        if raw:
            sent.append((b"content-type", kind))
        if self.session_id:
            sent.append((_SESSION, self.session_id.encode("ascii")))
        if status != NO_CONTENT:
            sent.append((b"content-length", b"%d" % len(raw)))
        await self.send({"type": "http.response.start", "status": status, "headers": sent})
        head = self.method == "HEAD"
        await self.send({"type": "http.response.body", "body": b"" if head else raw})

    async def refuse(self, error: AntiphonError, *, status: int | None = None) -> None:
        """Answer with a problem in JSON; ``status`` where the vendor has one of its own."""
        own, body = problem(error)
        headers = [NO_STORE]
        if "retry_after" in error.fields:
            headers.append((b"retry-after", str(error.fields["retry_after"]).encode()))
        if own == _UNAUTHORIZED:
            headers.append(CHALLENGE)
        await self.answer(status or own, body, headers=headers)

    async def wrong_method(self, allowed: str) -> None:
        """Refuse a method, naming those that are allowed."""
        detail = f"Only {allowed} here."
        title = "Method Not Allowed"
        body = problem_body(405, code="method_not_allowed", title=title, detail=detail)
        await self.answer(405, body, headers=[NO_STORE, (b"allow", allowed.encode())])


_UNAUTHORIZED: Final = 401
CHALLENGE: Final = (b"www-authenticate", b"Bearer")
