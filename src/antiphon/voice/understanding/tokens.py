"""A request cut into words that know where they stand."""

import re
from dataclasses import dataclass
from typing import Final

from antiphon.catalog import fold
from antiphon.voice.model import MAX_TEXT

MAX_TOKENS: Final = 120
"""Words of a request that are looked at."""

_CONTRACTION: Final = re.compile(r"(?<=[^\W_])['\u2019\u02bc](?:s|d|m|re|ve|ll)$", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"[^\W\d_]\.(?:[^\W\d_]\.?)+"  # M.I.A.
    r"|'?\d\d(?:\d\d)?['\u2019]?s\b"  # 90's
    r"|[^\W_]+(?:['\u2019\u02bc.&$!@*+/-]+[^\W_]+)*[!$]?"  # blink-182, Ke$ha, P!nk
    r"|[^\w\s]|_"
)
_SIGNS: Final = str.maketrans("", "", ".'\u2019\u02bc!")


@dataclass(frozen=True, slots=True)
class Token:
    """A word: folded, and its characters ``begin`` to ``end`` (not included) in the text."""

    word: str
    begin: int
    end: int


def tokens(text: str) -> tuple[Token, ...]:
    """Return the words and signs of a text, at most ``MAX_TOKENS``; "'s" is a word of its own."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text[:MAX_TEXT]):
        begin, end = match.span()
        tail = None if text[begin:end][:1].isdigit() else _CONTRACTION.search(text, begin + 1, end)
        if tail is not None:
            found += (_token(text, begin, tail.start()), _token(text, tail.start(), end))
        else:
            found.append(_token(text, begin, end))
        if len(found) >= MAX_TOKENS:
            break
    return tuple(found)


def _token(text: str, begin: int, end: int) -> Token:
    folded = fold(text[begin:end])
    bare = folded.translate(_SIGNS)
    if text[begin] in "'\u2019\u02bc" and end - begin > 1 and not bare[:1].isdigit():
        return Token(f"'{bare}", begin, end)
    return Token(bare or folded or text[begin:end], begin, end)
