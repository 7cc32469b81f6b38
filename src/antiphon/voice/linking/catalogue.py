"""The names of a catalogue on three shelves: artists, titles, and titles with their artists."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.voice.linking.folding import folded, lead_artist
from antiphon.voice.linking.shelf import Shelf, shelf_of
from antiphon.voice.linking.versions import taken_apart
from antiphon.voice.model import Named, NameKind

BIT = {kind: 1 << i for i, kind in enumerate(NameKind)}
_BETWEEN = "\t"


@dataclass(frozen=True, slots=True)
class Names:
    """Distinct names on a shelf; ``items[row]`` bear the name of that row, ``bits[row]`` kinds."""

    shelf: Shelf
    items: tuple[tuple[Named, ...], ...]
    rows: Mapping[str, int]
    bits: NDArray[np.uint8]
    parts: tuple[tuple[str, str], ...] = ()
    """For pairs: title and artist of each row, folded."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All names; ``frequency`` counts in how many distinct names a word is."""

    artists: Names
    titles: Names
    pairs: Names
    frequency: Mapping[str, int]

    @property
    def size_bytes(self) -> int:
        """Return what the arrays and folded texts take, without the items themselves."""
        return sum(
            n.shelf.size_bytes + sum(len(t) + 50 for t in (*n.shelf.texts, *n.shelf.sounds))
            for n in (self.artists, self.titles, self.pairs)
        )


def catalogue_of(items: Iterable[Named]) -> Catalogue:
    """Return the catalogue of items; their order makes no difference."""
    known = sorted(set(items), key=lambda i: (i.kind, i.id, i.name, i.artist))
    artists = [i for i in known if i.kind is NameKind.ARTIST]
    others = [i for i in known if i.kind is not NameKind.ARTIST]
    paired = [i for i in others if i.artist]
    shelves = _names(artists, lambda i: folded(i.name)), _names(others, title_of)
    words = Counter(w for n in shelves for text in n.shelf.texts for w in set(text.split()))
    return Catalogue(*shelves, _names(paired, pair_of), words)


def title_of(item: Named) -> str:
    """Return the folded name of an item, its version taken off."""
    return folded(taken_apart(item.name)[0])


def pair_of(item: Named) -> str:
    """Return the folded title and artist, a tabulator between."""
    return f"{title_of(item)}{_BETWEEN}{folded(lead_artist(item.artist))}"


def pair_key(title: str, artist: str) -> str:
    """Return the key of a folded title with a folded artist."""
    return f"{title}{_BETWEEN}{artist}"


def _names(items: Iterable[Named], key: Callable[[Named], str]) -> Names:
    grouped: dict[str, list[Named]] = defaultdict(list)
    for item in items:
        name = key(item)
        if name.strip():
            grouped[name].append(item)
    keys = sorted(grouped)
    bits = np.array([_bits(grouped[k]) for k in keys], np.uint8)
    parts = tuple((a, b) for a, _, b in (k.partition(_BETWEEN) for k in keys) if b)
    shelf = shelf_of([k.replace(_BETWEEN, " ") for k in keys])
    rows = {k: row for row, k in enumerate(keys)}
    return Names(shelf, tuple(tuple(grouped[k]) for k in keys), rows, bits, parts)


def _bits(items: Iterable[Named]) -> int:
    bits = 0
    for item in items:
        bits |= BIT[item.kind]
    return bits
