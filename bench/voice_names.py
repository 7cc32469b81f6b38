"""Names of music from a file (columns kind, title, artist), as a gazetteer for the benches."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from antiphon.catalog import name_key
from antiphon.voice.understanding.gazetteer import Marks, marked

LONGEST = 6
KINDS = {"album", "song"}


@dataclass(frozen=True)
class Shelf:
    """Names, spelled as ``name_key`` does, with the kinds of what they name."""

    kinds: dict[str, frozenset[str]]

    def marks(self, words: Sequence[str]) -> Marks:
        return marked([name_key(word) or word for word in words], self.kinds_of, LONGEST)

    def kinds_of(self, phrase: str) -> Sequence[str]:
        return sorted(self.kinds.get(phrase, ()))


def read_shelf(path: Path) -> Shelf:
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["kind"] not in KINDS:
                continue  # the end of a name with a line break in it
            kinds[name_key(row["title"])].add(f"c{row['kind']}")
            kinds[name_key(row["artist"] or "")].add("cartist")
    return Shelf({name: frozenset(of) for name, of in kinds.items() if name})
