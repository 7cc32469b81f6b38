"""The hot routes over raw ASGI: play grants, play events, playlists, segments.

    POST     /v1/me/plays                          a grant
    POST     /v1/me/plays/{id}/events              what became of it
    GET HEAD /hls/{token}/{song}/main.m3u8         the multivariant playlist
    GET HEAD /hls/{token}/{song}/{rung}.m3u8       a media playlist
    GET HEAD /hls/{token}/{song}/{rung}.mp4        the rendition as one file
    GET HEAD /hls/{token}/{song}/{rung}/init.mp4   its init section
    GET HEAD /hls/{token}/{song}/{rung}/{n}.m4s    its segments

A path is matched whole against an allow-list; nothing of it ever becomes part of a file name.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec

from antiphon.audio import Rung
from antiphon.kernel import AntiphonError, Denied, Invalid, NotFound, SongId, problem, problem_body
from antiphon.streaming.disk import PopularFiles
from antiphon.streaming.model import Caller, MediaPass
from antiphon.streaming.prepared import (
    INIT_MIME,
    Headers,
    PreparedRendition,
    PreparedSong,
    ServedFile,
    ServedPlaylist,
    media_headers,
)
from antiphon.streaming.progressive import ProgressiveFile
from antiphon.streaming.ranges import parse_range
from antiphon.streaming.service import StreamingService
from antiphon.streaming.wire import read_events, read_play

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Authenticate = Callable[[bytes | None], Caller]

_RUNG: Final = "|".join(re.escape(rung) for rung in Rung)
_MEDIA: Final = re.compile(
    r"/hls/(?P<token>[A-Za-z0-9._-]{40,240})/(?P<song>[a-z2-7]{16,24})/"
    rf"(?:(?P<rung>{_RUNG})(?:/(?:(?P<number>0|[1-9][0-9]{{0,5}})\.m4s|(?P<init>init\.mp4))"
    r"|\.(?P<kind>m3u8|mp4))|(?P<main>main)\.m3u8)\Z"
)
_EVENTS: Final = re.compile(r"/v1/me/plays/([A-Za-z0-9.]{40,160})/events\Z")
_MAX_GRANT_BODY: Final = 16 * 1024
_MAX_EVENTS_BODY: Final = 64 * 1024
_BODY_SECONDS: Final = 10.0
_CHUNK: Final = 256 * 1024
_POPULAR_BYTES: Final = 64 * 1024 * 1024
_REFUSES_GZIP: Final = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|\Z)")
_PATHSEND: Final = "http.response.pathsend"
_JSON: Final = (b"content-type", b"application/json")
_PRIVATE: Final = [_JSON, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
_EMPTY: Final = {"type": "http.response.body", "body": b""}


class BodyTooLarge(Invalid):
    """The body is larger than the route takes."""

    code = "too_large"


class BodyTooSlow(Invalid):
    """The body did not arrive in time."""

    code = "too_slow"


class NoSuchMedia(NotFound):
    """There is nothing at this address."""

    code = "not_found"


class WrongDevice(Denied):
    """The address was made for somebody else, or for another of their devices."""

    code = "url_not_yours"


class HotRoutes:
    """An ASGI application for the paths above. ``authenticate`` raises ``Denied``.

    Up to ``popular_bytes`` of local segments that many listen to are kept in memory.
    """

    def __init__(
        self,
        service: StreamingService,
        authenticate: Authenticate,
        *,
        popular_bytes: int = _POPULAR_BYTES,
    ) -> None:
        self._service = service
        self._authenticate = authenticate
        self._popular = PopularFiles(popular_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal is a problem in JSON."""
        try:
            path: str = scope["path"]
            match = _MEDIA.match(path)
            if match is not None:
                await self._media(match, _Request(scope, receive, send))
            else:
                await self._control(path, scope, receive, send)
        except AntiphonError as error:
            await _refuse(send, error, head=scope["method"] == "HEAD")

    async def _control(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        events = _EVENTS.match(path)
        if path != "/v1/me/plays" and events is None:
            raise NoSuchMedia("There is nothing at this address.")
        if scope["method"] != "POST":
            await _wrong_method(send, b"POST")
            return
        headers = scope["headers"]
        caller = self._authenticate(_header(headers, b"authorization"))
        if events is None:
            body = await _body(receive, headers, _MAX_GRANT_BODY)
            answer = await self._service.grant(caller, read_play(body))
            await _answer(send, 201, [*_PRIVATE, (b"content-length", b"%d" % len(answer))], answer)
        else:
            body = await _body(receive, headers, _MAX_EVENTS_BODY)
            await self._service.record(caller, events[1], read_events(body))
            await _answer(send, 202, [(b"content-length", b"0")], b"")

    async def _media(self, match: re.Match[str], request: "_Request") -> None:
        if request.scope["method"] not in {"GET", "HEAD"}:
            await _wrong_method(request.send, b"GET, HEAD")
            return
        token, song_id, rung_name, number, init, kind, main = match.groups()
        permit = self._service.open_pass(token, song_id)
        if request.authorization is not None:
            self._check_device(permit, request.authorization)
        await self._service.still_allowed(permit)
        song = await self._service.prepared(SongId(song_id))
        if any(granted not in song.renditions for granted in permit.rungs):
            # Another worker granted rungs that were finished after this one looked.
            self._service.forget(song.song_id)
            song = await self._service.prepared(song.song_id)
        if main is not None:
            await _send_playlist(request, self._service.multivariant(song, permit.rungs))
            return
        rung = Rung(rung_name)
        rendition = song.renditions.get(rung)
        if rendition is None or rung not in permit.rungs:
            raise NoSuchMedia(f"This play does not include {rung}.")
        if kind == "m3u8":
            await _send_playlist(request, self._service.media_playlist(song, rung))
        elif kind == "mp4":
            await self._send_progressive(request, rendition)
        else:
            file = rendition.init_section() if init else rendition.segment(int(number))
            await self._send_file(request, song, file)

    def _check_device(self, permit: MediaPass, authorization: bytes) -> None:
        """Refuse a signed-in device that uses another one's address; most send no header."""
        caller = self._authenticate(authorization)
        if (caller.listener_id, caller.device_id) != (permit.listener_id, permit.device_id):
            raise WrongDevice("This address was made for another device.", http_status=403)

    async def _send_file(
        self, request: "_Request", song: PreparedSong, file: ServedFile | None
    ) -> None:
        if file is None:
            raise NoSuchMedia("The song has no such segment.")
        if request.if_none_match is not None and _matches(request.if_none_match, file.etag):
            await _not_modified(request, file.headers)
        elif request.wants_range(file.etag):
            await self._send_part(request, file)
        elif request.head:
            await _answer(request.send, 200, file.headers, b"")
        else:
            await self._send_whole(request, song, file)

    async def _send_whole(self, request: "_Request", song: PreparedSong, file: ServedFile) -> None:
        """Send a file: from the page cache at once, else by the server's own threads."""
        path = file.path or self._locate(file)
        if path is None:
            await self._send_object(request, song, file)
            return
        try:
            data = self._popular.read(path, file.etag, file.size)
        except (OSError, ValueError) as fault:
            self._service.forget(song.song_id)
            raise NoSuchMedia("The segment was replaced or is gone: ask again.") from fault
        if data is not None:
            await _answer(request.send, 200, file.headers, data)
        elif _PATHSEND in request.scope.get("extensions", {}):
            start = {"type": "http.response.start", "status": 200, "headers": file.headers}
            await request.send(start)
            await request.send({"type": _PATHSEND, "path": path})
        else:
            await self._send_object(request, song, file)

    def _locate(self, file: ServedFile) -> str | None:
        location = self._service.objects.locate(file.key).path
        file.path = None if location is None else str(location)
        return file.path

    async def _send_object(self, request: "_Request", song: PreparedSong, file: ServedFile) -> None:
        data = await self._service.objects.get(file.key)
        if data is None or len(data) != file.size:
            self._service.forget(song.song_id)
            raise NoSuchMedia("The segment was replaced or is gone: ask again.")
        await _answer(request.send, 200, file.headers, data)

    async def _send_part(self, request: "_Request", file: ServedFile) -> None:
        wanted = parse_range(request.range, file.size)
        assert wanted is not None
        data = await self._service.objects.get(file.key, start=wanted.start, length=len(wanted))
        if data is None or len(data) != len(wanted):
            raise NoSuchMedia("The segment was replaced or is gone: ask again.")
        headers = _part_headers(file.headers, wanted, file.size)
        await _answer(request.send, 206, headers, b"" if request.head else data)

    async def _send_progressive(self, request: "_Request", rendition: PreparedRendition) -> None:
        layout = ProgressiveFile(rendition.rendition)
        etag = rendition.etag("whole")
        headers = media_headers(INIT_MIME, layout.size, etag)
        status, wanted = 200, range(layout.size)
        if request.if_none_match is not None and _matches(request.if_none_match, etag):
            await _not_modified(request, headers)
            return
        if request.wants_range(etag):
            part = parse_range(request.range, layout.size)
            assert part is not None
            status, wanted = 206, part
            headers = _part_headers(headers, wanted, layout.size)
        if request.head:
            await _answer(request.send, status, headers, b"")
            return
        await request.send({"type": "http.response.start", "status": status, "headers": headers})
        leaving = asyncio.ensure_future(_disconnected(request.receive))
        try:
            async for data in self._chunks(layout, wanted):
                await request.send({"type": "http.response.body", "body": data, "more_body": True})
                await asyncio.sleep(0)  # others' turn; a server need not wait for a client gone
                if leaving.done():
                    return
        finally:
            leaving.cancel()
        await request.send(_EMPTY)

    async def _chunks(self, layout: ProgressiveFile, wanted: range) -> AsyncIterator[bytes]:
        for span in layout.spans(wanted):
            if span.key is None:
                yield layout.index[span.start : span.start + span.length]
                continue
            for start in range(span.start, span.start + span.length, _CHUNK):
                length = min(_CHUNK, span.start + span.length - start)
                yield await self._service.objects.get(span.key, start=start, length=length) or b""


class _Request:
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


def _matches(if_none_match: bytes, etag: bytes) -> bool:
    """Compare weakly (RFC 9110, 13.1.2)."""
    if if_none_match == b"*":
        return True
    strong = etag.removeprefix(b"W/")
    return any(t.strip().removeprefix(b"W/") == strong for t in if_none_match.split(b","))


def _header(headers: Headers, wanted: bytes) -> bytes | None:
    for name, value in headers:
        if name == wanted:
            return value
    return None


async def _body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """Return the whole body; ``BodyTooLarge`` as soon as it is known to exceed ``limit``."""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _whole_body(receive, headers, limit)
    except TimeoutError as fault:
        detail = f"The body did not arrive within {_BODY_SECONDS:.0f} s."
        raise BodyTooSlow(detail, http_status=408) from fault


async def _whole_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    told = _header(headers, b"content-length")
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


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"A body has at most {limit} bytes here.", http_status=413)


async def _answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_playlist(request: _Request, playlist: ServedPlaylist) -> None:
    if request.if_none_match is not None and _matches(request.if_none_match, playlist.etag):
        await _not_modified(request, playlist.plain_headers)
        return
    headers = playlist.packed_headers if request.gzip else playlist.plain_headers
    body = playlist.packed if request.gzip else playlist.plain
    await _answer(request.send, 200, headers, b"" if request.head else body)


async def _not_modified(request: _Request, headers: Headers) -> None:
    kept = [h for h in headers if h[0] in {b"etag", b"cache-control", b"vary"}]
    await _answer(request.send, 304, kept, b"")


def _part_headers(headers: Headers, wanted: range, size: int) -> Headers:
    kept = [h for h in headers if h[0] != b"content-length"]
    place = b"bytes %d-%d/%d" % (wanted.start, wanted.stop - 1, size)
    return [*kept, (b"content-length", b"%d" % len(wanted)), (b"content-range", place)]


async def _wrong_method(send: Send, allowed: bytes) -> None:
    detail = f"Only {allowed.decode()} here."
    body = problem_body(405, code="method_not_allowed", title="Method Not Allowed", detail=detail)
    raw = msgspec.json.encode(body)
    headers = [*_PRIVATE, (b"allow", allowed), (b"content-length", b"%d" % len(raw))]
    await _answer(send, 405, headers, raw)


async def _refuse(send: Send, error: AntiphonError, *, head: bool) -> None:
    status, body = problem(error)
    raw = msgspec.json.encode(body)
    headers = [*_PRIVATE, (b"content-length", b"%d" % len(raw))]
    if "retry_after" in error.fields:
        headers.append((b"retry-after", str(error.fields["retry_after"]).encode()))
    if status == 416:
        headers.append((b"content-range", b"bytes */" + str(error.fields["size"]).encode()))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await _answer(send, status, headers, b"" if head else raw)
