"""The model of this package made from nothing: ``python -m antiphon.voice.understanding.training``.

It takes two minutes and gives the same model again for the same code and libraries.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from antiphon.voice.model import Intent, Named, NameKind
from antiphon.voice.understanding.corpus import INTENTS, Request, requests, rules_digest
from antiphon.voice.understanding.fitting import Fit, IntentFit
from antiphon.voice.understanding.gazetteer import Marks, Tagged
from antiphon.voice.understanding.joint import JointModel
from antiphon.voice.understanding.known import catalogue_marks
from antiphon.voice.understanding.learning import Plan, learn_plain
from antiphon.voice.understanding.packing import packed
from antiphon.voice.understanding.reranking import Reranker
from antiphon.voice.understanding.tokens import tokens

_MODEL: Final = "english.model"
_NO_KINDS: Final[frozenset[NameKind]] = frozenset()


@dataclass(frozen=True, slots=True)
class Training:
    """How the model is made; ``names`` of a catalogue make it know their shapes better."""

    sentences: int = 16_000
    seed: int = 1
    names: tuple[Named, ...] = ()

    def model(self) -> JointModel:
        """Return a model; takes about two minutes."""
        made = list(requests(self.sentences, seed=self.seed, names=self.names))
        return learned(made)


def learned(made: Iterable[Request]) -> JointModel:
    """Return a model of these requests. What fills its slots is not learned by heart."""
    sentences: list[Tagged] = []
    known: list[Marks] = []
    for request in made:
        said = tokens(request.text)
        tags = request.tags()
        if tags is not None:
            sentences.append(Tagged(tuple(t.word for t in said), tags, request.intent.value))
            known.append(catalogue_marks(said, _Known(request)))
    model = learn_plain(sentences, known, PLAN)
    return replace(model, reranker=Reranker(1.0, 0.2))


class _Known:
    def __init__(self, request: Request) -> None:
        self._kinds = request.known

    def kinds_of(self, words: str) -> frozenset[NameKind]:
        return self._kinds.get(words, _NO_KINDS)


PLAN: Final = Plan(
    intents=IntentFit(strength=10.0, shortest=3, longest=4, min_count=8),
    tags=Fit(c1=0.5, c2=0.02, rounds=100, min_count=3),
    groups={intent.value: "" if intent is Intent.NONE else "music" for intent in INTENTS},
    folds=0,
    candidates=1,
)


def main() -> None:
    """Write the model beside this file."""
    data = packed(Training().model(), rules_digest())
    (Path(__file__).parent / _MODEL).write_bytes(data)


if __name__ == "__main__":
    main()
