"""Distinct spellings in a compact inverted index: which of them share rare features with a text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from antiphon.voice.linking.folding import sound

_BUCKETS = 1 << 18
"""Features are kept by hash; at about 60,000 distinct ones every ninth shares its bucket."""
_RAREST = 28
"""Features of a text that are looked up."""
_ENOUGH = 60_000
"""Postings read for one text, after which the more frequent features are left."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Texts with their sounds, and for each feature the rows that have it (sorted, int32)."""

    texts: tuple[str, ...]
    sounds: tuple[str, ...]
    begins: NDArray[np.int32]
    rows: NDArray[np.int32]
    norms: NDArray[np.float32]

    @property
    def size_bytes(self) -> int:
        """Return what the arrays take; the texts are not counted."""
        return int(self.begins.nbytes + self.rows.nbytes + self.norms.nbytes)

    def nearest(self, text: str, heard: str, count: int) -> list[int]:
        """Return up to ``count`` rows that share the most and the rarest features, best first."""
        if not self.texts:
            return []
        features = np.fromiter(features_of(text, heard), np.int64)
        begins, ends = self.begins[features], self.begins[features + 1]
        sizes = ends - begins
        scores = np.zeros(len(self.texts), np.float32)
        read = 0
        order = [int(i) for i in np.argsort(sizes, kind="stable") if sizes[i]]
        for i in order[:_RAREST]:
            if read > _ENOUGH:
                break
            read += int(sizes[i])
            scores[self.rows[begins[i] : ends[i]]] += _idf(len(self.texts), int(sizes[i])) ** 2
        scores *= self.norms
        return _best(scores, count)


def shelf_of(texts: Sequence[str], *, sounds: Sequence[str] = ()) -> Shelf:
    """Return a shelf of distinct texts; a row is a text's place in the sequence."""
    heard = tuple(sounds) or tuple(sound(t) for t in texts)
    lists = [np.fromiter(features_of(t, h), np.int32) for t, h in zip(texts, heard, strict=True)]
    lengths = np.array([len(one) for one in lists], np.int64)
    features = np.concatenate(lists) if lists else np.zeros(0, np.int32)
    rows = np.repeat(np.arange(len(lists), dtype=np.int32), lengths)
    counts = np.bincount(features, minlength=_BUCKETS)
    begins = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    idf = _idfs(len(lists), counts)
    squares = np.bincount(rows, weights=idf[features] ** 2, minlength=len(lists))
    norms = (1 / np.sqrt(np.maximum(squares, 1e-9))).astype(np.float32)
    order = np.argsort(features, kind="stable")
    return Shelf(tuple(texts), heard, begins, rows[order], norms)


def features_of(text: str, heard: str) -> frozenset[int]:
    """Return buckets of a text's 3-grams, of its sound's 2-grams, and of scripts' single signs."""
    return frozenset(crc32(f.encode()) % _BUCKETS for f in set(_grams(text, heard)))


def _grams(text: str, heard: str) -> Iterable[str]:
    for word in text.split():
        yield f"w{word}"
    bounded = f"^{text}$"
    for i in range(len(bounded) - 2):
        yield bounded[i : i + 3]
    joined = f"^{heard.replace(' ', '')}$"
    for i in range(len(joined) - 1):
        yield f"s{joined[i : i + 2]}"
    for code in heard.split():
        yield f"p{code}"
    if not text.isascii():
        for i in range(len(text)):
            yield f"c{text[i : i + 2]}"


def _best(scores: NDArray[np.float32], count: int) -> list[int]:
    """Return the rows with the highest scores above nothing; equals in the order of rows."""
    top = np.flatnonzero(scores > 0.25 * scores.max())
    if len(top) > count:
        top = top[np.argpartition(-scores[top], count)[:count]]
    return [int(row) for row in top[np.lexsort((top, -scores[top]))]]


def _idf(size: int, frequency: int) -> float:
    return float(np.log((size + 1) / (frequency + 1)) + 0.1)


def _idfs(size: int, frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.log((size + 1) / (frequencies + 1)) + 0.1, np.float64)
