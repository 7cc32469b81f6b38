"""One utterance of a client: audio events in, transcript events out."""

from collections.abc import Awaitable, Callable
from typing import Any

from antiphon.gateways.wyoming.words import StableWords
from antiphon.voice import (
    NothingHeard,
    PcmFormat,
    Recogniser,
    RecognitionStream,
    WyomingEvent,
    WyomingInvalid,
)

__all__ = ["Hearing"]

_Send = Callable[[WyomingEvent], Awaitable[None]]
_PARTIAL_EVERY = 0.4  # seconds of sound


class Hearing:
    """From ``audio-start`` to ``audio-stop``; closed whatever happens.

    ``partials``: the client asked for ``transcript-start``, ``-chunk`` and ``-stop`` as well.
    """

    def __init__(
        self, recogniser: Recogniser, send: _Send, start: WyomingEvent, *, partials: bool
    ) -> None:
        """``WyomingInvalid`` or ``AudioInvalid`` where the event names no format to hear."""
        self._format = _format(start)
        self._stream: RecognitionStream = recogniser.open(self._format)
        self._send = send
        self._partials = StableWords() if partials else None
        self._untold = 0

    async def begin(self) -> None:
        """Answer the start, where that is asked for."""
        if self._partials is not None:
            await self._send(WyomingEvent("transcript-start"))

    async def sound(self, event: WyomingEvent) -> None:
        """Hear an ``audio-chunk``."""
        if _format(event) != self._format:
            raise WyomingInvalid("The format of the sound changed on the way.")
        await self._stream.feed(event.payload)
        self._untold += len(event.payload)
        due = self._untold >= _PARTIAL_EVERY * self._format.bytes_per_second
        if self._partials is not None and due:
            self._untold = 0
            await self._tell(self._partials.grown(await self._stream.partial()))

    async def stop(self) -> None:
        """Answer ``audio-stop`` with the transcript: an empty one where nothing was said."""
        try:
            text = (await self._stream.finish()).text
        except NothingHeard:
            text = ""
        if self._partials is not None:
            await self._tell(self._partials.finished(text))
            await self._send(WyomingEvent("transcript-stop"))
        await self._send(WyomingEvent("transcript", {"text": text}))

    async def close(self) -> None:
        """Give the recogniser back."""
        await self._stream.close()

    async def _tell(self, words: str) -> None:
        if words:
            await self._send(WyomingEvent("transcript-chunk", {"text": words}))


def _format(event: WyomingEvent) -> PcmFormat:
    return PcmFormat(*(_whole(event.data.get(name)) for name in ("rate", "width", "channels")))


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WyomingInvalid("Sound has a rate, a width and channels, each a whole number.")
    return value
