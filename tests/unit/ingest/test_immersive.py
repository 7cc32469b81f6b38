"""Immersive masters in the music folder: told by what is in them, one song with their stereo."""

import io
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from antiphon.ingest.model import FileRequest, FolderRequest
from antiphon.ingest.readers import ProcessReader
from antiphon.spatial import (
    Bw64Writer,
    DirectTrack,
    ObjectBlock,
    ObjectItem,
    PcmFormat,
    PolarPosition,
    Scene,
    adm_chunks,
)

RATE = 48000


def noise(channels: int, seconds: float) -> np.ndarray:
    return np.random.default_rng(7).normal(0, 0.05, (round(RATE * seconds), channels))


def adm(programme: str = "Orbit", *, azimuth: float = 90.0) -> Scene:
    block = ObjectBlock(Fraction(0), None, PolarPosition(azimuth, 0.0))
    item = ObjectItem(name="bee", track=DirectTrack(0), blocks=(block,))
    return Scene((item,), 1, RATE, programme)


def wave(channels: int, *, seconds: float = 1.0, chunks: dict[str, bytes] | None = None) -> bytes:
    file = io.BytesIO()
    with Bw64Writer(file, PcmFormat(channels, RATE, 24), chunks or {}) as writer:
        writer.write(noise(channels, seconds))
    return file.getvalue()


def info(**texts: str) -> bytes:
    parts = b""
    for name, text in texts.items():
        raw = text.encode() + b"\0"
        parts += name.encode() + len(raw).to_bytes(4, "little") + raw + b"\0" * (len(raw) % 2)
    return b"INFO" + parts


def flac_of_six() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as opened:
        stream = opened.add_stream("flac", rate=RATE, layout="5.1")
        stream.format = "s16"
        samples = (noise(6, 0.5) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="5.1")
        frame.rate, frame.pts = RATE, 0
        opened.mux([*stream.encode(frame), *stream.encode(None)])
    return out.getvalue()


async def only_song(desk: Any) -> Any:
    (song,) = await desk.songs()
    return song


async def test_an_adm_master_is_a_song_named_after_its_programme(desk: Any) -> None:
    (desk.music / "Bees").mkdir()
    (desk.music / "Bees" / "03 flight.wav").write_bytes(wave(1, chunks=adm_chunks(adm())))
    await desk.scan()
    song = await only_song(desk)
    assert (song.title, song.number, song.album_title) == ("Orbit", 3, "Bees")
    assert song.master.scene == "adm"
    assert song.immersive == song.master


async def test_what_info_says_goes_before_the_programme(desk: Any) -> None:
    told = info(INAM="Flight", IART="Ann", IPRD="Bees", ITRK="4", ISRC="QZABC2600001")
    chunks = {**adm_chunks(adm()), "LIST": told}
    (desk.music / "x.wav").write_bytes(wave(1, chunks=chunks))
    await desk.scan()
    song = await only_song(desk)
    assert (song.title, song.artists[0].name, song.album_title) == ("Flight", "Ann", "Bees")
    assert (song.number, song.isrc) == (4, "QZABC2600001")


async def test_a_programme_that_nobody_named_names_no_song(desk: Any) -> None:
    (desk.music / "02 Flight.wav").write_bytes(wave(1, chunks=adm_chunks(adm("Atmos_Master_01"))))
    await desk.scan()
    assert (await only_song(desk)).title == "Flight"


@pytest.mark.parametrize(
    ("name", "channels", "scene"),
    [
        ("film.wav", 6, "0+5+0"),
        ("film.wav", 8, "0+7+0"),
        ("film.wav", 12, "4+7+0"),
        ("film.wav", 16, "6+9+0"),
        ("wood_AmbiX.wav", 16, "ambisonics"),
        ("wood 1oa.wav", 4, "ambisonics"),
        ("film.wav", 2, ""),
        ("quad.wav", 4, ""),
    ],
)
async def test_channels_and_names_tell_what_a_master_without_adm_is(
    desk: Any, name: str, channels: int, scene: str
) -> None:
    (desk.music / name).write_bytes(wave(channels))
    await desk.scan()
    song = await only_song(desk)
    assert song.master.scene == scene
    assert (song.immersive is not None) == bool(scene)


async def test_a_flac_of_six_channels_is_an_immersive_master(desk: Any, making: Any) -> None:
    (desk.music / "film.flac").write_bytes(flac_of_six())
    await desk.scan()
    song = await only_song(desk)
    assert (song.master.scene, song.master.channels) == ("0+5+0", 6)


async def test_other_positions_of_the_same_samples_are_another_recording(desk: Any) -> None:
    (desk.music / "a.wav").write_bytes(wave(1, chunks=adm_chunks(adm())))
    (desk.music / "b.wav").write_bytes(wave(1, chunks=adm_chunks(adm(azimuth=-90.0))))
    await desk.scan()
    first, second = await desk.songs()
    assert first.recording_id != second.recording_id


async def test_a_faulty_master_is_reported_with_what_is_wrong(desk: Any) -> None:
    broken = {**adm_chunks(adm()), "axml": b"<ebuCoreMain><audioFormat"}
    (desk.music / "broken.wav").write_bytes(wave(1, chunks=broken))
    report = await desk.scan()
    assert [path.rpartition("/")[2] for path, _ in report.failed] == ["broken.wav"]
    assert "axml" in report.failed[0][1]


async def test_what_was_mended_is_noted(desk: Any) -> None:
    half, position = Fraction(1, 2), PolarPosition(90.0, 0.0)
    blocks = (ObjectBlock(Fraction(0), half, position), ObjectBlock(half, None, position))
    item = ObjectItem(name="bee", track=DirectTrack(0), blocks=blocks)
    chunks = adm_chunks(Scene((item,), 1, RATE, "Orbit"))
    overlapping, count = re.subn(
        rb'duration="00:00:00.5[^"]*"', b'duration="00:00:00.70000"', chunks["axml"]
    )
    assert count
    (desk.music / "late.wav").write_bytes(wave(1, chunks={**chunks, "axml": overlapping}))
    report = await desk.scan()
    assert not report.failed
    assert report.noted


async def test_a_reader_of_its_own_has_room_for_a_master(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wave(1, chunks=adm_chunks(adm())))
    reader = ProcessReader()
    (answer,) = await reader.read(FolderRequest(bytes(tmp_path), (FileRequest(b"a.wav"),)))
    await reader.stop()
    assert answer.sound is not None
    assert answer.sound.scene == "adm"


class TestBesideStereo:
    """One song: the ladder from the stereo file, the rooms from the master."""

    def stereo(self, desk: Any, making: Any, **tags: str) -> Path:
        path = desk.music / "Bees" / "03 Flight.flac"
        making.a_flac(path, seconds=1.0, title="Flight", **tags)
        return path

    def master(self, desk: Any, name: str = "03 Flight (Atmos).wav", seconds: float = 1.0) -> Path:
        path = desk.music / "Bees" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wave(1, seconds=seconds, chunks=adm_chunks(adm("Atmos_Master"))))
        return path

    async def both(self, desk: Any) -> Any:
        song = await only_song(desk)
        assert song.title == "Flight"
        assert song.master.path.endswith(".flac")
        assert song.immersive is not None
        assert song.immersive.path.endswith("(Atmos).wav")
        return song

    async def test_together_they_are_one_song(self, desk: Any, making: Any) -> None:
        self.stereo(desk, making, tracknumber="3")
        self.master(desk)
        report = await desk.scan()
        await self.both(desk)
        assert report.noted == []

    async def test_the_master_may_come_later(self, desk: Any, making: Any) -> None:
        self.stereo(desk, making, tracknumber="3")
        await desk.scan()
        before = await only_song(desk)
        self.master(desk)
        await desk.scan()
        assert (await self.both(desk)).id == before.id

    async def test_the_stereo_file_may_come_later(self, desk: Any, making: Any) -> None:
        self.master(desk)
        await desk.scan()
        before = await only_song(desk)
        assert before.master.scene == "adm"
        self.stereo(desk, making, tracknumber="3")
        await desk.scan()
        assert (await self.both(desk)).id == before.id

    async def test_without_its_stereo_file_the_song_is_the_master_again(
        self, desk: Any, making: Any
    ) -> None:
        flac = self.stereo(desk, making, tracknumber="3")
        self.master(desk)
        await desk.scan()
        before = await only_song(desk)
        flac.unlink()
        await desk.scan()
        song = await only_song(desk)
        assert song.id == before.id
        assert song.master == song.immersive
        assert song.master.scene == "adm"

    async def test_without_its_master_the_song_is_plain_again(self, desk: Any, making: Any) -> None:
        self.stereo(desk, making, tracknumber="3")
        master = self.master(desk)
        await desk.scan()
        master.unlink()
        await desk.scan()
        song = await only_song(desk)
        assert (song.title, song.immersive) == ("Flight", None)

    async def test_another_length_is_noted(self, desk: Any, making: Any) -> None:
        self.stereo(desk, making, tracknumber="3")
        self.master(desk, seconds=1.5)
        report = await desk.scan()
        await self.both(desk)
        ((path, note),) = report.noted
        assert path.endswith("(Atmos).wav")
        assert "0.500 s longer" in note

    async def test_another_number_is_another_song(self, desk: Any, making: Any) -> None:
        self.stereo(desk, making, tracknumber="4")
        self.master(desk)
        await desk.scan()
        assert len(await desk.songs()) == 2
