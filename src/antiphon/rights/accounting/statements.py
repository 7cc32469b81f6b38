"""What is owed for a month: a double-entry journal in integer micro-units, pure.

Every entry's postings sum to zero, and every pool is empty in the end: revenue comes in from the
listeners, agreed rates and shares go out to holders, the rest stays with the house. A share is
rounded by largest remainder, ties in the order of the lines, so equal input gives equal output.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from antiphon.kernel import Invalid
from antiphon.rights.accounting.model import OWN_LIBRARY, Period, Usage, UsageLine

MILLION: Final = 1_000_000
_UNPAID_USES: Final = frozenset({"preview"})


@dataclass(frozen=True, slots=True)
class Pool:
    """What came in for one tier in one territory, and which part of it is shared by plays."""

    territory: str
    tier: str
    revenue_micros: int
    share_millionths: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What one holder is paid for each play instead of a share; empty text stands for any."""

    holder: str
    micros_per_play: int
    territory: str = ""
    tier: str = ""

    def covers(self, usage: Usage) -> bool:
        """Say whether these plays are paid by this rate."""
        return (
            self.holder == usage.holder
            and self.territory in {"", usage.territory}
            and self.tier in {"", usage.tier}
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """The money of a month, as the operator tells it."""

    currency: str
    pools: tuple[Pool, ...] = ()
    rates: tuple[Rate, ...] = ()

    def check(self) -> None:
        """Raise ``Invalid`` for figures that no statement can be drawn up by."""
        for pool in self.pools:
            if pool.revenue_micros < 0 or not 0 <= pool.share_millionths <= MILLION:
                raise Invalid(f"The pool {pool.territory}/{pool.tier} has impossible figures.")
        places = [(pool.territory, pool.tier) for pool in self.pools]
        if len(set(places)) < len(places):
            raise Invalid("Two pools are for the same territory and tier.")
        if any(rate.micros_per_play < 0 for rate in self.rates):
            raise Invalid("A rate cannot be negative.")


@dataclass(frozen=True, slots=True)
class Posting:
    """What one account gets; what it gives is negative."""

    account: str
    micros: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, and what it moved; the postings sum to zero."""

    what: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class StatementLine:
    """What one line of usage earned; ``played_in`` differs from the month where it came late."""

    usage: Usage
    plays: int
    heard_ms: int
    played_in: str
    micros: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What one holder is owed for a month, and for what."""

    period: Period
    holder: str
    currency: str
    lines: tuple[StatementLine, ...]

    @property
    def plays(self) -> int:
        """Return all plays."""
        return sum(line.plays for line in self.lines)

    @property
    def micros(self) -> int:
        """Return all that is owed, in millionths of the currency."""
        return sum(line.micros for line in self.lines)


@dataclass(frozen=True, slots=True)
class Books:
    """A month's statements and the journal behind them."""

    statements: tuple[Statement, ...]
    entries: tuple[Entry, ...]

    def balances(self) -> dict[str, int]:
        """Return what each account ends with; they sum to zero."""
        found: dict[str, int] = {}
        for entry in self.entries:
            for posting in entry.postings:
                found[posting.account] = found.get(posting.account, 0) + posting.micros
        return dict(sorted(found.items()))


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Divide ``total`` by ``weights`` into whole parts that sum to it; all zero for no weight."""
    whole = sum(weights)
    if not whole:
        return [0 for _ in weights]
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[:left]:
        parts[i] += 1
    return parts


def draw_up(period: Period, usage: Iterable[UsageLine], terms: Terms) -> Books:
    """Return the books of a month; plays of the own library and previews are owed nothing."""
    terms.check()
    lines = sorted(usage, key=lambda line: (line.usage, line.played_in))
    pools = {(pool.territory, pool.tier): pool for pool in terms.pools}
    by_pool: dict[tuple[str, str], list[UsageLine]] = {place: [] for place in pools}
    for line in lines:
        by_pool.setdefault((line.usage.territory, line.usage.tier), []).append(line)
    entries: list[Entry] = []
    stated: list[StatementLine] = []
    for (territory, tier), some in sorted(by_pool.items()):
        pool = pools.get((territory, tier), Pool(territory, tier, 0, 0))
        paid = _paid(pool, some, terms.rates)
        stated += paid
        entries += _entries(pool, paid)
    return Books(_statements(period, stated, terms.currency), tuple(entries))


def _paid(pool: Pool, lines: Sequence[UsageLine], rates: Sequence[Rate]) -> list[StatementLine]:
    fixed = [_rate(line.usage, rates) for line in lines]
    shared = pool.revenue_micros * pool.share_millionths // MILLION
    weights = [
        line.plays if rate is None and _is_paid(line.usage) else 0
        for line, rate in zip(lines, fixed, strict=True)
    ]
    parts = largest_remainder(shared, weights)
    return [
        StatementLine(
            line.usage,
            line.plays,
            line.heard_ms,
            line.played_in,
            part if rate is None else rate * line.plays,
        )
        for line, rate, part in zip(lines, fixed, parts, strict=True)
    ]


def _rate(usage: Usage, rates: Sequence[Rate]) -> int | None:
    """Return the rate per play, the most exact one first; None where plays share the pool."""
    if not _is_paid(usage):
        return None
    fitting = [rate for rate in rates if rate.covers(usage)]
    if not fitting:
        return None
    return max(fitting, key=lambda r: (bool(r.territory), bool(r.tier))).micros_per_play


def _is_paid(usage: Usage) -> bool:
    return usage.holder != OWN_LIBRARY and usage.use not in _UNPAID_USES


def _entries(pool: Pool, paid: Sequence[StatementLine]) -> list[Entry]:
    name = f"{pool.territory}/{pool.tier}"
    by_holder: dict[str, int] = {}
    for line in paid:
        by_holder[line.usage.holder] = by_holder.get(line.usage.holder, 0) + line.micros
    entries = [_moved("revenue", f"listeners/{name}", f"pool/{name}", pool.revenue_micros)]
    for holder, micros in sorted(by_holder.items()):
        entries.append(_moved("royalties", f"pool/{name}", f"holder/{holder}", micros))
    left = pool.revenue_micros - sum(by_holder.values())
    entries.append(_moved("remainder", f"pool/{name}", f"house/{name}", left))
    return [entry for entry in entries if entry.postings[0].micros]


def _moved(what: str, giver: str, taker: str, micros: int) -> Entry:
    return Entry(what, (Posting(giver, -micros), Posting(taker, micros)))


def _statements(
    period: Period, stated: Sequence[StatementLine], currency: str
) -> tuple[Statement, ...]:
    by_holder: dict[str, list[StatementLine]] = {}
    for line in sorted(stated, key=lambda s: (s.usage, s.played_in)):
        by_holder.setdefault(line.usage.holder, []).append(line)
    return tuple(
        Statement(period, holder, currency, tuple(lines)) for holder, lines in by_holder.items()
    )
