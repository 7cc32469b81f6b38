"""Immersive masters as stereo: what every device gets of them."""

import importlib.util
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.audio import Rung
from antiphon.audio.scenes import SceneMaster, open_stereo
from antiphon.kernel import Corrupt
from antiphon.spatial import LoudspeakerFeed


def _by_path(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


masters = _by_path("masters")


async def test_an_adm_master_gets_a_ladder_of_stereo(house, tmp_path):
    scene, sound = masters.circling(), masters.music(2, 3.0)
    path = masters.write_adm(tmp_path / "a.wav", scene, sound)
    await house.add("one", path, scene="adm")
    async with house.working():
        (package,) = await house.complete("one")
    flac = package.rendition(Rung.FLAC)
    assert (flac.channels, flac.bit_depth, flac.samples) == (2, 24, len(sound))
    assert package.rendition(Rung.AAC_256).channels == 2
    feed = LoudspeakerFeed(scene, "0+2+0")
    wanted = np.concatenate((feed.render(sound), feed.tail()))
    made = (await house.pcm(flac)) * 2.0**-31
    assert np.abs(made - wanted).max() < 2.0**-22


def test_a_loud_scene_is_held_below_minus_one(tmp_path):
    path = masters.write_adm(
        tmp_path / "a.wav", masters.circling(8), masters.music(8, 2.0, level=0.3)
    )
    with open_stereo(str(path), "adm") as source:
        pcm = np.concatenate(list(source.chunks()))
    assert len(pcm) == 2 * masters.RATE
    assert 0.8 < np.abs(pcm * 2.0**-31).max() <= 10 ** (-1 / 20) + 2.0**-23


def test_flac_has_the_rear_of_seven_one_before_its_sides(tmp_path):
    silent = np.zeros((4800, 8), np.float32)
    silent += 0.01 * np.arange(1, 9, dtype=np.float32)
    wave = masters.write_wave(tmp_path / "a.wav", silent)
    flac = masters.write_flac(tmp_path / "a.flac", silent[:, [0, 1, 2, 3, 6, 7, 4, 5]])
    for path in (wave, flac):
        with SceneMaster(str(path), "0+7+0") as master:
            got = np.concatenate(list(master.blocks()))
        assert np.allclose(got, silent, atol=1e-6), path.suffix


def test_a_master_that_is_none_is_refused_by_name(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\x04\0\0\0WAVE")
    with pytest.raises(Corrupt, match="fmt"):
        open_stereo(str(path), "adm")


def test_memory_does_not_grow_with_length(tmp_path):
    peaks = []
    for seconds in (8, 40):
        scene = masters.circling(4, seconds)
        path = masters.write_adm(tmp_path / "a.wav", scene, masters.music(4, seconds))
        tracemalloc.start()
        with open_stereo(str(path), "adm") as source:
            for _ in source.chunks():
                pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3
