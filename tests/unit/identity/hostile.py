"""An OpenID provider on loopback that can be told to misbehave in every way that matters."""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from antiphon.kernel import FixedClock

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
CLIENT = "antiphon"


@dataclass
class HostileProvider:
    """By default a good provider; ``claims``, ``header``, ``metadata`` are laid over the truth."""

    clock: FixedClock
    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=lambda: [KEY.as_dict(private=False)])
    raw: dict[str, bytes] = field(default_factory=dict)
    subject: str = "person-1"
    key: Any = field(default_factory=lambda: KEY)
    token: Callable[[dict[str, Any]], str] | None = None
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    delay: float = 0.0
    serving: set[asyncio.Task[Any]] = field(default_factory=set)

    def browse(self, url: str, **changes: str) -> dict[str, str]:
        """Sign in at the authorization endpoint; return what comes back to the redirect."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_hex(8)
        self.codes[code] = query
        return {"state": query["state"], "code": code, "iss": self.issuer, **changes}

    def answer(self, path: str, body: str) -> dict[str, Any] | None:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_response_iss_parameter_supported": True,
                **self.metadata,
            }
        if path == "/keys":
            return {"keys": self.keys}
        if path == "/token":
            return self._exchanged({n: v[0] for n, v in parse_qs(body).items()})
        if path == "/revoke":
            self.forms.append({n: v[0] for n, v in parse_qs(body).items()})
        return None

    def signed(self, claims: dict[str, Any], key: Any = KEY) -> str:
        """Return a JWT of this provider, as it sends to servers."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    def _exchanged(self, form: dict[str, str]) -> dict[str, Any] | None:
        query = self.codes.pop(form["code"], None)
        if query is None or form["redirect_uri"] != query["redirect_uri"]:
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != query["code_challenge"]:
            return None
        now = self.clock.now() // 1000
        made: dict[str, Any] = {
            "iss": self.issuer,
            "aud": query["client_id"],
            "sub": self.subject,
            "nonce": query["nonce"],
            "iat": now,
            "exp": now + 300,
            **self.claims,
        }
        claims = {name: value for name, value in made.items() if value is not None}
        if self.token is not None:
            token = self.token(claims)
        else:
            head = {"alg": "RS256", "kid": "one", **self.header}
            algorithm = str(head["alg"])
            head = {name: value for name, value in head.items() if value is not None}
            token = jwt.encode(head, claims, self.key, algorithms=[algorithm])
        return {"id_token": token, "access_token": "at", "token_type": "Bearer", **self.told}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (
                int(x.split(":")[1])
                for x in head.splitlines()
                if x.lower()[:15] == "content-length:"
            ),
            0,
        )
        body = (await reader.readexactly(length)).decode()
        path = head.split(" ")[1]
        await asyncio.sleep(self.delay)
        answer = self.answer(path, body)
        if path in self.raw:
            writer.write(self.raw[path])
        else:
            status = b"200 OK" if answer is not None else b"400 Bad Request"
            text = json.dumps(answer or {"error": "invalid_grant"}).encode()
            writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(text), text))
        await writer.drain()


@asynccontextmanager
async def hostile_provider(clock: FixedClock) -> AsyncIterator[HostileProvider]:
    provider = HostileProvider(clock)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield provider
        await asyncio.gather(*provider.serving)


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode()
        for p in ({"alg": algorithm, "kid": "one"}, claims)
    ]
    return ".".join([*parts, ""])
