"""Recognition by an operator's own Wyoming server: faster-whisper, sherpa-onnx, vosk ...

The protocol knows no encryption and no signing in: use it on this machine or a trusted network.
"""

import asyncio
from collections.abc import Sequence

from antiphon.voice.model import Named, Transcript
from antiphon.voice.pcm import PcmFormat
from antiphon.voice.recognition.errors import NothingHeard, RecogniserUnavailable
from antiphon.voice.recognition.hearing import HEARD, Hearing
from antiphon.voice.wyoming_events import (
    MOST_LINE,
    WyomingEvent,
    WyomingInvalid,
    read_event,
    write_event,
)

__all__ = ["WyomingRecogniser"]

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 15.0
_STREAM_SECONDS = 90.0
_SLICE_SECONDS = 0.25
_MOST_HOTWORDS = 400
_MOST_HOTWORD_LETTERS = 80
_FORMAT = {"rate": HEARD.rate, "width": HEARD.width, "channels": HEARD.channels}


class WyomingRecogniser:
    """A ``Recogniser`` that asks ``host:port``, one connection for each request that has speech.

    The most popular names go along as ``transcript_names``, which a server may use or not.
    """

    def __init__(self, host: str, port: int, *, language: str = "en") -> None:
        self._address = host, port
        self._language = language
        self._hotwords: list[str] = []

    async def learn(self, names: Sequence[Named]) -> None:
        """Send the 400 most popular of these names along from now on."""
        ranked = sorted(names, key=lambda n: -n.popularity)
        words = {n: None for named in ranked for n in (named.name, named.artist) if n}
        self._hotwords = [w for w in words if len(w) <= _MOST_HOTWORD_LETTERS][:_MOST_HOTWORDS]

    def open(self, pcm: PcmFormat) -> "WyomingStream":
        """Return a stream; ``AudioInvalid`` where the format is none to hear."""
        asked: dict[str, object] = {"language": self._language, "transcript_names": self._hotwords}
        return WyomingStream(self._address, asked, Hearing(pcm, seed=None))

    async def close(self) -> None:
        """Hold nothing: connections belong to the streams."""


class WyomingStream:
    """A ``RecognitionStream`` over one connection, which is made when speech begins."""

    def __init__(
        self, address: tuple[str, int], asked: dict[str, object], hearing: Hearing
    ) -> None:
        self._address = address
        self._asked = asked
        self._hearing = hearing
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[str] | None = None
        self._words = ""
        self._step = hearing.bytes_in(_SLICE_SECONDS)

    @property
    def ended(self) -> bool:
        """Whether there was speech, and then a pause of 0.7 s."""
        return self._hearing.ended

    async def feed(self, pcm: bytes) -> None:
        """Send more on; see the port."""
        for at in range(0, len(pcm), self._step):
            await self._send_sound(self._hearing.push(pcm[at : at + self._step]))

    async def partial(self) -> str:
        """Return what the server has told so far; few tell anything before the end."""
        return self._words

    async def finish(self) -> Transcript:
        """Return what the server has heard; see the port."""
        await self._send_sound(self._hearing.flush())
        assert self._listening is not None, "speech was heard, or flush had raised"
        await self._send(WyomingEvent("audio-stop"))
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                text = (await self._listening).strip()
        except (TimeoutError, OSError, WyomingInvalid) as fault:
            raise RecogniserUnavailable("The speech server does not answer.") from fault
        await self.close()
        if not text:
            raise NothingHeard("No word was understood: say it again, a little slower.")
        return Transcript(((text, 1.0),))

    async def close(self) -> None:
        """Close the connection."""
        listening, self._listening = self._listening, None
        writer, self._writer = self._writer, None
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        if writer is not None:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async def _send_sound(self, pcm: bytes) -> None:
        if not pcm:
            return
        if self._writer is None:
            await self._connect()
        await self._send(WyomingEvent("audio-chunk", dict(_FORMAT), pcm))

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                opened = asyncio.open_connection(*self._address, limit=MOST_LINE)
                reader, self._writer = await opened
        except (TimeoutError, OSError) as fault:
            raise RecogniserUnavailable("The speech server cannot be reached.") from fault
        self._listening = asyncio.create_task(self._transcript(reader))
        await self._send(WyomingEvent("transcribe", self._asked))
        await self._send(WyomingEvent("audio-start", dict(_FORMAT)))

    async def _send(self, event: WyomingEvent) -> None:
        if self._writer is None:
            raise RecogniserUnavailable("This request has ended.")
        try:
            await write_event(self._writer, event)
        except (TimeoutError, OSError) as fault:
            raise RecogniserUnavailable("The speech server broke off.") from fault

    async def _transcript(self, reader: asyncio.StreamReader) -> str:
        """Read until the transcript is there, and return its text."""
        while True:
            event = await read_event(reader, _STREAM_SECONDS)
            text = "" if event is None else event.data.get("text", "")
            if event is None or event.type == "error" or not isinstance(text, str):
                raise WyomingInvalid("The speech server gave no transcript.")
            if event.type == "transcript":
                return text
            if event.type == "transcript-chunk":
                self._words = (self._words + text).strip()
