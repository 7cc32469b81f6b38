"""Identity over HTTP: first run, signing in and out, renewing, devices, users.

Native clients keep the refresh token themselves. The web player, which says so by the header
``X-Antiphon-Client: web``, gets it as a cookie that scripts cannot read; because the cookie alone
is no proof of who sent a request, renewing by it needs that header too, which another site's page
cannot add.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Request, Response, Router, delete, get, patch, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter

from antiphon.identity import errors
from antiphon.identity.http import PUBLIC, client_address, requires_owner
from antiphon.identity.model import Account, Device, Preferences, Principal, Tokens
from antiphon.identity.rules import REFRESH_MS
from antiphon.identity.service import Identity, NewAccount, SignInDevice
from antiphon.kernel import AccountId, DeviceId, NotFound, is_well_formed

_COOKIE = "antiphon_refresh"
_COOKIE_PATH = "/v1/token"
_WEB = "web"

_Identity = NamedDependency[Identity]
_Proxies = NamedDependency[tuple[str, ...]]
_Client = Annotated[
    str | None, HeaderParameter(name="X-Antiphon-Client", description="`web` for the web player.")
]
_Asking = Request[Principal, Any, Any]
Text = Annotated[str, msgspec.Meta(max_length=1024)]


class _Camel(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of bodies: camelCase on the wire."""


class _In(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies: unknown fields are refused."""


class DeviceIn(_In, frozen=True, kw_only=True):
    """What the device calls itself."""

    name: Text = ""
    kind: Text = ""


class SetupIn(_In, frozen=True, kw_only=True):
    """The owner to be."""

    username: Text
    password: Text
    display_name: Text = ""
    device: DeviceIn = DeviceIn()


class SignInIn(_In, frozen=True, kw_only=True):
    """User name and password."""

    username: Text
    password: Text
    device: DeviceIn = DeviceIn()


class TokenIn(_In, frozen=True, kw_only=True):
    """A refresh token; absent where it comes as a cookie."""

    refresh_token: Text | None = None


class UserIn(_In, frozen=True, kw_only=True):
    """A member to be."""

    username: Text
    password: Text
    display_name: Text = ""


class UserChangeIn(_In, frozen=True, kw_only=True):
    """What to change of a user."""

    allows_explicit: bool


class PreferencesIn(_In, frozen=True, kw_only=True):
    """How the listener likes it."""

    quality: Literal["auto", "lossless", "high", "standard", "low"] = "auto"
    normalisation: Literal["album", "track", "off"] = "album"
    theme: Literal["system", "dark", "light"] = "system"


class MeIn(_In, frozen=True, kw_only=True):
    """What to change; absent fields stay."""

    display_name: Text | None = None
    preferences: PreferencesIn | None = None


class PasswordIn(_In, frozen=True, kw_only=True):
    """The current password and the new one."""

    current_password: Text
    new_password: Text


class SetupOut(_Camel, frozen=True, kw_only=True):
    """Whether somebody has to make the owner account."""

    needed: bool


class TokensOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Tokens; ``refreshToken`` is absent where it went into a cookie."""

    access_token: str
    expires_in: int
    refresh_token: str | None = None


class PreferencesOut(_Camel, frozen=True, kw_only=True):
    """How the listener likes it."""

    quality: str
    normalisation: str
    theme: str


class MeOut(_Camel, frozen=True, kw_only=True):
    """The account that is asking."""

    id: str
    listener_id: str
    username: str
    display_name: str
    role: str
    allows_explicit: bool
    preferences: PreferencesOut


class UserOut(_Camel, frozen=True, kw_only=True):
    """One of the household's accounts."""

    id: str
    username: str
    display_name: str
    role: str
    allows_explicit: bool
    created_at: str


class DeviceOut(_Camel, frozen=True, kw_only=True):
    """One sign-in."""

    id: str
    name: str
    kind: str
    signed_in_at: str
    last_seen_at: str
    current: bool


class UsersOut(_Camel, frozen=True, kw_only=True):
    """The household's accounts."""

    data: list[UserOut]


class DevicesOut(_Camel, frozen=True, kw_only=True):
    """Where the account is signed in."""

    data: list[DeviceOut]


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
        self, request: _Asking, data: SetupIn, identity: _Identity, client: _Client = None
    ) -> Response[TokensOut]:
        """Make the owner account; works once."""
        new = NewAccount(data.username, data.password, data.display_name)
        _, tokens = await identity.set_up(new, _device_in(data.device))
        return _tokens_out(request, tokens, client, status=201)

    @post("/sign-in", opt={PUBLIC: True}, security=[], status_code=200, operation_id="signIn")
    async def sign_in(
        self,
        request: _Asking,
        data: SignInIn,
        identity: _Identity,
        trusted_proxies: _Proxies,
        client: _Client = None,
    ) -> Response[TokensOut]:
        """Exchange user name and password for tokens."""
        _, tokens = await identity.sign_in(
            data.username,
            data.password,
            _device_in(data.device),
            address=client_address(request.scope, trusted_proxies),
        )
        return _tokens_out(request, tokens, client, status=200)

    @post("/token", opt={PUBLIC: True}, security=[], status_code=200, operation_id="renewToken")
    async def renew(
        self, request: _Asking, data: TokenIn, identity: _Identity, client: _Client = None
    ) -> Response[TokensOut]:
        """Exchange a refresh token for new tokens; each is good for one exchange.

        The web player asks at its start whether there is a sign-in at all: without a cookie the
        answer is 204, which says no more than the browser knows already.
        """
        token = data.refresh_token
        if token is None and client == _WEB and _COOKIE not in request.cookies:
            return Response(None, status_code=204)  # type: ignore[arg-type] # nothing to describe
        if token is None:
            token = request.cookies.get(_COOKIE)
            if token is not None and client != _WEB:
                raise errors.NotFromHere("Renewing by cookie needs the header of the web player.")
        if token is None:
            raise errors.SignInEnded("There is no sign-in to renew: sign in.")
        return _tokens_out(request, await identity.renew(token), client, status=200)

    @post("/sign-out", status_code=204, operation_id="signOut")
    async def sign_out(self, request: _Asking, identity: _Identity) -> Response[None]:
        """End the sign-in that is asking."""
        await identity.sign_out(request.user)
        return Response(None, status_code=204, cookies=[_cookie(request, "", age=0)])


class MeRoutes(Controller):
    """The account that is asking, and its devices."""

    path = "/v1/me"
    tags = ("Me",)

    @get("/", operation_id="readMe")
    async def me(self, request: _Asking, identity: _Identity) -> MeOut:
        """Tell who is asking."""
        return _me_out(await identity.account_of(request.user))

    @patch("/", operation_id="changeMe")
    async def change(self, request: _Asking, data: MeIn, identity: _Identity) -> MeOut:
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
    async def password(self, request: _Asking, data: PasswordIn, identity: _Identity) -> None:
        """Set a new password; every other device is signed out."""
        await identity.change_password(request.user, data.current_password, data.new_password)

    @get("/devices", operation_id="listDevices")
    async def devices(self, request: _Asking, identity: _Identity) -> DevicesOut:
        """List where this account is signed in."""
        found = await identity.devices(request.user)
        return DevicesOut(data=[_device_out(d, request.user) for d in found])

    @delete("/devices/{device_id:str}", operation_id="revokeDevice")
    async def revoke(self, request: _Asking, device_id: str, identity: _Identity) -> None:
        """Sign a device out."""
        await identity.revoke_device(request.user, DeviceId(_id(device_id)))


class UserRoutes(Controller):
    """The household's accounts; its owner only."""

    path = "/v1/users"
    tags = ("Users",)
    guards = (requires_owner,)

    @get("/", operation_id="listUsers")
    async def users(self, identity: _Identity) -> UsersOut:
        """List the accounts."""
        return UsersOut(data=[_user_out(account) for account in await identity.users()])

    @post("/", operation_id="addUser")
    async def add(self, data: UserIn, identity: _Identity) -> UserOut:
        """Add a member."""
        new = NewAccount(data.username, data.password, data.display_name)
        return _user_out(await identity.add_user(new))

    @patch("/{user_id:str}", operation_id="changeUser")
    async def change_user(self, user_id: str, data: UserChangeIn, identity: _Identity) -> UserOut:
        """Say whether somebody may hear explicit songs; in force within seconds."""
        allows = data.allows_explicit
        return _user_out(await identity.allow_explicit(AccountId(_id(user_id)), allows=allows))

    @delete("/{user_id:str}", operation_id="removeUser")
    async def remove(self, user_id: str, identity: _Identity) -> None:
        """Remove a member and sign them out everywhere."""
        await identity.remove_user(AccountId(_id(user_id)))


def routes(identity: Identity, trusted_proxies: Sequence[str] = ()) -> Sequence[Router]:
    """Return identity's routes, to be mounted at the root."""

    def the_identity() -> Identity:
        return identity

    def the_proxies() -> tuple[str, ...]:
        return tuple(trusted_proxies)

    return [
        Router(
            "/",
            route_handlers=[SignInRoutes, MeRoutes, UserRoutes],
            dependencies={
                "identity": Provide(the_identity, sync_to_thread=False),
                "trusted_proxies": Provide(the_proxies, sync_to_thread=False),
            },
        )
    ]


def _id(raw: str) -> str:
    if not is_well_formed(raw):
        raise NotFound("There is nothing with this id.")
    return raw


def _device_in(device: DeviceIn) -> SignInDevice:
    return SignInDevice(device.name, device.kind)


def _tokens_out(
    request: _Asking, tokens: Tokens, client: str | None, *, status: int
) -> Response[TokensOut]:
    web = client == _WEB
    body = TokensOut(
        access_token=tokens.access_token,
        expires_in=tokens.expires_in,
        refresh_token=None if web else tokens.refresh_token,
    )
    cookies = [_cookie(request, tokens.refresh_token, age=REFRESH_MS // 1000)] if web else []
    return Response(
        body, status_code=status, cookies=cookies, headers={"Cache-Control": "no-store"}
    )


def _cookie(request: _Asking, value: str, *, age: int) -> Cookie:
    return Cookie(
        key=_COOKIE,
        value=value,
        path=_COOKIE_PATH,
        max_age=age,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _me_out(account: Account) -> MeOut:
    chosen = account.preferences
    return MeOut(
        id=account.id,
        listener_id=account.listener_id,
        username=account.username,
        display_name=account.display_name,
        role=account.role.value,
        allows_explicit=account.allows_explicit,
        preferences=PreferencesOut(
            quality=chosen.quality, normalisation=chosen.normalisation, theme=chosen.theme
        ),
    )


def _user_out(account: Account) -> UserOut:
    return UserOut(
        id=account.id,
        username=account.username,
        display_name=account.display_name,
        role=account.role.value,
        allows_explicit=account.allows_explicit,
        created_at=_moment(account.created_at),
    )


def _device_out(device: Device, principal: Principal) -> DeviceOut:
    return DeviceOut(
        id=device.id,
        name=device.name,
        kind=device.kind,
        signed_in_at=_moment(device.signed_in_at),
        last_seen_at=_moment(device.last_seen_at),
        current=device.id == principal.device_id,
    )


def _moment(at: int) -> str:
    return (
        datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )
