"""One spelling for what sounds the same: numbers, initials, signs; versions told apart. Pure."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from doublemetaphone import doublemetaphone

from antiphon.catalog import name_key

_LETTER_SIGNS: Final = (
    (re.compile(r"(?<=\w)\$(?=\w)|\$(?=\w)"), "s"),
    (re.compile(r"(?<=\w)!(?=\w)"), "i"),
    (re.compile(r"(?<=\w)@(?=\w)"), "a"),
    (re.compile(r"\s*&\s*|\s\+\s"), " and "),
)
_ONES: Final = {
    word: n
    for n, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
            *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
            *("seventeen", "eighteen", "nineteen"),
        )
    )
}
_TENS: Final = {
    word: 10 * n
    for n, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2
    )
}
_ROMAN: Final = {
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
    "xi": "11",
    "xii": "12",
    "xiii": "13",
}
_HUNDRED: Final = 100
_BRACKETS: Final = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_DASH: Final = re.compile(r"\s+[-\u2013\u2014]\s+([^-\u2013\u2014]+)$")
_VERSIONS: Final = (
    ("live", r"\blive\b|\bin concert\b|\bunplugged\b"),
    ("acoustic", r"\bacoustic\b"),
    ("instrumental", r"\binstrumental\b"),
    ("karaoke", r"\bkaraoke\b"),
    ("demo", r"\bdemo\b"),
    ("remix", r"\bremix(?:ed)?\b|\brmx\b|\b(?:club|dance|extended) mix\b"),
    ("extended", r"\bextended\b"),
    ("radio edit", r"\bradio (?:edit|version)\b|\bedit\b|\bsingle version\b"),
    ("remaster", r"\bremaster(?:ed)?\b"),
    ("deluxe", r"\bdeluxe\b|\bexpanded\b|\banniversary\b"),
    ("mono", r"\bmono\b"),
    ("clean", r"\bclean\b"),
    ("explicit", r"\bexplicit\b"),
)
_VERSION: Final = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _VERSIONS)
_GUEST: Final = re.compile(r"\s*[(\[]?\b(?:feat|ft|featuring)\b\.?.*$|\s+x\s+.*$", re.IGNORECASE)


def taken_apart(title: str) -> tuple[str, str]:
    """Return a title's name and version: ("Hurt", "live") of "Hurt (Live at Leeds)".

    Only brackets and what follows a last dash are looked at, so "Live and Let Die" stays whole.
    """
    for found in (*reversed(list(_BRACKETS.finditer(title))), _DASH.search(title)):
        version = "" if found is None else version_of(found.group(1))
        if found is not None and version:
            name = (title[: found.start()] + title[found.end() :]).strip()
            return (name, version) if name else (title, "")
    return title, ""


def version_of(words: str) -> str:
    """Return the version that words speak of, such as "live"; empty for none."""
    return next((name for name, pattern in _VERSION if pattern.search(words)), "")


def spoken_keys(name: str) -> tuple[str, ...]:
    """Return the ways to say a name: without what stands in brackets, and with it."""
    return tuple(dict.fromkeys((spoken_key(name), spoken_key(_BRACKETS.sub(r" \1 ", name)))))


@lru_cache(maxsize=65536)
def spoken_key(text: str) -> str:
    """Return what two ways to write or say one name share; brackets are left out.

    Numbers are digits ("twenty two", "22"), initials are joined ("M.I.A.", "m i a"), signs that
    stand for letters are letters ("P!nk"). Letters of other scripts stay as they are.
    """
    for sign, letter in _LETTER_SIGNS:
        text = sign.sub(letter, text)
    words = name_key(_BRACKETS.sub(" ", text) or text).split()
    words = [_ROMAN.get(word, word) for word in words]
    return " ".join(_initials_joined(list(_numbers_joined(words)))) or name_key(text)


def without_guests(artist: str) -> str:
    """Return the artist without who else is on it."""
    return _GUEST.sub("", artist).strip() or artist


@lru_cache(maxsize=65536)
def sound_of(key: str) -> str:
    """Return the double metaphone codes of a key's words; empty for other scripts."""
    return "".join(doublemetaphone(word)[0] for word in key.split() if word.isascii())


def features(key: str) -> Iterator[str]:
    """Return what two likely spellings share: character trigrams and pairs of sounds."""
    padded = f"^{key.replace(' ', '_')}$"
    size = 3 if key.isascii() else 2
    for n in range(max(1, len(padded) - size + 1)):
        yield padded[n : n + size]
    sound = sound_of(key)
    for n in range(len(sound) - 1):
        yield f"~{sound[n : n + 2]}"


def _numbers_joined(words: Sequence[str]) -> Iterator[str]:
    """Yield words with runs of number words as digits: "nineteen eighty nine" is "1989"."""
    at = 0
    while at < len(words):
        digits, end = _number(words, at)
        if digits:
            yield digits
            at = end
        else:
            yield words[at]
            at += 1


def _number(words: Sequence[str], at: int) -> tuple[str, int]:
    digits = ""
    while at < len(words):
        word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
        if word in _TENS:
            ones = _ONES.get(following, 0) if 0 < _ONES.get(following, 0) < 10 else 0
            digits += str(_TENS[word] + ones)
            at += 2 if ones else 1
        elif word in _ONES:
            digits += str(_ONES[word])
            at += 1
        elif word == "hundred" and digits:
            at += 1
            rest, end = _number(words, at + 1 if words[at : at + 1] == ["and"] else at)
            number = int(digits) * _HUNDRED + (int(rest) if rest and len(rest) < 3 else 0)
            return str(number), end if rest else at
        elif word.isdigit() and digits:
            digits += word
            at += 1
        else:
            break
    return digits, at


def _initials_joined(words: Sequence[str]) -> list[str]:
    joined: list[str] = []
    run = ""
    for word in (*words, ""):
        if len(word) == 1 and word.isalpha() and word.isascii():
            run += word
            continue
        if run:
            joined += [run] if len(run) > 1 else list(run)
            run = ""
        if word:
            joined.append(word)
    return joined
