"""One spelling for everything that is said alike: letters of every script stay, signs go.

"22" and "twenty two", "IV" and "four", "M.I.A." and "m i a", "Ke$ha" and "kesha" fold to one text.
"""

import re
import unicodedata
from functools import lru_cache

from doublemetaphone import doublemetaphone

from antiphon.voice.linking.numbers import spoken
from antiphon.voice.model import MAX_TEXT

_REMEMBERED = 4096  # the same words are folded many times on the way to one answer
_LATIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
_APOSTROPHES = re.compile("['\u2019\u2018`\u00b4\u02bc]")
_MARKS_OF_LETTERS = re.compile("[\u0300-\u036f\u064b-\u0652\u0640\u200b-\u200f\ufeff]")
"""Accents of Latin, Greek and Cyrillic, vowel points of Arabic and its stretching sign, and what
has no width; the marks of other scripts are letters there."""
_INSIDE = (
    (re.compile(r"(?<=[^\W\d_])\$|\$(?=[^\W\d_])"), "s"),
    (re.compile(r"(?<=[^\W\d_])!(?=[^\W\d_])"), "i"),
    (re.compile(r"(?<=[^\W\d_])@(?=[^\W\d_])"), "a"),
)
"""Signs that stand for a letter where letters are beside them: Ke$ha, A$AP, P!nk, Deadm@u."""
_AND = re.compile(r"&|(?<=\s)\+(?=\s)|(?<=\s)n(?=\s)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_DIGITS = re.compile(r"(\d+(?:(?:st|nd|rd|th)\b)?)")
_SINGLE = re.compile(r"\b[a-z](?: [a-z]\b)+")
_FEATURED = re.compile(r"[\s(\[]+(?:feat|ft|featuring)\b.*", re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=_REMEMBERED)
def folded(text: str) -> str:
    """Return the words of a name, folded and one space apart; only signs: the signs themselves."""
    plain = _plain(text[:MAX_TEXT])
    for sign, letter in _INSIDE:
        plain = sign.sub(letter, plain)
    plain = _DIGITS.sub(r" \1 ", _THOUSANDS.sub("", _AND.sub(" and ", plain)))
    kept = "".join(c if _is_letter(c) else " " for c in plain).split()
    if not kept:
        return "".join(plain.split())
    joined = _SINGLE.sub(lambda run: run.group().replace(" ", ""), " ".join(kept))
    return spoken(joined)[:MAX_TEXT].strip()


def without_article(words: str) -> str:
    """Return folded words without a leading "the", unless nothing else would be left to say."""
    rest = words.removeprefix("the ")
    return words if rest == "the" else rest


def lead_artist(credit: str) -> str:
    """Return whose song it is, without who is featured on it."""
    return _FEATURED.sub("", credit).strip() or credit


def sound(words: str) -> str:
    """Return how folded words sound: double metaphone of each; what it cannot read stays."""
    return " ".join(filter(None, (_sound_of(word) for word in words.split())))


def _sound_of(word: str) -> str:
    return (str(doublemetaphone(word)[0]) or word) if word.isascii() else word


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LATIN))
    bare = _MARKS_OF_LETTERS.sub("", _APOSTROPHES.sub("", apart))
    return unicodedata.normalize("NFC", bare).casefold()


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMN"
