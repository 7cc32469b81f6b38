"""A linear-chain conditional random field, served by numpy: the best ways to tag a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Tagging:
    """One way to tag a sentence; ``log_probability`` among all ways."""

    tags: tuple[str, ...]
    log_probability: float


@dataclass(frozen=True, slots=True)
class Tagger:
    """Weights of attributes and tags, shape (attributes, tags), and of a tag after a tag."""

    tags: tuple[str, ...]
    rows: Mapping[str, int]
    weights: Floats
    transitions: Floats

    def best(self, attributes: Sequence[Sequence[str]], count: int = 1) -> tuple[Tagging, ...]:
        """Return the likeliest ways to tag words with these attributes, likeliest first."""
        if not attributes:
            return (Tagging((), 0.0),)
        emissions = self._emissions(attributes)
        whole = _log_total(emissions, self.transitions)
        return tuple(
            Tagging(tuple(self.tags[t] for t in path), score - whole)
            for path, score in _best_paths(emissions, self.transitions, count)
        )

    def _emissions(self, attributes: Sequence[Sequence[str]]) -> Floats:
        rows = self.rows
        found = [[rows[a] for a in of if a in rows] for of in attributes]
        return np.array([self.weights[of].sum(axis=0) for of in found], np.float32)


def _log_total(emissions: Floats, transitions: Floats) -> float:
    """Return the logarithm of the sum over all paths."""
    ways = np.exp(transitions)
    total = 0.0
    state = emissions[0]
    for emission in emissions[1:]:
        top = float(state.max())
        total += top
        state = np.log(np.exp(state - top) @ ways) + emission
    top = float(state.max())
    return total + top + float(np.log(np.exp(state - top).sum()))


def _best_paths(
    emissions: Floats, transitions: Floats, count: int
) -> list[tuple[tuple[int, ...], float]]:
    """Return the best paths by Viterbi's algorithm with ``count`` ways kept at each tag."""
    size = len(transitions)
    scores = np.full((count, size), -np.inf, np.float32)
    scores[0] = emissions[0]
    back: list[Numbers] = []
    for emission in emissions[1:]:
        ways = (scores[:, :, None] + transitions).reshape(count * size, size)
        if count == 1:
            chosen = ways.argmax(axis=0)[None]
        else:
            chosen = np.argsort(-ways, axis=0, kind="stable")[:count]
        scores = np.take_along_axis(ways, chosen, axis=0) + emission
        back.append(chosen)
    flat = scores.reshape(-1)
    ends = np.argsort(-flat, kind="stable")[:count]
    return [(_path(back, int(end), size), float(flat[end])) for end in ends if flat[end] > -np.inf]


def _path(back: Sequence[Numbers], end: int, size: int) -> tuple[int, ...]:
    rank, tag = divmod(end, size)
    path = [tag]
    for chosen in reversed(back):
        rank, tag = divmod(int(chosen[rank, tag]), size)
        path.append(tag)
    return tuple(reversed(path))
