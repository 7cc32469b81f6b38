"""Hearing for listeners whose device does not: a recogniser that knows the catalogue's names.

It is opened by the first who speaks, and learns the names again when they have changed.
"""

import asyncio
from collections.abc import Callable

import structlog

from antiphon.kernel import AntiphonError
from antiphon.voice.coded import HEARD_AS
from antiphon.voice.model import Transcript
from antiphon.voice.names import NameBook
from antiphon.voice.recognition import Recogniser

log = structlog.get_logger()


class Ears:
    """One recogniser for all; ``opened`` makes it."""

    def __init__(self, opened: Callable[[], Recogniser], names: NameBook) -> None:
        self._opened = opened
        self._names = names
        self._recogniser: Recogniser | None = None
        self._learned = -1
        self._learning = asyncio.Lock()
        self._relearning: asyncio.Task[None] | None = None

    async def recogniser(self) -> Recogniser:
        """Return what hears, with the names of the catalogue.

        Only the first who asks waits until they are learned. Newer names are learned meanwhile, and
        known to those who come later.
        """
        await self._names.names()
        if self._recogniser is None:
            await self._learn()
        elif self._learned != self._names.state and _is_over(self._relearning):
            self._relearning = asyncio.create_task(self._learn_later())
        if self._recogniser is None:
            raise RuntimeError("nothing was opened that hears")
        return self._recogniser

    async def _learn_later(self) -> None:
        try:
            await self._learn()
        except AntiphonError:
            log.warning("voice_names_not_learned", exc_info=True)

    async def _learn(self) -> None:
        async with self._learning:
            if self._learned == self._names.state:
                return
            recogniser = self._opened() if self._recogniser is None else self._recogniser
            state = self._names.state
            try:
                await recogniser.learn(self._names.named)
            except BaseException:
                if self._recogniser is None:
                    await recogniser.close()
                raise
            self._recogniser, self._learned = recogniser, state

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
        if self._relearning is not None:
            self._relearning.cancel()
            await asyncio.gather(self._relearning, return_exceptions=True)
        if self._recogniser is not None:
            await self._recogniser.close()


def _is_over(task: asyncio.Task[None] | None) -> bool:
    return task is None or task.done()
