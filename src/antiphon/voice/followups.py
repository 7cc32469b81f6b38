"""Turns that only make sense after another: yes, no, the second one, "no, the live one"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antiphon.catalog import name_key
from antiphon.voice.model import Named, NameKind
from antiphon.voice.phrasing import RECORDING, VERSIONS

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
    r"(?:(?:no|nope|wrong|sorry|not that(?: one)?)[, ]+)*"
    r"(?:i (?:meant|mean|said|wanted)|(?<=[, ])i want|not that[, ]+(?:but )?"
    r"|(?:no|nope|wrong)[, ]+)"
    r"[, ]*(?:to (?:hear|play) |play )?(?P<rest>.+)",
    re.IGNORECASE,
)
_ORDINALS: Final = (
    ("first", "one", "1", "1st", "number one"),
    ("second", "two", "2", "2nd", "number two"),
    ("third", "three", "3", "3rd", "number three"),
)
_ORDINAL: Final = re.compile(
    r"(?:no[, ]+)?(?:i(?:'d like| want| meant| mean) )?(?:the |play )*(?:the )?"
    r"(?P<word>[a-z0-9 ]+?)(?: one| song| version)?",
    re.IGNORECASE,
)
_THE_ONE: Final = re.compile(
    r"(?:no[, ]+)?(?:i (?:meant|mean|want(?:ed)?) |play )?"
    r"(?:the|that) (?P<what>.+?)(?: one| version)?",
    re.IGNORECASE,
)
_KIND_BY: Final = re.compile(
    r"(?:the )?(?P<kind>song|album) (?:by|from|of) (?P<artist>.+)", re.IGNORECASE
)
_BY: Final = re.compile(
    r"(?:no[, ]+)?(?:the )?(?:one |version )?(?:by|from|of) (?P<what>.+)", re.IGNORECASE
)


_ASIDE: Final = re.compile(
    r"^(?:(?:no|nope|wrong|actually|not (?:that|this)(?: (?:one|song))?|but"
    r"|i (?:meant|mean|said|want(?:ed)?)"
    r"|(?:can|could) (?:you|we)|play|put on|give me|make it|how about)[,.\s]+)+"
    r"|[,\s]+(?:please|instead|thanks|thank you|then|of (?:it|that))$",
    re.IGNORECASE,
)
_ANOTHER_VERSION: Final = re.compile(
    rf"(?:(?:the|an?) )?(?P<version>{VERSIONS}){RECORDING}?", re.IGNORECASE
)
_BY_ANOTHER: Final = re.compile(
    r"(?:(?:the|that) )?(?:(?:one|version|it|(?P<kind>song|album)) )?(?:by|from)"
    r" (?P<artist>.+)"
    r"|(?P<other>another artist|someone else's|somebody else's|the cover)(?: version| one)?",
    re.IGNORECASE,
)
_SOMEONE: Final = re.compile(
    r"(?:some(?:one|body) else|another (?:artist|band|singer)|a different (?:artist|band|singer))",
    re.IGNORECASE,
)


class Said(StrEnum):
    """What a follow-up does."""

    YES = "yes"
    NO = "no"
    CHOICE = "choice"
    CORRECTION = "correction"
    ANOTHER = "another"
    """Another version of what the turn before was about, or the same by another artist."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A turn that refers to the one before. ``choice`` is what it picks, ``rest`` what it asks."""

    said: Said
    choice: Named | None = None
    rest: str = ""
    about: Named | None = None
    version: str = ""
    artist: str = ""
    """Whose it is to be; empty with ``ANOTHER`` and no version: anybody else's."""


def read_follow_up(
    text: str, offered: Sequence[Named], done: Named | None = None
) -> FollowUp | None:
    """Return what a text says to the turn before; None: nothing.

    That turn has offered these, or done something with ``done``.
    """
    text = text.strip(" .!?,")
    if offered and (chosen := _chosen(text, offered)) is not None:
        return FollowUp(Said.CHOICE, choice=chosen)
    if offered and _YES.fullmatch(text):
        return FollowUp(Said.YES, choice=offered[0])
    if offered and _NO.fullmatch(text):
        return FollowUp(Said.NO)
    about = offered[0] if offered else done
    if about is not None and (another := _another(text, about)) is not None:
        return another
    if (correction := _CORRECTION.fullmatch(text)) is not None:
        return FollowUp(Said.CORRECTION, rest=correction.group("rest"))
    return None


def _another(text: str, about: Named) -> FollowUp | None:
    if about.kind not in {NameKind.SONG, NameKind.ALBUM}:
        return None
    bare = text
    while (shorter := _ASIDE.sub("", bare)) != bare:
        bare = shorter
    if (version := _ANOTHER_VERSION.fullmatch(bare)) is not None:
        return FollowUp(Said.ANOTHER, about=about, version=version.group("version"))
    if (by := _BY_ANOTHER.fullmatch(bare)) is not None:
        if by.group("kind") not in {None, about.kind.value}:
            return None
        artist = by.group("artist") or ""
        return FollowUp(
            Said.ANOTHER, about=about, artist="" if _SOMEONE.fullmatch(artist) else artist
        )
    return None


def _chosen(text: str, offered: Sequence[Named]) -> Named | None:
    text = re.sub(r"[,\s]+(?:please|thanks|thank you|instead)$", "", text, flags=re.IGNORECASE)
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
    of_kind = _KIND_BY.fullmatch(said)
    if of_kind is not None:
        kind, artist = of_kind.group("kind").lower(), name_key(of_kind.group("artist"))
        both = [i for i in offered if _kind(i) == kind and artist in _artist(i)]
        return both[0] if len(both) == 1 else None
    key = name_key(said)
    for of in (_version, _artist, _kind, _name):
        matching = [item for item in offered if key and key == of(item)]
        if len(matching) == 1:
            return matching[0]
    partly = [i for i in offered if set(key.split()) <= set(_artist(i).split())]
    return partly[0] if key and len(partly) == 1 else None


def _version(item: Named) -> str:
    return name_key(item.version) or "studio"


def _artist(item: Named) -> str:
    return name_key(item.artist)


def _kind(item: Named) -> str:
    return item.kind.value


def _name(item: Named) -> str:
    return name_key(item.name)
