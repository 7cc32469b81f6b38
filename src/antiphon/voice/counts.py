"""How the room fares: turns by intent and outcome, what was left or silent, how long it took."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from antiphon.voice.answers import Answer

BOUNDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
"""Upper bounds of the histogram of a turn's time, seconds."""


@dataclass(slots=True)
class VoiceCounts:
    """Since the process began. ``turns`` counts by (intent, outcome or reason).

    ``corrected``: turns that said that the one before had it wrong. ``abandoned``: music that was
    left at once. ``silent``: turns that said "playing" while nothing sounded.
    """

    turns: Counter[tuple[str, str]] = field(default_factory=Counter)
    took: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0
    corrected: int = 0
    abandoned: int = 0
    silent: int = 0

    def count(self, answer: Answer, seconds: float) -> None:
        """Count a turn and how long it took."""
        intent = "none" if answer.reading is None else answer.reading.intent.value
        how = answer.outcome.value if answer.reason is None else answer.reason.value
        self.turns[intent, how] += 1
        at = next((n for n, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        self.took[at] += 1
        self.seconds += seconds

    def cumulated(self) -> list[tuple[str, float]]:
        """Return (upper bound, turns that took no longer), as histograms are told."""
        total, told = 0, []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.took, strict=True):
            total += count
            told.append((bound, float(total)))
        return told
