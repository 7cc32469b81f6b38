"""Access tokens that are not ours, not now, or not whole are refused, whatever is wrong."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from antiphon.identity import Identity, NotSignedIn, Tokens
from antiphon.identity.signing_keys import SigningKeys
from antiphon.identity.tokens import AccessTokens
from antiphon.kernel import FixedClock
from antiphon.testing import MemoryTables

from .conftest import SECRET

IDS = {"sub": "a" * 24, "lis": "b" * 24, "hou": "c" * 24, "dev": "d" * 24, "rol": "owner"}


def claims(clock: FixedClock, **changes: object) -> dict[str, object]:
    now = clock.now() // 1000
    times = {"iat": now, "nbf": now, "exp": now + 600}
    made = {"iss": "antiphon", "aud": "antiphon/api", **times, **IDS, **changes}
    return {name: value for name, value in made.items() if value is not None}


def kid(identity: Identity) -> str:
    return identity.signing_keys._stored[0].kid


def signed(
    identity: Identity, body: dict[str, object], *, key: object = None, **header: object
) -> bytes:
    head = {"alg": "ES256", "kid": kid(identity), "typ": "at+jwt", **header}
    head = {name: value for name, value in head.items() if value is not None}
    ours = identity.signing_keys._unwrapped(identity.signing_keys._stored[0])
    algorithm = str(head["alg"])
    return jwt.encode(head, body, key or ours, algorithms=[algorithm]).encode()


def refused(identity: Identity, token: bytes) -> bool:
    try:
        identity.authenticate(b"Bearer " + token)
    except NotSignedIn:
        return True
    return False


def test_a_token_made_here_is_accepted(identity: Identity, clock: FixedClock) -> None:
    assert identity.authenticate(b"Bearer " + signed(identity, claims(clock))).is_owner


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
    assert refused(identity, signed(identity, claims(clock, **changes)))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"alg": "ES256K"},
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
        token = signed(identity, claims(clock), **header)
    except Exception:  # noqa: BLE001 - the library does not even make some of these
        token = unsigned(identity, claims(clock), header)
    assert refused(identity, token)


def test_headers_that_point_at_keys_are_not_followed(identity: Identity, clock: FixedClock) -> None:
    other = ECKey.generate_key("P-256")
    token = signed(
        identity, claims(clock), key=other, jku="http://127.0.0.1:1/keys", x5u="http://127.0.0.1:1/"
    )
    assert refused(identity, token)


def unsigned(identity: Identity, body: dict[str, object], header: dict[str, object]) -> bytes:
    head = {"alg": "none", "kid": kid(identity), "typ": "at+jwt", **header}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (head, body)]
    return b".".join([*parts, b""])


@pytest.mark.parametrize("name", ["none", "None", "NONE", ""])
def test_a_token_without_a_signature_is_refused(
    identity: Identity, clock: FixedClock, name: str
) -> None:
    assert refused(identity, unsigned(identity, claims(clock), {"alg": name}))


def test_a_token_that_names_its_algorithm_twice_is_refused(
    identity: Identity, clock: FixedClock
) -> None:
    raw = f'{{"alg":"ES256","alg":"none","kid":"{kid(identity)}","typ":"at+jwt"}}'
    head = base64.urlsafe_b64encode(raw.encode()).rstrip(b"=")
    body = signed(identity, claims(clock)).split(b".")[1]
    assert refused(identity, head + b"." + body + b".")


def test_a_published_key_taken_for_a_shared_secret_is_refused(
    identity: Identity, clock: FixedClock
) -> None:
    public = identity.signing_keys.public(kid(identity))
    assert public is not None
    for shared in (public.as_pem(private=False), public.as_der(private=False)):
        head, body, _ = unsigned(identity, claims(clock), {"alg": "HS256"}).split(b".")
        mac = base64.urlsafe_b64encode(hmac.digest(shared, head + b"." + body, "sha256"))
        assert refused(identity, b".".join((head, body, mac.rstrip(b"="))))
    key = RSAKey.generate_key(2048)
    assert refused(identity, signed(identity, claims(clock), key=key, alg="RS256"))


def test_a_token_of_before_with_a_shared_secret_is_refused(
    identity: Identity, clock: FixedClock
) -> None:
    old = hashlib.blake2b(SECRET, digest_size=8, person=b"antiphon-kid").hexdigest()
    key = OctKey.import_key({"kty": "oct", "k": base64.urlsafe_b64encode(SECRET).decode()[:43]})
    token = signed(identity, claims(clock), key=key, alg="HS256", kid=old)
    assert refused(identity, token)


def test_a_token_signed_with_another_key_is_refused(identity: Identity, clock: FixedClock) -> None:
    assert refused(identity, signed(identity, claims(clock), key=ECKey.generate_key("P-256")))


def test_a_token_is_good_until_it_expires_even_when_it_is_remembered(
    identity: Identity, owner: Tokens, clock: FixedClock
) -> None:
    header = b"Bearer " + owner.access_token.encode()
    assert identity.authenticate(header).is_owner
    clock.advance(seconds=599)
    assert identity.authenticate(header).is_owner
    clock.advance(seconds=2)
    assert refused(identity, owner.access_token.encode())


async def test_a_clock_that_was_set_back_does_not_let_a_future_token_in(
    identity: Identity, owner: Tokens, clock: FixedClock
) -> None:
    fresh = Identity(
        identity._store._tables, identity._attempts._cache, identity._store._outbox, clock, SECRET
    )
    await fresh.reload()
    assert not refused(fresh, owner.access_token.encode())
    clock.advance(seconds=-60)
    fresh._access._known.clear()
    assert refused(fresh, owner.access_token.encode())


@given(st.binary(max_size=4096))
def test_no_bytes_at_all_do_anything_but_be_refused(token: bytes) -> None:
    clock = FixedClock()
    tokens = AccessTokens(SigningKeys(MemoryTables(), clock, SECRET), clock)
    with pytest.raises(NotSignedIn):
        tokens.verify(token)


@pytest.mark.parametrize("position", range(0, 400, 7))
def test_a_token_changed_anywhere_is_refused(
    identity: Identity, clock: FixedClock, position: int
) -> None:
    token = bytearray(signed(identity, claims(clock)))
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
        identity.authenticate(b"Bearer " + signed(identity, claims(clock, jti=str(number))))
    assert len(identity._access._known) == 50
    assert tokens._CACHED <= 20_000
