"""How the words of a vocabulary sound: a dictionary's own entries, and guesses for the rest. Pure.

A dictionary is lines of ``word PHONES`` with variants as ``word(2)``, as the CMU dictionary is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from antiphon.voice.recognition.letters import sounds_of

__all__ = ["Lexicon", "dictionary_lines", "read_dictionary"]

Lexicon = Mapping[str, Sequence[str]]
_LEAST_PART = 3
_VOICELESS = frozenset(["P", "T", "K", "F", "TH"])
_HISSING = frozenset(["S", "Z", "SH", "ZH", "CH", "JH"])


def read_dictionary(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return all pronunciations of each word."""
    found: dict[str, list[str]] = {}
    for line in lines:
        head, _, phones = line.strip().partition(" ")
        if phones:
            found.setdefault(head.partition("(")[0].lower(), []).append(phones.strip())
    return found


def dictionary_lines(words: Iterable[str], known: Lexicon) -> Iterator[str]:
    """Yield dictionary lines for these words, in their order."""
    for word in words:
        for number, phones in enumerate(_pronunciations(word, known), 1):
            yield f"{word} {phones}" if number == 1 else f"{word}({number}) {phones}"


def _pronunciations(word: str, known: Lexicon) -> Sequence[str]:
    found = known.get(word) or known.get(word.replace("'", ""))
    if found:
        return found
    return _inflected(word, known) or _compound(word, known) or [sounds_of(word)]


def _inflected(word: str, known: Lexicon) -> list[str]:
    """Return the sounds of a known word with a plural or possessive s, or a dropped g."""
    stem = word.removesuffix("'s") if word.endswith("'s") else word.removesuffix("s")
    if stem != word and stem in known:
        return [f"{phones} {_plural(phones)}" for phones in known[stem]]
    if word.endswith("in") and f"{word}g" in known:
        return [f"{phones.rsplit(' ', 1)[0]} N" for phones in known[f"{word}g"]]
    return []


def _plural(phones: str) -> str:
    last = phones.rsplit(" ", 1)[-1]
    if last in _HISSING:
        return "IH Z"
    return "S" if last in _VOICELESS else "Z"


def _compound(word: str, known: Lexicon) -> list[str]:
    """Return the sounds of two known words written as one, the longest first."""
    for cut in range(len(word) - _LEAST_PART, _LEAST_PART - 1, -1):
        first, second = word[:cut], word[cut:]
        if first in known and second in known:
            return [f"{known[first][0]} {known[second][0]}"]
    return []
