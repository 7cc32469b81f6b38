"""How sure the first of several candidates is. Pure.

Popularity never makes a name likely. It decides only between things that are called the same, and
only where one of them is far more popular; else the listener is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from antiphon.voice.model import Verdict

_CERTAIN: Final = 0.90
_LEAD: Final = 0.04
_LIKELY: Final = 0.80
_SAME: Final = 0.015
_FAR_MORE: Final = 4.0


@dataclass(frozen=True, slots=True)
class Rival:
    """A candidate: its name and whose it is, as keys; an artist is its own."""

    name: str
    by: str
    likeness: float
    popularity: float
    is_artist: bool


def verdict_of(found: Sequence[Rival], *, has_artist: bool) -> Verdict:
    """Return how sure the first is, among candidates in their order."""
    if not found or found[0].likeness < _LIKELY:
        return Verdict.ABSENT
    first = found[0]
    rivals = [r for r in found[1:] if _is_rival(first, r)]
    if not has_artist and any(not _stands_before(first, r) for r in rivals):
        return Verdict.SEVERAL
    if first.likeness >= 1.0:
        return Verdict.CERTAIN
    others = [r.likeness for r in found[1:] if r.name != first.name]
    lead = first.likeness - max(others, default=0.0)
    return Verdict.CERTAIN if first.likeness >= _CERTAIN and lead >= _LEAD else Verdict.LIKELY


def _is_rival(first: Rival, other: Rival) -> bool:
    """Return whether another of the same name may as well be meant: not what is by the same."""
    close = first.likeness - other.likeness <= _SAME
    return close and first.name == other.name and first.by != other.by


def _stands_before(first: Rival, other: Rival) -> bool:
    return first.popularity >= _FAR_MORE * max(other.popularity, 1.0)
