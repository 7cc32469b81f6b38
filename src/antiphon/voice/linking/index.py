"""An inverted index of names: the few that share the rarest features of what was said."""

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from antiphon.voice.linking.spelling import features

_RAREST: Final = 28
_FEWEST: Final = 6
_POSTINGS: Final = 12_000
_NO_POSTINGS: Final = np.empty(0, np.int32)


class KeyIndex:
    """Distinct keys, found by likeness. Cosine of idf-weighted features, rows of length one."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Index these keys, which are distinct; takes about 60 us of CPU a key."""
        self.keys = keys
        lists: dict[str, array[int]] = {}
        for number, key in enumerate(keys):
            for feature in set(features(key)):
                lists.setdefault(feature, array("i")).append(number)
        self._postings = {f: np.frombuffer(ids, np.int32) for f, ids in lists.items()}
        self._weights = {
            f: float(np.log((len(keys) + 1) / (len(ids) + 1)) + 0.1) for f, ids in lists.items()
        }
        squares = np.zeros(len(keys))
        for feature, ids in self._postings.items():
            squares[ids] += self._weights[feature] ** 2
        self._norms: npt.NDArray[np.float64] = np.sqrt(np.maximum(squares, 1e-9))

    def nearest(self, key: str, count: int) -> list[int]:
        """Return the numbers of up to ``count`` keys that are most like this one, best first."""
        wanted = Counter(features(key))
        known = [f for f in wanted if f in self._postings]
        rarest = sorted(known, key=lambda f: len(self._postings[f]))[:_RAREST]
        while len(rarest) > _FEWEST and sum(len(self._postings[f]) for f in rarest) > _POSTINGS:
            rarest.pop()
        if not rarest:
            return []
        ids = np.concatenate([self._postings[f] for f in rarest])
        sizes = [len(self._postings[f]) for f in rarest]
        weights = np.repeat([self._weights[f] ** 2 for f in rarest], sizes)
        distinct, where = np.unique(ids, return_inverse=True)
        scores = np.bincount(where, weights) / self._norms[distinct]
        best = np.argsort(-scores, kind="stable")[:count]
        return [int(n) for n in distinct[best]]

    @property
    def bytes_held(self) -> int:
        """Return about how much memory the postings take."""
        return sum(ids.nbytes + 120 for ids in self._postings.values()) + self._norms.nbytes
