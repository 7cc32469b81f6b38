"""Key-encryption keys by URL: ``file:``, ``age:`` and ``command:``."""

from pathlib import Path
from typing import Final

from antiphon.kernel import Invalid
from antiphon.rights.keys.key_age import AgeKeyEncryption
from antiphon.rights.keys.key_command import CommandKeyEncryption
from antiphon.rights.keys.key_file import FileKeyEncryption
from antiphon.rights.keys.wrapping import KeyEncryption, KeyRing

KEY_FILE: Final = "key-encryption-keys"


def open_key_encryption(url: str, before: str = "", *, folder: Path) -> KeyEncryption:
    """Return what wraps by ``url``; without one, a file in ``folder``. ``before`` still opens."""
    current = _one(url, folder)
    return KeyRing(current, _one(before, folder)) if before else current


def _one(url: str, folder: Path) -> KeyEncryption:
    scheme, _, rest = url.partition(":")
    if scheme == "file" or not url:
        return FileKeyEncryption(folder / (rest or KEY_FILE))
    if scheme == "age" and rest:
        return AgeKeyEncryption(folder / rest)
    if scheme == "command":
        return CommandKeyEncryption(rest)
    raise Invalid(
        f"{url!r} is no key encryption: write file:, file:/path, age:/path/to/identities "
        "or command:/path/to/program."
    )
