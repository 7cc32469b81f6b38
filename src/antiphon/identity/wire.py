"""Shapes that identity's HTTP modules share."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie

from antiphon.identity.model import Principal, Tokens
from antiphon.identity.rules import REFRESH_MS
from antiphon.identity.service import SignInDevice
from antiphon.kernel import NotFound, is_well_formed

COOKIE = "antiphon_refresh"
COOKIE_PATH = "/v1/token"
WEB = "web"

Asking = Request[Principal, Any, Any]
Text = Annotated[str, msgspec.Meta(max_length=1024)]


class Out(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of answers: camelCase on the wire."""


class In(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies: unknown fields are refused."""


class DeviceIn(In, frozen=True, kw_only=True):
    """What the device calls itself."""

    name: Text = ""
    kind: Text = ""

    def chosen(self) -> SignInDevice:
        """Return it as the services take it."""
        return SignInDevice(self.name, self.kind)


class TokensOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Tokens; ``refreshToken`` is absent where it went into a cookie."""

    access_token: str
    expires_in: int
    refresh_token: str | None = None


def tokens_out(
    request: Asking, tokens: Tokens, client: str | None, *, status: int
) -> Response[TokensOut]:
    """Return the answer to a sign-in: the web player's refresh token goes into a cookie."""
    web = client == WEB
    body = TokensOut(
        access_token=tokens.access_token,
        expires_in=tokens.expires_in,
        refresh_token=None if web else tokens.refresh_token,
    )
    cookies = [refresh_cookie(request, tokens.refresh_token, age=REFRESH_MS // 1000)] if web else []
    return Response(
        body, status_code=status, cookies=cookies, headers={"Cache-Control": "no-store"}
    )


def refresh_cookie(request: Asking, value: str, *, age: int) -> Cookie:
    """Return the web player's cookie, good for ``age`` seconds."""
    return Cookie(
        key=COOKIE,
        value=value,
        path=COOKIE_PATH,
        max_age=age,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def checked_id(raw: str) -> str:
    """Return an id from an address; ``NotFound`` where it has not the form of one."""
    if not is_well_formed(raw):
        raise NotFound("There is nothing with this id.")
    return raw


def moment(at: int) -> str:
    """Return Unix ms as ISO 8601 in UTC, to the second."""
    return (
        datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )
