"""Identity over HTTP: first run, signing in and out, renewing, devices.

Native clients keep the refresh token themselves. The web player, which says so by the header
``X-Antiphon-Client: web``, gets it as a cookie that scripts cannot read; because the cookie alone
is no proof of who sent a request, renewing by it needs that header too, which another site's page
cannot add.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from litestar import Controller, Response, Router, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter

from antiphon.identity import errors
from antiphon.identity.audit import Audit
from antiphon.identity.http import PUBLIC, client_address
from antiphon.identity.model import Account, Device, Preferences, Principal
from antiphon.identity.service import Identity, NewAccount
from antiphon.identity.wire import (
    COOKIE,
    WEB,
    Asking,
    DeviceIn,
    In,
    Out,
    Text,
    TokensOut,
    checked_id,
    moment,
    refresh_cookie,
    tokens_out,
)
from antiphon.kernel import DeviceId

_Identity = NamedDependency[Identity]
_Audit = NamedDependency[Audit]
_Proxies = NamedDependency[tuple[str, ...]]
_Client = Annotated[
    str | None, HeaderParameter(name="X-Antiphon-Client", description="`web` for the web player.")
]


class SetupIn(In, frozen=True, kw_only=True):
    """The owner to be."""

    username: Text
    password: Text
    display_name: Text = ""
    device: DeviceIn = DeviceIn()


class SignInIn(In, frozen=True, kw_only=True):
    """User name and password."""

    username: Text
    password: Text
    device: DeviceIn = DeviceIn()


class TokenIn(In, frozen=True, kw_only=True):
    """A refresh token; absent where it comes as a cookie."""

    refresh_token: Text | None = None


class PreferencesIn(In, frozen=True, kw_only=True):
    """How the listener likes it."""

    quality: Literal["auto", "lossless", "high", "standard", "low"] = "auto"
    normalisation: Literal["album", "track", "off"] = "album"
    theme: Literal["system", "dark", "light"] = "system"


class MeIn(In, frozen=True, kw_only=True):
    """What to change; absent fields stay."""

    display_name: Text | None = None
    preferences: PreferencesIn | None = None


class PasswordIn(In, frozen=True, kw_only=True):
    """The current password and the new one."""

    current_password: Text
    new_password: Text


class SetupOut(Out, frozen=True, kw_only=True):
    """Whether somebody has to make the owner account."""

    needed: bool


class PreferencesOut(Out, frozen=True, kw_only=True):
    """How the listener likes it."""

    quality: str
    normalisation: str
    theme: str


class MeOut(Out, frozen=True, kw_only=True):
    """The account that is asking."""

    id: str
    listener_id: str
    username: str
    display_name: str
    role: str
    is_child: bool
    allows_explicit: bool
    has_password: bool
    preferences: PreferencesOut


class DeviceOut(Out, frozen=True, kw_only=True):
    """One sign-in."""

    id: str
    name: str
    kind: str
    signed_in_at: str
    last_seen_at: str
    current: bool


class DevicesOut(Out, frozen=True, kw_only=True):
    """Where the account is signed in."""

    data: list[DeviceOut]


class KeyRoutes(Controller):
    """What others need to check an access token."""

    path = "/.well-known"
    tags = ("Sign-in",)

    @get("/jwks.json", opt={PUBLIC: True}, security=[], operation_id="readSigningKeys")
    async def keys(self, identity: _Identity) -> Response[dict[str, list[dict[str, str]]]]:
        """Return the public keys of access tokens (RFC 7517); new ones twenty minutes ahead."""
        published = dict(await identity.signing_keys.published())
        return Response(published, headers={"Cache-Control": "public, max-age=600"})


class SignInRoutes(Controller):
    """First run, signing in and out, renewing."""

    path = "/v1"
    tags = ("Sign-in",)

    @get("/setup", opt={PUBLIC: True}, security=[], operation_id="readSetup")
    async def setup(self, identity: _Identity) -> SetupOut:
        """Say whether there is no owner yet."""
        return SetupOut(needed=await identity.setup_needed())

    @post("/setup", opt={PUBLIC: True}, security=[], operation_id="setUp")
    async def set_up(
        self,
        request: Asking,
        data: SetupIn,
        identity: _Identity,
        audit: _Audit,
        client: _Client = None,
    ) -> Response[TokensOut]:
        """Make the owner account; works once."""
        new = NewAccount(data.username, data.password, data.display_name)
        account, tokens = await identity.set_up(new, data.device.chosen())
        await audit.append(f"account {account.id}", "owner_made", account.id, {"by": "set-up"})
        return tokens_out(request, tokens, client, status=201)

    @post("/sign-in", opt={PUBLIC: True}, security=[], status_code=200, operation_id="signIn")
    async def sign_in(
        self,
        request: Asking,
        data: SignInIn,
        identity: _Identity,
        trusted_proxies: _Proxies,
        client: _Client = None,
    ) -> Response[TokensOut]:
        """Exchange user name and password for tokens."""
        _, tokens = await identity.sign_in(
            data.username,
            data.password,
            data.device.chosen(),
            address=client_address(request.scope, trusted_proxies),
        )
        return tokens_out(request, tokens, client, status=200)

    @post("/token", opt={PUBLIC: True}, security=[], status_code=200, operation_id="renewToken")
    async def renew(
        self, request: Asking, data: TokenIn, identity: _Identity, client: _Client = None
    ) -> Response[TokensOut]:
        """Exchange a refresh token for new tokens; each is good for one exchange.

        The web player asks at its start whether there is a sign-in at all: without a cookie the
        answer is 204, which says no more than the browser knows already.
        """
        token = data.refresh_token
        if token is None and client == WEB and COOKIE not in request.cookies:
            return Response(None, status_code=204)  # type: ignore[arg-type] # nothing to describe
        if token is None:
            token = request.cookies.get(COOKIE)
            if token is not None and client != WEB:
                raise errors.NotFromHere("Renewing by cookie needs the header of the web player.")
        if token is None:
            raise errors.SignInEnded("There is no sign-in to renew: sign in.")
        return tokens_out(request, await identity.renew(token), client, status=200)

    @post("/sign-out", status_code=204, operation_id="signOut")
    async def sign_out(self, request: Asking, identity: _Identity) -> Response[None]:
        """End the sign-in that is asking."""
        await identity.sign_out(request.user)
        return Response(None, status_code=204, cookies=[refresh_cookie(request, "", age=0)])


class MeRoutes(Controller):
    """The account that is asking, and its devices."""

    path = "/v1/me"
    tags = ("Me",)

    @get("/", operation_id="readMe")
    async def me(self, request: Asking, identity: _Identity) -> MeOut:
        """Tell who is asking."""
        return _me_out(await identity.account_of(request.user))

    @patch("/", operation_id="changeMe")
    async def change(self, request: Asking, data: MeIn, identity: _Identity) -> MeOut:
        """Change the display name or preferences."""
        wanted = data.preferences
        preferences = None
        if wanted is not None:
            preferences = Preferences(wanted.quality, wanted.normalisation, wanted.theme)
        account = await identity.change(
            request.user, display_name=data.display_name, preferences=preferences
        )
        return _me_out(account)

    @post("/password", status_code=204, operation_id="changePassword")
    async def password(self, request: Asking, data: PasswordIn, identity: _Identity) -> None:
        """Set a new password; every other device is signed out."""
        await identity.change_password(request.user, data.current_password, data.new_password)

    @get("/devices", operation_id="listDevices")
    async def devices(self, request: Asking, identity: _Identity) -> DevicesOut:
        """List where this account is signed in."""
        found = await identity.devices(request.user)
        return DevicesOut(data=[_device_out(d, request.user) for d in found])

    @delete("/devices/{device_id:str}", operation_id="revokeDevice")
    async def revoke(self, request: Asking, device_id: str, identity: _Identity) -> None:
        """Sign a device out."""
        await identity.revoke_device(request.user, DeviceId(checked_id(device_id)))


def routes(
    identity: Identity, audit: Audit, trusted_proxies: Sequence[str] = ()
) -> Sequence[Router]:
    """Return identity's routes, to be mounted at the root."""

    def the_identity() -> Identity:
        return identity

    def the_audit() -> Audit:
        return audit

    def the_proxies() -> tuple[str, ...]:
        return tuple(trusted_proxies)

    return [
        Router(
            "/",
            route_handlers=[KeyRoutes, SignInRoutes, MeRoutes],
            dependencies={
                "identity": Provide(the_identity, sync_to_thread=False),
                "audit": Provide(the_audit, sync_to_thread=False),
                "trusted_proxies": Provide(the_proxies, sync_to_thread=False),
            },
        )
    ]


def _me_out(account: Account) -> MeOut:
    chosen = account.preferences
    return MeOut(
        id=account.id,
        listener_id=account.listener_id,
        username=account.username,
        display_name=account.display_name,
        role=account.role.value,
        is_child=account.is_child,
        allows_explicit=account.allows_explicit,
        has_password=bool(account.password_hash),
        preferences=PreferencesOut(
            quality=chosen.quality, normalisation=chosen.normalisation, theme=chosen.theme
        ),
    )


def _device_out(device: Device, principal: Principal) -> DeviceOut:
    return DeviceOut(
        id=device.id,
        name=device.name,
        kind=device.kind,
        signed_in_at=moment(device.signed_in_at),
        last_seen_at=moment(device.last_seen_at),
        current=device.id == principal.device_id,
    )
