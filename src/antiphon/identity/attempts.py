"""How often somebody may try to sign in: failures are counted, nobody is ever locked out."""

import hashlib

from antiphon.identity.errors import TooManyAttempts
from antiphon.storage import Cache

_WINDOW_SECONDS = 300
_PER_NAME_AND_ADDRESS = 10
_PER_ADDRESS = 50
_SPENT_PER_ADDRESS = 300
_PER_NAME = 100  # from everywhere together: slows a spread-out guess, and leaves the victim room


class Attempts:
    """Counts failed sign-ins in windows of five minutes, by name and address."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def check(self, username: str, address: str) -> None:
        """Raise ``TooManyAttempts`` where a limit is reached."""
        for key, most in _buckets(username, address):
            raw = await self._cache.get(key)
            if raw is not None and int(raw) >= most:
                raise TooManyAttempts(
                    "Too many failed attempts: wait five minutes and try again.",
                    http_status=429,
                    retry_after=_WINDOW_SECONDS,
                )

    async def failed(self, username: str, address: str) -> None:
        """Count one failure."""
        for key, _ in _buckets(username, address):
            await self._cache.increment(key, ttl=_WINDOW_SECONDS)

    async def spend(self, kind: str, address: str) -> None:
        """Count one use of something that costs nobody a secret; ``TooManyAttempts`` in time."""
        count = await self._cache.increment(f"spent/{kind}/{address}", ttl=_WINDOW_SECONDS)
        if count > _SPENT_PER_ADDRESS:
            raise TooManyAttempts(
                "Too many attempts: wait five minutes and try again.",
                http_status=429,
                retry_after=_WINDOW_SECONDS,
            )


def _buckets(username: str, address: str) -> list[tuple[str, int]]:
    name = hashlib.blake2b(username.encode(), digest_size=12).hexdigest()
    return [
        (f"attempts/{name}/{address}", _PER_NAME_AND_ADDRESS),
        (f"attempts/address/{address}", _PER_ADDRESS),
        (f"attempts/name/{name}", _PER_NAME),
    ]
