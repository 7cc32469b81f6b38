"""Renditions of immersive masters: measured after decoding, as players hear them."""

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from antiphon.audio import (
    CORE_SPATIAL_RUNGS,
    SPATIAL_RUNGS,
    Coding,
    Rung,
    SpatialKind,
    find_box,
    read_boxes,
    read_units,
)
from antiphon.audio.cmaf import opus_specific
from antiphon.audio.loudness import LoudnessMeter, channel_weight, loudness_of
from antiphon.catalog import Master, SourceFormat
from antiphon.spatial import FieldFeed, LoudspeakerFeed, bs2051_layout, default_filters

RATE = 48000
CHANNELS = {"ambisonics": 16, "binaural": 2, "5.1": 6, "7.1": 8, "7.1.4": 12}


def _by_path(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


masters = _by_path("masters")


async def decoded(house: Any, rendition: Any) -> np.ndarray:
    """Decode what is in the store as a player does: by the init section, trimmed by its edits."""
    init = await house.objects.get(rendition.init_key)
    assert len(init) == rendition.init_size
    coding = rendition.rung.coding
    context = av.CodecContext.create({Coding.OPUS: "libopus"}.get(coding, coding.value), "r")
    context.extradata = _extradata(init, coding)
    context.sample_rate = rendition.sample_rate
    parts = []
    for number, segment in enumerate(rendition.segments):
        data = await house.objects.get(rendition.segment_key(number))
        assert len(data) == segment.size
        for unit, _ in read_units(data):
            parts += [_samples(frame) for frame in context.decode(av.Packet(unit))]
    sound = np.concatenate(parts)
    _, edit = _edit(init)
    assert edit == (rendition.samples, rendition.priming)
    # FFmpeg's decoder of Opus drops by itself what OpusHead says that is to be dropped.
    first = 0 if coding is Coding.OPUS else rendition.priming
    return sound[first : first + rendition.samples]


def _samples(frame: Any) -> np.ndarray:
    packed = av.AudioResampler(format="flt", layout=frame.layout).resample(frame)[0]
    channels = len(frame.layout.channels) or frame.layout.nb_channels
    return (
        np.frombuffer(packed.planes[0], np.float32, frame.samples * channels)
        .reshape(-1, channels)
        .copy()
    )


def _edit(init: bytes) -> tuple[int, tuple[int, int]]:
    box = find_box(read_boxes(init), "moov/trak/edts/elst")
    count = int.from_bytes(box.body[4:8] if len(box.body) > 16 else box.body[:4], "big")
    fields = box.body[-12:]
    return count, (int.from_bytes(fields[:4], "big"), int.from_bytes(fields[4:8], "big"))


def _extradata(init: bytes, coding: Coding) -> bytes:
    if coding is Coding.FLAC:
        at = init.index(b"dfLa") + 12
        return init[at : at + 34]
    if coding is Coding.OPUS:
        box = find_box(read_boxes(init), "moov/trak/mdia/minf/stbl/stsd/Opus/dOps").body
        rate, gain = int.from_bytes(box[4:8], "big"), int.from_bytes(box[8:10], "big")
        skip = int.from_bytes(box[2:4], "big")
        numbers = (
            skip.to_bytes(2, "little") + rate.to_bytes(4, "little") + gain.to_bytes(2, "little")
        )
        return b"OpusHead\x01" + box[1:2] + numbers + box[10:]
    at = init.index(b"esds")
    body = init[at:]
    start = body.index(b"\x05\x80\x80\x80")
    return body[start + 5 : start + 5 + body[start + 4]]


def weights(kind: SpatialKind) -> list[float]:
    if kind is SpatialKind.BINAURAL:
        return [1.0, 1.0]
    name = {"5.1": "0+5+0", "7.1": "0+7+0", "7.1.4": "4+7+0"}[kind]
    found = [
        channel_weight(s.azimuth, s.elevation, is_lfe=s.is_lfe)
        for s in bs2051_layout(name).loudspeakers
    ]
    return [found[n] for n in (0, 1, 2, 3, 6, 7, 4, 5)] if kind is SpatialKind.SEVEN_ONE else found


def measured(sound: np.ndarray, weights: list[float]) -> tuple[float, float]:
    meter = LoudnessMeter(RATE, sound.shape[1], weights=weights)
    meter.push(sound)
    told = loudness_of(meter.finish())
    return told.integrated, told.true_peak


def to_ears(field: np.ndarray) -> np.ndarray:
    filters = default_filters(RATE)
    ears = [
        sum(np.convolve(field[:, c], filters.taps[ear, c]) for c in range(16)) for ear in (0, 1)
    ]
    return np.stack(ears, axis=1).astype(np.float32)


async def rendered(house: Any, path: Path, stereo: Path | None = None, *, everything: bool = True):
    """Have a song made of a master, with a stereo file of its own or without."""
    if stereo is None:
        await house.add("one", path, scene="adm")
        content_hash = "hashone"
    else:
        content_hash = "f" * 40
        house.catalogue.beside["one"] = Master(
            str(path), content_hash, SourceFormat.WAV, RATE, 2, 24, 0, "adm"
        )
        await house.add("one", stereo)
    async with house.working():
        await house.complete("one")
        await house.jobs.enqueue_spatial(
            "one", content_hash, str(path), "album", everything=everything
        )
        wanted = SPATIAL_RUNGS if everything else CORE_SPATIAL_RUNGS

        async def there() -> bool:
            package = await house.packages.package("one")
            return set(wanted) <= {r.rung for r in package.renditions}

        await house.until(there, seconds=400)
        await house.settled()
    return await house.packages.package("one")


class TestOneMaster:
    """An ADM master with two circling objects, beside a louder stereo file of its own."""

    @pytest.fixture
    def sound(self):
        return masters.music(2, 8.0, level=0.03)

    async def test_every_rendition_is_what_it_says(self, house, tmp_path, sound):
        scene = masters.circling()
        path = masters.write_adm(tmp_path / "a.wav", scene, sound)
        stereo = masters.write_wave(tmp_path / "b.wav", sound * np.float32(2.0))
        package = await rendered(house, path, stereo)
        target = package.loudness.integrated
        assert package.complete
        for rung in SPATIAL_RUNGS:
            rendition = package.rendition(rung)
            kind = rung.spatial_kind
            got = await decoded(house, rendition)
            assert got.shape == (len(sound), CHANNELS[kind]), rung
            assert sum(s.samples for s in rendition.segments) == len(sound)
            if kind is SpatialKind.AMBISONICS:
                loudness, peak = measured(to_ears(got), [1.0, 1.0])
            else:
                loudness, peak = measured(got, weights(kind))
            assert loudness == pytest.approx(target, abs=0.5), rung
            assert loudness + rendition.gain_db == pytest.approx(target, abs=0.5), rung
            assert peak <= -1.0, rung
        await self._bed_is_the_renderers(house, package, scene, sound)
        await self._field_is_the_renderers(house, package, scene, sound)
        await self._scene_tells_where_objects_are(house)

    async def _bed_is_the_renderers(self, house, package, scene, sound):
        feed = LoudspeakerFeed(scene, "0+7+0")
        wanted = np.concatenate((feed.render(sound), feed.tail()))[:, [0, 1, 2, 3, 6, 7, 4, 5]]
        got = await decoded(house, package.rendition(Rung.SEVEN_ONE_FLAC))
        gain = np.vdot(got, wanted) / np.vdot(wanted, wanted)
        assert np.abs(got / gain - wanted).max() < 2e-6

    async def _field_is_the_renderers(self, house, package, scene, sound):
        wanted = FieldFeed(scene).render(sound)
        got = await decoded(house, package.rendition(Rung.AMBISONICS_OPUS))
        for channel in range(16):
            if wanted[:, channel].std() > 1e-4:
                assert np.corrcoef(got[:, channel], wanted[:, channel])[0, 1] > 0.8, channel

    async def _scene_tells_where_objects_are(self, house):
        told = json.loads(gzip.decompress(await house.packages.scene("one", "f" * 40)))
        assert told["durationMs"] == 8000
        first = told["objects"][0]
        assert (first["name"], first["kind"]) == ("object 0", "object")
        times = [point[0] for point in first["track"]]
        assert times == sorted(times)
        assert len(times) <= 81
        at_two = next(p for p in first["track"] if p[0] >= 1900)
        assert np.hypot(at_two[1], at_two[2]) == pytest.approx(1.0, abs=0.05)


async def test_a_hot_master_is_limited_and_still_as_loud_as_its_stereo(house, tmp_path):
    sound = masters.music(2, 6.0, level=0.03)
    sound[RATE : RATE + 200] *= 12.0
    path = masters.write_adm(tmp_path / "a.wav", masters.circling(), sound)
    stereo = masters.write_wave(tmp_path / "b.wav", masters.music(2, 6.0, level=0.06))
    package = await rendered(house, path, stereo, everything=False)
    assert {r.rung for r in package.renditions if r.rung.spatial_kind} == set(CORE_SPATIAL_RUNGS)
    for rung in (Rung.BINAURAL_AAC, Rung.FIVE_ONE_AAC):
        loudness, peak = measured(
            await decoded(house, package.rendition(rung)), weights(rung.spatial_kind)
        )
        assert peak <= -1.0
        assert loudness == pytest.approx(package.loudness.integrated, abs=0.5)


@pytest.mark.parametrize(
    ("azimuth", "elevation", "lfe", "weight"),
    [
        (30, 0, False, 1.0),
        (0, 0, True, 0.0),
        (110, 0, False, 1.41),
        (-90, 0, False, 1.41),
        (135, 0, False, 1.0),
        (90, 45, False, 1.0),
        (60, 29, False, 1.41),
        (110, 30, False, 1.0),
    ],
)
def test_channels_count_by_where_they_are(azimuth, elevation, lfe, weight):
    assert channel_weight(azimuth, elevation, is_lfe=lfe) == weight


def test_ebu_3341_case_6_of_five_channels():
    t = np.arange(20 * RATE) / RATE
    levels = np.array([-28.0, -28.0, -24.0, -120.0, -30.0, -30.0])
    sine = np.sin(2 * np.pi * 1000 * t)[:, None] * 10 ** (levels / 20)
    five = [
        channel_weight(s.azimuth, s.elevation, is_lfe=s.is_lfe)
        for s in bs2051_layout("0+5+0").loudspeakers
    ]
    assert measured(sine.astype(np.float32), five)[0] == pytest.approx(-23.0, abs=0.1)


def test_seven_one_four_counts_height_by_one():
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.05, (8 * RATE, 12)).astype(np.float32)
    loud, _ = measured(noise, weights(SpatialKind.SEVEN_ONE_FOUR))
    mono, _ = measured(noise[:, :1], [1.0])
    assert loud == pytest.approx(mono + 10 * np.log10(9 + 2 * 1.41), abs=0.05)


def test_opus_says_the_same_in_mp4_as_in_ogg():
    head = b"OpusHead\x01\x10\x38\x01\x80\xbb\0\0\0\0\x02\x10\0" + bytes(range(16))
    body = opus_specific(head)
    assert body[:11] == bytes([0, 16, 1, 0x38, 0, 0, 0xBB, 0x80, 0, 0, 2])
    assert body[11:] == bytes([16, 0, *range(16)])
