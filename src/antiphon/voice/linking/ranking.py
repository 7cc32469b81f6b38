"""The order of candidates, and whether two of them are what was said equally."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log1p

from antiphon.voice.linking.folding import folded, lead_artist
from antiphon.voice.linking.versions import distance, taken_apart
from antiphon.voice.model import Found, Named

_POPULARITY = 0.012
"""How much a logarithm of popularity moves a rank: it parts equals, it does not make them."""
_SHOWN = 8
ANOTHER = 10
"""Distance of versions from which one is not the one asked for."""
_AS_GOOD = 0.005


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item with the folded text that was compared, and its likeness."""

    item: Named
    text: str
    sound: str
    likeness: float

    @property
    def version(self) -> str:
        """Return what the catalogue says of its version, or else its title."""
        return self.item.version or taken_apart(self.item.name)[1]


def first_of(candidates: Iterable[Candidate], asked: str) -> tuple[Candidate, ...]:
    """Return candidates, best first: exact names, then by rank; of one name, by its versions."""
    found = tuple(candidates)
    groups: dict[str, float] = {}
    for c in found:
        groups[c.text] = max(groups.get(c.text, 0.0), rank(c))
    return tuple(sorted(found, key=lambda c: _order(c, groups[c.text], asked)))


def _order(candidate: Candidate, group: float, asked: str) -> tuple[object, ...]:
    item, apart = candidate.item, distance(asked, candidate.version)
    inexact = candidate.likeness < 1
    return (inexact, -group, candidate.text, apart, -rank(candidate), item.kind, item.id)


def rank(candidate: Candidate) -> float:
    """Return a candidate's rank: likeness, and a little of how popular it is."""
    liked = _POPULARITY * log1p(max(0.0, candidate.item.popularity))
    return candidate.likeness + min(0.1, liked)


def equals(candidates: Sequence[Candidate], asked: str) -> tuple[Candidate, ...]:
    """Return the first and what else is it as well: of its name, but another kind or artist.

    Where a version is asked for, only what is that version is as good as a first that is it; of
    several versions of one thing the best is taken.
    """
    first = candidates[0]
    missed = not _is_asked(first, asked)
    found = [first]
    for c in candidates[1:]:
        as_good = c.likeness >= first.likeness - _AS_GOOD and c.text == first.text
        if as_good and (missed or _is_asked(c, asked)) and all(_other(c, f) for f in found):
            found.append(c)
    return tuple(found)


def _is_asked(candidate: Candidate, asked: str) -> bool:
    return not asked or distance(asked, candidate.version) < ANOTHER


def founds(candidates: Sequence[Candidate]) -> tuple[Found, ...]:
    """Return the first few as the room's values, one of each item."""
    return tuple(Found(c.item, c.likeness, rank(c)) for c in candidates[:_SHOWN])


def _other(first: Candidate, second: Candidate) -> bool:
    one, two = first.item, second.item
    return one.kind is not two.kind or _artist(one) != _artist(two)


def _artist(item: Named) -> str:
    return folded(lead_artist(item.artist))
