"""The token endpoint that a home's devices ask: OAuth 2.0, client credentials (RFC 6749, 4.4).

The app hands the vendor's framework a client id and a client secret for each listener; an API token
of the listener is the secret, and the access token too. So what a speaker may is what the token's
scopes say, and it ends when the listener revokes it. That devices use this grant is not confirmed
by any public page: they say that the secret is used to make a token request, and no more.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from antiphon.gateways.sirikit.errors import ProtocolError
from antiphon.gateways.sirikit.exchange import NO_STORE, Exchange
from antiphon.identity import Principal, Scope
from antiphon.kernel import Denied

Admit = Callable[[bytes], Awaitable[Principal]]

_FORM: Final = b"application/x-www-form-urlencoded"
_MOST_BODY: Final = 4 * 1024
_MOST_FIELDS: Final = 20
_BASIC: Final = b"basic "
_EXPIRES_SECONDS: Final = 3600
_BAD, _UNAUTHORIZED = 400, 401
_NO_CACHE: Final = (b"pragma", b"no-cache")
_CHALLENGE: Final = (b"www-authenticate", b"Basic")


class _Refused(Exception):  # noqa: N818 - one of the words of RFC 6749, 5.2
    def __init__(self, error: str, *, status: int = _BAD) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class TokenEndpoint:
    """Exchanges an API token for itself; ``admit`` raises ``Denied`` for one that is not good."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request, in the words of RFC 6749."""
        if exchange.method != "POST":
            await exchange.wrong_method("POST")
            return
        headers = [NO_STORE, _NO_CACHE]
        try:
            await exchange.answer(200, await self._granted(exchange), headers=headers)
        except ProtocolError as error:
            await exchange.answer(error.status, {"error": "invalid_request"}, headers=headers)
        except _Refused as refused:
            if refused.status == _UNAUTHORIZED:
                headers.append(_CHALLENGE)
            await exchange.answer(refused.status, {"error": refused.error}, headers=headers)

    async def _granted(self, exchange: Exchange) -> dict[str, object]:
        body = await exchange.body(_FORM, most=_MOST_BODY)
        try:
            form = parse_qs(body.decode("latin-1"), max_num_fields=_MOST_FIELDS)
        except ValueError as fault:
            raise _Refused("invalid_request") from fault
        if any(len(values) > 1 for values in form.values()):
            raise _Refused("invalid_request")  # parameters come once: RFC 6749, 3.2
        asked = {name: values[0] for name, values in form.items()}
        if asked.get("grant_type") != "client_credentials":
            raise _Refused("unsupported_grant_type" if "grant_type" in asked else "invalid_request")
        secret = _secret(exchange.header(b"authorization"), asked)
        try:
            caller = await self._admit(b"Bearer " + secret.encode("utf-8"))
        except Denied as fault:
            raise _Refused("invalid_client", status=_UNAUTHORIZED) from fault
        scopes = caller.scopes or frozenset()
        wanted = {Scope.PLAY.value, *asked.get("scope", "").split()}
        if not wanted <= scopes:
            raise _Refused("invalid_scope")
        return {
            "access_token": secret,
            "token_type": "Bearer",
            "expires_in": _EXPIRES_SECONDS,
            "scope": " ".join(sorted(scopes)),
        }


def _secret(authorization: bytes | None, asked: dict[str, str]) -> str:
    """Return the client's secret, from the header or the form, but not from both."""
    if authorization is None:
        if "client_id" in asked and "client_secret" in asked:
            return asked["client_secret"]
        raise _Refused("invalid_client", status=_UNAUTHORIZED)
    if "client_secret" in asked:
        raise _Refused("invalid_request")
    if not authorization.lower().startswith(_BASIC):
        raise _Refused("invalid_client", status=_UNAUTHORIZED)
    try:
        pair = base64.b64decode(authorization[len(_BASIC) :], validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as fault:
        raise _Refused("invalid_client", status=_UNAUTHORIZED) from fault
    return unquote_plus(pair.partition(":")[2])
