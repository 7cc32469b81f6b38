"""Free requests read by a trained model, with the catalogue's names at hand. Pure but for load."""

from collections.abc import Sequence
from importlib.resources import files
from math import exp
from typing import Final

from antiphon.voice.model import MAX_TEXT, Intent, Reading, Slot, SlotName
from antiphon.voice.understanding.gazetteer import spans
from antiphon.voice.understanding.joint import JointModel
from antiphon.voice.understanding.known import KnownNames, catalogue_marks, name_of
from antiphon.voice.understanding.packing import unpacked
from antiphon.voice.understanding.reranking import Candidate
from antiphon.voice.understanding.tokens import Token, tokens

NOTHING: Final = (Reading(Intent.NONE, (), 1.0),)
_MODEL: Final = "english.model"
_MOST_WORDS: Final = 60
_READINGS: Final = 3


class Understanding:
    """Reads requests for music. Safe to use from several threads."""

    def __init__(self, model: JointModel) -> None:
        self._model = model

    @classmethod
    def load(cls) -> "Understanding":
        """Return what reads English, by the model that comes with this package."""
        return cls(unpacked((files(__package__) / _MODEL).read_bytes()))

    def read(self, text: str, names: KnownNames) -> tuple[Reading, ...]:
        """Return ways to understand a text, best first; ``Intent.NONE`` where it asks for none.

        Texts that nobody says (longer than ``MAX_TEXT``, with control characters, with more than
        60 words) ask for none. A text that is a name and nothing else asks for what bears it. The
        slots of a reading are in the order of the text.
        """
        if len(text) > MAX_TEXT or not all(c.isprintable() or c in "\t\r\n" for c in text):
            return NOTHING
        said = tokens(text)
        if not said or len(said) > _MOST_WORDS:
            return NOTHING
        if names.kinds_of(name_of(said)):
            whole = Slot(SlotName.MUSIC, text.strip(), *_ends(text))
            return (Reading(Intent.PLAY, (whole,), 1.0),)
        words = [token.word for token in said]
        found = self._model.best(words, catalogue_marks(said, names), _READINGS)
        return tuple(_reading(text, said, candidate) for candidate, _ in found[:_READINGS])


def _ends(text: str) -> tuple[int, int]:
    return len(text) - len(text.lstrip()), len(text.rstrip())


def _reading(text: str, said: Sequence[Token], candidate: Candidate) -> Reading:
    slots = tuple(
        Slot(
            SlotName(name),
            text[said[begin].begin : said[end - 1].end],
            said[begin].begin,
            said[end - 1].end,
        )
        for name, begin, end in spans(candidate.tags)
    )
    probability = exp(min(0.0, candidate.intent_score + candidate.tags_score))
    return Reading(Intent(candidate.intent), slots, probability)
