"""Linked sign-ins over HTTP.

The provider sends the browser to a page of the player, which hands on what it was sent: so every
refusal is an ordinary answer, and the cookie that binds a sign-in to its browser never has to go
with a request from another site. A provider that posts a form instead reaches a route that only
turns the form into that page's address.
"""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import Controller, Response, Router, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter

from antiphon.identity.http import PUBLIC, client_address
from antiphon.identity.openid.errors import NoSuchProvider
from antiphon.identity.openid.flow import TTL_SECONDS, Begun, ProviderAnswer
from antiphon.identity.openid.links import Link
from antiphon.identity.openid.service import OpenIdSignIn
from antiphon.identity.wire import (
    Asking,
    DeviceIn,
    In,
    Out,
    Text,
    TokensOut,
    moment,
    tokens_out,
)

_OpenId = NamedDependency[OpenIdSignIn]
_Proxies = NamedDependency[tuple[str, ...]]
_Client = Annotated[
    str | None, HeaderParameter(name="X-Antiphon-Client", description="`web` for the web player.")
]
_Long = Annotated[str, msgspec.Meta(max_length=4096)]
_COOKIE = "antiphon_openid"
_FIELDS = ("state", "code", "iss", "error", "user")


class AnswerIn(In, frozen=True, kw_only=True):
    """What the provider sent; ``user`` is the JSON that Apple sends at the first consent."""

    state: Text
    code: _Long = ""
    iss: Text | None = None
    error: Text = ""
    user: _Long = ""
    device: DeviceIn = DeviceIn()

    def answer(self, request: Asking) -> ProviderAnswer:
        """Return it with the secret of this browser."""
        browser = request.cookies.get(_COOKIE, "")
        name = _told_name(self.user)
        return ProviderAnswer(self.state, browser, self.code, self.iss, self.error, name)


class NoticeIn(msgspec.Struct, frozen=True):
    """A notice of the provider; it may send more than this."""

    payload: Annotated[str, msgspec.Meta(max_length=16 * 1024)]


class NoticeOut(Out, frozen=True, kw_only=True):
    """That it was taken; whom it was about is told to nobody."""

    taken: bool


class OpenIdProofIn(In, frozen=True, kw_only=True):
    """The password; may be absent for a quarter of an hour after signing in."""

    password: Text | None = None


class MethodOut(Out, frozen=True, kw_only=True):
    """One provider."""

    id: str
    name: str
    style: str


class MethodsOut(Out, frozen=True, kw_only=True):
    """Ways to sign in beside password and passkey."""

    data: list[MethodOut]


class BegunOut(Out, frozen=True, kw_only=True):
    """Where the browser goes to sign in."""

    url: str


class LinkOut(Out, frozen=True, kw_only=True):
    """One linked sign-in."""

    id: str
    provider: str
    shown_as: str
    linked_at: str


class LinksOut(Out, frozen=True, kw_only=True):
    """The account's linked sign-ins."""

    data: list[LinkOut]


class OpenIdSignInRoutes(Controller):
    """Signing in by way of a provider."""

    path = "/v1/sign-in"
    tags = ("Sign-in",)

    @get("/methods", opt={PUBLIC: True}, security=[], operation_id="listSignInMethods")
    async def methods(self, openid: _OpenId) -> MethodsOut:
        """List the providers by way of which one can sign in."""
        found = [MethodOut(id=p.id, name=p.name, style=p.style) for p in openid.providers()]
        return MethodsOut(data=found)

    @post(
        "/openid/{provider:str}/begin",
        opt={PUBLIC: True},
        security=[],
        status_code=200,
        operation_id="beginOpenIdSignIn",
    )
    async def begin(
        self, request: Asking, provider: str, openid: _OpenId, trusted_proxies: _Proxies
    ) -> Response[BegunOut]:
        """Begin a sign-in; the answer's cookie binds it to this browser."""
        address = client_address(request.scope, trusted_proxies)
        return begun_out(request, await openid.begin(provider, address=address))

    @post(
        "/openid/{provider:str}",
        opt={PUBLIC: True},
        security=[],
        status_code=200,
        operation_id="signInWithOpenId",
    )
    async def sign_in(
        self,
        request: Asking,
        provider: str,
        data: AnswerIn,
        openid: _OpenId,
        client: _Client = None,
    ) -> Response[TokensOut]:
        """Exchange what the provider sent for tokens."""
        _, tokens = await openid.sign_in(provider, data.answer(request), data.device.chosen())
        return tokens_out(request, tokens, client, status=200)

    @post(
        "/openid/{provider:str}/form",
        opt={PUBLIC: True},
        security=[],
        status_code=303,
        operation_id="takeOpenIdForm",
    )
    async def form(self, request: Asking, provider: str, openid: _OpenId) -> Response[None]:
        """Turn the form of a provider into the address of the page that hands it on."""
        if provider not in {p.id for p in openid.providers()}:
            raise NoSuchProvider("There is no such way to sign in.")
        sent = await request.form()
        told = {n: v for n in _FIELDS if isinstance(v := sent.get(n), str) and len(v) <= 4096}
        location = f"/sign-in/openid/{provider}?{urlencode(told)}"
        return Response(None, status_code=303, headers={"Location": location})

    @post(
        "/openid/{provider:str}/notices",
        opt={PUBLIC: True},
        security=[],
        status_code=200,
        operation_id="takeOpenIdNotice",
    )
    async def notice(
        self,
        request: Asking,
        provider: str,
        data: NoticeIn,
        openid: _OpenId,
        trusted_proxies: _Proxies,
    ) -> NoticeOut:
        """Take a notice that Apple has signed: a consent withdrawn, an account removed there."""
        address = client_address(request.scope, trusted_proxies)
        await openid.take_notice(provider, data.payload, address=address)
        return NoticeOut(taken=True)


class LinkRoutes(Controller):
    """The linked sign-ins of the account that asks."""

    path = "/v1/me/openid"
    tags = ("Me",)

    @get("/", operation_id="listLinkedSignIns")
    async def links(self, request: Asking, openid: _OpenId) -> LinksOut:
        """List the linked sign-ins of this account."""
        return LinksOut(data=[_out(link) for link in await openid.links(request.user)])

    @post("/{provider:str}/begin", status_code=200, operation_id="beginLinking")
    async def begin(
        self, request: Asking, provider: str, data: OpenIdProofIn, openid: _OpenId
    ) -> Response[BegunOut]:
        """Begin linking; the password is asked for as for a passkey."""
        return begun_out(request, await openid.offer(request.user, provider, data.password))

    @post("/{provider:str}", operation_id="linkSignIn")
    async def link(
        self, request: Asking, provider: str, data: AnswerIn, openid: _OpenId
    ) -> LinkOut:
        """Link whom the provider vouches for."""
        return _out(await openid.link(request.user, provider, data.answer(request)))

    @delete("/links/{link_id:str}", operation_id="unlinkSignIn")
    async def unlink(self, request: Asking, link_id: str, openid: _OpenId) -> None:
        """Unlink, unless it is the last way in."""
        await openid.unlink(request.user, link_id)


def openid_routes(openid: OpenIdSignIn, trusted_proxies: Sequence[str] = ()) -> Sequence[Router]:
    """Return the routes of linked sign-ins, to be mounted at the root."""
    proxies = tuple(trusted_proxies)
    return [
        Router(
            "/",
            route_handlers=[OpenIdSignInRoutes, LinkRoutes],
            dependencies={
                "openid": Provide(lambda: openid, sync_to_thread=False),
                "trusted_proxies": Provide(lambda: proxies, sync_to_thread=False),
            },
        )
    ]


def begun_out(request: Asking, begun: Begun) -> Response[BegunOut]:
    """Return where to send the browser, with the cookie that binds what comes back to it."""
    cookie = Cookie(
        key=_COOKIE,
        value=begun.browser,
        path="/v1",
        max_age=TTL_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return Response(
        BegunOut(url=begun.url), cookies=[cookie], headers={"Cache-Control": "no-store"}
    )


def _told_name(user: str) -> str:
    """Return the name in what Apple sends once: ``{"name": {"firstName", "lastName"}}``."""
    try:
        told = msgspec.json.decode(user.encode("utf-8", "replace"), type=_User)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return f"{told.name.first} {told.name.last}".strip()


class _Name(msgspec.Struct, frozen=True):
    first: str = msgspec.field(name="firstName", default="")
    last: str = msgspec.field(name="lastName", default="")


class _User(msgspec.Struct, frozen=True):
    name: _Name = _Name()


def _out(link: Link) -> LinkOut:
    return LinkOut(
        id=link.id,
        provider=link.provider,
        shown_as=link.shown_as,
        linked_at=moment(link.linked_at),
    )
