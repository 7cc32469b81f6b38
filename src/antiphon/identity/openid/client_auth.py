"""How this client shows a provider that it is itself: secret, signed assertion, Apple's way."""

import base64
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from antiphon.identity.openid.provider import Provider
from antiphon.kernel import Invalid

_SECONDS: Final = 300
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def authenticated(
    provider: Provider, form: Mapping[str, str], *, takes_basic: bool, now: int
) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a form that says who sends it; ``now`` is Unix seconds.

    A key file stands for an assertion (``private_key_jwt``, OpenID Connect Core 1.0, section 9),
    for Apple for a secret that is such a JWT. Otherwise the secret goes into the header where the
    provider takes it there, else into the form; a client without one is public.
    """
    sent = {**form, "client_id": provider.client_id}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if provider.style == "apple":
        sent["client_secret"] = _signed(provider, {"iss": provider.team}, now)
    elif provider.key_file:
        sent["client_assertion_type"] = _ASSERTION
        claims = {"iss": provider.client_id, "jti": secrets.token_urlsafe(16)}
        sent["client_assertion"] = _signed(provider, claims, now)
    elif provider.client_secret and _in_header(provider, takes_basic=takes_basic):
        del sent["client_id"]
        headers["Authorization"] = _basic(provider.client_id, provider.client_secret)
    elif provider.client_secret:
        sent["client_secret"] = provider.client_secret
    return urlencode(sent).encode(), headers


def _in_header(provider: Provider, *, takes_basic: bool) -> bool:
    return provider.client_auth == "basic" or (provider.client_auth == "auto" and takes_basic)


def _signed(provider: Provider, claims: Mapping[str, Any], now: int) -> str:
    whole = {
        **claims,
        "sub": provider.client_id,
        "aud": provider.issuer,
        "iat": now,
        "exp": now + _SECONDS,
    }
    header = {"alg": "ES256"} | ({"kid": provider.key_id} if provider.key_id else {})
    try:
        return jwt.encode(header, whole, ECKey.import_key(provider.private_key()))
    except (JoseError, ValueError, TypeError) as fault:
        raise Invalid(f"The key file of {provider.name} holds no ES256 key.") from fault


def _basic(client_id: str, secret: str) -> str:
    """Return the header of RFC 6749, 2.3.1: both parts form-encoded first."""
    pair = urlencode({client_id: secret}).replace("=", ":", 1)
    return "Basic " + base64.b64encode(pair.encode()).decode()
