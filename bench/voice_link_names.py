"""Names, splits and simulated mishearing for ``bench.voice_link`` and its acceptance's training.

Halves and absent names are told apart by a hash of the artist, so that no artist is on both sides.
"""

import csv
import random
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from zlib import crc32

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from antiphon.voice.linking.catalogue import pair_of, title_of
from antiphon.voice.linking.folding import folded, lead_artist, sound
from antiphon.voice.model import Named, NameKind, Sought

KINDS = {"album": NameKind.ALBUM, "song": NameKind.SONG}
TITLES = frozenset(KINDS.values())
DROPPED = 0.08
NEIGHBOURS = 5


@dataclass(frozen=True)
class Query:
    """What is said, and the folded name that is right."""

    sought: Sought
    right: str


@dataclass
class Names:
    """Works of a file: what is indexed, and what is asked for by each half of the artists."""

    indexed: list[Named] = field(default_factory=list)
    generated: int = 0
    present: dict[str, list[Named]] = field(default_factory=lambda: defaultdict(list))
    absent: dict[str, list[Named]] = field(default_factory=lambda: defaultdict(list))


def read(path: Path) -> list[Named]:
    with path.open(encoding="utf-8", newline="") as text:
        rows = [r for r in csv.reader(text, delimiter="\t") if len(r) == 4 and r[0] in KINDS]
    return [
        Named(KINDS[kind], f"{kind}-{n}", title, lead_artist(artist), float(weeks))
        for n, (kind, title, artist, weeks) in enumerate(rows)
    ]


def split(works: list[Named], absent: list[Named], pairs: int) -> Names:
    """Return what to index and what to ask; a tenth of the artists is absent if none is given."""
    names = Names()
    away = {folded(w.artist) for w in absent} | {
        artist for w in works if not absent and _hash(artist := folded(w.artist)) % 10 == 0
    }
    for work in works:
        artist = folded(work.artist)
        if artist in away:
            names.absent[half(artist)].append(work)
        else:
            names.indexed.append(work)
            names.present[half(artist)].append(work)
    for work in absent:
        names.absent[half(folded(work.artist))].append(work)
    made = generated(names.indexed, pairs)
    names.generated = len(made)
    names.indexed += made
    names.indexed += artists(names.indexed)
    return names


def half(artist: str) -> str:
    return "evaluation" if (_hash(artist) >> 8) & 1 else "tuning"


def artists(works: list[Named]) -> list[Named]:
    heard: dict[str, float] = defaultdict(float)
    for work in works:
        heard[work.artist] += work.popularity
    return [Named(NameKind.ARTIST, f"artist-{a}", a, "", p) for a, p in heard.items()]


def generated(works: list[Named], pairs: int) -> list[Named]:
    """Return works that are only in the way: a title's first words with another's last words."""
    draw = random.Random(7)
    have = {pair_of(w) for w in works}
    made: list[Named] = []
    while len(have) < pairs:
        one, two, three = (draw.choice(works) for _ in range(3))
        first, last = one.name.split(), two.name.split()
        title = " ".join([*first[: (len(first) + 1) // 2], *last[len(last) // 2 :]])
        work = Named(one.kind, f"made-{len(made)}", title, three.artist, 1.0)
        if pair_of(work) not in have:
            have.add(pair_of(work))
            made.append(work)
    return made


class Mishearing:
    """Replaces words by phonetic neighbours: by a pronouncing dictionary, else by metaphone."""

    def __init__(self, works: list[Named]) -> None:
        self._said = _pronunciations()
        self._words = list(self._said)
        self._phones = list(self._said.values())
        own = sorted({w for work in works for w in f"{title_of(work)} {work.artist}".split()})
        self._own = [w for w in own if w.isascii() and w.isalpha()]
        self._codes = [sound(w) for w in self._own]
        self.neighbours = cache(self._neighbours)

    def of(self, text: str, rate: float, draw: random.Random) -> str:
        words: list[str] = []
        for word in text.split():
            near = self.neighbours(word) if draw.random() < rate else ()
            if not near:
                words.append(word)
            elif draw.random() >= DROPPED:
                words.append(draw.choice(near))
        return " ".join(words) or text

    def _neighbours(self, word: str) -> tuple[str, ...]:
        said = self._said.get(word)
        among, words = (self._phones, self._words) if said else (self._codes, self._own)
        near = process.extract(
            said or sound(word),
            among,
            scorer=Levenshtein.distance,
            limit=3 * NEIGHBOURS,
            score_cutoff=3,
        )
        return tuple(w for w in (words[i] for _, _, i in near) if w != word)[:NEIGHBOURS]


def queries(
    works: list[Named], what: str, count: int, noise: tuple[Mishearing, float]
) -> list[Query]:
    """Return requests for works drawn by the root of their popularity, each misheard anew."""
    draw = random.Random(f"{what} {noise[1]} {count}")
    pool = {_right(w, what): w for w in works if _right(w, what)}
    keys = sorted(pool)
    weights = np.sqrt([max(1.0, pool[k].popularity) for k in keys])
    return [
        _query(pool[k], what, (noise[0], noise[1], draw), k)
        for k in draw.choices(keys, weights=list(weights), k=count)
    ]


def _query(
    work: Named, what: str, noise: tuple[Mishearing, float, random.Random], right: str
) -> Query:
    ear, rate, draw = noise
    title = ear.of(title_of(work), rate, draw) if what != "artist" else ""
    artist = ear.of(folded(work.artist), rate, draw) if what != "title" else ""
    return Query(Sought(title, artist, frozenset() if what == "artist" else TITLES), right)


def _right(work: Named, what: str) -> str:
    if what == "artist":
        return folded(work.artist)
    return title_of(work) if what == "title" else pair_of(work).replace("\t", " ")


def _pronunciations() -> dict[str, str]:
    """Return words with a character for each phone; nothing where pocketsphinx is not installed."""
    spec = find_spec("pocketsphinx")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "model/en-us/cmudict-en-us.dict"
    codes: dict[str, str] = {}
    said: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        word, *phones = line.split()
        if word.isalpha():
            said[word] = "".join(codes.setdefault(p, chr(65 + len(codes))) for p in phones)
    return said


def _hash(text: str) -> int:
    return crc32(text.encode())
