"""Access tokens that are not ours, not now, or not whole are refused, whatever is wrong."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from antiphon.identity import Identity, NotSignedIn, Tokens
from antiphon.identity.tokens import AccessTokens
from antiphon.kernel import FixedClock

from .conftest import SECRET

IDS = {"sub": "a" * 24, "lis": "b" * 24, "hou": "c" * 24, "dev": "d" * 24, "rol": "owner"}


def claims(clock: FixedClock, **changes: object) -> dict[str, object]:
    now = clock.now() // 1000
    times = {"iat": now, "nbf": now, "exp": now + 600}
    made = {"iss": "antiphon", "aud": "antiphon/api", **times, **IDS, **changes}
    return {name: value for name, value in made.items() if value is not None}


def kid() -> str:
    return AccessTokens(SECRET, FixedClock())._kid


def signed(body: dict[str, object], *, key: bytes = SECRET, **header: object) -> bytes:
    head = {"alg": "HS256", "kid": kid(), "typ": "at+jwt", **header}
    head = {name: value for name, value in head.items() if value is not None}
    token = jwt.encode(head, body, OctKey.import_key(key), algorithms=["HS256", "HS512"])
    return token.encode()


def refused(identity: Identity, token: bytes) -> bool:
    try:
        identity.authenticate(b"Bearer " + token)
    except NotSignedIn:
        return True
    return False


def test_a_token_made_here_is_accepted(identity: Identity, clock: FixedClock) -> None:
    assert identity.authenticate(b"Bearer " + signed(claims(clock))).is_owner


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "someone"},
        {"iss": None},
        {"aud": "antiphon/other"},
        {"aud": ["antiphon/api", "antiphon/other"]},
        {"aud": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 1},
        {"exp": 1e300},
        {"nbf": None},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": "../../etc/passwd"},
        {"dev": ""},
        {"dev": 7},
        {"rol": "admin"},
        {"rol": None},
        {"lis": {"$ne": ""}},
    ],
    ids=str,
)
def test_wrong_claims_are_refused(
    identity: Identity, clock: FixedClock, changes: dict[str, object]
) -> None:
    assert refused(identity, signed(claims(clock, **changes)))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS512"},
        {"kid": "../../dev/null"},
        {"kid": "another"},
        {"kid": None},
        {"typ": "JWT"},
        {"crit": ["exp"]},
        {"crit": ["unknown"], "unknown": 1},
    ],
    ids=str,
)
def test_wrong_headers_are_refused(
    identity: Identity, clock: FixedClock, header: dict[str, object]
) -> None:
    try:
        token = signed(claims(clock), **header)
    except Exception:  # noqa: BLE001 - the library does not even make some of these
        token = unsigned(claims(clock), header)
    assert refused(identity, token)


def test_headers_that_point_at_keys_are_not_followed(identity: Identity, clock: FixedClock) -> None:
    other = OctKey.generate_key(256).raw_value
    token = signed(
        claims(clock), key=other, jku="http://127.0.0.1:1/keys", x5u="http://127.0.0.1:1/"
    )
    assert refused(identity, token)


def unsigned(body: dict[str, object], header: dict[str, object]) -> bytes:
    head = {"alg": "none", "kid": kid(), "typ": "at+jwt", **header}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (head, body)]
    return b".".join([*parts, b""])


@pytest.mark.parametrize("name", ["none", "None", "NONE", ""])
def test_a_token_without_a_signature_is_refused(
    identity: Identity, clock: FixedClock, name: str
) -> None:
    assert refused(identity, unsigned(claims(clock), {"alg": name}))


def test_a_token_that_names_its_algorithm_twice_is_refused(
    identity: Identity, clock: FixedClock
) -> None:
    raw = f'{{"alg":"HS256","alg":"none","kid":"{kid()}","typ":"at+jwt"}}'
    head = base64.urlsafe_b64encode(raw.encode()).rstrip(b"=")
    body = signed(claims(clock)).split(b".")[1]
    assert refused(identity, head + b"." + body + b".")


def test_a_public_key_taken_for_a_shared_secret_is_refused(
    identity: Identity, clock: FixedClock
) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    as_secret = OctKey.import_key(base64.urlsafe_b64encode(public)).raw_value
    assert refused(identity, signed(claims(clock), key=as_secret))
    key = RSAKey.generate_key(2048)
    head = {"alg": "RS256", "kid": kid(), "typ": "at+jwt"}
    token = jwt.encode(head, claims(clock), key, algorithms=["RS256"])
    assert refused(identity, token.encode())


def test_a_token_signed_with_another_secret_is_refused(
    identity: Identity, clock: FixedClock
) -> None:
    assert refused(identity, signed(claims(clock), key=b"t" * 32))


def test_a_token_is_good_until_it_expires_even_when_it_is_remembered(
    identity: Identity, owner: Tokens, clock: FixedClock
) -> None:
    header = b"Bearer " + owner.access_token.encode()
    assert identity.authenticate(header).is_owner
    clock.advance(seconds=599)
    assert identity.authenticate(header).is_owner
    clock.advance(seconds=2)
    assert refused(identity, owner.access_token.encode())


def test_a_clock_that_was_set_back_does_not_let_a_future_token_in(
    identity: Identity, owner: Tokens, clock: FixedClock
) -> None:
    fresh = Identity(
        identity._store._tables, identity._attempts._cache, identity._store._outbox, clock, SECRET
    )
    clock.advance(seconds=-60)
    assert refused(fresh, owner.access_token.encode())


@given(st.binary(max_size=4096))
def test_no_bytes_at_all_do_anything_but_be_refused(token: bytes) -> None:
    clock = FixedClock()
    tokens = AccessTokens(SECRET, clock)
    with pytest.raises(NotSignedIn):
        tokens.verify(token)


@pytest.mark.parametrize("position", range(0, 300, 7))
def test_a_token_changed_anywhere_is_refused(
    identity: Identity, clock: FixedClock, position: int
) -> None:
    token = bytearray(signed(claims(clock)))
    at = position % (len(token) - 1)  # the last character has bits that mean nothing
    token[at] = ord("A") if token[at] != ord("A") else ord("B")
    assert refused(identity, bytes(token))


@pytest.mark.parametrize("header", [None, b"", b"Bearer", b"Basic abc", b"bearer x", b"Bearer  "])
def test_a_request_without_a_proper_header_is_refused(
    identity: Identity, header: bytes | None
) -> None:
    with pytest.raises(NotSignedIn):
        identity.authenticate(header)


def test_remembered_tokens_are_bounded(identity: Identity, clock: FixedClock) -> None:
    from antiphon.identity import tokens

    for number in range(50):
        identity.authenticate(b"Bearer " + signed(claims(clock, jti=str(number))))
    assert len(identity._access._known) == 50
    assert tokens._CACHED <= 20_000
