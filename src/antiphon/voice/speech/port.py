"""The port: text in, sound out, from the first words on."""

from collections.abc import AsyncGenerator
from typing import Final, Protocol

from antiphon.voice.pcm import PcmFormat

__all__ = ["MOST_SPOKEN", "Speaker"]

MOST_SPOKEN: Final = 1_000
"""Characters of a text or of SSML; a reply has about a hundred."""


class Speaker(Protocol):
    """Speaks replies. Many at once; nothing is retried."""

    @property
    def format(self) -> PcmFormat:
        """Return the format of all sound of this speaker."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages that it can speak, as in ``en`` or ``pt-br``."""
        ...

    def speak(
        self, text: str, language: str = "en", *, ssml: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """Yield the sound of a text in whole samples, the first of it early.

        ``SpeechInvalid`` before any sound where the text cannot be spoken;
        ``SpeakerUnavailable`` where the program is missing or does not answer within its
        deadline. Stopping early ends the work: close the generator.
        """
        ...
