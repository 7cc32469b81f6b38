"""Identity on every request: who asks, the guard for owners, the address to count by."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from antiphon.identity.errors import ManagerOnly, OwnerOnly
from antiphon.identity.model import Principal
from antiphon.identity.service import Identity

PUBLIC = "public"  # opt key of handlers that need no token


class AuthMiddleware:
    """Puts the ``Principal`` into ``scope["user"]``; handlers with ``public=True`` need none."""

    def __init__(self, app: ASGIApp, identity: Identity) -> None:
        self._app = app
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        handler = scope.get("route_handler")
        if handler is None or not handler.opt.get(PUBLIC):
            header = next((v for k, v in scope["headers"] if k == b"authorization"), None)
            scope["user"] = self._identity.authenticate(header)
        await self._app(scope, receive, send)


def requires_owner(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Refuse everybody but the household's owner."""
    principal = connection.scope.get("user")
    if not isinstance(principal, Principal) or not principal.is_owner:
        raise OwnerOnly("Only the household's owner may do this.", http_status=403)


def requires_manager(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Refuse everybody but the owner and heads of households."""
    principal = connection.scope.get("user")
    if not isinstance(principal, Principal) or not principal.manages:
        detail = "Only the head of the household may do this."
        raise ManagerOnly(detail, http_status=403)


def client_address(scope: Any, trusted_proxies: Iterable[str]) -> str:
    """Return the address to count by: IPv4 whole, IPv6 by its /64.

    ``X-Forwarded-For`` counts only from a trusted proxy, and then its right-most entry, which is
    the one that the proxy itself wrote.
    """
    client = scope.get("client")
    peer = str(client[0]) if client else "unknown"
    if peer in set(trusted_proxies):
        header = next((v for k, v in scope["headers"] if k == b"x-forwarded-for"), b"")
        peer = header.decode("latin-1").rsplit(",", 1)[-1].strip() or peer
    return _bucket(peer)


def _bucket(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
