"""What a catalogue knows of the phrases in a request."""

from collections.abc import Sequence
from typing import Final, Protocol

from antiphon.catalog import words
from antiphon.voice.model import NameKind
from antiphon.voice.understanding.gazetteer import Marks, marked
from antiphon.voice.understanding.tokens import Token

LONGEST_NAME: Final = 7
"""Words of the longest name that is looked up."""


class KnownNames(Protocol):
    """The names of a catalogue. Safe to use from several threads; no call waits for anything."""

    def kinds_of(self, words: str) -> frozenset[NameKind]:
        """Return of which kinds something is called exactly so; ``words`` as ``name_key`` gives."""
        ...


def name_of(said: Sequence[Token]) -> str:
    """Return what a catalogue would call these words."""
    return " ".join(filter(None, (_key(word.word) for word in said))).replace(" '", "")


def catalogue_marks(said: Sequence[Token], names: KnownNames) -> Marks:
    """Write on each word of which catalogue names it may be part."""
    keys = [_key(word.word) for word in said]

    def kinds_of(phrase: str) -> list[str]:
        name = " ".join(phrase.split()).replace(" '", "")
        return [f"c{kind}" for kind in names.kinds_of(name)] if name else []

    return marked(keys, kinds_of, LONGEST_NAME)


def _key(word: str) -> str:
    return word if word.isalnum() or word[0] == "'" else " ".join(words(word))
