"""API tokens over HTTP; never asked for by an API token."""

from collections.abc import Sequence

import msgspec
from litestar import Controller, Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide

from antiphon.identity.api_tokens import ApiTokens, ApiTokenWish, Scope
from antiphon.identity.model import ApiToken
from antiphon.identity.wire import Asking, In, Out, Text, checked_id, moment

_ApiTokens = NamedDependency[ApiTokens]


class ApiTokenIn(In, frozen=True, kw_only=True):
    """A token to be; without ``days`` it never ends. ``password`` as for a passkey."""

    name: Text
    scopes: list[Scope]
    days: int | None = None
    password: Text | None = None


class ApiTokenOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One token; ``token``, its text, is told once, when it is made."""

    id: str
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str | None = None
    last_used_at: str | None = None
    token: str | None = None


class ApiTokensOut(Out, frozen=True, kw_only=True):
    """The account's API tokens."""

    data: list[ApiTokenOut]


class ApiTokenRoutes(Controller):
    """The API tokens of the account that asks."""

    path = "/v1/me/api-tokens"
    tags = ("Me",)

    @get("/", operation_id="listApiTokens")
    async def tokens(self, request: Asking, api_tokens: _ApiTokens) -> ApiTokensOut:
        """List the API tokens of this account."""
        return ApiTokensOut(data=[_out(t) for t in await api_tokens.list(request.user)])

    @post("/", operation_id="createApiToken")
    async def create(
        self, request: Asking, data: ApiTokenIn, api_tokens: _ApiTokens
    ) -> Response[ApiTokenOut]:
        """Make a token; its text is told this once."""
        wish = ApiTokenWish(data.name, frozenset(data.scopes), data.days)
        token, text = await api_tokens.create(request.user, wish, data.password)
        return Response(_out(token, text), status_code=201, headers={"Cache-Control": "no-store"})

    @delete("/{token_id:str}", operation_id="revokeApiToken")
    async def revoke(self, request: Asking, token_id: str, api_tokens: _ApiTokens) -> None:
        """End a token."""
        await api_tokens.revoke(request.user, checked_id(token_id))


def api_token_routes(api_tokens: ApiTokens) -> Sequence[Router]:
    """Return the routes of API tokens, to be mounted at the root."""
    return [
        Router(
            "/",
            route_handlers=[ApiTokenRoutes],
            dependencies={"api_tokens": Provide(lambda: api_tokens, sync_to_thread=False)},
        )
    ]


def _out(token: ApiToken, text: str | None = None) -> ApiTokenOut:
    return ApiTokenOut(
        id=token.id,
        name=token.name,
        scopes=list(token.scopes),
        created_at=moment(token.created_at),
        expires_at=moment(token.expires_at) if token.expires_at else None,
        last_used_at=moment(token.last_used_at) if token.last_used_at else None,
        token=text,
    )
