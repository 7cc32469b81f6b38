"""Intent and slots told together: the likeliest intents tagged, and what fits best taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from antiphon.voice.understanding.features import features
from antiphon.voice.understanding.gazetteer import Gazetteer, Marks, joined
from antiphon.voice.understanding.intents import IntentScorer
from antiphon.voice.understanding.reranking import Candidate, Reranker
from antiphon.voice.understanding.tagger import Tagger

_INTENTS = 2
_LEAST_LIKELY = 0.02
"""A second intent less likely than this is not looked at."""


@dataclass(frozen=True, slots=True)
class JointModel:
    """Understands sentences of one language. Safe to use from several threads.

    ``taggers`` are kept by group of intents; an intent without one has no slots.
    """

    scorer: IntentScorer
    groups: Mapping[str, str]
    taggers: Mapping[str, Tagger]
    gazetteer: Gazetteer
    reranker: Reranker

    def candidates(
        self, words: Sequence[str], known: Marks | None = None, count: int = 1
    ) -> list[Candidate]:
        """Return ways to understand a sentence, in no order.

        ``known`` is what else is known of each word; ``count`` ways are given for each intent.
        """
        marks = self.gazetteer.marks(words)
        marks = marks if known is None else joined(known, marks)
        likely = self.scorer.probabilities(words, extras(marks))
        order = sorted(range(len(likely)), key=lambda n: -likely[n])[:_INTENTS]
        attributes: list[list[str]] = []
        found: list[Candidate] = []
        for place, number in enumerate(order):
            probability = float(likely[number])
            if place and probability < _LEAST_LIKELY:
                break
            intent = self.scorer.intents[number]
            tagger = self.taggers.get(self.groups.get(intent, intent))
            if tagger is None:
                found.append(Candidate(intent, ("O",) * len(words), log(probability + 1e-9), 0.0))
                continue
            attributes = attributes or features(words, marks)
            found += [
                Candidate(intent, way.tags, log(probability + 1e-9), way.log_probability)
                for way in tagger.best(attributes, count)
            ]
        return found

    def best(
        self, words: Sequence[str], known: Marks | None = None, count: int = 1
    ) -> list[tuple[Candidate, float]]:
        """Return ways to understand a sentence with their probabilities, likeliest first."""
        found = self.candidates(words, known, count)
        return self.reranker.ranked(words, self.gazetteer, found)


def extras(marks: Marks) -> list[str]:
    """Return what marks say of a whole sentence: of which kinds it is from end to end."""
    if not marks:
        return []
    begun = [m for m in marks[0] if m[-2:-1] == "B"]
    return [f"={m[:-2]}" for m in begun if all(_continues(m, of) for of in marks[1:])]


def _continues(begun: str, marks: Sequence[str]) -> bool:
    return f"{begun[:-2]}I{begun[-1]}" in marks
