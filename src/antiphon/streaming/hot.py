"""The hot routes over raw ASGI: play grants, play events, playlists, segments.

    POST     /v1/me/plays                          a grant
    POST     /v1/me/plays/{id}/events              what became of it
    POST     /v1/me/plays/{id}/licence             keys of an encrypted song, with a lease
    POST     /v1/me/plays/{id}/licence/renew       a longer lease
    DELETE   /v1/me/plays/{id}/licence             the lease given back
    GET HEAD /hls/{token}/{song}/main.m3u8         the multivariant playlist
    GET HEAD /hls/{token}/{song}/{rung}.m3u8       a media playlist
    GET HEAD /hls/{token}/{song}/{rung}.mp4        the rendition as one file
    GET HEAD /hls/{token}/{song}/{rung}/init.mp4   its init section
    GET HEAD /hls/{token}/{song}/{rung}/{n}.m4s    its segments
    GET      /hls/{token}/{song}/{rung}/key        the key that opens them, for HLS players
    POST     /hls/{token}/{song}/licence           the same keys for players of Clear Key

Playlists of encrypted songs name keys in the form that ``?keys=`` asks for: ``identity`` (also
without it) or ``clearkey``.

A path is matched whole against an allow-list; nothing of it ever becomes part of a file name.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from typing import Final

from antiphon.audio import Rung
from antiphon.kernel import AntiphonError, Denied, NotFound
from antiphon.rights import Licence
from antiphon.streaming.asgi import (
    PRIVATE,
    Receive,
    Request,
    Scope,
    Send,
    answer,
    disconnected,
    header,
    matches,
    not_modified,
    part_headers,
    read_body,
    refuse,
    wrong_method,
)
from antiphon.streaming.disk import PopularFiles
from antiphon.streaming.hls import KeyForm
from antiphon.streaming.licensing import lease_headers, licence_json, read_kids
from antiphon.streaming.model import Caller, MediaPass
from antiphon.streaming.prepared import (
    INIT_MIME,
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

Authenticate = Callable[[bytes | None], Caller]

_RUNG: Final = "|".join(re.escape(rung) for rung in Rung)
_MEDIA: Final = re.compile(
    r"/hls/(?P<token>[A-Za-z0-9._-]{40,240})/(?P<song>[a-z2-7]{16,24})/"
    rf"(?:(?P<rung>{_RUNG})(?:/(?:(?P<number>0|[1-9][0-9]{{0,5}})\.m4s|(?P<init>init\.mp4)"
    r"|(?P<key>key))|\.(?P<kind>m3u8|mp4))|(?P<main>main)\.m3u8|(?P<licence>licence))\Z"
)
_PLAY: Final = re.compile(r"/v1/me/plays/([A-Za-z0-9.]{40,160})/(events|licence(?:/renew)?)\Z")
_CLEAR_KEY_FORM: Final = re.compile(rb"(?:\A|&)keys=clearkey(?:&|\Z)")
_MAX_GRANT_BODY: Final = 16 * 1024
_MAX_EVENTS_BODY: Final = 64 * 1024
_MAX_LICENCE_BODY: Final = 4 * 1024
_CHUNK: Final = 256 * 1024
_POPULAR_BYTES: Final = 64 * 1024 * 1024
_PATHSEND: Final = "http.response.pathsend"
_SECRET: Final = [
    (b"content-type", b"application/octet-stream"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_EMPTY: Final = {"type": "http.response.body", "body": b""}


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

    @property
    def service(self) -> StreamingService:
        """Return what grants plays, for gateways that ask in other protocols."""
        return self._service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal is a problem in JSON."""
        try:
            path: str = scope["path"]
            match = _MEDIA.match(path)
            if match is not None:
                await self._media(match, Request(scope, receive, send))
            else:
                await self._control(path, scope, receive, send)
        except AntiphonError as error:
            await refuse(send, error, head=scope["method"] == "HEAD")

    async def _control(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        play = _PLAY.match(path)
        if path != "/v1/me/plays" and play is None:
            raise NoSuchMedia("There is nothing at this address.")
        play_id, what = play.groups() if play is not None else ("", "plays")
        is_release = what == "licence" and scope["method"] == "DELETE"
        if scope["method"] != "POST" and not is_release:
            await wrong_method(send, b"POST, DELETE" if what == "licence" else b"POST")
            return
        headers = scope["headers"]
        caller = self._authenticate(header(headers, b"authorization"))
        if what == "plays":
            body = await read_body(receive, headers, _MAX_GRANT_BODY)
            grant = await self._service.grant(caller, read_play(body))
            await answer(send, 201, [*PRIVATE, (b"content-length", b"%d" % len(grant))], grant)
        elif what == "events":
            body = await read_body(receive, headers, _MAX_EVENTS_BODY)
            await self._service.record(caller, play_id, read_events(body))
            await answer(send, 202, [(b"content-length", b"0")], b"")
        elif is_release:
            await self._service.licensing.release(caller, play_id)
            await answer(send, 204, [], b"")
        elif what == "licence":
            kids = read_kids(await read_body(receive, headers, _MAX_LICENCE_BODY))
            await _send_licence(send, await self._service.licensing.issue(caller, play_id, kids))
        else:
            lease = lease_headers(await self._service.licensing.renew(caller, play_id))
            await answer(send, 204, [*lease, (b"cache-control", b"no-store")], b"")

    async def _media(self, match: re.Match[str], request: Request) -> None:
        token, song_id, rung_name, number, init, key, kind, main, licence = match.groups()
        methods = b"POST" if licence else b"GET" if key else b"GET, HEAD"
        if request.scope["method"].encode() not in methods.split(b", "):
            await wrong_method(request.send, methods)
            return
        permit = self._service.open_pass(token, song_id)
        if request.authorization is not None:
            self._check_device(permit, request.authorization)
        await self._service.still_allowed(permit)
        if key is not None:
            found = await self._service.licensing.key_for(permit, Rung(rung_name))
            headers = [*_SECRET, (b"content-length", b"%d" % len(found))]
            await answer(request.send, 200, headers, found)
        elif licence is not None:
            body = await read_body(request.receive, request.scope["headers"], _MAX_LICENCE_BODY)
            issued = await self._service.licensing.issue_for(permit, read_kids(body))
            await _send_licence(request.send, issued)
        elif main is not None:
            song, form = await self._granted(permit), _form_of(request.scope)
            playlist = await self._service.multivariant(song, permit.rungs, form)
            await _send_playlist(request, playlist)
        elif kind == "m3u8":
            song, rendition = await self._rendition(permit, rung_name)
            rung, form = rendition.rendition.rung, _form_of(request.scope)
            playlist = await self._service.media_playlist(song, rung, form)
            await _send_playlist(request, playlist)
        elif kind == "mp4":
            _, rendition = await self._rendition(permit, rung_name)
            ms = await self._send_progressive(request, rendition)
            self._service.sent.part(permit, ms)
        else:
            await self._send_media(request, permit, rung_name, None if init else int(number))

    async def _granted(self, permit: MediaPass) -> PreparedSong:
        song = await self._service.prepared(permit.song_id)
        if any(granted not in song.renditions for granted in permit.rungs):
            # Another worker granted rungs that were finished after this one looked.
            self._service.forget(song.song_id)
            song = await self._service.prepared(song.song_id)
        return song

    async def _rendition(
        self, permit: MediaPass, rung_name: str
    ) -> tuple[PreparedSong, PreparedRendition]:
        song, rung = await self._granted(permit), Rung(rung_name)
        rendition = song.renditions.get(rung)
        if rendition is None or rung not in permit.rungs:
            raise NoSuchMedia(f"This play does not include {rung}.")
        return song, rendition

    async def _send_media(
        self, request: Request, permit: MediaPass, rung_name: str, number: int | None
    ) -> None:
        """Send a segment, or the init section for None; note what was sent."""
        song, rendition = await self._rendition(permit, rung_name)
        file = rendition.init_section() if number is None else rendition.segment(number)
        await self._send_file(request, song, file)
        if number is not None and not request.head and request.if_none_match is None:
            self._service.sent.segment(permit, number, rendition.length_ms(number))

    async def keep_told(self, stop: asyncio.Event) -> None:
        """Tell the log what media was sent, until ``stop``."""
        await self._service.sent.keep_told(stop)

    def _check_device(self, permit: MediaPass, authorization: bytes) -> None:
        """Refuse a signed-in device that uses another one's address; most send no header."""
        caller = self._authenticate(authorization)
        if (caller.listener_id, caller.device_id) != (permit.listener_id, permit.device_id):
            raise WrongDevice("This address was made for another device.", http_status=403)

    async def _send_file(
        self, request: Request, song: PreparedSong, file: ServedFile | None
    ) -> None:
        if file is None:
            raise NoSuchMedia("The song has no such segment.")
        if request.if_none_match is not None and matches(request.if_none_match, file.etag):
            await not_modified(request, file.headers)
        elif request.wants_range(file.etag):
            await self._send_part(request, file)
        elif request.head:
            await answer(request.send, 200, file.headers, b"")
        else:
            await self._send_whole(request, song, file)

    async def _send_whole(self, request: Request, song: PreparedSong, file: ServedFile) -> None:
        """Send a file: from the page cache at once, else by the server's own threads."""
        path, settled = (file.path, True) if file.path else self._locate(file)
        if path is None:
            await self._send_object(request, song, file)
            return
        try:
            data = self._popular.read(path, file.etag, file.size)
        except (OSError, ValueError) as fault:
            if not settled:  # it moved this moment
                await self._send_object(request, song, file)
                return
            self._service.forget(song.song_id)
            raise NoSuchMedia("The segment was replaced or is gone: ask again.") from fault
        if data is not None:
            await answer(request.send, 200, file.headers, data)
        elif settled and _PATHSEND in request.scope.get("extensions", {}):
            start = {"type": "http.response.start", "status": 200, "headers": file.headers}
            await request.send(start)
            await request.send({"type": _PATHSEND, "path": path})
        else:
            await self._send_object(request, song, file)

    def _locate(self, file: ServedFile) -> tuple[str | None, bool]:
        """Return the local path, and whether the file stays there while the server opens it."""
        place = self._service.objects.locate(file.key)
        path = None if place.path is None else str(place.path)
        if place.settled:
            file.path = path
        return path, place.settled

    async def _send_object(self, request: Request, song: PreparedSong, file: ServedFile) -> None:
        data = await self._service.objects.get(file.key)
        if data is None or len(data) != file.size:
            self._service.forget(song.song_id)
            raise NoSuchMedia("The segment was replaced or is gone: ask again.")
        await answer(request.send, 200, file.headers, data)

    async def _send_part(self, request: Request, file: ServedFile) -> None:
        wanted = parse_range(request.range, file.size)
        assert wanted is not None
        data = await self._service.objects.get(file.key, start=wanted.start, length=len(wanted))
        if data is None or len(data) != len(wanted):
            raise NoSuchMedia("The segment was replaced or is gone: ask again.")
        headers = part_headers(file.headers, wanted, file.size)
        await answer(request.send, 206, headers, b"" if request.head else data)

    async def _send_progressive(self, request: Request, rendition: PreparedRendition) -> int:
        """Send a rendition as one file or a part of it; return how many ms of sound that was."""
        layout = ProgressiveFile(rendition.rendition)
        etag = rendition.etag("whole")
        headers = media_headers(INIT_MIME, layout.size, etag)
        status, wanted = 200, range(layout.size)
        if request.if_none_match is not None and matches(request.if_none_match, etag):
            await not_modified(request, headers)
            return 0
        if request.wants_range(etag):
            part = parse_range(request.range, layout.size)
            assert part is not None
            status, wanted = 206, part
            headers = part_headers(headers, wanted, layout.size)
        if request.head:
            await answer(request.send, status, headers, b"")
            return 0
        await request.send({"type": "http.response.start", "status": status, "headers": headers})
        sent = 0
        leaving = asyncio.ensure_future(disconnected(request.receive))
        try:
            async for data in self._chunks(layout, wanted):
                await request.send({"type": "http.response.body", "body": data, "more_body": True})
                sent += len(data)
                await asyncio.sleep(0)  # others' turn; a server need not wait for a client gone
                if leaving.done():
                    return rendition.duration_ms * sent // layout.size
        finally:
            leaving.cancel()
        await request.send(_EMPTY)
        return rendition.duration_ms * sent // layout.size

    async def _chunks(self, layout: ProgressiveFile, wanted: range) -> AsyncIterator[bytes]:
        for span in layout.spans(wanted):
            if span.key is None:
                yield layout.index[span.start : span.start + span.length]
                continue
            for start in range(span.start, span.start + span.length, _CHUNK):
                length = min(_CHUNK, span.start + span.length - start)
                yield await self._service.objects.get(span.key, start=start, length=length) or b""


def _form_of(scope: Scope) -> KeyForm:
    asked = _CLEAR_KEY_FORM.search(scope.get("query_string", b""))
    return KeyForm.IDENTITY if asked is None else KeyForm.CLEAR_KEY


async def _send_licence(send: Send, licence: Licence) -> None:
    body = licence_json(licence)
    length = (b"content-length", b"%d" % len(body))
    await answer(send, 200, [*PRIVATE, *lease_headers(licence), length], body)


async def _send_playlist(request: Request, playlist: ServedPlaylist) -> None:
    if request.if_none_match is not None and matches(request.if_none_match, playlist.etag):
        await not_modified(request, playlist.plain_headers)
        return
    headers = playlist.packed_headers if request.gzip else playlist.plain_headers
    body = playlist.packed if request.gzip else playlist.plain
    await answer(request.send, 200, headers, b"" if request.head else body)
