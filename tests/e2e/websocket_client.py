"""A WebSocket client of RFC 6455, as small as tests need it: blocking, no extensions."""

import base64
import json
import os
import socket
import struct
from typing import Any, ClassVar
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):  # noqa: N818 - reads as a fact
    """The server has closed; ``code`` and ``reason`` are what it said."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class WebSocket:
    """One connection."""

    open: ClassVar[set["WebSocket"]] = set()

    def __init__(self, url: str, path: str, token: str | None = None, seconds: float = 120) -> None:
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=seconds)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {place.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *([f"Authorization: Bearer {token}"] if token else []),
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._read = self.socket.makefile("rb")
        WebSocket.open.add(self)
        status = self._read.readline()
        if b" 101 " not in status:
            self.cut()
            raise Closed(int(status.split()[1]), "refused")
        while self._read.readline().strip():
            pass

    def send(self, message: bytes | str | dict[str, Any]) -> None:
        """Send bytes as binary, text as text, a mapping as JSON."""
        if isinstance(message, dict):
            message = json.dumps(message)
        kind, body = (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)
        self._frame(kind, body)

    def receive(self) -> bytes | Any:
        """Return the next message, text as what its JSON says; raise ``Closed``."""
        while True:
            head = self._read.read(2)
            if len(head) < 2:
                raise Closed(1006, "cut off")
            size = head[1] & 127
            if size >= 126:
                wide = self._read.read(2 if size == 126 else 8)
                size = int.from_bytes(wide, "big")
            body = self._read.read(size)
            kind = head[0] & 15
            if kind == CLOSE:
                code = struct.unpack(">H", body[:2])[0] if body else 1005
                raise Closed(code, body[2:].decode())
            if kind == PING:
                self._frame(PONG, body)
            elif kind == TEXT:
                return json.loads(body)
            elif kind == BINARY:
                return body

    def cut(self) -> None:
        """Go away without a word."""
        WebSocket.open.discard(self)
        self._read.close()
        self.socket.close()

    def _frame(self, kind: int, body: bytes) -> None:
        size = len(body)
        if size < 126:
            head = struct.pack(">BB", 128 | kind, 128 | size)
        elif size < 65536:
            head = struct.pack(">BBH", 128 | kind, 128 | 126, size)
        else:
            head = struct.pack(">BBQ", 128 | kind, 128 | 127, size)
        self.socket.sendall(head + b"\0\0\0\0" + body)  # a mask of zeros changes nothing
