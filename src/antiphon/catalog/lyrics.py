"""Lyrics from text: LRC with times, enhanced LRC with times inside lines, or plain lines.

The text is anybody's, so lines are bounded in number and length, and every pattern is linear.
"""

import re
from collections.abc import Iterable, Sequence

from antiphon.catalog.model import Lyrics, LyricsLine
from antiphon.catalog.text import clean
from antiphon.kernel import DurationMs

MAX_CHARACTERS = 1_000_000
_MAX_LINES = 5000
_MAX_LINE = 1000
_MAX_START_MS = 24 * 3600 * 1000
_STAMP = re.compile(r"\[(\d{1,4}):(\d{1,2})(?:[.:](\d{1,3}))?\]")
_WORD_STAMP = re.compile(r"<\d{1,4}:\d{1,2}(?:[.:]\d{1,3})?>")
_TAG = re.compile(r"\[([a-zA-Z#]{1,20}):([^\]]{0,200})\]\s*$")


def parse_lyrics(text: str, *, language: str = "und") -> Lyrics | None:
    """Return the lyrics in ``text``; None where it holds no words."""
    timed: list[tuple[int, str]] = []
    plain: list[str] = []
    offset = 0
    for raw in text[:MAX_CHARACTERS].removeprefix("\ufeff").splitlines()[:_MAX_LINES]:
        line = raw.strip()
        tag = _TAG.match(line)
        if tag:
            offset = _offset(tag, offset)
            language = _language(tag, language)
            continue
        starts, words = _split(line)
        timed += [(start, words) for start in starts]
        plain.append(words)
    if timed:
        return synced_lyrics(((words, start - offset) for start, words in timed), language=language)
    return _plain_lyrics(plain, language)


def synced_lyrics(lines: Iterable[tuple[str, int]], *, language: str = "und") -> Lyrics | None:
    """Return lyrics from pairs of text and start in milliseconds, put in order."""
    kept = sorted(
        (
            (min(max(start, 0), _MAX_START_MS), clean(text, limit=_MAX_LINE))
            for text, start in lines
        ),
        key=lambda pair: pair[0],
    )[:_MAX_LINES]
    if not any(text for _, text in kept):
        return None
    made = tuple(LyricsLine(text, DurationMs(start)) for start, text in kept)
    return Lyrics(made, synced=True, language=language)


def _plain_lyrics(lines: Sequence[str], language: str) -> Lyrics | None:
    cleaned = [clean(line, limit=_MAX_LINE) for line in lines]
    while cleaned and not cleaned[0]:
        cleaned.pop(0)
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    if not cleaned:
        return None
    return Lyrics(tuple(LyricsLine(line) for line in cleaned), synced=False, language=language)


def _split(line: str) -> tuple[list[int], str]:
    """Return the times that stand before a line, and its words."""
    starts: list[int] = []
    position = 0
    while stamp := _STAMP.match(line, position):
        starts.append(_milliseconds(stamp))
        position = stamp.end()
    return starts, _WORD_STAMP.sub("", line[position:]).strip()


def _milliseconds(stamp: re.Match[str]) -> int:
    minutes, seconds, fraction = stamp.groups()
    return (int(minutes) * 60 + int(seconds)) * 1000 + int((fraction or "").ljust(3, "0"))


def _offset(tag: re.Match[str], before: int) -> int:
    """Return the ``[offset:+-ms]`` that a tag sets; positive means that words come sooner."""
    value = tag.group(2).strip()
    if tag.group(1).lower() != "offset" or not re.fullmatch(r"[+-]?\d{1,7}", value):
        return before
    return int(value)


def _language(tag: re.Match[str], before: str) -> str:
    value = tag.group(2).strip().lower()
    known = tag.group(1).lower() in {"la", "lang"} and re.fullmatch(
        r"[a-z]{2,3}(-[a-z0-9]{2,8})?", value
    )
    return value if known else before
