"""Numbers in folded words: every way to write one ends in one way to say it."""

from antiphon.voice.number_words import TENS, UNITS

_SMALL = {word: n for n, word in enumerate(UNITS)} | {
    word: 10 * n for n, word in enumerate(TENS, 2)
}
_ROMAN = {
    word: n
    for n, word in enumerate(
        ["ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv"],
        2,
    )
    if len(word) > 1
}
"""Single letters are letters ("Plan B", "X"), "xx" is a band."""
_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_LONGEST = 6
"""Digits beyond which a number is said digit by digit."""


def spoken(words: str) -> str:
    """Return folded words with their numbers as a person says them, whatever way they came."""
    said: list[str] = []
    digits: list[str] = []
    tokens = words.split()
    at = 0
    while at < len(tokens):
        taken, number = _number_at(tokens, at)
        if taken:
            digits.append(number)
            at += taken
            continue
        said += _said("".join(digits))
        digits = []
        said.append(_ordinal(tokens[at]))
        at += 1
    return " ".join([*said, *_said("".join(digits))])


def _number_at(tokens: list[str], at: int) -> tuple[int, str]:
    """Return how many tokens are one number from there, and its digits; 0 if there is none."""
    token = tokens[at]
    if token.isdecimal():
        return 1, "".join(str(int(c)) for c in token)
    if token in _ROMAN:
        return 1, str(_ROMAN[token])
    value, taken = _below_hundred(tokens, at)
    return _with_scale(tokens, at, value, taken) if taken else (0, "")


def _with_scale(tokens: list[str], at: int, value: int, taken: int) -> tuple[int, str]:
    """Return "... hundred [and ...]" or "... thousand [and ...]" as one number."""
    scale = {"hundred": 100, "thousand": 1000}.get(_token(tokens, at + taken))
    if scale is None:
        return taken, str(value)
    total, taken = value * scale, taken + 1
    skipped = 1 if _token(tokens, at + taken) == "and" else 0
    rest, more = _below_hundred(tokens, at + taken + skipped)
    if more and scale > 100 and _token(tokens, at + taken + skipped + more) == "hundred":
        rest, more = rest * 100, more + 1
    return (taken + skipped + more, str(total + rest)) if more else (taken, str(total))


def _below_hundred(tokens: list[str], at: int) -> tuple[int, int]:
    value = _SMALL.get(_token(tokens, at))
    if value is None:
        return 0, 0
    unit = _SMALL.get(_token(tokens, at + 1), 0)
    return (value + unit, 2) if value >= 20 and 0 < unit < 10 else (value, 1)


def _token(tokens: list[str], at: int) -> str:
    return tokens[at] if at < len(tokens) else ""


def _ordinal(token: str) -> str:
    """Return "1st" as "first"; other words as they are."""
    number = token[:-2]
    if token[-2:] in {"st", "nd", "rd", "th"} and number.isdecimal():
        value = int(number) if len(number) <= 2 else 0
        return _ORDINALS[value - 1] if 0 < value <= len(_ORDINALS) else token
    return token


def _said(digits: str) -> list[str]:
    """Return digits as said: "22" twenty two, "182" one eighty two, "1989" nineteen eighty nine."""
    if not digits:
        return []
    if len(digits) > _LONGEST or digits[0] == "0":
        return [UNITS[int(d)] for d in digits]
    if len(digits) > 2 and set(digits[2 if len(digits) == 4 else 1 :]) == {"0"}:
        return _round(digits)
    if len(digits) == 4 and digits[1:3] == "00":
        return [UNITS[int(digits[0])], "thousand", UNITS[int(digits[3])]]
    head = len(digits) % 2
    pairs = [digits[:head]] if head else []
    pairs += [digits[i : i + 2] for i in range(head, len(digits), 2)]
    return [word for pair in pairs for word in _pair(pair)]


def _round(digits: str) -> list[str]:
    """Return what ends in noughts: "100", "2000", "1900"."""
    if len(digits) == 4 and digits[1] != "0":
        return [*_pair(digits[:2]), "hundred"]
    scale = [] if len(digits) < 4 else ["thousand"]
    lead = digits[: len(digits) - 3] if scale else digits
    if len(lead) == 3:
        return [UNITS[int(lead[0])], "hundred", *scale]
    return [*_pair(lead), *scale]


def _pair(pair: str) -> list[str]:
    value = int(pair)
    if len(pair) > 1 and pair[0] == "0":
        return [UNITS[0], UNITS[value]]
    if value < 20:
        return [UNITS[value]]
    tens = TENS[value // 10 - 2]
    return [tens, UNITS[value % 10]] if value % 10 else [tens]
