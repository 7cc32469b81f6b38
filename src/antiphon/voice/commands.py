"""Fixed commands: short sentences that mean one thing, told from requests for music by phrases.

What names music ("play ...") is not read here: names know no grammar.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from antiphon.voice.english import COMMANDS, PARTS, POLITE_AFTER, POLITE_BEFORE
from antiphon.voice.model import Intent, Reading, Slot, SlotName

_TOKEN: Final = re.compile(r"\{(\w*)(?::|\})|(\}|[\[\]( ])|(\\d\+|[\w'-]+)|(.)")
_SIGNS: Final = {"}": ")", "[": "(?:", "]": ")?", "(": "(?:", " ": r"\s*"}
_PART: Final = re.compile(r"<(\w+)>")
_BEFORE: Final = re.compile(POLITE_BEFORE, re.IGNORECASE)
_AFTER: Final = re.compile(POLITE_AFTER, re.IGNORECASE)
_ANY_WORDS: Final = r".{1,200}?"


def read_command(text: str) -> Reading | None:
    """Return what a sentence commands, or None where it is no fixed command."""
    begin, end = _without_politeness(text)
    for intent, pattern in _patterns():
        if (found := pattern.fullmatch(text, begin, end)) is not None:
            return Reading(intent, tuple(_slots(found)), 1.0)
    return None


def pattern_of(phrase: str) -> str:
    """Return the regular expression of a phrase in the notation of ``antiphon.voice.english``.

    Words stand between word boundaries, so that what lies between them may be nothing.
    """
    while _PART.search(phrase):
        phrase = _PART.sub(lambda m: PARTS[m.group(1)], phrase)
    return "".join(_translated(token) for token in _TOKEN.finditer(phrase))


def _translated(token: "re.Match[str]") -> str:
    slot, sign, word, other = token.groups()
    if slot is not None:
        named = f"(?P<{slot}>" if slot else "(?:"
        return named if token.group().endswith(":") else f"{named}{_ANY_WORDS})"
    if word is not None:
        return rf"\b{word}\b"
    return _SIGNS[sign] if sign is not None else str(other)


@cache
def _patterns() -> tuple[tuple[Intent, "re.Pattern[str]"], ...]:
    return tuple((i, re.compile(pattern_of(p), re.IGNORECASE)) for i, p in COMMANDS)


def _without_politeness(text: str) -> tuple[int, int]:
    before, after = _BEFORE.match(text), _AFTER.search(text)
    begin = before.end() if before else 0
    return begin, max(begin, after.start() if after else len(text))


def _slots(found: "re.Match[str]") -> Iterator[Slot]:
    for name, said in found.groupdict().items():
        if said is not None:
            begin = found.start(name) + len(said) - len(said.lstrip())
            yield Slot(SlotName(name), said.strip(), begin, begin + len(said.strip()))
