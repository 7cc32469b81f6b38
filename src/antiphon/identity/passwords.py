"""Passwords: argon2id as OWASP advises (t=2, 19 MiB, p=1), two at a time, off the event loop."""

import asyncio

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE = 2  # a flood of sign-ins must not take all cores and memory


class Passwords:
    """Hashes and verifies. Verifying against no account costs the same as against one."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(2, 19_456, 1, 32, 16, type=Type.ID)
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Return the encoded hash."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Say whether ``password`` fits ``stored``; None stands for no such account."""
        if stored is None:
            if self._nobody is None:
                self._nobody = await self.hash("nobody has this password")
            await self._fits(self._nobody, password)
            return False
        return await self._fits(stored, password)

    def is_outdated(self, stored: str) -> bool:
        """Say whether ``stored`` was made with other parameters and should be made anew."""
        return self._hasher.check_needs_rehash(stored)

    async def _fits(self, stored: str, password: str) -> bool:
        async with self._turn:
            try:
                return await asyncio.to_thread(self._hasher.verify, stored, password)
            except (VerificationError, InvalidHashError):
                return False
