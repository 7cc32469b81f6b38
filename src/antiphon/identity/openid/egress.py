"""Asking a provider: no private address, no redirect, little time and few bytes.

The address is checked where the connection is made, so a name that resolves otherwise the second
time (DNS rebinding) gains nothing; TLS still checks the name.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final

import httpcore
import msgspec

from antiphon.identity.openid.errors import ProviderUnavailable
from antiphon.identity.openid.provider import Provider

MOST_BYTES: Final = 256 * 1024
SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 5.0
_OK: Final = 200
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public internet, in every way of writing it."""
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and (
        parsed.ipv4_mapped or parsed.sixtofour or parsed.teredo or parsed in _NAT64
    ):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


class _NotPublic(httpcore.ConnectError):
    """The name has an address that is not the public internet's: nobody there was asked."""


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of the name, if all of them are public."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(map(is_public, addresses)):
            raise _NotPublic(f"{host} is at no public address")
        return await self._inner.connect_tcp(
            addresses[0], port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        """Wait between tries."""
        await asyncio.sleep(seconds)


async def ask(
    provider: Provider,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the JSON object at ``url`` (POST where there is a body); ``ProviderUnavailable``."""
    return json_object(provider, *await send(provider, url, body=body, headers=headers))


async def send(
    provider: Provider,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Return status and body, whatever they are; ``ProviderUnavailable`` where there is none."""
    if not provider.may_ask(url):
        raise ProviderUnavailable(f"{provider.name} names an address that is not https.")
    try:
        async with asyncio.timeout(SECONDS):
            return await _exchanged(provider, url, body, headers or {})
    except _NotPublic as fault:
        raise _unavailable(provider, str(fault)) from fault
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as fault:
        raise _unavailable(provider, type(fault).__name__) from fault
    except (TimeoutError, OSError, UnicodeError, ValueError) as fault:
        raise _unavailable(provider, type(fault).__name__) from fault


def json_object(provider: Provider, status: int, raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a good answer; ``ProviderUnavailable`` for any other."""
    if status != _OK:
        raise _unavailable(provider, f"HTTP {status}")
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as fault:
        raise _unavailable(provider, "no JSON object") from fault


async def _exchanged(
    provider: Provider, url: str, body: bytes | None, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    backend = None if provider.private_addresses else _Guarded()
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
    timeout = {"connect": _CONNECT_SECONDS, "read": SECONDS, "write": SECONDS, "pool": SECONDS}
    async with (
        httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=backend
        ) as pool,
        pool.stream(
            "GET" if body is None else "POST",
            url,
            headers=list(sent.items()),
            content=body,
            extensions={"timeout": timeout},
        ) as response,
    ):
        raw = bytearray()
        async for chunk in response.aiter_stream():
            raw += chunk
            if len(raw) > MOST_BYTES:
                raise ValueError("too long")
        return response.status, bytes(raw)


def _unavailable(provider: Provider, why: str) -> ProviderUnavailable:
    return ProviderUnavailable(f"{provider.name} does not answer as it should ({why}).")
