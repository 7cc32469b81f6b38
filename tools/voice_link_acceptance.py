"""Fits the acceptance of ``antiphon.voice.linking``; prints constants for ``acceptance.py``.

``python tools/voice_link_acceptance.py TSV``: only artists of the tuning half are asked for, and
the tenth that is left out of the index plays the absent names. The threshold is the lowest that
wrongly accepts at most 1.2 % of the absent names and is right in 98.5 % of what it accepts.
"""

import sys
from pathlib import Path

import numpy as np
from bench.voice_link import is_known, right_of
from bench.voice_link_names import Mishearing, Names, queries, read, split
from sklearn.linear_model import LogisticRegression

from antiphon.voice.linking import NameIndex

COUNT = 500
RATES = (0.0, 0.3)


def observed(index: NameIndex, names: Names, what: str, ear: Mishearing) -> list[tuple]:
    """Return (features, right, absent) of each request."""
    seen = []
    for works, absent in ((names.present["tuning"], False), (names.absent["tuning"], True)):
        for rate in RATES:
            for query in queries(works, what, COUNT, (ear, rate)):
                if absent and is_known(index, query, what):
                    continue
                found = index.weigh(query.sought)
                if found.candidates:
                    right = right_of(found, query) and not absent
                    seen.append((found.evidence.features, right, absent))
    return seen


def fitted(seen: list[tuple]) -> str:
    x = np.array([features for features, _, _ in seen])
    right = np.array([r for _, r, _ in seen])
    absent = np.array([a for _, _, a in seen])
    model = LogisticRegression(C=10, max_iter=2000).fit(x, right)
    p = model.predict_proba(x)[:, 1]
    certain = next(
        t
        for t in np.arange(0.2, 1.0, 0.01)
        if (p[absent] >= t).mean() <= 0.012 and right[~absent][p[~absent] >= t].mean() >= 0.985
    )
    kept = (p[~absent] >= certain).mean()
    weights = ", ".join(f"{w:.3f}" for w in model.coef_[0])
    return f"Acceptance({model.intercept_[0]:.3f}, ({weights}), {certain:.2f})  # covers {kept:.3f}"


def main() -> None:
    works = read(Path(sys.argv[1]))
    names = split(works, [], 0)
    index, ear = NameIndex(names.indexed), Mishearing(works)
    one = observed(index, names, "artist", ear) + observed(index, names, "title", ear)
    print("ONE_NAME =", fitted(one))
    print("PAIR =", fitted(observed(index, names, "pair", ear)))


if __name__ == "__main__":
    main()
