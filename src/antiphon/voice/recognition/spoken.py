"""Names as they are said: spelling to the plain words that a language model counts. Pure."""

import re
import unicodedata

__all__ = ["number_words", "spoken_words"]

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SIGNS = {"&": " and ", "+": " and ", "@": " at ", "%": " percent ", "$": "s"}
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_INITIALS = re.compile(r"\b(?:[a-z]\.){2,}")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+")
_FEATURED = re.compile(r"\s(?:feat|ft|featuring)\.?\s.*$")
_MOST_DIGITS = 6


def spoken_words(name: str) -> list[str]:
    """Return the lower-case words of a name: letters and inner apostrophes only.

    What stands in brackets and who is featured is not said; digits become number words, "M.I.A."
    three letters, accents go. A name in another script has no words.
    """
    plain = unicodedata.normalize("NFKD", name.replace("\u2019", "'")).encode("ascii", "ignore")
    text = plain.decode().lower()
    text = _ASIDE.sub(" ", text) if _ASIDE.sub("", text).strip() else text
    text = _FEATURED.sub("", text)
    text = _INITIALS.sub(lambda m: " ".join(m[0].replace(".", " ")) + " ", text)
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    words: list[str] = []
    for piece in _WORD.findall(text):
        words += number_words(piece) if piece.isdigit() else [piece]
    return words


def number_words(digits: str) -> list[str]:
    """Return how a number in a name is read: years in pairs, long ones digit by digit."""
    value = int(digits)
    if len(digits) > _MOST_DIGITS or (digits[0] == "0" and len(digits) > 1):
        return [_ONES[int(d)] for d in digits]
    if len(digits) == 4 and 1100 <= value <= 2099 and not 2000 <= value <= 2009:
        pair = _below_hundred(value % 100) if value % 100 else ["hundred"]
        pair = ["oh", *pair] if 0 < value % 100 < 10 else pair
        return [*_below_hundred(value // 100), *pair]
    words: list[str] = []
    if value >= 1000:
        words += [*number_words(str(value // 1000)), "thousand"]
        value %= 1000
    if value >= 100:
        words += [_ONES[value // 100], "hundred"]
        value %= 100
    return words + _below_hundred(value) if value or not words else words


def _below_hundred(value: int) -> list[str]:
    if value < len(_ONES):
        return [_ONES[value]]
    tens = _TENS[value // 10 - 2]
    return [tens, _ONES[value % 10]] if value % 10 else [tens]
