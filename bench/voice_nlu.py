"""Understanding on a standard set: intents, slots and whole sentences; and what a request costs.

``python -m bench.voice_nlu --train DIR --test DIR [--names TSV] [--json]``: directories with
seq.in, seq.out (BIO) and label, a sentence a line, as SNIPS and ATIS come. The model is made from
the training part alone, by a plan that was chosen on folds of SNIPS's training part; ``--names``
(columns kind, title, artist) tells it names of music as a catalogue does. Slots count by the usual
rule: a span is right when its name, its beginning and its end are. Times are those of the CPU, of
one thread.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.voice.understanding.gazetteer import Marks, Tagged, spans
from antiphon.voice.understanding.learning import Plan, learn
from bench.voice_names import Shelf, read_shelf

MS = 1e3


def read(folder: Path) -> list[Tagged]:
    parts = [(folder / name).read_text("utf-8").splitlines() for name in FILES]
    return [
        Tagged(tuple(words.lower().split()), tuple(tags.split()), intent.strip())
        for words, tags, intent in zip(*parts, strict=True)
        if words.strip()
    ]


FILES = ("seq.in", "seq.out", "label")


def span_f1(wanted: Sequence[Sequence[str]], given: Sequence[Sequence[str]]) -> float:
    """Return the strict F1 of spans, all sentences together."""
    pairs = [(set(spans(w)), set(spans(g))) for w, g in zip(wanted, given, strict=True)]
    right = sum(len(w & g) for w, g in pairs)
    return 2 * right / max(1, sum(len(w) + len(g) for w, g in pairs))


def measured(
    train: Sequence[Tagged], test: Sequence[Tagged], shelf: Shelf | None
) -> dict[str, Any]:
    begin = time.process_time()
    known = [shelf.marks(s.words) for s in train] if shelf is not None else None
    model = learn(train, known, Plan())
    seconds = time.process_time() - begin

    def understand(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        marks: Marks | None = shelf.marks(words) if shelf is not None else None
        best, _ = model.best(words, marks, Plan().candidates)[0]
        return best.intent, best.tags

    given, costs = timed(understand, test)
    return {
        "intent_accuracy": share(g[0] == s.intent for g, s in zip(given, test, strict=True)),
        "slot_f1": span_f1([s.tags for s in test], [tags for _, tags in given]),
        "sentence_accuracy": share(
            g == (s.intent, s.tags) for g, s in zip(given, test, strict=True)
        ),
        "p50_ms": float(np.percentile(costs, 50)) * MS,
        "p99_ms": float(np.percentile(costs, 99)) * MS,
        "training_cpu_s": seconds,
        "sentences": len(test),
    }


def timed(
    understand: Callable[[Sequence[str]], tuple[str, tuple[str, ...]]], test: Sequence[Tagged]
) -> tuple[list[tuple[str, tuple[str, ...]]], list[float]]:
    given, costs = [], []
    for sentence in test:
        begin = time.process_time()
        given.append(understand(sentence.words))
        costs.append(time.process_time() - begin)
    return given, costs


def share(of: Any) -> float:
    return float(np.mean(list(of)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.voice_nlu", description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--names", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    shelf = read_shelf(options.names) if options.names else None
    found = measured(read(options.train), read(options.test), shelf)
    print(
        json.dumps(found) if options.json else "\n".join(f"{k}: {v:.4f}" for k, v in found.items())
    )


if __name__ == "__main__":
    main()
