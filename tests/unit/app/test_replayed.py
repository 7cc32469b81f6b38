"""A statement exported from a log that was read again equals what was played, to the play.

Plays are made as players make them: granted over HTTP on the household's terms, told with
repetitions. Then the ledger is thrown away and made again from the log, by the feed that a server
runs; the month is closed and exported by the commands.
"""

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from click.testing import CliRunner

from antiphon.app import compose
from antiphon.app.accounts import ledger_of
from antiphon.app.cli import main
from antiphon.app.compose import Installation, open_installation
from antiphon.app.importing import label_import
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings, load_settings
from antiphon.audio import run_worker
from antiphon.identity import NewAccount, SignInDevice
from antiphon.kernel import FixedClock
from antiphon.rights import PLAYS, CommercialModel, LedgerFeed, Period, Terms
from antiphon.rights.accounting.ledger import EPOCHS, LEDGER, PERIODS
from antiphon.storage import DeleteRow
from antiphon.testing.label_messages import LabelDeal, LabelRelease, LabelTrack, release_message

RATE = 44_100
NOVEMBER = Period(2025, 11)
AT = 1_762_776_000_000  # 10 November 2025, noon
LABEL = "PADPIDA2026010101A"
PLACES = [
    (territory, model)
    for territory in ("de", "fr")
    for model in (CommercialModel.ADVERTISING, CommercialModel.SUBSCRIPTION)
]
# How often each song is played in each of those places; another is begun and left too soon.
OFTEN = {"QZTST2600801": (3, 1, 4, 2), "QZTST2600802": (2, 5, 1, 3)}
HEARD_MS, TOO_SHORT_MS = 1_500, 900  # of songs of two seconds: half is needed
MICROS = 1_000
USED = {"subscription": "SubscriptionModel", "advertising": "AdvertisementSupportedModel"}


@dataclass
class Shop:
    """An installation in November 2025, and one listener's player."""

    installation: Installation
    clock: FixedClock
    player: httpx.AsyncClient
    household: Any

    async def play(self, song: str, *, heard_ms: int, tellings: int) -> None:
        """Have a song granted, hear it, tell of its end so many times."""
        asked = await self.player.post("/v1/me/plays", json={"songId": song})
        grant = asked.raise_for_status().json()
        self.clock.advance(seconds=3)
        event = {"type": "ended", "positionMs": heard_ms, "at": self.clock.now()}
        for _ in range(tellings):
            url = f"/v1/me/plays/{grant['id']}/events"
            (await self.player.post(url, json={"events": [event]})).raise_for_status()
            self.clock.advance(seconds=1)


def make_release(folder: Path) -> LabelRelease:
    tracks = []
    (folder / "resources").mkdir(parents=True)
    for number, isrc in enumerate(OFTEN, 1):
        name = f"resources/{number}.flac"
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream("flac", rate=RATE, layout="mono")
            tone = np.sin(np.arange(2 * RATE) * 2 * np.pi * 220 * number / RATE)
            frame = av.AudioFrame.from_ndarray((tone * 8000).astype(np.int16)[None], "s16", "mono")
            frame.sample_rate = RATE
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
        tracks.append(LabelTrack(isrc, f"Song {number}", name))
    models = ("SubscriptionModel", "AdvertisementSupportedModel")
    return LabelRelease(tracks, deals=(LabelDeal(("FR", "DE"), models=models),), sender=LABEL)


@asynccontextmanager
async def opened(settings: Settings, clock: FixedClock, folder: Path) -> AsyncIterator[Shop]:
    """Take a delivery in, package it, and sign a listener in."""
    installation = open_installation(settings)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(installation.audio_worker("test"), stop))
    try:
        message = release_message("4.3", make_release(folder))
        await asyncio.to_thread((folder / "m.xml").write_bytes, message)
        assert (await label_import(installation).take(folder)).outcome == "accepted"
        owner = NewAccount("robin", "correct horse battery")
        account, tokens = await installation.identity.set_up(owner, SignInDevice())
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        transport = httpx.ASGITransport(app=installation.hot_routes())
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", headers=headers
        ) as player:
            yield Shop(installation, clock, player, account.household_id)
    finally:
        stop.set()
        await worker
        await installation.close()


async def listened(settings: Settings, clock: FixedClock, folder: Path) -> None:
    """Play in both countries on both plans, telling most plays more than once."""
    async with opened(settings, clock, folder) as shop:
        found = (await shop.installation.catalog.list_songs(limit=10)).items
        songs = {song.isrc: song.id for song in found}
        for place, (territory, model) in enumerate(PLACES):
            await shop.installation.rights.change_terms(shop.household, Terms(territory, model))
            clock.advance(seconds=1)
            await _prepared(shop, list(songs.values()))
            for isrc, often in OFTEN.items():
                for number in range(often[place]):
                    await shop.play(songs[isrc], heard_ms=HEARD_MS, tellings=1 + number % 3)
                await shop.play(songs[isrc], heard_ms=TOO_SHORT_MS, tellings=2)
        await _counted(shop.installation)


async def _prepared(shop: Shop, songs: list[str]) -> None:
    """Ask until every song has been packaged; these grants are never played."""
    async with asyncio.timeout(30):
        for song in songs:
            while (
                await shop.player.post("/v1/me/plays", json={"songId": song})
            ).status_code != 201:
                await asyncio.sleep(0.1)


async def _counted(installation: Installation) -> None:
    feed = LedgerFeed(installation.events, ledger_of(installation))
    async with installation.events.subscribe(PLAYS, group="ledger") as subscription:
        while await feed.step(subscription, wait=0.1):
            pass


async def replayed(settings: Settings) -> None:
    """Throw the ledger away, and make it again from the log's beginning."""
    installation = open_installation(settings)
    try:
        before = await ledger_of(installation).usage(NOVEMBER)
        for table in (LEDGER, EPOCHS, PERIODS):
            for row in await installation.tables.scan(table, limit=10_000):
                await installation.tables.mutate(table, row.key, [DeleteRow()])
        assert await ledger_of(installation).usage(NOVEMBER) == []
        await installation.events.rewind(PLAYS, group="ledger")
        await _counted(installation)
        assert await ledger_of(installation).usage(NOVEMBER) == before
    finally:
        await installation.close()


def expected() -> dict[tuple[str, str, str], int]:
    """Return how often each recording was played, by its ISRC, territory and plan."""
    return {
        (isrc, territory, model.value): often[place]
        for isrc, often in OFTEN.items()
        for place, (territory, model) in enumerate(PLACES)
    }


def money(file: Path) -> Path:
    """Write down as much for each pool as pays a thousand millionths for each play."""
    lines = ['currency = "EUR"']
    for place, (territory, model) in enumerate(PLACES):
        plays = sum(often[place] for often in OFTEN.values())
        lines += ["[[pools]]", f'territory = "{territory}"', f'tier = "{model.value}"']
        lines += [f"revenue_micros = {plays * MICROS * 2}", "share_millionths = 500_000"]
    file.write_text("\n".join(lines), "utf-8")
    return file


def test_a_statement_exported_from_a_replayed_log_is_exact_to_the_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(data=str(tmp_path / "data"))
    prepare_data(settings)
    clock = FixedClock(AT)
    with monkeypatch.context() as then:
        then.setattr(compose, "SystemClock", lambda: clock)
        asyncio.run(listened(settings, clock, tmp_path / "delivery"))
    asyncio.run(replayed(settings))

    def run(*words: str) -> str:
        result = CliRunner().invoke(main, [*words, "--data", str(tmp_path / "data")])
        assert result.exit_code == 0, result.output
        return result.output

    run("statements", "close", "2025-11")
    pools = str(money(tmp_path / "money.toml"))
    run("statements", "export", "2025-11", str(tmp_path / "out"), "--money", pools)
    (table,) = (tmp_path / "out").glob("*.csv")
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert {(r["isrc"], r["territory"], r["tier"]): int(r["plays"]) for r in rows} == expected()
    for row in rows:
        plays = int(row["plays"])
        assert (row["holder"], row["use"], row["played_in"]) == (
            LABEL,
            "on-demand-stream",
            "2025-11",
        )
        assert int(row["heard_ms"]) == plays * HEARD_MS
        assert (int(row["micros"]), row["currency"]) == (plays * MICROS, "EUR")
    (flat,) = (tmp_path / "out").glob("DSR_*.tsv")
    assert_states(flat.read_text("utf-8"))
    assert run("statements", "reconcile", "2025-11") == "Everything fits.\n"


def assert_states(flat: str) -> None:
    """Check every summary and every record of a flat file, and how many lines it says it has."""
    lines = [line.split("\t") for line in flat.splitlines()]
    summaries = {line[1]: line for line in lines if line[0] == "SY01.03"}
    assert {(s[6], s[4], s[8]) for s in summaries.values()} == {
        (territory, USED[model.value], str(sum(often[place] for often in OFTEN.values())))
        for place, (territory, model) in enumerate(PLACES)
    }
    records = [line for line in lines if line[0] == "SR02.01"]
    stated = {(r[3], summaries[r[1]][6], summaries[r[1]][7]): int(r[10]) for r in records}
    assert stated == expected()
    assert len(records) == len(expected())
    for record in records:
        assert record[11] == str(int(record[10]) * HEARD_MS // 1000)
        assert record[12] == f"0.{int(record[10]) * MICROS:06d}"
    assert lines[-1] == ["SRFO", str(len(lines)), str(len(PLACES))]
