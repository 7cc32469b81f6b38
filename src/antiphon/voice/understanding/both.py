"""Requests read by phrases, and by the trained model where no phrase fits. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from antiphon.voice.model import Intent, Reading
from antiphon.voice.ports import Names
from antiphon.voice.understanding.reader import PhraseReader
from antiphon.voice.understanding.understanding import Understanding

_LEAST: Final = 0.4
"""How probable the model's reading must be to count."""

_UNWANTED: Final = re.compile(r"\b(?:don't|do not|never|no more|stop)\b", re.IGNORECASE)
"""What the model has not learned: that something is not to happen."""


class BothReader:
    """Reads what is said in the usual ways by phrases, and the rest by the model; ``Reader``."""

    def __init__(self, phrases: PhraseReader, understanding: Understanding) -> None:
        self._phrases = phrases
        self._understanding = understanding

    @classmethod
    def load(cls) -> "BothReader":
        """Return what reads English, by the model that comes with this package."""
        return cls(PhraseReader(), Understanding.load())

    def read(self, text: str, names: Names) -> Sequence[Reading]:
        """Return the ways to understand a text, best first; ``Intent.NONE`` where it asks none."""
        by_phrases = self._phrases.read(text, names)
        if by_phrases and by_phrases[0].intent is not Intent.NONE:
            return by_phrases
        if _UNWANTED.search(text):
            return by_phrases
        by_model = self._understanding.read(text, names)
        return by_model if by_model[0].probability >= _LEAST else by_phrases
