"""The archive by the commands, and what enters it of each event that there is."""

import asyncio
import csv
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import antiphon.audio.events
import antiphon.catalog.events
import antiphon.identity.events
import antiphon.streaming.events
from antiphon.app.archiving import ARCHIVED, archiving, asked
from antiphon.app.cli import main
from antiphon.app.compose import open_installation
from antiphon.app.events_role import departures, retained_topics, topics_by_group
from antiphon.app.metrics import Metrics
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.archive import Pseudonyms, Span
from antiphon.archive.rules import DISGUISED, KEPT, LEFT_OUT, LISTENER
from antiphon.eventlog import Record, encode_event
from antiphon.identity.events import UserRemoved
from antiphon.kernel import AccountId, Event, ListenerId, SystemClock
from antiphon.streaming.events import TOPIC

ROBIN = ListenerId("r" * 24)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = Settings(data=str(tmp_path / "data"), archive_seconds=1)
    prepare_data(chosen)
    return chosen


def every_event() -> Iterator[type[Event]]:
    def below(base: type[Event]) -> Iterator[type[Event]]:
        for cls in base.__subclasses__():
            yield cls
            yield from below(cls)

    for cls in below(Event):
        if cls.__module__.startswith("antiphon.") and ".testing" not in cls.__module__:
            yield cls


def test_every_field_of_every_event_is_kept_disguised_or_left_out_on_purpose() -> None:
    known = KEPT | DISGUISED | LEFT_OUT | {LISTENER}
    unknown = {(cls.__name__, f.name) for cls in every_event() for f in fields(cls)}
    assert {pair for pair in unknown if pair[1] not in known} == set()
    assert not KEPT & (DISGUISED | LEFT_OUT | {LISTENER})


async def test_what_is_not_archived_yet_is_not_trimmed(settings: Settings) -> None:
    installation = open_installation(settings)
    try:
        assert "archive.plays" in retained_topics(topics_by_group(installation))[TOPIC]
    finally:
        await installation.close()


async def test_a_removed_user_leaves_no_key(settings: Settings) -> None:
    installation = open_installation(settings)
    try:
        names = Pseudonyms(installation.tables)
        assert (await names.keys([ROBIN]))[ROBIN] is not None
        event = UserRemoved(AccountId("a"), ROBIN)
        record = Record("identity", 0, 0, encode_event(event, clock=SystemClock()))
        await departures(installation).handler([(record, event)])
        assert (await names.keys([ROBIN]))[ROBIN] is None
    finally:
        await installation.close()


async def test_the_events_role_archives_by_itself(settings: Settings, tmp_path: Path) -> None:
    chosen = msgspec.structs.replace(settings, archive_seconds=0.2)
    installation, stop = open_installation(chosen), asyncio.Event()
    metrics = Metrics(tmp_path / "metrics", "events")
    running = [asyncio.create_task(t) for t in archiving(installation, metrics, stop)]
    try:
        event = UserRemoved(AccountId("a"), ROBIN)
        await installation.events.append("identity", [encode_event(event, clock=SystemClock())])
        async with asyncio.timeout(30):
            while await installation.events.lag("identity", group="archive.identity"):
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await asyncio.gather(*running)
        await installation.close()
    answer = await asked(chosen, "SELECT type, key, payload FROM events", Span(topic="identity"))
    assert answer.rows == [("identity.user_removed", None, "{}")]
    labels = {"group": "archive.identity"}
    assert metrics.registry.get_sample_value("antiphon_events_projected_total", labels) == 1


def test_the_commands_archive_and_answer(settings: Settings) -> None:
    async def tell() -> None:
        installation = open_installation(settings)
        song, listener = antiphon.streaming.events.SongId("s1"), ROBIN
        event = antiphon.streaming.events.PlayEnded(
            "g1", listener, "d", song, 1, 2, 45_000, "ended", issued_at=1_700_000_000_000
        )
        await installation.events.append(TOPIC, [encode_event(event, clock=SystemClock())])
        await installation.close()

    asyncio.run(tell())
    run = CliRunner().invoke
    done = run(main, ["events", "archive", "--data", settings.data])
    assert done.exit_code == 0, done.output
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        [topic, "1" if topic == TOPIC else "0"] for topic in ARCHIVED
    ]
    ask = ["events", "query", "SELECT song_id, heard_ms FROM plays", "--data", settings.data]
    assert list(csv.reader(run(main, ask).stdout.splitlines())) == [
        ["song_id", "heard_ms"],
        ["s1", "45000"],
    ]
    assert json.loads(run(main, [*ask, "--json"]).stdout) == {"song_id": "s1", "heard_ms": 45000}
    assert run(main, [*ask, "--since", "2999-01-01"]).stdout.splitlines() == ["song_id,heard_ms"]
    refused = run(main, ["events", "query", "SELECT", "--data", settings.data])
    assert refused.exit_code == 1
    assert "cannot be asked" in refused.output
