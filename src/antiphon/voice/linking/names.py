"""Names as said, linked to items of the catalogue."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from antiphon.catalog import name_key
from antiphon.voice.linking.index import KeyIndex
from antiphon.voice.linking.spelling import (
    sound_of,
    spoken_key,
    spoken_keys,
    version_of,
    without_guests,
)
from antiphon.voice.linking.verdicts import Rival, verdict_of
from antiphon.voice.model import Found, Linked, Named, NameKind, Sought, Verdict

_NEAR: Final = 40
_NEAR_ARTISTS: Final = 6
_OF_ARTIST: Final = 10
_LEAST_ARTIST: Final = 60
_UNLIKE: Final = 0.4
_LONGEST: Final = 200
_POPULAR: Final = 0.01  # what all the popularity in the world adds to a rank
_MOST_POPULAR: Final = 1e4
_SHOWN: Final = 6
_TITLE, _ARTIST = 0.55, 0.45
_ORDER: Final = (
    NameKind.ARTIST,
    NameKind.SONG,
    NameKind.ALBUM,
    NameKind.PLAYLIST,
    NameKind.GENRE,
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name of an item, and its artist, as they are compared."""

    item: Named
    key: str
    sound: str
    artist: str
    artist_sound: str

    @property
    def called(self) -> tuple[str, ...]:
        """Return what two entries share that nobody could tell apart."""
        return self.item.kind, self.key, self.artist, self.item.version


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was said, as it is compared."""

    name: str
    sound: str
    artist: str
    artist_sound: str
    version: str


class NameIndex:
    """``Names`` of a catalogue; nothing changes once it is built, so threads may share it."""

    def __init__(self, named: Iterable[Named]) -> None:
        """Index these names; the order in which they come does not matter."""
        entries = sorted((e for item in named for e in _entries(item)), key=_place)
        self._by_key: dict[str, list[_Entry]] = defaultdict(list)
        self._by_artist: dict[str, list[_Entry]] = defaultdict(list)
        self._kinds: dict[str, set[NameKind]] = defaultdict(set)
        for entry in entries:
            self._by_key[entry.key].append(entry)
            self._kinds[name_key(entry.item.name)].add(entry.item.kind)
            self._kinds[entry.key].add(entry.item.kind)
            if entry.artist:
                self._by_artist[entry.artist].append(entry)
        self._names = KeyIndex(sorted(self._by_key))
        self._artists = KeyIndex(sorted(self._by_artist))

    @classmethod
    def build(cls, named: Sequence[Named]) -> "NameIndex":
        """Return an index of these names; takes seconds for a hundred thousand."""
        return cls(named)

    def kinds_of(self, words: str) -> frozenset[NameKind]:
        """Return of which kinds something is called exactly so; ``words`` as ``name_key`` gives."""
        return frozenset(self._kinds.get(words, ()))

    def link(self, sought: Sought) -> Linked:
        """Return what bears the sought name, best first, and how sure that is."""
        asked = _asked(sought)
        if not asked.name:
            if not asked.artist:
                return Linked(Verdict.ABSENT)
            kinds = frozenset({NameKind.ARTIST})
            return self.link(Sought(sought.artist, "", kinds, sought.version))
        found = [(_found(e, asked), e) for e in self._candidates(asked, sought.kinds)]
        found.sort(key=lambda f: (-f[0].rank, _ORDER.index(f[1].item.kind), f[1].item.id))
        distinct: dict[tuple[str, ...], tuple[Found, _Entry]] = {}
        for one in found:
            distinct.setdefault(one[1].called, one)
        best = list(distinct.values())[:_SHOWN]
        verdict = verdict_of([_rival(f, e) for f, e in best], has_artist=bool(asked.artist))
        return Linked(verdict, () if verdict is Verdict.ABSENT else tuple(f for f, _ in best))

    def _candidates(self, asked: _Asked, kinds: frozenset[NameKind]) -> list[_Entry]:
        keys = [asked.name] if asked.name in self._by_key else []
        keys += [self._names.keys[n] for n in self._names.nearest(asked.name, _NEAR)]
        near = {id(e): e for key in dict.fromkeys(keys) for e in self._by_key[key]}
        if asked.artist:
            near |= {id(e): e for e in self._of_artists_like(asked)}
        return [e for e in near.values() if not kinds or e.item.kind in kinds]

    def _of_artists_like(self, asked: _Asked) -> Iterator[_Entry]:
        """Yield what artists of about this name have made, of about the name that was said."""
        for number in self._artists.nearest(asked.artist, _NEAR_ARTISTS):
            artist = self._artists.keys[number]
            if fuzz.ratio(asked.artist, artist) < _LEAST_ARTIST:
                continue
            own = self._by_artist[artist]
            names = {n: entry.key for n, entry in enumerate(own)}
            best = process.extract(asked.name, names, scorer=fuzz.ratio, limit=_OF_ARTIST)
            yield from (own[n] for _, _, n in best)


def _asked(sought: Sought) -> _Asked:
    name = spoken_key(sought.name[:_LONGEST])
    artist = spoken_key(without_guests(sought.artist[:_LONGEST]))
    version = version_of(sought.version) or sought.version.strip().lower()
    return _Asked(name, sound_of(name), artist, sound_of(artist), version)


def _rival(found: Found, entry: _Entry) -> Rival:
    is_artist = entry.item.kind is NameKind.ARTIST
    by = entry.key if is_artist else entry.artist
    return Rival(entry.key, by, found.likeness, entry.item.popularity, is_artist)


def _found(entry: _Entry, asked: _Asked) -> Found:
    likeness = _likeness(asked.name, asked.sound, entry.key, entry.sound)
    if asked.artist:
        by = _likeness(asked.artist, asked.artist_sound, entry.artist, entry.artist_sound)
        for one in _several(entry.artist):
            by = max(by, _likeness(asked.artist, asked.artist_sound, one, sound_of(one)))
        likeness = _TITLE * likeness + _ARTIST * by
    ranked = min(entry.item.popularity, _MOST_POPULAR) / _MOST_POPULAR * _POPULAR
    return Found(entry.item, likeness, likeness + _version_bonus(entry.item, asked) + ranked)


def _several(artist: str) -> list[str]:
    parts = artist.split(" and ")
    return parts if len(parts) > 1 else []


def _entries(item: Named) -> list[_Entry]:
    artist = spoken_key(without_guests(item.artist))
    keys = spoken_keys(item.name)
    return [_Entry(item, key, sound_of(key), artist, sound_of(artist)) for key in keys]


def _place(entry: _Entry) -> tuple[str, str, str, str]:
    return entry.key, entry.artist, entry.item.kind.value, entry.item.id


def _likeness(said: str, said_sound: str, name: str, sound: str) -> float:
    """Return how much two keys look and sound alike, 0..1; 1 only for the same key."""
    if said == name:
        return 1.0
    looks = fuzz.ratio(said, name) / 100
    if looks < _UNLIKE:
        return looks
    words = fuzz.token_set_ratio(said, name) / 100
    sounds = fuzz.ratio(said_sound, sound) / 100 if said_sound and sound else looks
    return min(0.99, 0.50 * looks + 0.15 * words + 0.35 * sounds)


def _version_bonus(item: Named, asked: _Asked) -> float:
    """Return what a version adds: the one asked for first; the studio's own without a word."""
    if not asked.version:
        return 0.0 if not item.version else -0.02
    return 0.03 if item.version == asked.version else -0.02
