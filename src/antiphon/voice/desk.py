"""Where the voice room is opened when the first listener comes: its models take a second to load.

Many installations never speak; their workers stay small.
"""

import asyncio
from collections.abc import Awaitable, Callable

from antiphon.voice.counts import VoiceCounts
from antiphon.voice.service import Voice


class VoiceDesk:
    """Gives the room out; ``opened`` makes it, once."""

    def __init__(self, opened: Callable[[], Awaitable[Voice]]) -> None:
        self._opened = opened
        self._voice: Voice | None = None
        self._opening = asyncio.Lock()

    async def voice(self) -> Voice:
        """Return the room, opened if it was not yet."""
        async with self._opening:
            if self._voice is None:
                self._voice = await self._opened()
            return self._voice

    def counts(self) -> VoiceCounts | None:
        """Return how the room fares; None while it is not open."""
        return None if self._voice is None else self._voice.counts

    async def close(self) -> None:
        """Close what was opened."""
        if self._voice is not None:
            await self._voice.close()
