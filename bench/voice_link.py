"""Names as said to items: accuracy, acceptance and cost of ``antiphon.voice.linking``.

``python -m bench.voice_link --names TSV [--absent TSV] [--json]``; columns kind (album or song),
title, artist, weeks (popularity). Without ``--absent`` every tenth artist (by hash) is left out of
the index with all works and is then asked for. Only the evaluation half of the artists is asked
for here; the other half tuned the acceptance. Works are generated (first words of one title, last
words of another) until there are ``--pairs`` distinct pairs; these are only in the way, never
asked for.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from antiphon.voice.linking import NameIndex
from antiphon.voice.linking.catalogue import pair_of, title_of
from antiphon.voice.linking.index import Weighed
from antiphon.voice.model import Linked, Verdict
from bench.voice_link_names import TITLES, Mishearing, Names, Query, queries, read, split

WHAT = ("pair", "artist", "title")
RATES = (0.0, 0.3, 0.6)
GOALS = {"pair": 0.99, "artist": 0.95, "title": 0.94}
PEER_QUERIES = 60
ACTS = frozenset({Verdict.CERTAIN, Verdict.SEVERAL})


def measure(names: Names, ear: Mishearing, count: int) -> dict[str, Any]:
    began = time.process_time()
    index = NameIndex(names.indexed)
    built = time.process_time() - began
    pairs = {pair_of(i) for i in names.indexed if i.artist}
    titles = {title_of(i) for i in names.indexed if i.kind in TITLES}
    performers = len(names.indexed) - sum(i.kind in TITLES for i in names.indexed)
    cells = {
        f"{what} {rate}": _cell(
            index, queries(names.present["evaluation"], what, count, (ear, rate))
        )
        for what in WHAT
        for rate in RATES
    }
    absent = {
        f"{what} {rate}": _absent(index, names, what, (ear, rate, count))
        for what in WHAT
        for rate in RATES[:2]
    }
    return {
        "distinct_pairs": len(pairs),
        "distinct_titles": len(titles),
        "artists": performers,
        "of_these_generated_works": names.generated,
        "build_cpu_seconds": round(built, 1),
        "index_mb": round(index.size_bytes / 1e6, 1),
        "cells": cells,
        "absent_wrongly_accepted": absent,
        "peer_brute_force": _peer(names, ear),
        "goals_met": {w: cells[f"{w} 0.3"]["acc_1"] >= goal for w, goal in GOALS.items()},
    }


def _cell(index: NameIndex, asked: list[Query]) -> dict[str, float]:
    first = five = acted = right = 0
    took: list[float] = []
    for query in asked:
        began = time.process_time()
        linked = index.link(query.sought)
        took.append(time.process_time() - began)
        texts = [_text(linked, n, query) for n in range(len(linked.candidates))]
        hit = bool(texts) and texts[0] == query.right
        first += hit
        five += query.right in texts
        acted += linked.verdict in ACTS
        right += hit and linked.verdict in ACTS
    n = len(asked)
    return {
        "acc_1": round(first / n, 4),
        "acc_5": round(five / n, 4),
        "coverage": round(acted / n, 4),
        "precision": round(right / max(1, acted), 4),
        "cpu_ms_p50": round(float(np.percentile(took, 50)) * 1e3, 2),
        "cpu_ms_p99": round(float(np.percentile(took, 99)) * 1e3, 2),
    }


def _text(linked: Linked, place: int, query: Query) -> str:
    item = linked.candidates[place].item
    if item.kind not in TITLES:
        return title_of(item)
    return pair_of(item).replace("\t", " ") if query.sought.artist else title_of(item)


def _absent(
    index: NameIndex, names: Names, what: str, noise: tuple[Mishearing, float, int]
) -> float:
    ear, rate, count = noise
    asked = [
        q
        for q in queries(names.absent["evaluation"], what, count, (ear, rate))
        if not is_known(index, q, what)
    ]
    wrong = sum(index.link(q.sought).verdict in ACTS for q in asked)
    return round(wrong / max(1, len(asked)), 4)


def is_known(index: NameIndex, query: Query, what: str) -> bool:
    """Return whether the catalogue has the right name although its artist was left out."""
    return what != "pair" and bool(index.kinds_of(query.right))


def right_of(weighed: Weighed, query: Query) -> bool:
    """Return whether the first candidate is the one asked for."""
    return bool(weighed.candidates) and weighed.candidates[0].text == query.right


def _peer(names: Names, ear: Mishearing) -> dict[str, float]:
    """Return the same for ``rapidfuzz.fuzz.ratio`` over all pairs, on a subset of the requests."""
    texts = sorted({pair_of(i).replace("\t", " ") for i in names.indexed if i.artist})
    asked = queries(names.present["evaluation"], "pair", PEER_QUERIES, (ear, 0.3))
    began = time.process_time()
    found = [
        process.extractOne(f"{q.sought.name} {q.sought.artist}", texts, scorer=fuzz.ratio)[0]
        for q in asked
    ]
    took = (time.process_time() - began) / len(asked)
    right = sum(f == q.right for f, q in zip(found, asked, strict=True))
    return {"pair_acc_1": round(right / len(asked), 3), "cpu_ms_mean": round(took * 1e3, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--absent", type=Path)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    said = parser.parse_args()
    works = read(said.names)
    names = split(works, read(said.absent) if said.absent else [], said.pairs)
    figures = measure(names, Mishearing(works), said.queries)
    print(json.dumps(figures) if said.json else _plain(figures))


def _plain(figures: dict[str, Any]) -> str:
    lines = [f"{k}: {v}" for k, v in figures.items() if k != "cells"]
    return "\n".join([*lines, *(f"{k}: {v}" for k, v in figures["cells"].items())])


if __name__ == "__main__":
    main()
