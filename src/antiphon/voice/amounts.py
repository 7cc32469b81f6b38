"""Numbers, durations and levels as they are said: "twenty five percent", "a minute and a half"."""

import re
from dataclasses import dataclass
from typing import Final

from antiphon.voice.number_words import TENS, UNITS

_WORDS: Final = (
    {word: n for n, word in enumerate(UNITS)}
    | {word: 20 + 10 * n for n, word in enumerate(TENS)}
    | {"a": 1, "an": 1, "hundred": 100}
)
_SECONDS: Final = {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3600, "h": 3600}
_NUMBER: Final = r"(?:\d+(?:\.\d+)?|(?:" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r")\b)"
_NUMBERS: Final = re.compile(rf"{_NUMBER}(?:[\s-]+{_NUMBER})*")
_CLOCK: Final = re.compile(r"\b(\d{1,2}):([0-5]\d)(?::([0-5]\d))?\b")
_SPAN: Final = re.compile(
    rf"({_NUMBERS.pattern}|half an|a half|half a)\s*(hour|h|minute|min|second|sec|s)s?\b"
    r"(\s+and\s+a\s+half)?"
)
_BARE_SECONDS: Final = re.compile(
    rf"\bminutes?\s+(?:and\s+)?({_NUMBERS.pattern})(?!\s*(?:hour|minute|second|min|sec|half|\w))"
)
_MOST_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Level:
    """A volume: ``percent`` 0..100 to set, or to add (-100..100) where ``is_relative``."""

    percent: int
    is_relative: bool


_LEVELS: Final = (
    (re.compile(r"\bunmute\b"), Level(10, is_relative=True)),
    (re.compile(r"\b(mute|silence)\b"), Level(0, is_relative=False)),
    (re.compile(r"\b(max|maximum|full)\b|\ball the way up\b"), Level(100, is_relative=False)),
    (re.compile(r"\bhalf\b"), Level(50, is_relative=False)),
)


def number_of(text: str) -> float | None:
    """Return the first number in a text, in digits or words; None where there is none."""
    found = _NUMBERS.search(text.lower())
    return None if found is None else _value(found.group())


def seconds_of(text: str) -> float | None:
    """Return a duration or position in seconds, at most a day; None where none is said."""
    text = text.lower()
    if clock := _CLOCK.search(text):
        parts = [int(p) for p in clock.groups() if p is not None]
        return float(sum(p * 60**n for n, p in enumerate(reversed(parts))))
    total, said = 0.0, False
    for amount, unit, half in _SPAN.findall(text):
        number = 0.5 if "half" in amount else _value(amount)
        total += (number + (0.5 if half else 0)) * _SECONDS[unit]
        said = True
    if said and (seconds := _BARE_SECONDS.search(text)) and "and a half" not in text:
        total += _value(seconds.group(1))
    return min(total, _MOST_SECONDS) if said else None


def level_of(text: str, *, step: int = 10) -> Level | None:
    """Return the volume that is asked for; ``step`` percent for a plain "louder"."""
    text = text.lower()
    for words, level in _LEVELS:
        if words.search(text):
            return level
    up = re.search(r"\b(up|louder|raise|increase|too (quiet|soft))\b", text)
    down = re.search(r"\b(down|quieter|softer|lower|decrease|reduce|too loud)\b", text)
    said = number_of(re.sub(r"\ba (bit|little|lot)\b", "", text))
    percent = None if said is None else int(min(100, max(0, said)))
    if percent is not None and (re.search(r"\bto\b", text) or not (up or down)):
        return Level(percent, is_relative=False)
    if up or down:
        more = percent or (step // 2 if re.search(r"\ba (bit|little)\b", text) else step)
        return Level(more if up else -more, is_relative=True)
    return None


def _value(said: str) -> float:
    total = 0.0
    for word in re.split(r"[\s-]+", said.strip()):
        number = float(_WORDS[word]) if word in _WORDS else float(word)
        total = max(total, 1) * 100 if word == "hundred" else total + number
    return total
