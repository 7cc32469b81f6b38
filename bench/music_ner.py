"""Names of artists and works found in what people ask others to recommend them: strict span F1.

``python -m bench.music_ner --data DIR [--names TSV] [--json]``: DIR has ``dataset1`` to
``datasetN``, each with ``ground-truth.bio`` (a word and its tag a line, sentences apart by an empty
line). The folds are the published ones: each data set in turn is tested on a model that is made
from the others. ``--names`` (columns kind, title, artist) is what a catalogue knows.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from antiphon.voice.understanding.fitting import Fit
from antiphon.voice.understanding.gazetteer import Marks, Tagged
from antiphon.voice.understanding.learning import Plan, learn
from bench.voice_names import Shelf, read_shelf
from bench.voice_nlu import span_f1

PLAN = Plan(
    tags=Fit(c1=0.1, c2=0.05, rounds=100),
    groups={"": "names"},  # no intents here, and one tagger
    folds=4,
    candidates=6,
    least_traits=3,
)


def read(path: Path) -> list[Tagged]:
    sentences = []
    for block in path.read_text("utf-8").split("\n\n"):
        rows = [line.split() for line in block.splitlines() if line.strip()]
        if rows:
            words, tags = (tuple(row[n] for row in rows) for n in (0, -1))
            sentences.append(Tagged(tuple(w.lower() for w in words), tags))
    return sentences


def tagged(train: Sequence[Tagged], test: Sequence[Tagged], shelf: Shelf | None) -> list[Any]:
    """Return the tags of the test sentences by a model made from the others."""

    def known(sentence: Tagged) -> Marks | None:
        return shelf.marks(sentence.words) if shelf else None

    model = learn(train, [shelf.marks(s.words) for s in train] if shelf else None, PLAN)
    return [model.best(s.words, known(s), PLAN.candidates)[0][0].tags for s in test]


def measured(folder: Path, shelf: Shelf | None) -> dict[str, Any]:
    sets = {p.parent.name: read(p) for p in sorted(folder.glob("*/ground-truth.bio"))}
    wanted, given, by_set = [], [], {}
    for name, test in sets.items():
        train = [s for other, of in sets.items() if other != name for s in of]
        tags = tagged(train, test, shelf)
        by_set[name] = span_f1([s.tags for s in test], tags)
        wanted += [s.tags for s in test]
        given += tags
    return {
        "strict_f1": span_f1(wanted, given),
        "mean_of_sets": sum(by_set.values()) / max(1, len(by_set)),
        **by_set,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.music_ner", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--names", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measured(options.data, read_shelf(options.names) if options.names else None)
    print(
        json.dumps(found) if options.json else "\n".join(f"{k}: {v:.4f}" for k, v in found.items())
    )


if __name__ == "__main__":
    main()
