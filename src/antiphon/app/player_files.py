"""The web player's files over raw ASGI: built once, hashed names, served with strict headers."""

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Artwork comes from this origin, segments go through MediaSource (blob:), nothing else is loaded.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
_WORTH_PACKING = (".js", ".css", ".html", ".svg", ".json", ".webmanifest")


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    headers: tuple[tuple[bytes, bytes], ...]
    etag: bytes


class PlayerFiles:
    """Serves the built player from memory; any path without a dot is a view of the one page."""

    def __init__(self, folder: Path) -> None:
        self._files: Mapping[str, _File] = {
            "/" + file.relative_to(folder).as_posix(): _load(file, folder)
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }

    @property
    def built(self) -> bool:
        """Whether there is a player to serve."""
        return "/index.html" in self._files

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one GET or HEAD."""
        if scope["method"] not in {"GET", "HEAD"}:
            await _plain(send, 405, b"Only GET and HEAD.", ((b"allow", b"GET, HEAD"),))
            return
        file = self._find(scope["path"])
        if file is None:
            await _plain(send, 404, b"Not found.", ())
            return
        await self._send(file, dict(scope["headers"]), send, head=scope["method"] == "HEAD")

    def _find(self, path: str) -> _File | None:
        found = self._files.get(path)
        if found is None and "." not in path.rsplit("/", 1)[-1]:
            return self._files.get("/index.html")
        return found

    async def _send(
        self, file: _File, request: Mapping[bytes, bytes], send: Send, *, head: bool
    ) -> None:
        if request.get(b"if-none-match") == file.etag:
            await send({"type": "http.response.start", "status": 304, "headers": file.headers})
            await send({"type": "http.response.body", "body": b""})
            return
        packed = file.packed if b"gzip" in request.get(b"accept-encoding", b"") else None
        body = file.body if packed is None else packed
        extra = () if packed is None else ((b"content-encoding", b"gzip"),)
        length = (b"content-length", str(len(body)).encode())
        headers = [*file.headers, *extra, length]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else body})


def _load(file: Path, folder: Path) -> _File:
    body = file.read_bytes()
    hashed = file.parent != folder and file.parent.name == "assets"
    cache = b"public, max-age=31536000, immutable" if hashed else b"no-cache"
    etag = b'"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    headers = [
        (b"content-type", (kind or "application/octet-stream").encode()),
        (b"cache-control", cache),
        (b"etag", etag),
        (b"vary", b"accept-encoding"),
    ]
    packed = gzip.compress(body, 9) if file.suffix in _WORTH_PACKING else None
    return _File(body, packed, tuple(headers), etag)


async def _plain(
    send: Send, status: int, body: bytes, extra: tuple[tuple[bytes, bytes], ...]
) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
