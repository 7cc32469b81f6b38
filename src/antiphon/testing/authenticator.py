"""An authenticator in software: real ES256 keys and signatures, and every way to get them wrong.

It answers with the JSON that browsers make of a ``PublicKeyCredential`` (Web Authentication,
5.1.8), attestation ``none``. What a test wants to be wrong it says by keyword.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftwareAuthenticator:
    """One device with one discoverable credential; ``verifies`` is whether it knows its user."""

    origin: str
    verifies: bool = True
    count: int = 0
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    user_handle: bytes = b""
    rp_id: str = ""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """Answer creation options."""
        self.user_handle = base64url_to_bytes(options["user"]["id"])
        self.rp_id = options["rp"]["id"]
        attested = b"\0" * 16 + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(_ATTESTED, **wrong) + attested + cbor2.dumps(self._cose())
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": self._client_data("webauthn.create", options, **wrong),
            "attestationObject": bytes_to_base64url(cbor2.dumps(statement)),
        }
        return self._credential(response)

    def get(self, options: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """Answer request options."""
        data = self._data(0, **wrong)
        client_data = self._client_data("webauthn.get", options, **wrong)
        signed = data + hashlib.sha256(base64url_to_bytes(client_data)).digest()
        handle = wrong.get("user_handle", self.user_handle)
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(self.key.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": bytes_to_base64url(handle) if handle is not None else None,
        }
        return self._credential(response)

    def _data(self, flags: int, **wrong: Any) -> bytes:
        self.count = wrong.get("count", self.count + 1)
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        rp_id = str(wrong.get("rp_id", self.rp_id))
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client_data(self, usual: str, options: dict[str, Any], /, **wrong: Any) -> str:
        told = {
            "type": wrong.get("kind", usual),
            "challenge": wrong.get("challenge", options["challenge"]),
            "origin": wrong.get("origin", self.origin),
            "crossOrigin": False,
        }
        return bytes_to_base64url(json.dumps(told).encode())

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        name = bytes_to_base64url(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }

    def _cose(self) -> dict[int, Any]:
        """Return the public key as COSE (RFC 9053, 7.1): EC2, ES256, P-256, x, y."""
        point = self.key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
