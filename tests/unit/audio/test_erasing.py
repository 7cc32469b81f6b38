"""Packages that are taken back, and the sound that goes with them."""

import hashlib
from dataclasses import dataclass

from antiphon.audio import PackageEraser, Rung

RATE = 44100


@dataclass(frozen=True)
class Key:
    kid: bytes
    key: bytes
    iv: bytes


class Keys:
    async def content_key(self, recording_id, rung):
        if recording_id != "locked":
            return None
        return Key(*(hashlib.md5(f"{rung}{part}".encode()).digest() for part in "kiv"))

    async def signalling(self, recording_id, rung):
        return ()


async def test_encrypted_objects_go_and_clear_ones_that_others_may_use_stay(
    house, tmp_path, make_pcm, wav
):
    sound = wav(tmp_path / "a.wav", make_pcm(RATE, RATE), RATE)
    await house.add("locked", sound)
    await house.add("open", sound, "other")
    async with house.working(keys=Keys()):
        locked, open_ = await house.complete("locked", "open")
        await house.settled()
    eraser = PackageEraser(house.tables, house.objects)
    assert [p.recording_id async for p in eraser.all_packages()] == ["locked", "open"]
    await eraser.erase(["locked", "open", "unknown"])
    await eraser.erase(["locked"])
    assert await house.packages.packages(["locked", "open"]) == [None, None]
    for rendition in locked.renditions:
        assert await house.objects.head(rendition.init_key) is None
        assert await house.objects.head(rendition.segment_key(0)) is None
    flac = open_.rendition(Rung.FLAC)
    assert await house.objects.head(flac.segment_key(0)) is not None
