"""What the inspector says: rules, findings, and a report for people or programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

_MOST_SHOWN = 5


class Level(StrEnum):
    """How binding a rule is (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class Outcome(StrEnum):
    """What became of one rule."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule and what was found: ``faults`` name places, ``advice`` says what to do."""

    number: str
    level: Level
    title: str
    outcome: Outcome
    faults: tuple[str, ...] = ()
    advice: str = ""

    @property
    def is_broken_must(self) -> bool:
        """Say whether players may refuse the stream for this."""
        return self.outcome is Outcome.FAIL and self.level is Level.MUST


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one source."""

    source: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Say whether no MUST is broken."""
        return not self.broken

    @property
    def broken(self) -> tuple[Finding, ...]:
        """Return the broken MUSTs."""
        return tuple(f for f in self.findings if f.is_broken_must)

    def finding(self, number: str) -> Finding:
        """Return what was found about the rule of that number."""
        return next(f for f in self.findings if f.number == number)

    def as_text(self) -> str:
        """Return the report for people: what is broken first, then the tally."""
        lines = [self.source, ""]
        broken = [f for f in self.findings if f.outcome is Outcome.FAIL]
        for finding in sorted(broken, key=lambda f: f.level is not Level.MUST):
            lines += _paragraph(finding)
        return "\n".join([*lines, self._tally()]) + "\n"

    def as_json(self) -> str:
        """Return the report for programs."""
        whole = {"source": self.source, "ok": self.ok, "findings": self.findings}
        return msgspec.json.encode(whole).decode()

    def _tally(self) -> str:
        count = Counter(f.outcome for f in self.findings)
        return (
            f"{len(self.findings)} rules: {count[Outcome.PASS]} pass, {count[Outcome.FAIL]} fail "
            f"({len(self.broken)} of them MUST), {count[Outcome.NOT_APPLICABLE]} not applicable."
        )


def _paragraph(finding: Finding) -> Sequence[str]:
    shown = [f"    {fault}" for fault in finding.faults[:_MOST_SHOWN]]
    if len(finding.faults) > _MOST_SHOWN:
        shown.append(f"    ... and {len(finding.faults) - _MOST_SHOWN} more")
    head = f"{finding.level} {finding.number}  {finding.title}"
    return [head, *shown, f"    -> {finding.advice}", ""]
