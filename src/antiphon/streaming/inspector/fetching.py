"""Gets playlists and media, over HTTP or from files, and keeps how they came."""

import asyncio
import http.client
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from antiphon.kernel import Invalid, NotFound

_MAX_BYTES: Final = 256 * 1024 * 1024
_SECONDS: Final = 30
_GZIP: Final = 31
_WEB: Final = ("http", "https")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What lay at an address. ``status`` 0: not reached; ``body`` is decoded where it was coded."""

    uri: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def over_http(self) -> bool:
        """Say whether there were HTTP headers to judge."""
        return self.uri.startswith(("http://", "https://"))

    @property
    def ok(self) -> bool:
        """Say whether there is a body worth reading."""
        return self.status in {200, 206} and bool(self.body)


class Fetcher(Protocol):
    """Gets one thing; failing to is a ``Fetched`` too."""

    async def fetch(self, uri: str, *, part: range | None = None) -> Fetched:
        """Return what lies at ``uri``, or that part of it."""
        ...


class PlainFetcher:
    """Fetches ``http:``, ``https:`` and ``file:`` addresses. Follows no redirects."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(_NoRedirects)

    async def fetch(self, uri: str, *, part: range | None = None) -> Fetched:
        """Return what lies at ``uri``, or that part of it."""
        scheme = urlsplit(uri).scheme
        if scheme == "file":
            return await asyncio.to_thread(_read_file, uri, part)
        if scheme not in _WEB:
            return Fetched(uri, 0, b"", reason=f"{scheme}: addresses are not fetched")
        return await asyncio.to_thread(self._get, uri, part)

    def _get(self, uri: str, part: range | None) -> Fetched:
        request = urllib.request.Request(uri, headers={"Accept-Encoding": "gzip"})  # noqa: S310
        if part is not None:
            request.add_header("Range", f"bytes={part.start}-{part.stop - 1}")
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return _fetched(uri, answer, answer.read(_MAX_BYTES))
        except urllib.error.HTTPError as refusal:
            with refusal:
                return _fetched(uri, refusal, b"")
        except (OSError, http.client.HTTPException) as fault:
            return Fetched(uri, 0, b"", reason=str(fault))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Take a redirect for the answer: rule 8.18 is about them."""


def address_of(source: str) -> str:
    """Return the address of what a user named: a URL, or the path of a file."""
    if urlsplit(source).scheme in {*_WEB, "file"}:
        return source
    path = Path(source)
    if not path.is_file():
        raise NotFound(f"There is no file {source}: name a playlist's URL or file.")
    return path.resolve().as_uri()


def may_lead_to(base: str, uri: str) -> bool:
    """Say whether a playlist at ``base`` may name ``uri``: none from the web names a file."""
    return urlsplit(base).scheme == "file" or urlsplit(uri).scheme in _WEB


def _read_file(uri: str, part: range | None) -> Fetched:
    path = Path(unquote(urlsplit(uri).path))
    try:
        with path.open("rb") as file:
            file.seek(part.start if part else 0)
            return Fetched(uri, 200, file.read(len(part) if part else _MAX_BYTES))
    except OSError as fault:
        return Fetched(uri, 404, b"", reason=fault.strerror or "")


def _fetched(uri: str, answer: Any, raw: bytes) -> Fetched:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    status = int(answer.status)
    try:
        body = _decoded(raw, headers.get("content-encoding", ""))
    except (zlib.error, Invalid) as fault:
        return Fetched(uri, status, b"", headers, f"its gzip is broken: {fault}")
    return Fetched(uri, status, body, headers, str(answer.reason))


def _decoded(raw: bytes, coding: str) -> bytes:
    if coding != "gzip" or not raw:
        return raw
    decoder = zlib.decompressobj(wbits=_GZIP)
    body = decoder.decompress(raw, _MAX_BYTES)
    if not decoder.eof:
        raise Invalid("it is cut short or far too large")
    return body
