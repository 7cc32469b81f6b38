"""Taggers and scorers made from tagged sentences: by python-crfsuite, and by L-BFGS."""

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pycrfsuite
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from antiphon.voice.understanding.intents import IntentScorer, Vocabulary, terms_of
from antiphon.voice.understanding.tagger import Floats, Tagger

Attributes = list[list[str]]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a tagger is made. ``bags`` > 1: the mean of taggers that each saw a part of the data."""

    c1: float = 0.05
    c2: float = 0.01
    rounds: int = 90
    min_count: float = 0
    bags: int = 1
    bag_share: float = 0.85


def fit_tagger(seen: Sequence[tuple[Attributes, Sequence[str]]], fit: Fit) -> Tagger:
    """Return a tagger for sentences like these; the same from the same sentences."""
    if fit.bags == 1:
        return _mean([_fitted(seen, fit)])
    draw = random.Random(len(seen))  # noqa: S311 - no secret
    size = max(1, int(len(seen) * fit.bag_share))
    return _mean([_fitted(draw.sample(list(seen), size), fit) for _ in range(fit.bags)])


def _fitted(
    seen: Sequence[tuple[Attributes, Sequence[str]]], fit: Fit
) -> tuple[Mapping[tuple[str, str], float], Mapping[tuple[str, str], float]]:
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params(
        {
            "c1": fit.c1,
            "c2": fit.c2,
            "max_iterations": fit.rounds,
            "feature.possible_transitions": True,
            "feature.minfreq": fit.min_count,
        }
    )
    for attributes, tags in seen:
        trainer.append(attributes, tags)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "crf")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        info = tagger.info()
        tagger.close()
    return info.state_features, info.transitions


def _mean(
    made: Sequence[tuple[Mapping[tuple[str, str], float], Mapping[tuple[str, str], float]]],
) -> Tagger:
    """Return the tagger whose weights are the mean: the product of their probabilities."""
    tags = sorted(
        {t for _, moves in made for pair in moves for t in pair}
        | {tag for states, _ in made for _, tag in states}
    )
    names = sorted({attribute for states, _ in made for attribute, _ in states})
    rows = {name: row for row, name in enumerate(names)}
    columns = {tag: column for column, tag in enumerate(tags)}
    weights = np.zeros((len(rows), len(tags)), np.float32)
    transitions = np.zeros((len(tags), len(tags)), np.float32)
    for states, moves in made:
        for (attribute, tag), weight in states.items():
            weights[rows[attribute], columns[tag]] += weight / len(made)
        for (before, after), weight in moves.items():
            transitions[columns[before], columns[after]] += weight / len(made)
    return Tagger(tuple(tags), rows, weights, transitions)


@dataclass(frozen=True, slots=True)
class IntentFit:
    """How an intent scorer is made. ``strength`` is the inverse of the regularisation."""

    strength: float = 30.0
    shortest: int = 2
    longest: int = 5
    min_count: int = 2


def fit_intents(
    seen: Sequence[tuple[Sequence[str], Sequence[str], str]], fit: IntentFit
) -> IntentScorer:
    """Return a scorer for sentences like these: words, what else is known, intent."""
    blocks = [terms_of(words, extra, fit.shortest, fit.longest) for words, extra, _ in seen]
    vocabularies = tuple(
        _vocabulary([block[n] for block in blocks], fit.min_count) for n in range(len(blocks[0]))
    )
    intents = tuple(sorted({intent for *_, intent in seen}))
    size = sum(len(v.rows) for v in vocabularies)
    blank = IntentScorer(
        intents,
        vocabularies,
        np.zeros((size, len(intents)), np.float32),
        np.zeros(len(intents), np.float32),
        (fit.shortest, fit.longest),
    )
    vectors = [blank.vector(words, extra) for words, extra, _ in seen]
    matrix = csr_matrix(
        (
            np.concatenate([values for _, values in vectors]),
            np.concatenate([rows for rows, _ in vectors]),
            np.cumsum([0, *(len(rows) for rows, _ in vectors)]),
        ),
        shape=(len(seen), size),
    )
    wanted = np.array([intents.index(intent) for *_, intent in seen])
    weights, bias = _logistic(matrix, wanted, len(intents), fit.strength)
    return IntentScorer(intents, vocabularies, weights, bias, blank.reach)


def _vocabulary(documents: Sequence[Sequence[str]], min_count: int) -> Vocabulary:
    counts: dict[str, int] = {}
    for document in documents:
        for term in set(document):
            counts[term] = counts.get(term, 0) + 1
    kept = sorted(term for term, count in counts.items() if count >= min_count)
    size = len(documents)
    rarity = [np.log((1 + size) / (1 + counts[term])) + 1 for term in kept]
    return Vocabulary({t: row for row, t in enumerate(kept)}, np.array(rarity, np.float32))


def _logistic(
    matrix: "csr_matrix", wanted: np.ndarray, classes: int, strength: float
) -> tuple[Floats, Floats]:
    """Return weights (terms, classes) and biases of multinomial logistic regression."""
    size, terms = matrix.shape
    targets = np.zeros((size, classes))
    targets[np.arange(size), wanted] = 1.0
    turned = matrix.T.tocsr()

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        both = flat.reshape(terms + 1, classes)
        scores = matrix @ both[:-1] + both[-1]
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        off = (np.exp(logs) - targets) * strength
        slope = np.vstack([turned @ off + both[:-1], off.sum(axis=0)])
        value = -strength * (logs * targets).sum() + 0.5 * (both[:-1] ** 2).sum()
        return float(value), slope.ravel()

    start = np.zeros((terms + 1) * classes)
    both = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    both = both.reshape(terms + 1, classes).astype(np.float32)
    return both[:-1], both[-1]
