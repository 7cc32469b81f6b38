"""Passkeys over HTTP: options and answers are the standard's own JSON."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Controller, Response, Router, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter

from antiphon.identity.http import PUBLIC, client_address
from antiphon.identity.model import Passkey
from antiphon.identity.passkeys import Passkeys
from antiphon.identity.wire import (
    Asking,
    DeviceIn,
    In,
    Out,
    Text,
    TokensOut,
    checked_id,
    moment,
    tokens_out,
)

_Passkeys = NamedDependency[Passkeys]
_Proxies = NamedDependency[tuple[str, ...]]
_Client = Annotated[
    str | None, HeaderParameter(name="X-Antiphon-Client", description="`web` for the web player.")
]


class ProofIn(In, frozen=True, kw_only=True):
    """The password; may be absent for a quarter of an hour after signing in."""

    password: Text | None = None


class CredentialIn(In, frozen=True, kw_only=True):
    """What an authenticator made, as ``PublicKeyCredential.toJSON()`` tells it."""

    credential: dict[str, Any]
    name: Text = ""


class AssertionIn(In, frozen=True, kw_only=True):
    """What an authenticator answered, as ``PublicKeyCredential.toJSON()`` tells it."""

    credential: dict[str, Any]
    device: DeviceIn = DeviceIn()


class NameIn(In, frozen=True, kw_only=True):
    """What to call a passkey."""

    name: Text


class PasskeyOut(Out, frozen=True, kw_only=True):
    """One passkey."""

    id: str
    name: str
    created_at: str
    last_used_at: str | None
    synced: bool


class PasskeysOut(Out, frozen=True, kw_only=True):
    """The account's passkeys."""

    data: list[PasskeyOut]


class PasskeySignInRoutes(Controller):
    """Signing in with a passkey, without a user name."""

    path = "/v1/sign-in/passkey"
    tags = ("Sign-in",)

    @post(
        "/options",
        opt={PUBLIC: True},
        security=[],
        status_code=200,
        operation_id="askForPasskey",
    )
    async def ask(
        self, request: Asking, passkeys: _Passkeys, trusted_proxies: _Proxies
    ) -> dict[str, Any]:
        """Return what a browser needs to ask for a passkey."""
        return await passkeys.ask(client_address(request.scope, trusted_proxies))

    @post("/", opt={PUBLIC: True}, security=[], status_code=200, operation_id="signInWithPasskey")
    async def sign_in(
        self,
        request: Asking,
        data: AssertionIn,
        passkeys: _Passkeys,
        trusted_proxies: _Proxies,
        client: _Client = None,
    ) -> Response[TokensOut]:
        """Exchange an authenticator's answer for tokens."""
        address = client_address(request.scope, trusted_proxies)
        _, tokens = await passkeys.sign_in(data.credential, data.device.chosen(), address=address)
        return tokens_out(request, tokens, client, status=200)


class PasskeyRoutes(Controller):
    """The passkeys of the account that asks."""

    path = "/v1/me/passkeys"
    tags = ("Me",)

    @get("/", operation_id="listPasskeys")
    async def passkeys(self, request: Asking, passkeys: _Passkeys) -> PasskeysOut:
        """List the passkeys of this account."""
        return PasskeysOut(data=[_out(p) for p in await passkeys.list(request.user)])

    @post("/options", status_code=200, operation_id="offerPasskey")
    async def offer(self, request: Asking, data: ProofIn, passkeys: _Passkeys) -> dict[str, Any]:
        """Return what a browser needs to make a passkey."""
        return await passkeys.offer(request.user, data.password)

    @post("/", operation_id="addPasskey")
    async def add(self, request: Asking, data: CredentialIn, passkeys: _Passkeys) -> PasskeyOut:
        """Keep the passkey that an authenticator has made."""
        return _out(await passkeys.register(request.user, data.credential, data.name))

    @patch("/{passkey_id:str}", operation_id="renamePasskey")
    async def rename(
        self, request: Asking, passkey_id: str, data: NameIn, passkeys: _Passkeys
    ) -> PasskeyOut:
        """Give a passkey another name."""
        return _out(await passkeys.rename(request.user, checked_id(passkey_id), data.name))

    @delete("/{passkey_id:str}", operation_id="removePasskey")
    async def remove(self, request: Asking, passkey_id: str, passkeys: _Passkeys) -> None:
        """Remove a passkey, unless it is the last way in."""
        await passkeys.remove(request.user, checked_id(passkey_id))


def passkey_routes(passkeys: Passkeys, trusted_proxies: Sequence[str] = ()) -> Sequence[Router]:
    """Return the routes of passkeys, to be mounted at the root."""
    proxies = tuple(trusted_proxies)
    return [
        Router(
            "/",
            route_handlers=[PasskeySignInRoutes, PasskeyRoutes],
            dependencies={
                "passkeys": Provide(lambda: passkeys, sync_to_thread=False),
                "trusted_proxies": Provide(lambda: proxies, sync_to_thread=False),
            },
        )
    ]


def _out(passkey: Passkey) -> PasskeyOut:
    return PasskeyOut(
        id=passkey.id,
        name=passkey.name,
        created_at=moment(passkey.created_at),
        last_used_at=moment(passkey.last_used_at) if passkey.last_used_at else None,
        synced=passkey.is_synced,
    )
