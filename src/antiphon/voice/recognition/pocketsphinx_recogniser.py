"""The embedded recogniser: pocketsphinx with a language model made of the catalogue's names."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from antiphon.voice.model import Named, Transcript
from antiphon.voice.pcm import PcmFormat
from antiphon.voice.recognition.errors import (
    NothingHeard,
    RecogniserBusy,
    RecogniserUnavailable,
)
from antiphon.voice.recognition.hearing import Hearing
from antiphon.voice.recognition.pocketsphinx_process import DecoderProcess, make_model

__all__ = ["PocketsphinxRecogniser"]

_BUSY_SECONDS = 3.0
_HELD_SECONDS = 60.0  # twice the longest request, as real time goes
_SLICE_SECONDS = 0.25  # of sound, between which the event loop gets its turn


class PocketsphinxRecogniser:
    """A ``Recogniser`` of American English near a microphone, at 20 dB over the noise or better.

    ``decoders`` is how many utterances are heard at once; each is a process of some 80 MB. They
    start with the first speech, or with ``learn``. A stream takes one when speech begins, and
    waits 3 s for it. Without ``learn`` only requests without names are understood.
    """

    def __init__(self, *, decoders: int = 2, seed: int = 0) -> None:
        self._seed = seed
        self._free = asyncio.Semaphore(decoders)
        self._idle: list[DecoderProcess] = []
        self._busy: set[DecoderProcess] = set()
        self._models = Path(tempfile.mkdtemp(prefix="antiphon-voice-"))
        self._model: Path | None = None
        self._before: Path | None = None  # a decoder may still be reading it
        self._learning = asyncio.Lock()
        self._closed = False

    async def learn(self, names: Sequence[Named]) -> None:
        """Expect the most popular 20,000 of these names, and have one decoder ready for them."""
        async with self._learning:
            folder = await self._made(names)
            forgotten, self._before, self._model = self._before, self._model, folder
        stale, self._idle = self._idle, [await DecoderProcess.start(folder)]
        for process in stale:
            await process.end()
        if forgotten is not None:
            await asyncio.to_thread(shutil.rmtree, forgotten, ignore_errors=True)

    def open(self, pcm: PcmFormat) -> "PocketsphinxStream":
        """Return a stream; ``AudioInvalid`` where the format is none to hear."""
        return PocketsphinxStream(self, Hearing(pcm, self._seed))

    async def close(self) -> None:
        """End all decoders and forget the model."""
        self._closed = True
        for process in [*self._idle, *self._busy]:
            await process.end()
        self._idle = []
        await asyncio.to_thread(shutil.rmtree, self._models, ignore_errors=True)

    async def take(self) -> DecoderProcess:
        """Return a decoder for one utterance; ``RecogniserBusy`` where none gets free."""
        try:
            async with asyncio.timeout(_BUSY_SECONDS):
                await self._free.acquire()
        except TimeoutError as late:
            raise RecogniserBusy("All recognisers are in use: try again in a moment.") from late
        try:
            process = await self._current()
        except BaseException:
            self._free.release()
            raise
        self._busy.add(process)
        return process

    async def give_back(self, process: DecoderProcess, *, sound: bool) -> None:
        """Take a decoder back; one that is not sound is ended."""
        self._busy.discard(process)
        self._free.release()
        if sound and process.alive and process.folder == self._model and not self._closed:
            self._idle.append(process)
        else:
            await process.end()

    async def _current(self) -> DecoderProcess:
        if self._closed:
            raise RecogniserUnavailable("The recogniser is closed.")
        if self._model is None:
            async with self._learning:
                self._model = self._model or await self._made(())
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
        return await DecoderProcess.start(self._model)

    async def _made(self, names: Sequence[Named]) -> Path:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._models))
        await make_model(names, folder)
        return folder


class PocketsphinxStream:
    """A ``RecognitionStream``; holds a decoder from where speech begins, for a minute at most."""

    def __init__(self, recogniser: PocketsphinxRecogniser, hearing: Hearing) -> None:
        self._recogniser = recogniser
        self._hearing = hearing
        self._process: DecoderProcess | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._step = hearing.bytes_in(_SLICE_SECONDS)
        self._sound = True
        self._over = False

    @property
    def ended(self) -> bool:
        """Whether there was speech, and then a pause of 0.7 s."""
        return self._hearing.ended

    async def feed(self, pcm: bytes) -> None:
        """Hear more; see the port."""
        for at in range(0, len(pcm), self._step):
            await self._decode(self._hearing.push(pcm[at : at + self._step]))
            await asyncio.sleep(0)

    async def partial(self) -> str:
        """Return the words so far."""
        if self._process is None:
            return ""
        async with self._guarded(self._process) as process:
            return await process.words()

    async def finish(self) -> Transcript:
        """Return what was said; see the port."""
        await self._decode(self._hearing.flush())
        assert self._process is not None, "speech was heard, or flush had raised"
        async with self._guarded(self._process) as process:
            found = await process.finish()
        await self.close()
        if not found:
            raise NothingHeard("No word was understood: say it again, a little slower.")
        return Transcript(tuple(found))

    async def close(self) -> None:
        """Give the decoder back."""
        if self._alarm is not None:
            self._alarm.cancel()
        process, self._process, self._over = self._process, None, True
        if process is not None:
            await self._recogniser.give_back(process, sound=self._sound)

    async def _decode(self, pcm: bytes) -> None:
        if not pcm:
            return
        if self._process is None:
            if self._over:
                raise RecogniserUnavailable("This request has ended.")
            self._process = await self._recogniser.take()
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(_HELD_SECONDS, self._expire)
            async with self._guarded(self._process) as process:
                await process.begin()
        async with self._guarded(self._process) as process:
            await process.sound(pcm)

    def _expire(self) -> None:
        """End the decoder of a caller that has gone to sleep: its next call says so."""
        self._sound = False
        if self._process is not None:
            self._process.kill()

    @asynccontextmanager
    async def _guarded(self, process: DecoderProcess) -> AsyncIterator[DecoderProcess]:
        """Remember that a decoder which was left in the middle of something is not sound."""
        sound, self._sound = self._sound, False
        yield process
        self._sound = sound
