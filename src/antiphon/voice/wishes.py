"""What a reading wishes for: names to look for in turn, and what narrows or orders them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from antiphon.voice import english
from antiphon.voice.model import NameKind, Reading, SlotName, Sought
from antiphon.voice.phrasing import is_anything, is_favourites, without_way

_POLITE_AFTER: Final = re.compile(english.POLITE_AFTER, re.IGNORECASE)
_MINE: Final = re.compile(r"^(?:my |our |the )+(?=.)|(?<=.) playlist$", re.IGNORECASE)
_VERB: Final = re.compile(
    r"^\W*(?:(?:hey|ok|okay|hi)\s+[a-z]+[,\s]+)?"
    r"(?:(?:please|now|just|so|um|uh|well|kindly|actually"
    r"|(?:can|could|would|will) you|i(?: want| would like|'d like) (?:you )?to"
    r"|let me|let's)[,\s]+)*"
    r"(?:play|hear|listen to|put on|start|shuffle|queue(?: up)?|add|find|i want|give me|spin)\b\s*"
    r"(?:me\s+)?(?:the (?:song|album|artist|band|track|playlist)\s+)?",
    re.IGNORECASE,
)
_SHUFFLE: Final = re.compile(
    r"^\W*(?:please\s+)?shuffle\b|\bshuffled\b|\bon shuffle\b|\bin random order\b", re.IGNORECASE
)
_BEFORE_ASIDES: Final = re.compile(
    r"[,\s]+(?:(?:but|just|and|not|without|except|for|no|on|in|through|from|over)[,\s]*)+$",
    re.IGNORECASE,
)
_ASIDES: Final = frozenset({SlotName.EXCLUDED, SlotName.DEVICE})
_DECADE: Final = re.compile(r"\b(19|20)?(\d)0'?s\b")
_YEAR: Final = re.compile(r"\b(19\d\d|20\d\d)\b")
_DECADES: Final = {
    "fifties": 1950, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990,
    "two thousands": 2000, "noughties": 2000,
}  # fmt: skip
_NO_NAMES: Final = frozenset(
    {SlotName.GENRE, SlotName.MOOD, SlotName.PLAYLIST, SlotName.SIMILAR_TO, SlotName.YEAR}
)
_TITLES: Final = frozenset({SlotName.SONG, SlotName.ALBUM, SlotName.MUSIC})
_TWENTIETH: Final = 3  # "30s" to "90s" are of the last century, "00s" to "20s" of this


@dataclass(frozen=True, slots=True)
class Years:
    """From one year to another, both included."""

    first: int
    last: int

    def holds(self, released: str) -> bool:
        """Return whether a date of release (``YYYY...``) is within."""
        year = released[:4]
        return year.isdigit() and self.first <= int(year) <= self.last


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be looked for. ``sought``: names in the order in which they are tried.

    ``in_order``: what is usually played by chance is wanted as it stands.
    """

    sought: tuple[Sought, ...] = ()
    genre: str = ""
    mood: str = ""
    playlist: str = ""
    device: str = ""
    similar_to: str = ""
    excluded: str = ""
    years: Years | None = None
    newest: bool = False
    shuffled: bool = False
    in_order: bool = False
    anything: bool = False
    favourites: bool = False
    oldest: bool = False
    said: str = ""
    """What was named, without "my", "playlist" and how it is to be played."""

    @property
    def name(self) -> str:
        """Return the name to speak of where nothing was found."""
        if not self.sought:
            return self.genre or self.mood or self.playlist or self.similar_to
        first = self.sought[0]
        return (
            f"{first.name} by {first.artist}"
            if first.name and first.artist
            else first.name or first.artist
        )


def wish_of(reading: Reading, text: str) -> Wish:
    """Return what a reading of a text wishes for."""
    rest = _named_in(reading, text)
    mood = reading.first(SlotName.MOOD) or ""
    asides_only = all(slot.name in _ASIDES for slot in reading.slots)
    favourites = asides_only and is_favourites(rest)
    anything = asides_only and not favourites and is_anything(rest)
    return Wish(
        sought=() if favourites or anything else tuple(dict.fromkeys(_sought(reading, rest))),
        genre=reading.first(SlotName.GENRE) or "",
        mood=mood,
        playlist=reading.first(SlotName.PLAYLIST) or "",
        device=reading.first(SlotName.DEVICE) or "",
        similar_to=reading.first(SlotName.SIMILAR_TO) or "",
        excluded=reading.first(SlotName.EXCLUDED) or "",
        years=years_of(reading.first(SlotName.YEAR) or ""),
        newest=_is_newest(reading.first(SlotName.SORT) or ""),
        shuffled=bool(_SHUFFLE.search(text)),
        anything=anything,
        favourites=favourites,
        oldest=_is_oldest(reading.first(SlotName.SORT) or ""),
        said=_MINE.sub("", rest),
    )


def _named_in(reading: Reading, text: str) -> str:
    """Return a text without its verb, politeness, asides and ways of playing."""
    for slot in reading.slots:
        if slot.name in _ASIDES and text.endswith(slot.text, 0, slot.end):
            text = _BEFORE_ASIDES.sub("", text[: slot.begin])
    text = without_way(_POLITE_AFTER.sub("", text))
    return _VERB.sub("", text, count=1).strip()


def years_of(said: str) -> Years | None:
    """Return the year or decade that is said."""
    said = said.lower()
    if decade := _DECADE.search(said):
        century, tens = decade.group(1), int(decade.group(2))
        century = century or ("19" if tens >= _TWENTIETH else "20")
        return Years(int(f"{century}{tens}0"), int(f"{century}{tens}9"))
    if year := _YEAR.search(said):
        return Years(int(year.group()), int(year.group()))
    return next((Years(y, y + 9) for word, y in _DECADES.items() if word in said), None)


def _sought(reading: Reading, rest: str) -> Iterator[Sought]:
    artist = reading.first(SlotName.ARTIST) or ""
    version = reading.first(SlotName.VERSION) or ""
    for name, kind in (
        (SlotName.SONG, NameKind.SONG),
        (SlotName.ALBUM, NameKind.ALBUM),
    ):
        if said := reading.first(name):
            yield Sought(said, artist, frozenset({kind}), version)
    if said := reading.first(SlotName.MUSIC):
        yield Sought(said, artist, version=version)
    if artist and not any(slot.name in _TITLES for slot in reading.slots):
        yield Sought(artist, kinds=frozenset({NameKind.ARTIST}), version=version)
    for slot in (SlotName.SONG, SlotName.ALBUM):
        if said := reading.first(slot):  # perhaps not what it was taken for
            yield Sought(said, artist, version=version)
    if rest and not any(slot.name in _NO_NAMES for slot in reading.slots):
        title, _, by = rest.rpartition(" by ")
        if title:
            yield Sought(title, by)
        yield Sought(rest)


def _is_oldest(said: str) -> bool:
    return any(word in said.lower() for word in ("first", "oldest", "earliest", "debut"))


def _is_newest(said: str) -> bool:
    return any(word in said.lower() for word in ("new", "latest", "recent", "last"))
