"""What accounting speaks of: reports of plays, usage lines, periods, refusals."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Self

from antiphon.kernel import Invalid, SongId, UnixMs

OWN_LIBRARY: Final = "own-library"
"""The holder of songs that no label delivered: counted, never paid."""

_PERIOD = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z")
_DECEMBER: Final = 12
_MS: Final = 1000


class Refusal(StrEnum):
    """Why a report of a play does not count."""

    TOO_SHORT = "too_short"
    REPEATED = "repeated"
    TOO_LATE = "too_late"
    BEFORE_GRANT = "before_grant"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class PlayReport:
    """One telling of how a play went, with the terms that its signed grant fixed.

    ``told_at`` is the server's clock when it was told, ``issued_at`` when the grant was signed.
    """

    grant_id: str
    listener_id: str
    device_id: str
    song_id: SongId
    issued_at: UnixMs
    told_at: UnixMs
    heard_ms: int
    territory: str
    tier: str
    use: str


class PlayRule(NamedTuple):
    """How long must be heard of what was granted at ``since`` or later, by a label's deal.

    ``needed_ms``, but never more than ``share_millionths`` of the song's length, where known.
    """

    since: UnixMs
    needed_ms: int
    share_millionths: int = 500_000

    def needed_of(self, duration_ms: int) -> int:
        """Return how long must be heard of a song of this length (0: not known)."""
        if duration_ms <= 0:
            return self.needed_ms
        return min(self.needed_ms, duration_ms * self.share_millionths // 1_000_000)


@dataclass(frozen=True, slots=True)
class SongTerms:
    """What the ledger has to know of a song: who holds its rights, and how long counts as heard.

    ``rules`` are those of the deal, the earliest first; before the first, ``needed_ms`` holds.
    """

    holder: str = OWN_LIBRARY
    needed_ms: int = 30_000
    duration_ms: int = 0
    rules: tuple[PlayRule, ...] = ()

    def needed_at(self, issued_at: UnixMs) -> int:
        """Return how long must be heard for a grant of this moment."""
        for rule in reversed(self.rules):
            if rule.since <= issued_at:
                return rule.needed_of(self.duration_ms)
        return self.needed_ms


class Usage(NamedTuple):
    """What is counted apart: one song of one holder, in one territory, on one tier, for one use."""

    holder: str
    song_id: str
    territory: str
    tier: str
    use: str


@dataclass(frozen=True, slots=True)
class UsageLine:
    """How often that was played; ``played_in`` tells the month of plays that came late."""

    usage: Usage
    plays: int
    heard_ms: int
    played_in: str


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the month that ``2026-11`` names."""
        found = _PERIOD.match(text)
        if found is None or not int(found[1]):
            raise Invalid(f"{text!r} is no month: write it like 2026-11.")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, at: UnixMs) -> Self:
        """Return the month of an instant."""
        moment = datetime.fromtimestamp(at / _MS, UTC)
        return cls(moment.year, moment.month)

    def __str__(self) -> str:
        """Return it as ``2026-11``."""
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def following(self) -> "Period":
        """Return the next month."""
        if self.month == _DECEMBER:
            return Period(self.year + 1, 1)
        return Period(self.year, self.month + 1)

    @property
    def preceding(self) -> "Period":
        """Return the month before."""
        if self.month == 1:
            return Period(self.year - 1, _DECEMBER)
        return Period(self.year, self.month - 1)

    @property
    def days(self) -> list[str]:
        """Return its days as ``20261130``."""
        day = datetime(self.year, self.month, 1, tzinfo=UTC)
        found = []
        while day.month == self.month:
            found.append(f"{day:%Y%m%d}")
            day += timedelta(days=1)
        return found

    @property
    def end(self) -> UnixMs:
        """Return the instant at which the next month begins."""
        after = self.following
        return UnixMs(int(datetime(after.year, after.month, 1, tzinfo=UTC).timestamp()) * _MS)
