"""A trigram language model from weighted sentences, written as ARPA text. Pure.

Absolute discounting with back-off: p(w | h) = (c(h w) - D) / c(h) for what was seen, and what the
discount leaves over is shared by the lower order (Ney, Essen and Kneser 1994).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["BEGIN", "DISCOUNT", "END", "Sentence", "arpa_lines"]

BEGIN, END = "<s>", "</s>"
DISCOUNT = 0.5
_NEVER = -99.0
_ORDER = 3

type_of_counts = dict[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words that may be said, and how often (1 or more) beside the others."""

    words: tuple[str, ...]
    weight: float = 1.0


def arpa_lines(sentences: Iterable[Sentence]) -> Iterator[str]:
    """Yield the lines of the model, without line ends; every word is said in some sentence."""
    counts = _counted(sentences)
    model = _Model(counts)
    yield "\\data\\"
    for order in range(1, _ORDER + 1):
        yield f"ngram {order}={len(counts[order - 1])}"
    for order in range(1, _ORDER + 1):
        yield ""
        yield f"\\{order}-grams:"
        for gram in sorted(counts[order - 1]):
            line = f"{_log(model.probability(gram)):.4f}\t{' '.join(gram)}"
            yield f"{line}\t{_log(model.backoff(gram)):.4f}" if order < _ORDER else line
    yield ""
    yield "\\end\\"


def _counted(sentences: Iterable[Sentence]) -> list[type_of_counts]:
    counts: list[type_of_counts] = [defaultdict(float) for _ in range(_ORDER)]
    for sentence in sentences:
        words = (BEGIN, *sentence.words, END)
        for order in range(1, _ORDER + 1):
            for at in range(len(words) - order + 1):
                counts[order - 1][words[at : at + order]] += sentence.weight
    return counts


class _Model:
    def __init__(self, counts: list[type_of_counts]) -> None:
        self._counts = counts
        self._words = sum(c for (w,), c in counts[0].items() if w != BEGIN)
        self._after: dict[tuple[str, ...], float] = defaultdict(float)
        self._kinds: dict[tuple[str, ...], int] = defaultdict(int)
        for higher in counts[1:]:
            for gram, count in higher.items():
                self._after[gram[:-1]] += count
                self._kinds[gram[:-1]] += 1
        self._lower: dict[tuple[str, ...], float] = defaultdict(float)
        for higher in counts[1:]:
            for gram in higher:
                self._lower[gram[:-1]] += self.probability(gram[1:])

    def probability(self, gram: tuple[str, ...]) -> float:
        count = self._counts[len(gram) - 1][gram]
        if len(gram) == 1:
            return 0.0 if gram == (BEGIN,) else count / self._words
        return (count - DISCOUNT) / self._after[gram[:-1]]

    def backoff(self, history: tuple[str, ...]) -> float:
        """Return the weight of the lower order after this history; 1 where nothing was seen."""
        if history not in self._kinds:
            return 1.0
        left = DISCOUNT * self._kinds[history] / self._after[history]
        rest = 1.0 - self._lower[history]
        return left / rest if rest > left * 1e-6 else 1.0


def _log(value: float) -> float:
    return math.log10(value) if value > 0 else _NEVER
