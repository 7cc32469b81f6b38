"""What a rule is: a number to look up, how binding it is, and a check that lists faults."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from antiphon.streaming.inspector.findings import Finding, Level, Outcome
from antiphon.streaming.inspector.presentation import Presentation

MUST, SHOULD = Level.MUST, Level.SHOULD

Faults = Sequence[str] | None
"""What breaks a rule, each with its place; empty: nothing; None: the rule is about other things."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``number`` is Apple's, or names the standard that it comes from."""

    number: str
    level: Level
    title: str
    advice: str
    check: Callable[[Presentation], Faults]

    def judge(self, presentation: Presentation) -> Finding:
        """Return what is to be said of ``presentation``."""
        faults = self.check(presentation)
        if faults is None:
            return Finding(self.number, self.level, self.title, Outcome.NOT_APPLICABLE)
        if not faults:
            return Finding(self.number, self.level, self.title, Outcome.PASS)
        return Finding(
            self.number, self.level, self.title, Outcome.FAIL, tuple(faults), self.advice
        )
