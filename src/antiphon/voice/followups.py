"""Turns that only make sense after another: yes, no, the second one, "no, the live one"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antiphon.catalog import name_key
from antiphon.voice.model import Named

_YES: Final = re.compile(
    r"(?:yes|yeah|yep|yup|sure|ok|okay|right|correct|exactly|please do|go ahead|that one|do it)"
    r"(?:[, ]+(?:please|that one|that's (?:it|right|the one)|thanks))*",
    re.IGNORECASE,
)
_NO: Final = re.compile(
    r"(?:no|nope|nah|none|none of (?:them|those|these)|neither|cancel|never ?mind|forget it|stop)"
    r"(?:[, ]+(?:thanks|thank you|please|not that|none of (?:them|those|these)))*",
    re.IGNORECASE,
)
_CORRECTION: Final = re.compile(
    r"(?:no|nope|wrong|not that(?: one)?)?[, ]*"
    r"(?:i (?:meant|mean|said|want(?:ed)?)|not that[, ]+(?:but )?|no[, ]+)"
    r"[, ]*(?:to (?:hear|play) |play )?(?P<rest>.+)",
    re.IGNORECASE,
)
_ORDINALS: Final = (
    ("first", "one", "1", "1st", "number one"),
    ("second", "two", "2", "2nd", "number two"),
    ("third", "three", "3", "3rd", "number three"),
)
_ORDINAL: Final = re.compile(
    r"(?:no[, ]+)?(?:the |play )*(?:the )?(?P<word>[a-z0-9 ]+?)(?: one| song| version)?",
    re.IGNORECASE,
)
_THE_ONE: Final = re.compile(
    r"(?:no[, ]+)?(?:i (?:meant|mean|want(?:ed)?) |play )?"
    r"(?:the|that) (?P<what>.+?)(?: one| version)?",
    re.IGNORECASE,
)
_BY: Final = re.compile(
    r"(?:no[, ]+)?(?:the )?(?:one |version )?(?:by|from|of) (?P<what>.+)", re.IGNORECASE
)


class Said(StrEnum):
    """What a follow-up does."""

    YES = "yes"
    NO = "no"
    CHOICE = "choice"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A turn that refers to the one before. ``choice`` is what it picks, ``rest`` what it asks."""

    said: Said
    choice: Named | None = None
    rest: str = ""


def read_follow_up(text: str, offered: Sequence[Named]) -> FollowUp | None:
    """Return what a text says to the turn before, which has offered these; None: nothing."""
    text = text.strip(" .!?,")
    if offered and (chosen := _chosen(text, offered)) is not None:
        return FollowUp(Said.CHOICE, choice=chosen)
    if offered and _YES.fullmatch(text):
        return FollowUp(Said.YES, choice=offered[0])
    if offered and _NO.fullmatch(text):
        return FollowUp(Said.NO)
    if (correction := _CORRECTION.fullmatch(text)) is not None:
        return FollowUp(Said.CORRECTION, rest=correction.group("rest"))
    return None


def _chosen(text: str, offered: Sequence[Named]) -> Named | None:
    if (ordinal := _ORDINAL.fullmatch(text)) is not None:
        word = ordinal.group("word").lower()
        if word == "last":
            return offered[-1]
        for words, item in zip(_ORDINALS, offered, strict=False):
            if word in words:
                return item
    for pattern in (_THE_ONE, _BY):
        found = pattern.fullmatch(text)
        if found is not None and (only := _only(found.group("what"), offered)) is not None:
            return only
    return _only(text, offered)


def _only(said: str, offered: Sequence[Named]) -> Named | None:
    """Return the one of them that is said: its version, artist, kind or name; None for several."""
    key = name_key(said)
    for of in (_version, _artist, _kind, _name):
        matching = [item for item in offered if key and key == of(item)]
        if len(matching) == 1:
            return matching[0]
    return None


def _version(item: Named) -> str:
    return name_key(item.version) or "studio"


def _artist(item: Named) -> str:
    return name_key(item.artist)


def _kind(item: Named) -> str:
    return item.kind.value


def _name(item: Named) -> str:
    return name_key(item.name)
