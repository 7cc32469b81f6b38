"""Names as said to items of the catalogue, in a few milliseconds and without a guess."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from antiphon.voice.linking.acceptance import ONE_NAME, PAIR, Acceptance
from antiphon.voice.linking.catalogue import (
    BIT,
    Catalogue,
    Names,
    catalogue_of,
    pair_key,
    title_of,
)
from antiphon.voice.linking.folding import folded, lead_artist
from antiphon.voice.linking.likeness import Evidence, Heard, evidence, heard, likeness
from antiphon.voice.linking.ranking import ANOTHER, Candidate, equals, first_of, founds
from antiphon.voice.linking.versions import distance, taken_apart
from antiphon.voice.model import MAX_TEXT, Linked, Named, NameKind, Sought, Verdict

_CANDIDATES = 40
_LOOKED_AT_SAID = 160
"""Folded characters of a request that are compared; names are shorter."""
_REBUILD_AT = 5_000
"""Changed names beyond which the whole index is built anew."""
_TITLE, _ARTIST = 0.55, 0.45
_SAME_TITLE = 0.8
"""Likeness below which a title is not the one said, however surely its artist is."""
_NOT_ARTISTS = frozenset(NameKind) - {NameKind.ARTIST}


@dataclass(frozen=True, slots=True)
class Weighed:
    """Candidates, best first, with what speaks for the first and how it is judged."""

    candidates: tuple[Candidate, ...]
    evidence: Evidence
    acceptance: Acceptance
    asked: str = ""
    """The version that was asked for."""
    title: float = 1.0
    """Likeness of the title alone."""


class NameIndex:
    """Answers which items a name means. Immutable: changes give a new index that shares the old."""

    def __init__(self, items: Iterable[Named] = ()) -> None:
        self._base = tuple(items)
        self._catalogues: tuple[Catalogue, ...] = (catalogue_of(self._base),)
        self._extra: tuple[Named, ...] = ()
        self._gone: frozenset[tuple[NameKind, str]] = frozenset()

    @property
    def size_bytes(self) -> int:
        """Return what the index takes in memory, without the items that it was given."""
        return sum(c.size_bytes for c in self._catalogues)

    def with_changes(
        self, added: Iterable[Named] = (), removed: Iterable[tuple[NameKind, str]] = ()
    ) -> "NameIndex":
        """Return an index without what is removed (kind and id) and with what is added.

        An added item takes the place of the one with its kind and id. Few changes are quick: they
        lie beside the index they came to.
        """
        new = {(i.kind, i.id): i for i in added}
        away = frozenset(removed) | new.keys()
        extra = (*(i for i in self._extra if (i.kind, i.id) not in away), *new.values())
        gone = self._gone | away
        if len(extra) + len(gone) > _REBUILD_AT:
            return NameIndex((*(i for i in self._base if (i.kind, i.id) not in gone), *extra))
        changed = object.__new__(NameIndex)
        changed._base, changed._extra, changed._gone = self._base, extra, gone
        changed._catalogues = (self._catalogues[0], *((catalogue_of(extra),) if extra else ()))
        return changed

    def kinds_of(self, words: str) -> frozenset[NameKind]:
        """Return what kinds of thing bear exactly these words as their name; they are folded."""
        text = folded(words)
        return frozenset(
            item.kind
            for place, catalogue in enumerate(self._catalogues)
            for names in (catalogue.artists, catalogue.titles)
            if text in names.rows
            for item in self._alive(place, names.items[names.rows[text]])
        )

    def link(self, sought: Sought) -> Linked:
        """Return what is meant, and whether to act on it, to ask, or to say it is not there."""
        weighed = self.weigh(sought)
        if not weighed.candidates:
            return Linked(Verdict.ABSENT)
        probability = _probability(weighed)
        candidates = founds(weighed.candidates)
        if probability < weighed.acceptance.likely:
            return Linked(Verdict.ABSENT, candidates)
        if probability < weighed.acceptance.certain:
            return Linked(Verdict.LIKELY, candidates)
        first, asked = weighed.candidates[0], weighed.asked
        same = equals(weighed.candidates, asked)
        if len(same) > 1:
            return Linked(Verdict.SEVERAL, founds(same))
        missed = asked and distance(asked, first.version) >= ANOTHER
        return Linked(Verdict.LIKELY if missed else Verdict.CERTAIN, candidates)

    def weigh(self, sought: Sought) -> Weighed:
        """Return the candidates with the evidence, before any verdict."""
        name, version = taken_apart(sought.name[:MAX_TEXT]) if sought.name else ("", "")
        wanted = replace(sought, version=sought.version[:MAX_TEXT] or version)
        title = folded(name)[:_LOOKED_AT_SAID].strip()
        artist = folded(lead_artist(sought.artist[:MAX_TEXT]))[:_LOOKED_AT_SAID].strip()
        if title and artist:
            return self._pairs(heard(title), heard(artist), wanted)
        if title:
            return self._single(heard(title), wanted)
        only_artists = replace(wanted, kinds=frozenset({NameKind.ARTIST}))
        return self._single(heard(artist), only_artists)

    def _single(self, said: Heard, sought: Sought) -> Weighed:
        kinds = sought.kinds or frozenset(NameKind)
        shelves = [
            (place, names, ours)
            for place, catalogue in enumerate(self._catalogues)
            for names, ours in (
                (catalogue.artists, kinds & {NameKind.ARTIST}),
                (catalogue.titles, kinds & _NOT_ARTISTS),
            )
            if ours
        ]
        found = [
            candidate
            for place, names, ours in shelves
            if (row := names.rows.get(said.text)) is not None
            for candidate in self._candidates(place, names, row, (ours, 1.0))
        ]  # the very words are it: what only resembles them costs more to find, and loses
        found = found or [
            candidate
            for place, names, ours in shelves
            for row in _rows(names, said, ours)
            for candidate in self._candidates(place, names, row, (ours, _one(said, names, row)))
        ]
        ordered = first_of(found, sought.version)
        return replace(self._weighed(said, ordered, ONE_NAME), asked=sought.version)

    def _pairs(self, title: Heard, artist: Heard, sought: Sought) -> Weighed:
        kinds = sought.kinds & _NOT_ARTISTS or _NOT_ARTISTS
        said = Heard(f"{title.text} {artist.text}", f"{title.sound} {artist.sound}")
        pairs = [(place, catalogue.pairs) for place, catalogue in enumerate(self._catalogues)]
        exact = pair_key(title.text, artist.text)
        found = [
            candidate
            for place, names in pairs
            if (row := names.rows.get(exact)) is not None
            for candidate in self._candidates(place, names, row, (kinds, 1.0))
        ]
        found = found or [
            candidate
            for place, names in pairs
            for row in _rows(names, said, kinds)
            for candidate in self._candidates(
                place, names, row, (kinds, _both(title, artist, names, row))
            )
        ]
        weighed = self._weighed(said, first_of(found, sought.version), PAIR)
        alike = 0.0
        if weighed.candidates:
            name = title_of(weighed.candidates[0].item)
            alike = likeness(title, heard(name))
        return replace(weighed, asked=sought.version, title=alike)

    def _weighed(
        self, said: Heard, ordered: tuple[Candidate, ...], acceptance: Acceptance
    ) -> Weighed:
        if not ordered:
            return Weighed((), Evidence(0, 0, 0, 0, 0, 0), acceptance)
        best = ordered[0]
        other = max((c.likeness for c in ordered if c.text != best.text), default=0.0)
        values = (best.likeness, other)
        frequency = self._catalogues[0].frequency
        found = evidence(said, Heard(best.text, best.sound), values, frequency)
        return Weighed(ordered, found, acceptance)

    def _candidates(
        self, place: int, names: Names, row: int, asked: tuple[frozenset[NameKind], float]
    ) -> Iterable[Candidate]:
        kinds, like = asked
        text, sounding = names.shelf.texts[row], names.shelf.sounds[row]
        for item in self._alive(place, names.items[row]):
            if item.kind in kinds:
                yield Candidate(item, text, sounding, like)

    def _alive(self, place: int, items: Iterable[Named]) -> Iterable[Named]:
        gone = self._gone if place == 0 else frozenset()
        return (i for i in items if (i.kind, i.id) not in gone)


def _rows(names: Names, said: Heard, kinds: frozenset[NameKind]) -> Iterable[int]:
    """Return the nearest rows of these kinds, to be compared."""
    mask = sum(BIT[kind] for kind in kinds)
    near = names.shelf.nearest(said.text, said.sound, _CANDIDATES)
    return [row for row in near if int(names.bits[row]) & mask]


def _probability(weighed: Weighed) -> float:
    """Return how probable the first is: the very words are it, another title at best likely."""
    acceptance, first = weighed.acceptance, weighed.candidates[0]
    if first.likeness == 1:
        return 1.0
    probability = acceptance.probability(weighed.evidence)
    if weighed.title < _SAME_TITLE and probability >= acceptance.likely:
        return min(probability, (acceptance.likely + acceptance.certain) / 2)
    return probability


def _one(said: Heard, names: Names, row: int) -> float:
    return likeness(said, Heard(names.shelf.texts[row], names.shelf.sounds[row]))


def _both(title: Heard, artist: Heard, names: Names, row: int) -> float:
    a, b = names.parts[row]
    sounds, words = names.shelf.sounds[row].split(), a.count(" ") + 1
    one, two = Heard(a, " ".join(sounds[:words])), Heard(b, " ".join(sounds[words:]))
    return _TITLE * likeness(title, one) + _ARTIST * likeness(artist, two)
