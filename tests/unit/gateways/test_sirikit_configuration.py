"""The configuration is what the vendor's pages ask for, and nobody else could have signed it."""

import base64
import json
import re
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from antiphon.gateways import SirikitRoutes, read_sirikit_key
from antiphon.kernel import Invalid

from .sirikit_world import BUNDLE, KEY, ORIGIN, World, admit, authenticate, send


def part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(jws: bytes, key: ec.EllipticCurvePublicKey) -> tuple[dict, dict]:
    """Return header and payload of a JWS that ``key`` has signed."""
    header, payload, signature = jws.decode("ascii").split(".")
    raw = part(signature)
    assert len(raw) == 64
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    signed = f"{header}.{payload}".encode()
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    return json.loads(part(header)), json.loads(part(payload))


async def test_the_configuration_is_signed_and_says_where_everything_is(speakers: World) -> None:
    answer = await speakers.call("GET", "/siri/configuration", who="")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/jose"
    header, payload = verify(answer.body, KEY.public_key())
    assert header == {"alg": "ES256", "kid": BUNDLE, "typ": "JOSE", "cty": "JSON"}
    assert payload["version"] == "1.0.2"
    assert payload["url"] == f"{ORIGIN}/siri"
    assert {name: one["url"] for name, one in payload["intent"].items()} == {
        "playMedia": "intent/playMedia",
        "addMedia": "intent/addMedia",
        "updateMediaAffinity": "intent/updateMediaAffinity",
    }
    assert payload["intent"]["addMedia"]["opt"] == ["resolveMediaDestination", "confirm"]
    assert payload["intent"]["updateMediaAffinity"]["opt"] == ["resolveAffinityType"]
    assert len(payload["intent"]["playMedia"]["opt"]) == 4
    assert set(payload["media"]["queues"]) == {"playMedia", "updateActivity"}


async def test_every_endpoint_of_the_configuration_is_there(speakers: World) -> None:
    answer = await speakers.call("GET", "/siri/configuration", who="")
    _, payload = verify(answer.body, KEY.public_key())
    places = [one["url"] for one in payload["intent"].values()]
    places += [one["url"] for one in payload["media"]["queues"].values()]
    for place in places:
        assert (await speakers.call("POST", f"/siri/{place}", b"[")).status == 400


async def test_another_key_has_not_signed_it(speakers: World) -> None:
    answer = await speakers.call("GET", "/siri/configuration", who="")
    with pytest.raises(InvalidSignature):
        verify(answer.body, ec.generate_private_key(ec.SECP256R1()).public_key())


async def test_who_has_the_configuration_is_not_sent_it_again(speakers: World) -> None:
    first = await speakers.call("GET", "/siri/configuration", who="")
    tag = first.headers["etag"]
    assert re.fullmatch(r'"[ -~]{1000}"', tag)
    again = await speakers.call("GET", "/siri/configuration", who="", if_none_match=tag)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    other = await speakers.call("GET", "/siri/configuration", who="", if_none_match='"old"')
    assert (other.status, other.body) == (200, first.body)


async def test_without_a_key_everything_says_that_it_is_not_set_up() -> None:
    routes = SirikitRoutes(None, None, authenticate, admit)
    for method, path in (("GET", "configuration"), ("POST", "intent/playMedia"), ("POST", "token")):
        answer = await send(routes, method, f"/siri/{path}")
        assert answer.status == 404
        [error] = answer.json["errors"]
        assert error["code"] == "siri_not_set_up"
        assert "siri_key" in error["detail"]


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_key_for_es256_is_read(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(KEY))
    for given in (str(file), pem(KEY).decode()):
        assert read_sirikit_key(given).private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"no key at all",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["absent", "empty", "text", "another curve", "rsa"],
)
def test_any_other_file_is_refused_by_the_name_of_its_setting(
    tmp_path: Path, raw: bytes | None
) -> None:
    file = tmp_path / "key.pem"
    if raw is not None:
        file.write_bytes(raw)
    with pytest.raises(Invalid, match="siri_key"):
        read_sirikit_key(str(file))


def test_nothing_of_a_key_is_told() -> None:
    text = pem(KEY).decode()
    with pytest.raises(Invalid) as refused:
        read_sirikit_key(text.replace("M", "N"))
    assert text.splitlines()[1][:8] not in refused.value.detail
    assert "PEM" in refused.value.detail
