"""Whole ways to understand a sentence weighed against each other by their spans."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from antiphon.voice.understanding.gazetteer import Gazetteer, spans

_FAR = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to understand a sentence: what scorer and tagger think of it, as logarithms."""

    intent: str
    tags: tuple[str, ...]
    intent_score: float
    tags_score: float


@dataclass(frozen=True, slots=True)
class Reranker:
    """A log-linear model over candidates: scores of scorer and tagger, and weights of traits."""

    intent_weight: float = 1.0
    tags_weight: float = 1.0
    weights: Mapping[str, float] = field(default_factory=dict)

    def ranked(
        self, words: Sequence[str], gazetteer: Gazetteer, candidates: Sequence[Candidate]
    ) -> list[tuple[Candidate, float]]:
        """Return the candidates with their probabilities among each other, likeliest first."""
        scores = np.array([self._score(words, gazetteer, c) for c in candidates])
        raised = np.exp(scores - scores.max())
        shares = raised / raised.sum()
        order = np.argsort(-scores, kind="stable")
        return [(candidates[n], float(shares[n])) for n in order]

    def _score(self, words: Sequence[str], gazetteer: Gazetteer, candidate: Candidate) -> float:
        score = self.intent_weight * candidate.intent_score
        score += self.tags_weight * candidate.tags_score
        if self.weights:
            get = self.weights.get
            score += sum(get(trait, 0.0) for trait in traits(words, gazetteer, candidate))
        return score


def traits(words: Sequence[str], gazetteer: Gazetteer, candidate: Candidate) -> Iterator[str]:
    """Yield what is to be seen of a candidate's spans, and of how they go together."""
    found = spans(candidate.tags)
    padded = ("<", *words, ">")
    last = candidate.intent
    yield f"i{last}"
    for name, begin, end in found:
        text = " ".join(words[begin:end])
        kinds = gazetteer.phrases.get(text, ())
        before, after = padded[begin], padded[end + 1]
        length = min(end - begin, _FAR)
        yield f"k{name} {f't{name}' in kinds} {bool(kinds)}"
        yield f"K{name} {','.join(kinds)}"
        yield f"n{name} {length}"
        yield f"b{name} {before}"
        yield f"a{name} {after}"
        yield f"c{name} {before} {after}"
        yield f"f{name} {words[begin]}"
        yield f"l{name} {words[end - 1]}"
        yield f"e{name} {gazetteer.leanings.get(before, '?')} {gazetteer.leanings.get(after, '?')}"
        yield f"v{name} {gazetteer.leanings.get(words[begin], '?')}"
        yield f"V{name} {gazetteer.leanings.get(words[end - 1], '?')}"
        if end - begin == 1:
            yield f"w{name} {text}"
        yield f"m{last} {name}"
        last = name
    yield f"m{last} >"
    names = [name for name, *_ in found]
    yield f"s{candidate.intent} {' '.join(sorted(names))}"
    yield f"r{len(names) - len(set(names))}"
    yield from (
        f"2{candidate.intent} {n}" for n in sorted({n for n in names if names.count(n) > 1})
    )
    outside = [words[n] for n, tag in enumerate(candidate.tags) if tag == "O"]
    yield from (f"o{word}" for word in outside)
    yield f"u{min(sum(w not in gazetteer.leanings for w in outside), _FAR)}"
