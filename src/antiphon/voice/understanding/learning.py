"""A joint model made from tagged sentences; whatever weighs names is taught by names unseen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from antiphon.voice.understanding.features import features
from antiphon.voice.understanding.fitting import Fit, IntentFit, fit_intents, fit_tagger
from antiphon.voice.understanding.gazetteer import (
    Gazetteer,
    Marks,
    Tagged,
    held_out_marks,
    joined,
    learn_gazetteer,
)
from antiphon.voice.understanding.joint import JointModel, extras
from antiphon.voice.understanding.reranking import Candidate, Reranker, traits


@dataclass(frozen=True, slots=True)
class Plan:
    """How a joint model is made.

    ``groups`` says which intents share a tagger; an intent whose group is empty has none.
    ``folds`` is in how many parts sentences are held out; ``candidates`` how many ways for each
    intent are reranked, 1 for no reranking. ``prior`` is the regularisation of the reranker.
    Without folds nothing is learned by heart.
    """

    intents: IntentFit = field(default_factory=IntentFit)
    tags: Fit = field(default_factory=Fit)
    groups: Mapping[str, str] = field(default_factory=dict)
    folds: int = 3
    candidates: int = 5
    prior: float = 4.0
    least_traits: int = 2


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with its candidates, the true one's place, and what the gazetteer knew."""

    sentence: Tagged
    gazetteer: Gazetteer
    candidates: tuple[Candidate, ...]
    true: int


def learn(sentences: Sequence[Tagged], known: Sequence[Marks] | None, plan: Plan) -> JointModel:
    """Return a model for sentences like these; ``known``: what else is known of their words."""
    model = learn_plain(sentences, known, plan)
    if plan.candidates == 1:
        return model
    examples = list(held_out_examples(sentences, known, plan))
    return replace(model, reranker=fit_reranker(examples, plan))


def learn_plain(
    sentences: Sequence[Tagged], known: Sequence[Marks] | None, plan: Plan
) -> JointModel:
    """Return a model that adds up what scorer and tagger think."""
    marks: Sequence[Marks] = held_out_marks(sentences, plan.folds)
    if known is not None:
        marks = [joined(*both) for both in zip(known, marks, strict=True)]
    scorer = fit_intents(
        [(s.words, extras(m), s.intent) for s, m in zip(sentences, marks, strict=True)],
        plan.intents,
    )
    groups = {intent: plan.groups.get(intent, intent) for intent in scorer.intents}
    taggers = {
        group: fit_tagger(
            [
                (features(s.words, m), s.tags)
                for s, m in zip(sentences, marks, strict=True)
                if groups[s.intent] == group
            ],
            plan.tags,
        )
        for group in sorted(set(groups.values()) - {""})
    }
    gazetteer = learn_gazetteer(sentences if plan.folds else ())
    return JointModel(scorer, groups, taggers, gazetteer, Reranker())


def held_out_examples(
    sentences: Sequence[Tagged], known: Sequence[Marks] | None, plan: Plan
) -> Iterator[Example]:
    """Yield each sentence as a model sees it that was made from the other folds."""
    for fold in range(plan.folds):
        rest = [n for n in range(len(sentences)) if n % plan.folds != fold]
        model = learn_plain(
            [sentences[n] for n in rest], None if known is None else [known[n] for n in rest], plan
        )
        for n in range(fold, len(sentences), plan.folds):
            sentence = sentences[n]
            found = tuple(
                model.candidates(
                    sentence.words, None if known is None else known[n], plan.candidates
                )
            )
            yield Example(sentence, model.gazetteer, found, _true(sentence, found))


def _true(sentence: Tagged, candidates: Sequence[Candidate]) -> int:
    for place, candidate in enumerate(candidates):
        if candidate.intent == sentence.intent and candidate.tags == sentence.tags:
            return place
    return -1


def fit_reranker(examples: Sequence[Example], plan: Plan) -> Reranker:
    """Return the log-linear model under which true candidates are likeliest among theirs."""
    usable = [e for e in examples if e.true >= 0 and len(e.candidates) > 1]
    if not usable:
        return Reranker()
    seen = [[list(traits(e.sentence.words, e.gazetteer, c)) for c in e.candidates] for e in usable]
    names = _frequent(seen, plan.least_traits)
    rows = {name: row for row, name in enumerate(names)}
    scores = np.array([(c.intent_score, c.tags_score) for e in usable for c in e.candidates])
    matrix = _matrix([of for example in seen for of in example], rows)
    starts = np.cumsum([0, *(len(e.candidates) for e in usable)])
    true = starts[:-1] + np.array([e.true for e in usable])
    flat = _fit(matrix, scores, starts, true, plan.prior)
    weights = {n: float(w) for n, w in zip(names, flat[2:], strict=True) if abs(w) > 1e-4}
    return Reranker(float(flat[0]), float(flat[1]), weights)


def _frequent(seen: Sequence[Sequence[Sequence[str]]], least: int) -> list[str]:
    """Return traits that set candidates of enough sentences apart."""
    counts: dict[str, int] = {}
    for example in seen:
        common = set.intersection(*(set(of) for of in example))
        for trait in {t for of in example for t in of} - common:
            counts[trait] = counts.get(trait, 0) + 1
    return sorted(t for t, count in counts.items() if count >= least)


def _matrix(seen: Sequence[Sequence[str]], rows: Mapping[str, int]) -> "csr_matrix":
    found = [[rows[t] for t in of if t in rows] for of in seen]
    ends = np.cumsum([0, *(len(of) for of in found)])
    places = np.array([place for of in found for place in of], np.intp)
    return csr_matrix((np.ones(len(places)), places, ends), shape=(len(seen), len(rows)))


def _fit(
    matrix: "csr_matrix", scores: np.ndarray, starts: np.ndarray, true: np.ndarray, prior: float
) -> np.ndarray:
    turned = matrix.T.tocsr()
    sizes = np.diff(starts)
    is_true = np.zeros(len(scores))
    is_true[true] = 1.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        total = scores @ flat[:2] + matrix @ flat[2:]
        total -= np.repeat(np.maximum.reduceat(total, starts[:-1]), sizes)
        raised = np.exp(total)
        sums = np.add.reduceat(raised, starts[:-1])
        off = raised / np.repeat(sums, sizes) - is_true
        value = np.log(sums).sum() - total[true].sum() + prior / 2 * (flat[2:] ** 2).sum()
        slope = np.concatenate([scores.T @ off, turned @ off + prior * flat[2:]])
        return float(value), slope

    start = np.concatenate([[1.0, 1.0], np.zeros(matrix.shape[1])])
    return np.asarray(
        minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    )
