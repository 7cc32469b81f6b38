"""The port: speech in, transcripts out, while the sound arrives."""

from collections.abc import Sequence
from typing import Final, Protocol

from antiphon.voice.model import Named, Transcript
from antiphon.voice.pcm import PcmFormat

__all__ = ["MOST_HYPOTHESES", "MOST_SECONDS", "Recogniser", "RecognitionStream"]

MOST_SECONDS: Final = 30
"""Sound that one request may have, silence included; more is refused as it comes."""
MOST_HYPOTHESES: Final = 5


class RecognitionStream(Protocol):
    """One utterance. Used by one task at a time, fed in order, closed whatever happens.

    Every wait has a deadline of some seconds, after which ``RecogniserUnavailable`` is raised; the
    memory of a stream is bounded by ``MOST_SECONDS`` of sound.
    """

    @property
    def ended(self) -> bool:
        """Whether the speaker seems to have finished. A hint: more speech takes it back."""
        ...

    async def feed(self, pcm: bytes) -> None:
        """Take the next samples; decoding goes on beside the caller.

        ``AudioInvalid`` where these are no whole samples, ``AudioTooLong`` beyond the limit. After
        either the stream is of no more use than to be closed.
        """
        ...

    async def partial(self) -> str:
        """Return the best guess at the words so far, perhaps none; later ones may differ."""
        ...

    async def finish(self) -> Transcript:
        """Return what was said, at most ``MOST_HYPOTHESES``; called once, after the last samples.

        ``NothingHeard`` for silence, steady noise and sound without a word, ``AudioClipped`` for
        an overdriven microphone.
        """
        ...

    async def close(self) -> None:
        """Give back what the stream holds. Never raises; more than once is once."""
        ...


class Recogniser(Protocol):
    """Hears requests for music. Many streams at once; what cannot be served is refused, not kept.

    Nothing is retried: a caller that gets ``RecogniserBusy`` may try again later.
    """

    async def learn(self, names: Sequence[Named]) -> None:
        """Expect these names, in place of those of before; streams under way keep the old ones."""
        ...

    def open(self, pcm: PcmFormat) -> RecognitionStream:
        """Return a stream for sound of this format; ``AudioInvalid`` where it is none to hear."""
        ...

    async def close(self) -> None:
        """End all streams and processes."""
        ...
