"""What kind of request a sentence is, scored from its words and the letters in them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.voice.understanding.tagger import Floats


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Terms with their rows, and how rare each is (inverse document frequency, logarithmic)."""

    rows: Mapping[str, int]
    rarity: Floats


@dataclass(frozen=True, slots=True)
class IntentScorer:
    """Multinomial logistic regression over two blocks of terms, each of unit length."""

    intents: tuple[str, ...]
    vocabularies: tuple[Vocabulary, ...]
    weights: Floats
    bias: Floats
    reach: tuple[int, int]
    """Letters of the shortest and of the longest part of a word that counts."""

    def probabilities(self, words: Sequence[str], extra: Sequence[str] = ()) -> Floats:
        """Return the probability of each intent."""
        rows, values = self.vector(words, extra)
        scores = values @ self.weights[rows] + self.bias
        raised = np.exp(scores - scores.max())
        return np.asarray(raised / raised.sum(), np.float32)

    def vector(
        self, words: Sequence[str], extra: Sequence[str] = ()
    ) -> tuple[npt.NDArray[np.intp], Floats]:
        """Return rows and values of a sentence's terms."""
        rows: list[npt.NDArray[np.intp]] = []
        values: list[Floats] = []
        offset = 0
        blocks = terms_of(words, extra, *self.reach)
        for vocabulary, terms in zip(self.vocabularies, blocks, strict=True):
            known = vocabulary.rows
            counts = Counter(known[t] for t in terms if t in known)
            at = np.fromiter(counts.keys(), np.intp, len(counts))
            often = np.fromiter(counts.values(), np.float32, len(counts))
            weighed = (1 + np.log(often)) * vocabulary.rarity[at]
            rows.append(at + offset)
            values.append(weighed / max(float(np.linalg.norm(weighed)), 1e-9))
            offset += len(known)
        return np.concatenate(rows), np.concatenate(values).astype(np.float32)


def terms_of(
    words: Sequence[str], extra: Sequence[str], shortest: int, longest: int
) -> tuple[list[str], list[str]]:
    """Return words, pairs of words and ``extra``; and the parts of words, edges marked."""
    pairs = [f"{a} {b}" for a, b in zip(("<", *words), (*words, ">"), strict=True)]
    parts = [
        part[begin : begin + size]
        for part in (f"_{word}_" for word in words)
        for size in range(shortest, min(longest, len(part)) + 1)
        for begin in range(len(part) - size + 1)
    ]
    return [*words, *pairs, *extra], parts
