"""What was packaged in the clear is packaged anew once it is to be protected."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from antiphon.audio import STEREO_RUNGS, PackageEraser, Repackager
from antiphon.audio import jobs as audio_jobs
from antiphon.audio.ladder import without_making

RATE = 44100


@dataclass(frozen=True)
class Key:
    kid: bytes
    key: bytes
    iv: bytes


@dataclass
class Keys:
    """A vault in memory; ``protected`` may change at any moment."""

    protected: set[str] = field(default_factory=set)
    asked: int = 0
    deliver_at: int = 0
    deliver: Callable[[], Awaitable[None]] | None = None

    async def is_protected(self, recording_id):
        return recording_id in self.protected

    async def content_key(self, recording_id, rung):
        self.asked += 1
        if self.asked == self.deliver_at and self.deliver:
            self.protected.add(recording_id)
            await self.deliver()
        return self.made(rung) if recording_id in self.protected else None

    async def keys(self, recording_id, *, fresh=False):
        return (
            {rung: self.made(rung) for rung in STEREO_RUNGS}
            if recording_id in self.protected
            else {}
        )

    async def signalling(self, recording_id, rung):
        return ()

    def made(self, rung):
        return Key(*(hashlib.md5(f"{rung}{part}".encode()).digest() for part in "kiv"))


@pytest.fixture
def keys():
    return Keys()


@pytest.fixture
def repackager(house, keys):
    eraser = PackageEraser(house.tables, house.objects)
    return Repackager(eraser, keys, house.catalogue, house.jobs)


async def kids_stored(house):
    """Return for each object of a rung the key id in its place, or nothing."""
    infos = house.objects.list("media")
    folders = {without_making(info.key.rpartition("/")[0]).split("/")[3] async for info in infos}
    return {folder.partition(".")[2] for folder in folders}


async def test_what_was_in_the_clear_is_encrypted_and_nothing_of_it_stays(
    house, keys, repackager, tmp_path, make_pcm, wav
):
    await house.add("one", wav(tmp_path / "a.wav", make_pcm(RATE, RATE), RATE))
    await house.add("two", wav(tmp_path / "b.wav", make_pcm(RATE, RATE, seed=2), RATE), "other")
    async with house.working(keys=keys):
        one, two = await house.complete("one", "two")
        await house.settled()
        await repackager.renew(["one", "two", "unknown"])
        assert await house.packages.packages(["one", "two"]) == [one, two], "all is as wanted"
        keys.protected |= {"one", "two"}
        await repackager.renew(["one", "unknown"])
        one, same = await house.complete("one", "two")
        await house.settled()
        assert {r.kid for r in one.renditions} == {
            keys.made(rung).kid.hex() for rung in STEREO_RUNGS
        }
        assert same == two, "it was not asked for"
        assert await repackager.renew_all() == 1
        assert await repackager.renew_all() == 0
        await house.complete("one", "two")
        await house.settled()
    assert await kids_stored(house) == {keys.made(rung).kid.hex() for rung in STEREO_RUNGS}


@pytest.mark.parametrize("question", [2, 5, 8, 11])
async def test_what_becomes_protected_while_it_is_packaged_is_not_left_in_the_clear(
    house, keys, repackager, tmp_path, make_pcm, wav, monkeypatch, question
):
    """A label delivers when the worker asks for a key: before it begins, or before it tells."""
    monkeypatch.setattr(audio_jobs, "_LONGEST_BACKOFF_MS", 400)
    keys.deliver_at, keys.deliver = question, lambda: repackager.renew(["one"])
    await house.add("one", wav(tmp_path / "a.wav", make_pcm(RATE, RATE), RATE))

    async def encrypted():
        found = await house.packages.package("one")
        return found is not None and found.complete and all(r.kid for r in found.renditions)

    async with house.working(keys=keys):
        await house.until(encrypted)
        await house.settled()
    assert await kids_stored(house) == {keys.made(rung).kid.hex() for rung in STEREO_RUNGS}
