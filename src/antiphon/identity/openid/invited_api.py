"""Accepting an invitation by way of a provider: the secret of its link goes with both steps."""

from collections.abc import Sequence
from typing import Annotated

from litestar import Controller, Response, Router, post
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter

from antiphon.identity.households import Households
from antiphon.identity.http import PUBLIC, client_address
from antiphon.identity.openid.api import AnswerIn, BegunOut, begun_out
from antiphon.identity.openid.service import OpenIdSignIn
from antiphon.identity.wire import Asking, In, Text, TokensOut, tokens_out

_OpenId = NamedDependency[OpenIdSignIn]
_Households = NamedDependency[Households]
_Proxies = NamedDependency[tuple[str, ...]]
_Client = Annotated[
    str | None, HeaderParameter(name="X-Antiphon-Client", description="`web` for the web player.")
]


class InvitationLinkIn(In, frozen=True, kw_only=True):
    """The secret part of an invitation's link, for who goes to a provider with it."""

    token: Text


class InvitedAnswerIn(AnswerIn, frozen=True, kw_only=True):
    """What the provider sent, and the secret part of the invitation's link."""

    token: Text


class InvitedByProviderRoutes(Controller):
    """Being invited, for who signs in by way of a provider."""

    path = "/v1/invitations/openid"
    tags = ("Households",)

    @post(
        "/{provider:str}/begin",
        opt={PUBLIC: True},
        security=[],
        status_code=200,
        operation_id="beginInvitedOpenId",
    )
    async def begin(
        self,
        request: Asking,
        provider: str,
        data: InvitationLinkIn,
        openid: _OpenId,
        households: _Households,
        trusted_proxies: _Proxies,
    ) -> Response[BegunOut]:
        """Begin; the answer's cookie binds it to this browser."""
        invitation, _ = await households.open(data.token)
        address = client_address(request.scope, trusted_proxies)
        return begun_out(request, await openid.offer_invited(provider, invitation, address=address))

    @post(
        "/{provider:str}",
        opt={PUBLIC: True},
        security=[],
        operation_id="acceptInvitationWithOpenId",
    )
    async def accept(
        self,
        request: Asking,
        provider: str,
        data: InvitedAnswerIn,
        openid: _OpenId,
        households: _Households,
        client: _Client = None,
    ) -> Response[TokensOut]:
        """Make the account that was invited, for whom the provider vouches for, and sign it in."""
        invitation, _ = await households.open(data.token)
        async with openid.invited(provider, invitation, data.answer(request)) as invited:
            _, tokens = await households.accept(
                data.token,
                invited.new,
                data.device.chosen(),
                passwordless=invited.account_id,
                by=invited.link_id,
            )
        return tokens_out(request, tokens, client, status=201)


def invited_by_provider_routes(
    openid: OpenIdSignIn, households: Households, trusted_proxies: Sequence[str] = ()
) -> Sequence[Router]:
    """Return the routes of invitations by way of a provider, to be mounted at the root."""
    proxies = tuple(trusted_proxies)
    return [
        Router(
            "/",
            route_handlers=[InvitedByProviderRoutes],
            dependencies={
                "openid": Provide(lambda: openid, sync_to_thread=False),
                "households": Provide(lambda: households, sync_to_thread=False),
                "trusted_proxies": Provide(lambda: proxies, sync_to_thread=False),
            },
        )
    ]
