"""What charts, catalogue and audio know, joined to keep media; the report; the schedule."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.app.accounts import play_counts_of
from antiphon.app.capacity import capacity, report_lines
from antiphon.app.compose import Installation, open_installation
from antiphon.app.keeping import KeptMedia, plays_of
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings, load_settings
from antiphon.app.tiering import tier_rules
from antiphon.audio import Plays, Rung
from antiphon.catalog import (
    AlbumFacts,
    CatalogWriter,
    Master,
    Song,
    SongEntry,
    SourceFormat,
    album_id,
    credit,
    recording_id,
    song_id,
)
from antiphon.kernel import DurationMs, Invalid, SampleRateHz, UnixMs
from antiphon.rights import PlayReport
from antiphon.storage import StorageClass, TieredObjects

DAY_MS = 24 * 3_600_000


def song(number: int, sound: str) -> Song:
    recording, artist = recording_id(sound), credit("Ann")
    home = album_id("Alb", ["Ann"], folder="alb")
    length = DurationMs(180_000)
    master = Master(
        f"/music/{number}", sound, SourceFormat.WAV, SampleRateHz(44_100), 2, 16, length
    )
    return Song(
        id=song_id(recording, home, 1, number),
        recording_id=recording,
        title=str(number),
        artists=(artist,),
        album_id=home,
        album_title="Alb",
        album_artists=(artist,),
        disc=1,
        number=number,
        duration=length,
        master=master,
        added_at=UnixMs(1000),
    )


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    settings = Settings(
        data=str(tmp_path / "data"), objects_cold=f"file:{tmp_path}/cold", tiering_minutes=0.01
    )
    prepare_data(settings)
    opened = open_installation(settings)
    yield opened
    await opened.close()


async def test_a_recording_is_played_as_often_as_all_its_songs_in_the_days_that_count(
    installation: Installation,
) -> None:
    songs = [song(1, "ab01"), song(2, "ab01"), song(3, "ab03")]
    writer = CatalogWriter(installation.tables, installation.outbox)
    await writer.apply([SongEntry(s, AlbumFacts(artists=s.artists), None) for s in songs])
    now = installation.clock.now()
    told = [(songs[0], 2), (songs[1], 2), (songs[1], 40), (songs[2], 100)]
    reports = []
    for number, (played, days) in enumerate(told):
        begun = UnixMs(now - days * DAY_MS)
        ended = UnixMs(begun + 60_000)
        reports.append(
            PlayReport(f"g{number}", "l", "d", played.id, begun, ended, 60_000, "DE", "t", "stream")
        )
    counts = play_counts_of(installation)
    assert await counts.apply([(0, n, report) for n, report in enumerate(reports)]) == 4
    found = await plays_of(installation)
    assert found[songs[0].recording_id] == Plays(recent=2, idle_days=2)
    assert found[songs[2].recording_id] == Plays(recent=0, idle_days=100)


async def test_the_schedule_takes_turns_and_ends_when_told(installation: Installation) -> None:
    first, second = KeptMedia(installation), KeptMedia(installation)
    assert await first._is_our_turn(60)
    assert not await second._is_our_turn(60)
    stop = asyncio.Event()
    running = asyncio.create_task(first.run(stop))
    await asyncio.sleep(0.1)
    stop.set()
    async with asyncio.timeout(5):
        await running


async def test_the_report_is_for_people_too(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "data"), objects_cold=f"file:{tmp_path}/cold")
    prepare_data(settings)
    installation = open_installation(settings)
    await installation.objects.put("media/ab/ab01/flac/0.m4s", b"nobody's")
    await installation.objects.put("artwork/a/source", b"picture")
    await installation.close()
    report = await capacity(settings)
    assert report.media.kinds["orphans"].bytes == 8
    assert report.media.kinds["artwork"].count == 1
    assert set(report.free) == {"hot", "cold"}
    lines = "\n".join(report_lines(report))
    assert "orphans" in lines
    assert "free on its disk" in lines


def test_stores_and_rules_come_from_settings(tmp_path: Path) -> None:
    env = {
        "ANTIPHON_COLD_RUNGS": "flac,aac-128",
        "ANTIPHON_OBJECTS_COLD": f"file:{tmp_path}",
        "ANTIPHON_COLD_DAYS": "90",
    }
    settings = load_settings(env=env, data=str(tmp_path))
    rules = tier_rules(settings)
    assert (rules.cold_rungs, rules.cold_days) == ((Rung.FLAC, Rung.AAC_128), 90)
    with pytest.raises(Invalid, match="flac"):
        tier_rules(load_settings(env={"ANTIPHON_COLD_RUNGS": "alac"}, data=str(tmp_path)))
    with pytest.raises(Invalid, match="cold_rungs"):
        load_settings(env={"ANTIPHON_COLD_RUNGS": "opus"}, data=str(tmp_path))


async def test_what_is_warm_lies_hot_where_no_warm_store_is_named(
    installation: Installation,
) -> None:
    objects = installation.objects
    assert isinstance(objects, TieredObjects)
    assert objects.place(StorageClass.WARM) is StorageClass.HOT
    assert objects.place(StorageClass.COLD) is StorageClass.COLD
