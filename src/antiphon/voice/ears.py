"""Hearing for listeners whose device does not: a recogniser that knows the catalogue's names.

It is opened by the first who speaks, and learns the names again when they have changed.
"""

import asyncio
from collections.abc import Callable

from antiphon.voice.coded import HEARD_AS
from antiphon.voice.model import Transcript
from antiphon.voice.names import NameBook
from antiphon.voice.recognition import Recogniser


class Ears:
    """One recogniser for all; ``opened`` makes it."""

    def __init__(self, opened: Callable[[], Recogniser], names: NameBook) -> None:
        self._opened = opened
        self._names = names
        self._recogniser: Recogniser | None = None
        self._learned = -1
        self._learning = asyncio.Lock()

    async def recogniser(self) -> Recogniser:
        """Return what hears, opened, with the names of the catalogue as they are now."""
        await self._names.names()
        async with self._learning:
            if self._recogniser is None:
                self._recogniser = self._opened()
            if self._learned != self._names.state:
                state = self._names.state
                await self._recogniser.learn(self._names.named)
                self._learned = state
            return self._recogniser

    async def transcript_of(self, pcm: bytes) -> Transcript:
        """Return what was said in samples of the format ``HEARD_AS``.

        Raises what ``RecognitionStream`` raises, among it ``NothingHeard``.
        """
        recogniser = await self.recogniser()
        stream = recogniser.open(HEARD_AS)
        try:
            await stream.feed(pcm)
            return await stream.finish()
        finally:
            await stream.close()

    async def close(self) -> None:
        """End its processes."""
        if self._recogniser is not None:
            await self._recogniser.close()
