"""Do grants, segments and plays agree? A second count of the log, beside the ledger's, pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from antiphon.rights.accounting.model import Period, PlayReport, SongTerms, Usage
from antiphon.rights.accounting.rules import digest, heard_within_wall_time, refusal

_DAY_MS: Final = 24 * 3600 * 1000
_BARELY_MS: Final = 1000  # that close above what is needed
_MANY_BARE_PLAYS: Final = 100


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing that does not fit: its kind, of what, what was expected and what is there."""

    kind: str
    subject: str
    expected: int
    found: int


class Reconciliation:
    """Takes the reports of one month's grants, then compares."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._counted: set[bytes] = set()
        self._plays: dict[Usage, int] = {}
        self._heard: dict[tuple[str, str, int], int] = {}
        self._bare: dict[tuple[str, str], int] = {}
        self._grants: dict[str, int] = {}

    def add(self, report: PlayReport, song: SongTerms) -> None:
        """Count one report as the ledger should have."""
        mark = digest(report.grant_id)
        if Period.of(report.issued_at) != self._period or mark in self._counted:
            return
        if refusal(report, song.needed_ms) is not None:
            return
        self._counted.add(mark)
        usage = Usage(song.holder, report.song_id, report.territory, report.tier, report.use)
        self._plays[usage] = self._plays.get(usage, 0) + 1
        heard = heard_within_wall_time(report)
        self._grants[report.grant_id] = heard
        who = (report.listener_id, report.device_id)
        day = (*who, report.issued_at // _DAY_MS)
        self._heard[day] = self._heard.get(day, 0) + heard
        if heard < song.needed_ms + _BARELY_MS:
            self._bare[who] = self._bare.get(who, 0) + 1

    def report(
        self, ledger: Mapping[Usage, int], served: Mapping[str, int] | None = None
    ) -> list[Discrepancy]:
        """Return what does not fit.

        ``ledger`` holds the plays of the month's grants by usage. ``served`` tells how many
        milliseconds of segments each grant was sent, from access logs; without it that is not
        looked at. Devices that heard more than a day holds, or stop a second after a play counts
        a hundred times, are listed too: they are paid until somebody decides otherwise.
        """
        found = [
            Discrepancy("ledger", "/".join(usage), self._plays.get(usage, 0), ledger.get(usage, 0))
            for usage in sorted(self._plays.keys() | ledger.keys())
            if self._plays.get(usage, 0) != ledger.get(usage, 0)
        ]
        if served is not None:
            found += [
                Discrepancy("segments", grant, heard, served.get(grant, 0))
                for grant, heard in sorted(self._grants.items())
                if served.get(grant, 0) < heard
            ]
        found += [
            Discrepancy("day_too_long", f"{listener}/{device}", _DAY_MS, heard)
            for (listener, device, _), heard in sorted(self._heard.items())
            if heard > _DAY_MS
        ]
        found += [
            Discrepancy("barely_heard", f"{listener}/{device}", _MANY_BARE_PLAYS, count)
            for (listener, device), count in sorted(self._bare.items())
            if count >= _MANY_BARE_PLAYS
        ]
        return found
