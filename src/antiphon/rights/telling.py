"""What labels say of songs, as it is told: to a listener in their language, to everybody by role.

Pure.
"""

from dataclasses import dataclass
from typing import Final

from antiphon.rights.model import WORLDWIDE, LabelFacts, RightsLine, Text

_ARTIST: Final = "Artist"


@dataclass(frozen=True, slots=True)
class Names:
    """A song's titles and its album's, the default ones first; none where there is one only."""

    titles: tuple[Text, ...] = ()
    album_titles: tuple[Text, ...] = ()

    def told(self, language: str, storefront: str) -> "Named":
        """Return the titles for a listener."""
        return Named(
            told_title(self.titles, language, storefront),
            told_title(self.album_titles, language, storefront),
        )


@dataclass(frozen=True, slots=True)
class Named:
    """The titles to show; empty where the catalogue's own are right."""

    title: str
    album_title: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is credited, with their roles in the standard's words (``MainArtist``)."""

    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credits:
    """Who made a recording: people in order, labels, works by ISWC, (P) and (C) lines."""

    people: tuple[Person, ...]
    labels: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def told_title(texts: tuple[Text, ...], language: str, storefront: str) -> str:
    """Return the title in a language (BCP 47) for a storefront; empty: the default one.

    What is in the language comes first, then what is for that country alone.
    """
    here = [t for t in texts if t.territory == WORLDWIDE or t.territory.lower() == storefront]
    if not here:
        return ""
    best = max(here, key=lambda t: (_likeness(t.language, language), t.territory != WORLDWIDE))
    is_meant = _likeness(best.language, language) or best.territory != WORLDWIDE
    return best.value if is_meant else ""


def credits_of(facts: LabelFacts) -> Credits:
    """Return who made a recording; whoever did several things stands there once."""
    roles: dict[str, list[str]] = {}
    for party in (*facts.artists, *facts.contributors):
        roles.setdefault(party.name, []).append(party.role or _ARTIST)
    return Credits(
        tuple(Person(name, tuple(dict.fromkeys(of))) for name, of in roles.items()),
        facts.labels,
        facts.works,
        tuple(_words(line) for line in (facts.p_line, facts.c_line) if line is not None),
    )


def _likeness(told: str, asked: str) -> int:
    """Return how well one language tag answers another: not, in the language, in the script."""
    if not asked or _language(told) != _language(asked):
        return 0
    return 2 if told.lower() == asked.lower() else 1


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _words(line: RightsLine) -> str:
    return line.text if not line.year or line.year in line.text else f"{line.year} {line.text}"
