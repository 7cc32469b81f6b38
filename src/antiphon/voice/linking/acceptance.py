"""Whether the best candidate is what was said: a calibrated probability from likeness alone.

The coefficients are those of a logistic regression that ``tools/voice_link_acceptance.py`` fits on
chart names (the tuning half of a split by hash of the artist), a tenth of them kept out of the
index as absent names, every other request with simulated mishearing of 30 % of its words.
"""

from dataclasses import dataclass
from math import exp

from antiphon.voice.linking.likeness import Evidence


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One regression and its two thresholds: above ``certain`` act, above ``likely`` ask."""

    bias: float
    weights: tuple[float, ...]
    certain: float
    likely: float = 0.15

    def probability(self, found: Evidence) -> float:
        """Return how probable it is that the candidate is what was meant (0..1)."""
        terms = zip(self.weights, found.features, strict=True)
        total = self.bias + sum(w * f for w, f in terms)
        return 1 / (1 + exp(-max(-50.0, min(50.0, total))))


ONE_NAME = Acceptance(-10.642, (-4.331, 3.891, 12.927, 9.978, -0.124, 2.047, 1.428, 0.134), 0.92)
PAIR = Acceptance(-16.863, (3.643, 7.795, 7.918, 12.176, -2.330, 2.643, 0.856, -0.089), 0.51)
