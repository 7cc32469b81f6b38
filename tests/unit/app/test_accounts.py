"""From what streaming tells to the files that a rights holder gets, by the commands themselves."""

import asyncio
import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from antiphon.app.accounts import ledger_of
from antiphon.app.cli import main
from antiphon.app.compose import Installation, open_installation
from antiphon.app.events_role import retained_topics, topics_by_group
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings, load_settings
from antiphon.eventlog import encode_event
from antiphon.kernel import DeviceId, FixedClock, GrantId, ListenerId, SongId, UnixMs
from antiphon.rights import LedgerFeed, Rights, SongDeals
from antiphon.streaming.events import TOPIC, MediaSent, PlayEnded

AT = 1_762_000_000_000  # in November 2025
MONEY = """
currency = "EUR"
[[pools]]
territory = "home"
tier = "subscription"
revenue_micros = 10_000_000
share_millionths = 500_000
"""


def ended(grant: str, *, heard_ms: int = 45_000) -> PlayEnded:
    song, listener, device = SongId("s1"), ListenerId("l"), DeviceId("d")
    return PlayEnded(
        GrantId(grant), listener, device, song, heard_ms, AT, heard_ms, "ended", issued_at=AT
    )


async def told(settings: Settings, grants: list[str]) -> None:
    installation = open_installation(settings)
    try:
        await _delivered(installation)
        clock = FixedClock(UnixMs(AT + 60_000))
        events = [encode_event(ended(grant), clock=clock) for grant in grants]
        await installation.events.append(TOPIC, events)
        feed = LedgerFeed(installation.events, ledger_of(installation))
        async with installation.events.subscribe(TOPIC, group="ledger") as subscription:
            while await feed.step(subscription, wait=0):
                pass
    finally:
        await installation.close()


async def _delivered(installation: Installation) -> None:
    deals = SongDeals(deals=(), release_id="r", sender="PADPIDA1", changed_at=UnixMs(AT))
    rights = Rights(installation.tables, installation.clock)
    await rights.store.write_songs([(SongId("s1"), deals)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    settings = load_settings(data=str(tmp_path / "data"))
    prepare_data(settings)
    asyncio.run(told(settings, ["a", "b", "a"]))
    (tmp_path / "money.toml").write_text(MONEY, "utf-8")
    return tmp_path


def run(data: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*words, "--data", str(data / "data")])
    return result.exit_code, result.output


def test_a_month_is_closed_stated_reconciled_and_audited(data: Path) -> None:
    money, out = str(data / "money.toml"), data / "out"
    assert run(data, "statements", "export", "2025-11", str(out), "--money", money)[0] == 1
    status, text = run(data, "statements", "show", "2025-11", "--money", money)
    assert (status, "open" in text, "5.000000 EUR" in text) == (0, True, True)
    assert run(data, "statements", "close", "2025-11")[0] == 0
    status, text = run(data, "statements", "export", "2025-11", str(out), "--money", money)
    assert status == 0
    table = next(out.glob("*.csv"))
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert [(r["holder"], r["plays"], r["micros"]) for r in rows] == [("PADPIDA1", "2", "5000000")]
    assert next(out.glob("DSR_*.tsv")).read_text("utf-8").startswith("#HEAD\t")
    assert run(data, "statements", "reconcile", "2025-11") == (0, "Everything fits.\n")
    status, text = run(data, "audit", "verify")
    assert status == 0
    assert text.startswith("2 entries are whole")


def test_reports_are_sent_as_from_the_party_that_the_service_is(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTIPHON_PARTY_ID", "PADPIDA2026010102B")
    assert run(data, "statements", "close", "2025-11")[0] == 0
    words = ("statements", "export", "2025-11", str(data / "out"))
    assert run(data, *words, "--money", str(data / "money.toml"))[0] == 0
    (report,) = (data / "out").glob("DSR_PADPIDA1_PADPIDA2026010102B_*.tsv")
    assert "PADPIDA2026010102B" in report.read_text("utf-8")


def test_what_was_never_sent_is_named(data: Path) -> None:
    served = data / "served.csv"
    served.write_text("a,60000\n", "utf-8")
    status, text = run(data, "statements", "reconcile", "2025-11", "--served", str(served))
    assert (status, text) == (1, "segments b: expected 30000, found 0\n")


def test_a_month_that_is_none_is_refused_in_one_line(data: Path) -> None:
    status, text = run(data, "statements", "show", "2025-13")
    assert status == 1
    assert text.count("\n") == 1


async def test_the_log_keeps_plays_until_the_ledger_has_them(data: Path) -> None:
    installation = open_installation(load_settings(env={}, data=str(data)))
    try:
        assert "ledger" in retained_topics(topics_by_group(installation))[TOPIC]
    finally:
        await installation.close()


def test_a_labels_own_rule_is_added_shown_and_audited(data: Path) -> None:
    assert "30 s, or half" in run(data, "statements", "rules")[1]
    words = ("--seconds", "60", "--percent", "40", "--from", "2099-01-01")
    status, text = run(data, "statements", "rule", "PADPIDA1", *words)
    assert (status, "60 s or 40 %" in text) == (0, True)
    assert "PADPIDA1" in run(data, "statements", "rules")[1]
    assert "2099-01-01 00:00 UTC: 60 s, at most 40 %" in run(data, "statements", "rules")[1]
    assert run(data, "statements", "rule", "PADPIDA1", "--from", "2020-01-01")[0] == 1
    assert run(data, "audit", "verify")[1].startswith("1 entries are whole")


def test_plays_to_which_too_little_was_sent_are_named_by_what_the_log_was_told(data: Path) -> None:
    settings = load_settings(data=str(data / "data"))

    async def more() -> None:
        installation = open_installation(settings)
        sent = [
            MediaSent(GrantId(grant), ListenerId("l"), DeviceId("d"), SongId("s1"), ms)
            for grant, ms in (("a", 20_000), ("a", 20_000), ("b", 20_000), ("c", 60_000))
        ]
        clock = FixedClock(UnixMs(AT))
        await installation.events.append(TOPIC, [encode_event(e, clock=clock) for e in sent])
        await installation.close()

    asyncio.run(more())
    status, text = run(data, "statements", "reconcile", "2025-11")
    assert (status, text) == (1, "segments b: expected 30000, found 20000\n")
