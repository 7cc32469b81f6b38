"""Do grants, segments and plays agree? A second count of the log, beside the ledger's, pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from antiphon.kernel import UnixMs
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
        self._grants: dict[str, tuple[int, UnixMs]] = {}
        self._sent: dict[str, int] = {}
        self._sent_since: UnixMs | None = None

    def add_sent(self, grant_id: str, ms: int, at: UnixMs) -> None:
        """Note that so much of a grant's song was sent, as the log was told at ``at``."""
        self._sent[grant_id] = self._sent.get(grant_id, 0) + ms
        if self._sent_since is None or at < self._sent_since:
            self._sent_since = at

    @property
    def unplayed(self) -> int:
        """Return to how many grants media was sent without a play that counts."""
        return len(self._sent.keys() - self._grants.keys())

    def add(self, report: PlayReport, song: SongTerms) -> None:
        """Count one report as the ledger should have."""
        mark = digest(report.grant_id)
        if Period.of(report.issued_at) != self._period or mark in self._counted:
            return
        needed = song.needed_at(report.issued_at)
        if refusal(report, needed) is not None:
            return
        self._counted.add(mark)
        usage = Usage(song.holder, report.song_id, report.territory, report.tier, report.use)
        self._plays[usage] = self._plays.get(usage, 0) + 1
        heard = heard_within_wall_time(report)
        self._grants[report.grant_id] = (needed, report.issued_at)
        who = (report.listener_id, report.device_id)
        day = (*who, report.issued_at // _DAY_MS)
        self._heard[day] = self._heard.get(day, 0) + heard
        if heard < needed + _BARELY_MS:
            self._bare[who] = self._bare.get(who, 0) + 1

    def report(
        self, ledger: Mapping[Usage, int], served: Mapping[str, int] | None = None
    ) -> list[Discrepancy]:
        """Return what does not fit.

        ``ledger`` holds the plays of the month's grants by usage. ``served`` tells how many
        milliseconds of segments each grant was sent, from access logs; without it, what the log was
        told counts, for grants since it was told at all. Plays to which less was sent than is
        needed are listed as ``segments``. Devices that heard more than a day holds, or stop a
        second after a play counts a hundred times, are listed too: they are paid until somebody
        decides otherwise.
        """
        found = [
            Discrepancy("ledger", "/".join(usage), self._plays.get(usage, 0), ledger.get(usage, 0))
            for usage in sorted(self._plays.keys() | ledger.keys())
            if self._plays.get(usage, 0) != ledger.get(usage, 0)
        ]
        sent, since = (self._sent, self._sent_since) if served is None else (served, UnixMs(0))
        if since is not None:
            found += [
                Discrepancy("segments", grant, needed, sent.get(grant, 0))
                for grant, (needed, issued_at) in sorted(self._grants.items())
                if issued_at >= since and sent.get(grant, 0) < needed
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
