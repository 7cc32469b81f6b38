"""The installation's secret: made once, never defaulted; keys for each use are derived from it."""

import hashlib
import os
import secrets
from pathlib import Path

from antiphon.app.settings import Settings
from antiphon.kernel import Invalid

_SECRET_BYTES = 32


def read_secret(settings: Settings) -> bytes:
    """Return the secret, made and synced at the first call. ``Invalid`` where it is damaged.

    A ``secret_file`` that the settings name is never made: it is the same on every machine.
    """
    file = secret_path(settings)
    if settings.secret_file and not file.exists():
        raise Invalid(f"There is no secret {file}: copy it from the installation's first machine.")
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = file.read_bytes()
    else:
        secret = secrets.token_bytes(_SECRET_BYTES)
        with os.fdopen(descriptor, "wb") as sink:
            sink.write(secret)
            sink.flush()
            os.fsync(sink.fileno())
    if len(secret) != _SECRET_BYTES:
        raise Invalid(f"{file} is no secret: restore it from a backup.")
    return secret


def secret_path(settings: Settings) -> Path:
    """Return where the secret is."""
    return Path(settings.secret_file) if settings.secret_file else settings.data_path / "secret"


def derived_key(secret: bytes, purpose: str) -> bytes:
    """Return the 32-byte key for one purpose; keys of different purposes tell nothing of each."""
    return hashlib.blake2b(b"", digest_size=32, key=secret, person=purpose.encode()[:16]).digest()
