"""A key-encryption key that is an age identity (age-encryption.org/v1, X25519): driver ``age:``.

The file is one that ``age-keygen`` writes. The first identity in it wraps, all of them open: to
rotate, put a new identity before the others.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from antiphon.kernel import Invalid
from antiphon.rights.keys.model import KeysUnavailable, KeysUnreadable
from antiphon.rights.keys.wrapping import Wrapped, not_configured

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

_MARK: Final = "AGE-SECRET-KEY-1"


class AgeKeyEncryption:
    """Wraps to the first identity of a file. Needs the package ``pyrage`` (``antiphon[age]``)."""

    def __init__(self, file: Path) -> None:
        try:
            import pyrage  # noqa: PLC0415 - an optional dependency
        except ImportError as fault:
            raise Invalid(
                "age identities need the package pyrage: pip install 'antiphon[age]'."
            ) from fault
        self._age = pyrage
        self._file = file
        self._text = ""
        self._identities: dict[str, Identity] = {}

    def opens(self, by: str) -> bool:
        """Say whether that is one of the file's identities."""
        return by in self._read()

    async def wrap(self, plain: bytes) -> Wrapped:
        """Wrap to the first identity."""
        by, identity = next(iter(self._read().items()))
        recipient = identity.to_public()
        return Wrapped(by, await asyncio.to_thread(self._age.encrypt, plain, [recipient]))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return what was wrapped to one of the identities."""
        identity = self._read().get(wrapped.by)
        if identity is None:
            raise not_configured(wrapped.by)
        try:
            return await asyncio.to_thread(self._age.decrypt, wrapped.blob, [identity])
        except self._age.DecryptError as fault:
            raise KeysUnreadable(f"A key wrapped by {wrapped.by} was altered.") from fault

    async def advance(self, generation: int) -> None:
        """Identities are made by their owner, not here."""

    async def forget(self, used: frozenset[str], before: int) -> None:
        """And removed by their owner."""

    def _read(self) -> dict[str, "Identity"]:
        try:
            text = self._file.read_text("utf-8", "replace")
        except OSError as fault:
            raise KeysUnavailable(f"{self._file} cannot be read: {fault.strerror}.") from fault
        if text != self._text:
            lines = [line.strip() for line in text.splitlines() if line.startswith(_MARK)]
            self._identities = self._parsed(lines)
            self._text = text
        return self._identities

    def _parsed(self, lines: list[str]) -> dict[str, "Identity"]:
        if not lines:
            raise Invalid(f"{self._file} holds no age identity: make one with age-keygen.")
        try:
            found = [self._age.x25519.Identity.from_str(line) for line in lines]
        except self._age.IdentityError as fault:
            raise Invalid(f"{self._file} holds an age identity that cannot be read.") from fault
        return {f"age:{identity.to_public()}": identity for identity in found}
