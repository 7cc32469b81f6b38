"""The signed description of the endpoints: which intents are understood, and where.

JWS (RFC 7515) in compact form, signed by ES256, with the app's bundle id as ``kid``. Signing is
deterministic (RFC 6979): every process answers the same bytes under the same tag.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from antiphon.gateways.sirikit.requests import VERSION
from antiphon.kernel import Invalid

PLAY_OPTIONAL: Final = (
    "resolvePlayShuffled",
    "resolvePlaybackRepeatMode",
    "resolvePlaybackQueueLocation",
    "resolveResumePlayback",
)
ADD_OPTIONAL: Final = ("resolveMediaDestination", "confirm")
AFFINITY_OPTIONAL: Final = ("resolveAffinityType",)
_PEM: Final = "-----BEGIN"
_COORDINATE_BYTES: Final = 32  # of P-256; RFC 7518, 3.4
_TAG_LENGTH: Final = 1000  # the vendor's pattern for tags asks for exactly so many characters


@dataclass(frozen=True, slots=True)
class Configuration:
    """The answer of the configuration endpoint, and its tag."""

    body: bytes
    etag: bytes


def read_key(given: str) -> ec.EllipticCurvePrivateKey:
    """Return the private key in a PEM file, or in the text itself where that is PEM.

    ``Invalid`` unless it is one for ES256; nothing of a key is told.
    """
    is_text = given.lstrip().startswith(_PEM)
    told = "its text" if is_text else given
    try:
        raw = given.encode() if is_text else Path(given).read_bytes()
        key = load_pem_private_key(raw, password=None)
    except OSError as fault:
        raise Invalid(f"siri_key: {told} cannot be read: {fault.strerror}.") from fault
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise Invalid(f"siri_key: {told} is no private key in PEM without a password.") from fault
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise Invalid(f"siri_key: {told} has to be an EC key on P-256, for ES256.")
    return key


def configuration(base_url: str, bundle_id: str, key: ec.EllipticCurvePrivateKey) -> Configuration:
    """Return the signed configuration of the endpoints below ``base_url``."""
    payload = msgspec.json.encode(_config(base_url))
    header = {"alg": "ES256", "kid": bundle_id, "typ": "JOSE", "cty": "JSON"}
    signed = b".".join((_base64url(msgspec.json.encode(header)), _base64url(payload)))
    der = key.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    signature = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
    body = b".".join((signed, _base64url(signature)))
    return Configuration(body, _tag(body))


def _config(base_url: str) -> dict[str, object]:
    """Return the vendor's ``ExtensionConfig``; ``opt`` lists the optional methods."""
    return {
        "version": VERSION,
        "url": base_url,
        "intent": {
            "playMedia": {"url": "intent/playMedia", "opt": list(PLAY_OPTIONAL)},
            "addMedia": {"url": "intent/addMedia", "opt": list(ADD_OPTIONAL)},
            "updateMediaAffinity": {
                "url": "intent/updateMediaAffinity",
                "opt": list(AFFINITY_OPTIONAL),
            },
        },
        "media": {
            "queues": {
                "playMedia": {"url": "queues/playMedia"},
                "updateActivity": {"url": "queues/updateActivity"},
            }
        },
    }


def _tag(body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f'"{(digest * (_TAG_LENGTH // len(digest) + 1))[:_TAG_LENGTH]}"'.encode()


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
