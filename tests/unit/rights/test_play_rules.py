"""What counts as a play by a label's or a release's own rule, and that counting again agrees."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.kernel import Conflict, FixedClock, Invalid, SongId, UnixMs
from antiphon.rights import (
    Ledger,
    Period,
    PlayReport,
    PlayRule,
    PlayRules,
    Reconciliation,
    SongTerms,
)
from antiphon.storage import open_tables

NOW = UnixMs(1_763_900_000_000)  # 2025-11-23
SECOND, DAY = 1000, 86_400_000
LABEL, RELEASE = "PADPIDA1", "release1"


@pytest.fixture
async def tables(tmp_path: Path):
    opened = open_tables(f"lmdb:{tmp_path}")
    yield opened
    await opened.close()


rules_of = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 300_000), st.integers(0, 10**6)),
    max_size=6,
    unique_by=lambda rule: rule[0],
).map(lambda some: tuple(PlayRule(UnixMs(a), b, c) for a, b, c in sorted(some)))


@given(rules_of, st.integers(0, 10**6), st.integers(0, 600_000))
def test_the_last_rule_that_had_begun_decides(rules, at, duration):
    begun = [rule for rule in rules if rule.since <= at]
    needed = SongTerms("x", 30_000, duration, rules).needed_at(UnixMs(at))
    if not begun:
        assert needed == 30_000
    elif duration:
        assert needed == min(begun[-1].needed_ms, duration * begun[-1].share_millionths // 10**6)
    else:
        assert needed == begun[-1].needed_ms


async def test_a_releases_rules_go_before_its_labels(tables):
    book = PlayRules(tables)
    label, release = PlayRule(NOW, 60 * SECOND), PlayRule(NOW, 5 * SECOND, 10**6)
    await book.add(LABEL, label, NOW)
    await book.add(RELEASE, release, NOW)
    asked = [(LABEL, RELEASE), (LABEL, "another"), ("nobody", "none"), None]
    assert await book.of(asked) == [(release,), (label,), (), ()]
    assert await book.everything() == [(LABEL, (label,)), (RELEASE, (release,))]


@pytest.mark.parametrize(
    "rule",
    [
        PlayRule(UnixMs(NOW - 1), 1000),
        PlayRule(NOW, -1),
        PlayRule(NOW, DAY + 1),
        PlayRule(NOW, 1000, 1_000_001),
        PlayRule(NOW, 1000, -1),
    ],
)
async def test_rules_for_the_past_or_beyond_reason_are_refused(tables, rule):
    with pytest.raises(Invalid):
        await PlayRules(tables).add(LABEL, rule, NOW)
    assert await PlayRules(tables).everything() == []


async def test_rules_only_follow_one_another(tables):
    book = PlayRules(tables)
    later = PlayRule(UnixMs(NOW + 2 * DAY), 1000)
    await book.add(LABEL, later, NOW)
    for since in (NOW, later.since):
        with pytest.raises(Invalid):
            await book.add(LABEL, PlayRule(UnixMs(since), 1000), NOW)
    with pytest.raises(Invalid):
        await book.add("", later, NOW)


async def test_two_who_add_at_once_do_not_lose_a_rule(tables, monkeypatch):
    book, real = PlayRules(tables), tables.check_and_mutate

    async def late(*args, **kwargs):
        monkeypatch.undo()
        await book.add(LABEL, PlayRule(NOW, 1000), NOW)
        return await real(*args, **kwargs)

    monkeypatch.setattr(tables, "check_and_mutate", late)
    with pytest.raises(Conflict):
        await book.add(LABEL, PlayRule(NOW, 2000), NOW)
    assert await book.of([(LABEL, "")]) == [(PlayRule(NOW, 1000),)]


class Songs:
    """One song of three minutes; a minute of it must be heard from the twentieth on."""

    rule = PlayRule(UnixMs(int(datetime(2025, 11, 20, tzinfo=UTC).timestamp() * 1000)), 60 * SECOND)

    async def terms_of(self, song_ids):
        return [SongTerms(LABEL, 30 * SECOND, 180 * SECOND, (self.rule,)) for _ in song_ids]


def report(grant: str, issued_at: int, heard_ms: int) -> PlayReport:
    told = UnixMs(issued_at + 200 * SECOND)
    return PlayReport(
        grant, "l", "d", SongId("song"), UnixMs(issued_at), told, heard_ms, "fr", "free", "stream"
    )


async def test_the_rule_of_the_grants_moment_counts_whenever_the_play_is_told(tables):
    before, after = Songs.rule.since - 1, Songs.rule.since
    reports = [
        report("a", before, 31 * SECOND),
        report("b", after, 31 * SECOND),
        report("c", after, 61 * SECOND),
        report("d", before, 61 * SECOND),
    ]
    ledger, second = Ledger(tables, FixedClock(NOW), Songs()), Reconciliation(Period(2025, 11))
    await ledger.apply([(0, n, told) for n, told in enumerate(reports)])
    (terms,) = await Songs().terms_of(["song"])
    for told in reports:
        second.add(told, terms)
    counted = await ledger.counted(Period(2025, 11))
    assert sum(counted.values()) == 3
    assert second.report(counted) == []
    assert await ledger.refusals(Period(2025, 11)) == {"too_short": 1}
