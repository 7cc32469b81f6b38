"""Statements, their money and the audit log over HTTP, on a real ledger."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Request, Response
from litestar.testing import AsyncTestClient

from antiphon.kernel import AntiphonError, FixedClock, SongId, UnixMs, problem
from antiphon.rights import (
    AuditLog,
    Ledger,
    MoneyBook,
    Period,
    PlayReport,
    SongFacts,
    SongTerms,
    statement_routes,
)
from antiphon.storage import SetCell, open_tables

AUDIT = "rights_audit"
NOW = 1_763_900_000_000  # 2025-11-23
MONTH = "2025-11"
MINUTE = 60_000


class Songs:
    async def terms_of(self, song_ids):
        return [SongTerms("LABEL" if i.startswith("l") else "OTHER, Ltd.") for i in song_ids]


@dataclass
class Desk:
    client: AsyncTestClient
    ledger: Ledger
    audit: AuditLog
    tables: Any
    clock: FixedClock
    offset: int = 0

    async def play(self, *songs: str, territory: str = "fr", tier: str = "subscription") -> None:
        await self.ledger.begin()
        places = [(0, self._next(), self._report(song, territory, tier)) for song in songs]
        await self.ledger.apply(places)

    def _next(self) -> int:
        self.offset += 1
        return self.offset

    def _report(self, song: str, territory: str, tier: str) -> PlayReport:
        at = UnixMs(NOW - 10 * MINUTE)
        grant = f"grant{self.offset}"
        told = UnixMs(NOW)
        return PlayReport(
            grant, "l" * 24, "d" * 24, SongId(song), at, told, 2 * MINUTE, territory, tier, "stream"
        )


@dataclass
class Owner:
    account_id: str = "a" * 24


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    tables, clock = open_tables(f"lmdb:{tmp_path}"), FixedClock(NOW)
    ledger, audit = Ledger(tables, clock, Songs()), AuditLog(tables, clock, b"k" * 32)

    async def facts(ids):
        return {i: SongFacts(f"Title of {i}", "=Artist", "QZTST2600001", 180_000) for i in ids}

    def signed_in(request: Request) -> None:
        request.scope["user"] = Owner()

    def answer(_request: Request, error: AntiphonError) -> Response:
        status, body = problem(error)
        return Response(body, status_code=status)

    app = Litestar(
        statement_routes(ledger, MoneyBook(tables), audit, clock, facts=facts, guards=[]),
        before_request=signed_in,
        exception_handlers={AntiphonError: answer},
    )
    async with AsyncTestClient(app) as client:
        yield Desk(client, ledger, audit, tables, clock)
    await tables.close()


def money(**more):
    pool = {
        "territory": "fr",
        "tier": "subscription",
        "revenueMicros": 100_000_000,
        "shareMillionths": 600_000,
    }
    told = {"currency": "EUR", "senderId": "P1", "senderName": "House", "pools": [pool]}
    return told | {"rates": []} | more


async def test_a_month_is_told_by_holder_territory_and_tier_and_each_sums_to_the_same(desk):
    await desk.play("la", "la", "ob", "lb")
    await desk.play("la", territory="de", tier="free")
    await desk.client.put(f"/v1/rights/statements/{MONTH}/money", json=money())
    found = (await desk.client.get(f"/v1/rights/statements/{MONTH}")).json()
    assert (found["period"], found["closedAt"], found["hasMoney"]) == (MONTH, None, True)
    by_holder = {s["name"]: (s["plays"], s["micros"]) for s in found["holders"]}
    assert by_holder == {"LABEL": (4, 45_000_000), "OTHER, Ltd.": (1, 15_000_000)}
    for group in ("holders", "territories", "tiers"):
        assert sum(s["plays"] for s in found[group]) == 5
        assert sum(s["micros"] for s in found[group]) == 60_000_000
        assert sum(s["heardMs"] for s in found[group]) == 5 * 2 * MINUTE
    assert [s["name"] for s in found["holders"]] == ["LABEL", "OTHER, Ltd."]


async def test_months_say_which_are_closed_and_have_money(desk):
    await desk.ledger.close(Period.parse("2025-10"))
    await desk.client.put("/v1/rights/statements/2025-09/money", json=money())
    months = (await desk.client.get("/v1/rights/statements")).json()["data"]
    assert len(months) == 24
    assert [m["period"] for m in months[:3]] == ["2025-11", "2025-10", "2025-09"]
    assert [m["closedAt"] is not None for m in months[:3]] == [False, True, False]
    assert [m["hasMoney"] for m in months[:3]] == [False, False, True]
    assert months[-1]["period"] == "2023-12"


async def test_money_is_read_as_it_was_written_and_written_down(desk):
    url = f"/v1/rights/statements/{MONTH}/money"
    assert (await desk.client.get(url)).status_code == 404
    rate = {"holder": "LABEL", "microsPerPlay": 4000, "territory": "", "tier": "free"}
    told = money(rates=[rate])
    assert (await desk.client.put(url, json=told)).json() == told
    assert (await desk.client.get(url)).json() == told
    [entry] = await desk.audit.latest()
    assert (entry.action, entry.subject, entry.actor) == (
        "money_changed",
        MONTH,
        f"account {'a' * 24}",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "euro"},
        {"pools": [{"territory": "fr"}]},
        {"pools": money()["pools"] * 2},
        {"rates": [{"holder": "x", "microsPerPlay": -1}]},
        {"surplus": 1},
        {"pools": [money()["pools"][0] | {"shareMillionths": 1_000_001}]},
    ],
)
async def test_money_that_makes_no_sense_is_refused_and_nothing_is_written(desk, wrong):
    url = f"/v1/rights/statements/{MONTH}/money"
    answer = await desk.client.put(url, json=money(**wrong))
    assert answer.status_code in {400, 422}
    assert (await desk.client.get(url)).status_code == 404
    assert await desk.audit.latest() == []


async def test_a_holders_lines_are_a_table_without_formulas(desk):
    await desk.play("la", "ob", "lb")
    url = f"/v1/rights/statements/{MONTH}/holders/"
    answer = await desk.client.get(f"{url}OTHER,%20Ltd.")
    assert answer.headers["content-disposition"] == 'attachment; filename="2025-11-OTHER--Ltd-.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 1
    assert "ob" in rows[0].values()
    assert not any(value.startswith("=") for value in rows[0].values())
    assert (await desk.client.get(f"{url}nobody")).status_code == 404


@pytest.mark.parametrize("month", ["2025-13", "11-2025", "0000-01", "x"])
async def test_what_is_no_month_is_refused(desk, month):
    for path in (month, f"{month}/money", f"{month}/holders/x"):
        assert (await desk.client.get(f"/v1/rights/statements/{path}")).status_code == 400


async def test_the_audit_log_is_paged_from_its_end(desk):
    for n in range(1, 8):
        desk.clock.advance(seconds=1)
        await desk.audit.append("somebody", "did", f"thing {n}", {"n": str(n)})
    first = (await desk.client.get("/v1/rights/audit?limit=3")).json()
    assert [e["number"] for e in first["data"]] == [7, 6, 5]
    assert first["data"][0]["details"] == {"n": "7"}
    second = (await desk.client.get(f"/v1/rights/audit?limit=3&before={first['next']}")).json()
    assert [e["number"] for e in second["data"]] == [4, 3, 2]
    last = (await desk.client.get(f"/v1/rights/audit?limit=3&before={second['next']}")).json()
    assert ([e["number"] for e in last["data"]], last["next"]) == ([1], None)


async def test_an_altered_entry_is_found(desk):
    for n in range(3):
        await desk.audit.append("somebody", "did", f"thing {n}")
    whole = (await desk.client.get("/v1/rights/audit/check")).json()
    assert (whole["isWhole"], whole["entries"], whole["firstAltered"]) == (True, 3, None)
    key = b"0000000000000002"
    row = await desk.tables.read(AUDIT, key)
    altered = row.value("r", "v").replace(b"thing 1", b"thing 9")
    await desk.tables.mutate(AUDIT, key, [SetCell("r", "v", altered)])
    found = (await desk.client.get("/v1/rights/audit/check")).json()
    assert (found["isWhole"], found["entries"], found["firstAltered"]) == (False, 1, 2)
