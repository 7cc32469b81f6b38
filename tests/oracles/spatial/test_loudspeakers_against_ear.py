"""Whole renderings, sample by sample, against the reference renderer of BS.2127."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from antiphon.spatial import LAYOUT_NAMES
from antiphon.spatial.masters import read_scene

from oracle_ear import ours  # isort: skip - beside this file
from scenes_by_chance import Chance, ambisonics, matrices, objects, speakers  # isort: skip

pytestmark = pytest.mark.oracles

CLOSE = 1e-6
REAL_FILES = [
    "eps/channels_mono_adm.wav",
    "eps/hoa_4ch_bwf_1stOrderAmbix.wav",
    "eps/jp_1_no_jump_position.wav",
    "eps/jp_2_jump_position_no_interpolate.wav",
    "eps/jp_3_jump_position_interpolate.wav",
    "eps/jp_4_zero_length.wav",
    "eps/nesting1b-same_for_directspeakers.wav",
    "eps/nesting5-1ao_with_1pf_with_2cf.wav",
    "test_bwf.wav",
]


@pytest.mark.parametrize("layout", LAYOUT_NAMES)
def test_moving_objects_with_every_parameter(distance, layout: str) -> None:
    scene = objects(LAYOUT_NAMES.index(layout), 12, seconds=Fraction(1, 2), rich=True)
    assert distance(scene, layout, Chance(1).audio(0.55, 12)) <= CLOSE


def test_many_plain_objects(distance) -> None:
    scene = objects(99, 118, seconds=Fraction(1, 2), rich=False)
    assert distance(scene, "4+7+0", Chance(2).audio(0.5, 118)) <= CLOSE


def test_loudspeakers_that_stand_elsewhere(distance) -> None:
    scene = objects(7, 8, seconds=Fraction(1, 2), rich=True)
    positions = {"M+SC": (38.0, 0.0), "M-SC": (-38.0, 0.0), "U+045": (31.0, 42.0)}
    audio = Chance(3).audio(0.5, 8)
    assert distance(scene, "4+9+0", audio, positions=positions) <= CLOSE


@pytest.mark.parametrize("layout", LAYOUT_NAMES)
def test_channels_meant_for_loudspeakers(distance, layout: str) -> None:
    scene = speakers(LAYOUT_NAMES.index(layout), 60)
    assert distance(scene, layout, Chance(4).audio(0.05, 60)) <= CLOSE


@pytest.mark.parametrize("layout", ["0+2+0", "4+7+0", "9+10+3"])
@pytest.mark.parametrize(("order", "normalization"), [(3, "SN3D"), (5, "N3D"), (3, "FuMa")])
def test_ambisonics(distance, layout: str, order: int, normalization: str) -> None:
    scene = ambisonics(order, normalization)
    assert distance(scene, layout, Chance(5).audio(0.25, (order + 1) ** 2)) <= CLOSE


def test_matrices_and_mixes_of_tracks(distance) -> None:
    assert distance(matrices(), "4+7+0", Chance(6).audio(0.2, 3)) <= CLOSE


@pytest.mark.parametrize("name", REAL_FILES)
def test_files_that_others_wrote(ear, spatial_data: Path, name: str) -> None:
    theirs = ear.render_adm(spatial_data / name, "4+7+0")
    with (spatial_data / name).open("rb") as opened:
        scene = read_scene(opened)[1]
    for told in (theirs.scene, scene):  # as the reference understands it, and as our reader does
        # on the reference's samples: it takes 2^15 - 1 for full scale, we take 2^15
        samples = ours(told, "4+7+0", theirs.audio)
        assert samples.shape == theirs.samples.shape
        assert np.abs(samples - theirs.samples).max() <= CLOSE
