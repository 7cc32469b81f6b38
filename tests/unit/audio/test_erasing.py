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


async def test_all_objects_of_a_sound_go_in_the_clear_and_encrypted(house, tmp_path, make_pcm, wav):
    pcm = make_pcm(RATE, RATE)
    await house.add("locked", wav(tmp_path / "a.wav", pcm, RATE))
    await house.add("open", wav(tmp_path / "b.wav", pcm[: RATE // 2], RATE), "other")
    await house.add("kept", wav(tmp_path / "c.wav", pcm[: RATE // 3], RATE), "third")
    async with house.working(keys=Keys()):
        locked, open_, kept = await house.complete("locked", "open", "kept")
        await house.settled()
    assert {bool(r.kid) for r in locked.renditions} == {True}
    assert {r.kid for r in (*open_.renditions, *kept.renditions)} == {""}
    # What was packaged for an album that has changed since has no row that names it any more.
    stale = f"media/{open_.content_hash[:2]}/{open_.content_hash}/aac-64.before/init.mp4"
    await house.objects.put(stale, b"of an album's first edition")
    eraser = PackageEraser(house.tables, house.objects)
    assert [p.recording_id async for p in eraser.all_packages()] == ["kept", "locked", "open"]
    await eraser.erase(["locked", "open", "unknown"])
    await eraser.erase(["locked"])
    assert await house.packages.packages(["locked", "open"]) == [None, None]
    left = [info.key async for info in house.objects.list("media")]
    assert {key.split("/")[2] for key in left} == {kept.content_hash}
    assert await house.objects.head(kept.rendition(Rung.FLAC).segment_key(0)) is not None
