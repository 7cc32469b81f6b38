"""The worker, on the embedded engines: what it makes, in which order, and what it survives."""

import asyncio

import numpy as np
import pytest

from antiphon.audio import (
    STEREO_RUNGS,
    RecordingReady,
    Rung,
    ready_channel,
)
from antiphon.audio.ladder import without_making
from antiphon.eventlog import EventTypes
from antiphon.kernel import Unavailable
from antiphon.storage import FileParts, in_workspace, open_workspace

RATE = 44100


async def test_a_song_gets_all_rungs_and_the_log_hears_of_it(house, tmp_path, make_pcm, wav):
    pcm = make_pcm(RATE * 8, RATE)
    await house.add("one", wav(tmp_path / "a.wav", pcm, RATE))
    async with house.working():
        (package,) = await house.complete("one")
        await house.settled()
    assert [r.rung for r in package.renditions] == list(STEREO_RUNGS)
    assert package.loudness.album_integrated == pytest.approx(package.loudness.integrated, abs=0.01)
    assert np.array_equal(await house.pcm(package.rendition(Rung.FLAC)), pcm)
    for rendition in package.renditions:
        sizes = [(await house.objects.head(rendition.segment_key(n))).size for n in range(2)]
        assert sizes == [s.size for s in rendition.segments]
        assert (await house.objects.head(rendition.init_key)).size == rendition.init_size
    async with house.log.subscribe("audio", group="test") as subscription:
        records = await subscription.poll()
    events = [EventTypes(RecordingReady).decode(r.envelope) for r in records]
    assert events[0] == RecordingReady("one", ("flac",))
    assert set(events[-1].rungs) == {"aac-64", "aac-128", "aac-256", "alac"}
    assert await house.jobs.status() == {"waiting": 0, "running": 0, "dead": 0}


async def test_the_first_rung_is_signalled(house, tmp_path, make_pcm, wav):
    path = wav(tmp_path / "a.wav", make_pcm(RATE, RATE), RATE)
    async with house.signals.subscribe(ready_channel("one")) as heard, house.working():
        await house.add("one", path, urgent=True)
        async with asyncio.timeout(20):
            assert await anext(heard) == b"flac"
        assert (await house.packages.package("one")).rendition(Rung.FLAC) is not None


async def test_all_songs_become_playable_before_any_gets_its_lossy_rungs(
    house, tmp_path, make_pcm, wav
):
    names = [f"song{n}" for n in range(5)]
    for number, name in enumerate(names):
        pcm = make_pcm(RATE * 2, RATE, seed=number)
        await house.add(name, wav(tmp_path / f"{name}.wav", pcm, RATE))
    async with house.working():
        await house.complete(*names)
    async with house.log.subscribe("audio", group="test") as subscription:
        records = await subscription.poll()
    events = [EventTypes(RecordingReady).decode(r.envelope) for r in records]
    assert all(event.rungs == ("flac",) for event in events[:5])
    assert len(events) == 10


async def test_what_someone_waits_for_passes_a_long_album(house, tmp_path, make_pcm, wav):
    long = wav(tmp_path / "long.wav", make_pcm(RATE * 60, RATE), RATE)
    short = wav(tmp_path / "short.wav", make_pcm(RATE * 3, RATE), RATE)
    async with house.working():
        await house.add("long", long, "slow")

        async def in_second_pass():
            package = await house.packages.package("long")
            return package is not None and (await house.jobs.status())["running"] == 1

        await house.until(in_second_pass)
        await asyncio.sleep(0.2)
        began = asyncio.get_running_loop().time()
        await house.add("short", short, "quick", urgent=True)

        async def playable():
            return await house.packages.package("short") is not None

        await house.until(playable)
        took = asyncio.get_running_loop().time() - began
        assert not (await house.packages.package("long")).complete
        assert took < 3  # 0.1 s on an idle machine
        await house.complete("long", "short")


async def test_songs_that_run_on_share_an_encoder_and_others_do_not(house, tmp_path, make_pcm, wav):
    pcm = make_pcm(RATE * 9, RATE)
    quiet_end = make_pcm(RATE * 2, RATE)
    quiet_end[-5000:] = 0
    parts = {"a": pcm[:150_001], "b": pcm[150_001:], "c": quiet_end, "d": pcm[:100_000]}
    for name, part in parts.items():
        await house.add(name, wav(tmp_path / f"{name}.wav", part, RATE))
    async with house.working():
        packages = dict(zip(parts, await house.complete(*parts), strict=True))
    lossy = {name: package.rendition(Rung.AAC_128) for name, package in packages.items()}
    assert lossy["a"].samples % 1024 == 0
    assert lossy["b"].cue_shift == lossy["a"].samples - 150_001
    assert lossy["d"].cue_shift == 0
    assert without_making(lossy["d"].prefix).endswith("/aac-128")
    assert lossy["a"].prefix.rsplit(".")[-1] == lossy["c"].prefix.rsplit(".")[-1]
    albums = {package.loudness.album_integrated for package in packages.values()}
    assert len(albums) == 1


async def test_a_broken_file_is_given_up_with_its_reason_and_the_rest_goes_on(
    house, tmp_path, make_pcm, wav
):
    good = wav(tmp_path / "good.wav", make_pcm(RATE, RATE), RATE)
    bad = tmp_path / "bad.flac"
    bad.write_bytes(b"fLaC" + bytes(1000))
    await house.add("bad", bad)
    await house.add("good", good)
    async with house.working():
        (package,) = await house.complete("good")
    assert len(package.renditions) == 5
    assert await house.packages.package("bad") is None
    assert "not audio" in await house.jobs.failure("bad") or "damaged" in await house.jobs.failure(
        "bad"
    )
    assert (await house.jobs.status())["dead"] == 1


async def test_a_file_that_moved_is_found_where_the_catalogue_says(house, tmp_path, make_pcm, wav):
    path = wav(tmp_path / "a.wav", make_pcm(RATE, RATE), RATE)
    await house.add("one", path)
    house.catalogue.paths["one"] = str(path.rename(tmp_path / "moved.wav"))
    async with house.working():
        await house.complete("one")


async def test_a_master_in_the_workspace_is_encoded_from_there(house, tmp_path, make_pcm, wav):
    workspace = open_workspace(f"file:{tmp_path / 'shared'}")
    sound = wav(tmp_path / "a.wav", make_pcm(RATE, RATE), RATE)
    await workspace.write("masters/r/a.wav", FileParts(sound))
    sound.unlink()
    await house.add("one", in_workspace("masters/r/a.wav"))
    async with house.working(workspace=workspace):
        [package] = await house.complete("one")
    assert package.rendition(Rung.FLAC).samples == RATE


async def test_ten_samples_get_all_rungs_and_no_loudness(house, tmp_path, make_pcm, wav):
    await house.add("one", wav(tmp_path / "a.wav", make_pcm(10, RATE), RATE))
    async with house.working():
        (package,) = await house.complete("one")
    assert package.loudness is None
    assert {r.samples for r in package.renditions} == {10}


class FullDisk:
    """Objects that can be read, but not stored for a while."""

    def __init__(self, objects, failures):
        self._objects = objects
        self.failures = failures

    async def put(self, key, data, *, create_only=False):
        if self.failures > 0:
            self.failures -= 1
            raise Unavailable("There is no space left on the disk.")
        return await self._objects.put(key, data, create_only=create_only)

    async def get(self, key, *, start=0, length=None):
        return await self._objects.get(key, start=start, length=length)


async def test_a_full_disk_leaves_nothing_half_visible_and_the_work_is_done_later(
    house, tmp_path, make_pcm, wav, monkeypatch
):
    monkeypatch.setattr("antiphon.audio.jobs._LONGEST_BACKOFF_MS", 400)
    disk = FullDisk(house.objects, failures=4)
    await house.add("one", wav(tmp_path / "a.wav", make_pcm(RATE * 7, RATE), RATE))
    async with house.working(objects=disk):
        await house.until(lambda: asyncio.sleep(0, disk.failures < 4))
        assert await house.packages.package("one") is None
        await house.complete("one")
    assert disk.failures == 0


async def test_stopping_in_the_middle_gives_the_job_back_at_once(house, tmp_path, make_pcm, wav):
    await house.add("long", wav(tmp_path / "a.wav", make_pcm(RATE * 60, RATE), RATE))
    async with house.working():

        async def playable():
            return await house.packages.package("long") is not None

        await house.until(playable)
        await asyncio.sleep(0.3)
    assert await house.jobs.status() == {"waiting": 1, "running": 0, "dead": 0}
    assert (await house.jobs.claim("other")).album_id == "album"


async def test_two_workers_do_not_do_the_same_song_twice(house, tmp_path, make_pcm, wav):
    names = [f"song{n}" for n in range(6)]
    for number, name in enumerate(names):
        pcm = make_pcm(RATE, RATE, seed=number)
        await house.add(name, wav(tmp_path / f"{name}.wav", pcm, RATE), f"album{number}")
    async with house.working(), house.working(name="other"):
        await house.complete(*names)
    async with house.log.subscribe("audio", group="test") as subscription:
        records = await subscription.poll()
    assert len(records) == 12
