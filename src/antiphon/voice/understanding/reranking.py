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
    for name, begin, end in found:
        yield from _of_words(words, name, begin, end)
        yield from _of_knowledge(words, gazetteer, (name, begin, end))
    yield from _of_names([name for name, *_ in found], candidate.intent)
    yield from _of_frame(frame(words, found), candidate.intent)
    outside = [words[n] for n, tag in enumerate(candidate.tags) if tag == "O"]
    yield from (f"o{word}" for word in outside)
    yield from (f"O{candidate.intent} {word}" for word in outside)
    yield f"u{min(sum(w not in gazetteer.leanings for w in outside), _FAR)}"


def frame(words: Sequence[str], found: Sequence[tuple[str, int, int]]) -> list[str]:
    """Return the words of a sentence with its spans replaced by their names in brackets."""
    whole: list[str] = []
    last = 0
    for name, begin, end in found:
        whole += [*words[last:begin], f"[{name}]"]
        last = end
    return [*whole, *words[last:]]


def _of_words(words: Sequence[str], name: str, begin: int, end: int) -> Iterator[str]:
    padded = ("<", *words, ">")
    before, after = padded[begin], padded[end + 1]
    yield f"n{name} {min(end - begin, _FAR)}"
    yield f"b{name} {before}"
    yield f"a{name} {after}"
    yield f"c{name} {before} {after}"
    yield f"f{name} {words[begin]}"
    yield f"l{name} {words[end - 1]}"
    yield f"F{name} {before} {words[begin]}"
    yield f"L{name} {words[end - 1]} {after}"
    if end - begin == 1:
        yield f"w{name} {words[begin]}"


def _of_knowledge(
    words: Sequence[str], gazetteer: Gazetteer, span: tuple[str, int, int]
) -> Iterator[str]:
    name, begin, end = span
    padded = ("<", *words, ">")
    kinds = gazetteer.phrases.get(" ".join(words[begin:end]), ())
    lean = gazetteer.leanings.get
    yield f"k{name} {f't{name}' in kinds} {bool(kinds)}"
    yield f"K{name} {','.join(kinds)}"
    yield f"e{name} {lean(padded[begin], '?')} {lean(padded[end + 1], '?')}"
    yield f"v{name} {lean(words[begin], '?')}"
    yield f"V{name} {lean(words[end - 1], '?')}"


def _of_names(names: Sequence[str], intent: str) -> Iterator[str]:
    yield f"i{intent}"
    for before, after in zip((intent, *names), (*names, ">"), strict=True):
        yield f"m{before} {after}"
    yield f"s{intent} {' '.join(sorted(names))}"
    yield f"r{len(names) - len(set(names))}"
    yield from (f"2{intent} {n}" for n in sorted({n for n in names if names.count(n) > 1}))


def _of_frame(whole: Sequence[str], intent: str) -> Iterator[str]:
    padded = ("<", "<", *whole, ">", ">")
    yield f"T{intent} {' '.join(whole)}"
    for place in range(2, len(whole) + 2):
        if padded[place].startswith("["):
            yield f"1{' '.join(padded[place - 2 : place + 1])}"
            yield f"3{' '.join(padded[place : place + 3])}"
            yield f"5{' '.join(padded[place - 1 : place + 2])}"
            yield f"7{' '.join(padded[place - 2 : place + 3])}"
            yield f"9{intent} {' '.join(padded[place - 1 : place + 2])}"
