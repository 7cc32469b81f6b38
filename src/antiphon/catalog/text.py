"""Text from tags: made clean, made comparable, cut into words, given an order."""

import re
import unicodedata
from functools import lru_cache

MAX_TEXT = 1000
_MAX_SORT_BYTES = 48
_SPACES = re.compile(r"\s+")
_APOSTROPHES = re.compile("['\u2019\u02bc`\u00b4]")
_ACRONYM = re.compile(r"\b(?:\w\.){2,}")
_WORDS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_LETTERS_APART = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ð": "d", "þ": "th",
        "\u0131": "i", "ŋ": "n",
    }
)  # fmt: skip
_ARTICLES = ("the ", "a ", "an ")
# Scripts that are written without spaces: every character is a word of its own.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def clean(text: str, *, limit: int = MAX_TEXT) -> str:
    """Return ``text`` NFC-normalised, on one line, without control characters, cut to size."""
    text = text[: limit * 4]  # bounds the work on a hostile tag; NFC shrinks at most fourfold
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return _SPACES.sub(" ", text)[:limit].strip()


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return what compares equal regardless of case, accents, width and ligatures."""
    text = text.casefold()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in apart if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", bare).casefold().translate(_LETTERS_APART)


def words(text: str) -> list[str]:
    """Return the folded words of ``text``: letters and digits only, acronyms joined."""
    folded = _APOSTROPHES.sub("", fold(text))
    folded = _ACRONYM.sub(lambda m: m.group().replace(".", "") + " ", folded)
    if not folded.isascii():
        folded = _UNSPACED.sub(lambda m: f" {m.group()} ", folded)
    return _WORDS.findall(folded)


def name_key(name: str) -> str:
    """Return what two spellings of one name share; falls back to the folded name itself."""
    return " ".join(words(name)) or fold(name).strip()


@lru_cache(maxsize=4096)
def collation(text: str) -> bytes:
    """Return bytes that order names as people expect.

    Case, accents, punctuation and a leading English article do not count; numbers count by value.
    No byte is below 0x20, so that keys can be joined with lower ones.
    """
    folded = fold(text)
    for article in _ARTICLES:
        if folded.startswith(article) and len(folded) > len(article):
            folded = folded[len(article) :]
            break
    key = _DIGITS.sub(_number, " ".join(words(folded)))
    return key.encode("utf-8", "replace")[:_MAX_SORT_BYTES] or b"\x7f"


def _number(match: re.Match[str]) -> str:
    digits = match.group().lstrip("0") or "0"
    return f"{min(len(digits), 9)}{digits}"
