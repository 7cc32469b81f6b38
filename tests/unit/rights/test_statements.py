"""What is owed sums up, what was changed shows, and a second count agrees with the first."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.kernel import FixedClock, SongId, UnixMs
from antiphon.rights import (
    OWN_LIBRARY,
    AuditLog,
    Books,
    Period,
    PlayReport,
    Pool,
    Rate,
    Reconciliation,
    Sender,
    SongFacts,
    SongTerms,
    StatementTerms,
    Usage,
    UsageLine,
    draw_up,
    dsr,
    dsr_name,
    statement_csv,
)
from antiphon.rights.accounting.audit import AUDIT
from antiphon.rights.accounting.statements import largest_remainder
from antiphon.storage import DeleteRow, SetCell
from antiphon.testing.memory_tables import MemoryTables

NOVEMBER = Period(2025, 11)
AT = UnixMs(1_762_000_000_000)


def line(
    holder: str, song: str, plays: int, *, territory: str = "DE", tier: str = "t"
) -> UsageLine:
    usage = Usage(holder, song, territory, tier, "on-demand-stream")
    return UsageLine(usage, plays, plays * 60_000, "2025-11")


def owed(books: Books) -> dict[str, int]:
    return {statement.holder: statement.micros for statement in books.statements}


usages = st.builds(
    line,
    st.sampled_from(["a", "b", "c", OWN_LIBRARY]),
    st.sampled_from(["s1", "s2", "s3"]),
    st.integers(1, 10**9),
    territory=st.sampled_from(["DE", "FR"]),
    tier=st.sampled_from(["t", "u"]),
)
pools = st.lists(
    st.builds(
        Pool,
        st.sampled_from(["DE", "FR", "JP"]),
        st.sampled_from(["t", "u"]),
        st.integers(0, 10**15),
        st.integers(0, 10**6),
    ),
    unique_by=lambda p: (p.territory, p.tier),
)
rates = st.lists(st.builds(Rate, st.sampled_from(["a", "b"]), st.integers(0, 10**7)), max_size=2)


@given(st.lists(usages, max_size=12, unique_by=lambda u: u.usage), pools, rates)
def test_every_entry_and_all_accounts_balance_to_zero(
    lines: list[UsageLine], some: list[Pool], agreed: list[Rate]
) -> None:
    books = draw_up(NOVEMBER, lines, StatementTerms("EUR", tuple(some), tuple(agreed)))
    assert all(sum(p.micros for p in entry.postings) == 0 for entry in books.entries)
    balances = books.balances()
    assert sum(balances.values()) == 0
    assert all(v == 0 for name, v in balances.items() if name.startswith("pool/"))
    for holder, micros in owed(books).items():
        assert balances.get(f"holder/{holder}", 0) == micros
    assert owed(books).get(OWN_LIBRARY, 0) == 0
    assert books == draw_up(
        NOVEMBER, lines[::-1], StatementTerms("EUR", tuple(some[::-1]), tuple(agreed))
    )


@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_shares_sum_to_the_whole_and_are_off_by_less_than_one(
    total: int, weights: list[int]
) -> None:
    parts = largest_remainder(total, weights)
    whole = sum(weights)
    if not whole:
        assert not any(parts)
        return
    assert sum(parts) == total
    assert all(abs(p * whole - total * w) < whole for p, w in zip(parts, weights, strict=True))


def test_a_pool_is_shared_by_plays_and_a_rate_is_paid_beside_it() -> None:
    lines = [line("a", "s1", 1), line("b", "s2", 2), line("c", "s3", 10)]
    terms = StatementTerms("EUR", (Pool("DE", "t", 1000, 100_000),), (Rate("c", 7),))
    books = draw_up(NOVEMBER, lines, terms)
    assert owed(books) == {"a": 33, "b": 67, "c": 70}
    assert books.balances()["house/DE/t"] == 1000 - 170


def test_the_flat_file_counts_its_own_lines_and_cannot_be_broken_by_a_title() -> None:
    books = draw_up(
        NOVEMBER,
        [line("P1", "s1", 3), line("P1", "s2", 4, territory="FR")],
        StatementTerms("EUR", (Pool("DE", "t", 3_000_000, 500_000),)),
    )
    songs = {"s1": SongFacts("A\tB\nSRFO", "X", "USS1Z1412345", 61_000)}
    text = dsr(books.statements[0], songs, Sender("PADPIDA2008120501W", "House"), AT)
    rows = [row.split("\t") for row in text.split("\r\n")[:-1]]
    assert rows[-1] == ["SRFO", str(len(rows)), "2"]
    data = [row for row in rows if not row[0].startswith("#")]
    assert [row[0] for row in data] == ["HEAD", *["SY01.03"] * 2, *["SR02.01"] * 2, "SRFO"]
    assert data[0][8:10] == ["2025-11-01", "2025-11-30"]
    assert data[3][:9] == [
        "SR02.01",
        "1",
        "s1",
        "USS1Z1412345",
        "A B SRFO",
        "",
        "X",
        "",
        "PT0H1M1S",
    ]
    assert data[3][10:13] == ["3", "180", "1.500000"]
    name = dsr_name(books.statements[0], Sender("P/../2"), AT)
    assert "/" not in name
    assert name.endswith(".tsv")


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_cell_of_the_csv_is_a_formula(title: str) -> None:
    books = draw_up(NOVEMBER, [line("P1", "s1", 3)], StatementTerms("EUR"))
    text = statement_csv(books.statements[0], {"s1": SongFacts(title)})
    row = list(csv.reader(io.StringIO(text)))[1]
    assert row[3] == f"'{title}"


async def audit_of(tables: MemoryTables, entries: int = 5) -> AuditLog:
    log = AuditLog(tables, FixedClock(AT), b"k" * 32)
    for n in range(entries):
        await log.append("owner", "terms_changed", f"household-{n}", {"storefront": "DE"})
    return log


async def test_an_audit_log_that_nobody_touched_is_whole() -> None:
    log = await audit_of(MemoryTables())
    finding = await log.verify()
    assert (finding.entries, finding.first_altered) == (5, None)
    assert (await log.verify(expected_end=finding.end)).first_altered is None


@pytest.mark.parametrize("number", [1, 3, 5])
async def test_tampering_is_found_at_the_first_altered_entry(number: int) -> None:
    tables = MemoryTables()
    log = await audit_of(tables)
    key = f"{number:016d}".encode()
    row = await tables.read(AUDIT, key)
    assert row is not None
    altered = (row.value("r", "v") or b"").replace(b"DE", b"FR")
    await tables.mutate(AUDIT, key, [SetCell("r", "v", altered)])
    assert (await log.verify()).first_altered == number


@pytest.mark.parametrize("number", [1, 3])
async def test_a_removed_entry_is_found(number: int) -> None:
    tables = MemoryTables()
    log = await audit_of(tables)
    await tables.mutate(AUDIT, f"{number:016d}".encode(), [DeleteRow()])
    assert (await log.verify()).first_altered == number


async def test_a_removed_end_is_found_by_who_kept_it() -> None:
    tables = MemoryTables()
    log = await audit_of(tables)
    end = (await log.verify()).end
    await tables.mutate(AUDIT, b"%016d" % 5, [DeleteRow()])
    assert (await log.verify(expected_end=end)).first_altered == 5


async def test_a_chain_mended_without_the_secret_is_found() -> None:
    tables = MemoryTables()
    log = await audit_of(tables, 2)
    await tables.mutate(AUDIT, b"%016d" % 2, [DeleteRow()])
    forger = AuditLog(tables, FixedClock(AT), b"other" * 8)
    await forger.append("owner", "nothing", "nobody")
    assert (await log.verify()).first_altered == 2


def report(grant: str, heard: int = 45_000, after: int = 60_000) -> PlayReport:
    song = SongId("s1")
    end = UnixMs(AT + after)
    return PlayReport(grant, "l", "d", song, AT, end, heard, "DE", "t", "on-demand-stream")


def test_a_second_count_finds_what_the_ledger_lacks_and_what_was_never_sent() -> None:
    second = Reconciliation(NOVEMBER)
    for grant in ("a", "b", "b"):
        second.add(report(grant), SongTerms("P1"))
    usage = Usage("P1", "s1", "DE", "t", "on-demand-stream")
    assert second.report({usage: 2}, {"a": 45_000, "b": 50_000}) == []
    kinds = [(d.kind, d.expected, d.found) for d in second.report({usage: 1}, {"a": 45_000})]
    assert kinds == [("ledger", 2, 1), ("segments", 30_000, 0)]


def test_loops_of_thirty_seconds_and_days_longer_than_a_day_are_listed() -> None:
    second = Reconciliation(NOVEMBER)
    for n in range(100):
        second.add(report(f"g{n}", heard=30_000), SongTerms("P1"))
    second.add(report("long", heard=10**9, after=86_400_000), SongTerms("P1"))
    usage = Usage("P1", "s1", "DE", "t", "on-demand-stream")
    assert [d.kind for d in second.report({usage: 101})] == ["day_too_long", "barely_heard"]
