"""Versions of a recording, kept apart from its name: "Creep (Live at Leeds)" is a live Creep."""

import re
from functools import lru_cache

_KINDS = {
    "live": r"live|unplugged|in concert",
    "remaster": r"re-?master(?:ed|ing)?",
    "acoustic": r"acoustic|unplugged|stripped",
    "remix": r"re-?mix(?:ed)?|mix|dub|bootleg",
    "demo": r"demos?|outtake|rehearsal",
    "instrumental": r"instrumental",
    "karaoke": r"karaoke",
    "explicit": r"explicit|uncensored",
    "clean": r"clean|censored",
    "edit": r"(?:radio|single|album)? ?edit",
    "extended": r"extended",
    "deluxe": r"deluxe|expanded|anniversary|bonus tracks?",
    "mono": r"mono",
    "stereo": r"stereo",
    "sped up": r"sped[ -]up",
    "slowed": r"slowed(?: down)?",
    "session": r"sessions?",
    "cover": r"cover",
    "re-recorded": r"re-?recorded|\w+['\u2019]s version",
    "other": r"(?:album|single|original|studio|alternate|alternative|\w+) version",
}
_PATTERNS = {kind: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for kind, words in _KINDS.items()}
_BRACKETS = re.compile(r"\s*[(\[{]([^()\[\]{}]*)[)\]}]")
_TAIL = re.compile(r"\s+[-\u2013\u2014]\s+([^-\u2013\u2014]+)$")
_STUDIO = re.compile(r"\b(?:studio|original|album) version\b", re.IGNORECASE)
_GUEST = re.compile(r"^\s*(?:feat|ft|featuring|with)\b", re.IGNORECASE)
_YEAR = re.compile(r"^\s*\d{4}\s*$")
_COSTS = {"": 0, "explicit": 0, "stereo": 1, "remaster": 1, "deluxe": 1, "clean": 2}
_OTHERS_COST = 3
_MAX_PARTS = 6
_REMEMBERED = 8192  # titles and versions: names are compared again and again


@lru_cache(maxsize=_REMEMBERED)
def taken_apart(title: str) -> tuple[str, str]:
    """Return a title's name without what sets it apart, and that: kinds of version, sorted.

    Brackets that belong to the name stay: "(I Can't Get No) Satisfaction". Who is featured goes.
    """
    found: set[str] = set()
    name = title
    for part in _BRACKETS.findall(title)[:_MAX_PARTS]:
        if _is_version(part) or _GUEST.match(part):
            found |= kinds_in(part)
            name = re.sub(rf"\s*[(\[{{]{re.escape(part)}[)\]}}]", "", name, count=1)
    for _ in range(_MAX_PARTS):
        tail = _TAIL.search(name)
        if tail is None or not (_is_version(tail.group(1)) or _GUEST.match(tail.group(1))):
            break
        found |= kinds_in(tail.group(1))
        name = name[: tail.start()]
    name = name.strip()
    return (name, " ".join(sorted(found))) if name else (title.strip(), "")


@lru_cache(maxsize=_REMEMBERED)
def kinds_in(words: str) -> frozenset[str]:
    """Return the kinds of version that words name: "live at Leeds" is live, "studio" is none."""
    found = {kind for kind, pattern in _PATTERNS.items() if pattern.search(words)}
    if len(found) > 1 or _STUDIO.search(words):
        found.discard("other")
    return frozenset(found)


def distance(asked: str, version: str) -> int:
    """Return how far a version is from what was asked for: 0 is it; nothing asked: the studio's."""
    wanted, has = kinds_in(asked), kinds_in(version)
    if wanted:
        return 10 * len(wanted - has) + len(has - wanted)
    return sum(_COSTS.get(kind, _OTHERS_COST) for kind in has)


def _is_version(part: str) -> bool:
    return bool(kinds_in(part)) or bool(_STUDIO.search(part)) or bool(_YEAR.match(part))
