"""A scene for two ears: where sound comes from, what a turning head changes, what is left alone."""

from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from antiphon.spatial.ambisonics.third_order import encode
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.headphones import (
    AHEAD,
    BinauralFilters,
    EarConvolver,
    HeadphoneRenderer,
    HeadPose,
    diffuse_field_equalised,
    magls_filters,
    modelled_head,
)
from antiphon.spatial.masters import scene_of_ambisonics, scene_of_channels
from antiphon.spatial.scene import (
    CartesianPosition,
    DirectTrack,
    ObjectBlock,
    ObjectItem,
    PolarPosition,
    Scene,
)

Samples = NDArray[np.float32]
_LOW = signal.butter(4, [200, 1500], "band", fs=48_000, output="sos")


@cache
def _filters() -> BinauralFilters:
    return magls_filters(diffuse_field_equalised(modelled_head()))


def _object(azimuth: float = 0.0, elevation: float = 0.0, **block: object) -> ObjectItem:
    made = ObjectBlock(Fraction(0), None, PolarPosition(azimuth, elevation))
    return ObjectItem(track=DirectTrack(0), blocks=(replace(made, **block),))


def _scene(*items: ObjectItem, channels: int = 1) -> Scene:
    return Scene(items, channels, 48_000)


def _noise(seconds: float = 0.5, channels: int = 1) -> Samples:
    length = int(seconds * 48_000) // 512 * 512
    return np.random.default_rng(7).standard_normal((length, channels)).astype(np.float32) * 0.1


def _heard(scene: Scene, sound: Samples, pose: HeadPose = AHEAD, block: int = 256) -> Samples:
    renderer = HeadphoneRenderer(scene, _filters(), block)
    parts = [renderer.render(sound[n : n + block], pose) for n in range(0, len(sound), block)]
    return np.concatenate(parts)


def _levels(heard: Samples) -> list[float]:
    """Return the level of each ear in dB, past the beginning."""
    return [float(10 * np.log10(np.mean(heard[2_000:, ear] ** 2))) for ear in (0, 1)]


def test_sound_on_the_left_is_louder_and_earlier_in_the_left_ear() -> None:
    heard = _heard(_scene(_object(90.0)), _noise())
    louder, quieter = _levels(heard)
    assert louder - quieter > 6.0
    low = signal.sosfiltfilt(_LOW, heard[2_000:], axis=0)
    alike = signal.correlate(low[:, 1], low[:, 0], method="fft")
    later = np.argmax(alike) - (len(low) - 1)
    assert 20 <= later <= 45  # 0.42 to 0.94 ms


def test_sound_ahead_is_the_same_in_both_ears() -> None:
    left, right = _levels(_heard(_scene(_object(0.0)), _noise()))
    assert abs(left - right) < 0.2


@pytest.mark.parametrize("yaw", [-135.0, -60.0, 20.0, 90.0, 180.0])
def test_a_head_that_turns_hears_what_moves_the_other_way(yaw: float) -> None:
    turned = _heard(_scene(_object(30.0)), _noise(), HeadPose(yaw=yaw))
    moved = _heard(_scene(_object((30.0 - yaw + 180) % 360 - 180)), _noise())
    assert np.abs(turned[512:] - moved[512:]).max() < 1e-5


def test_the_sum_of_both_ears_follows_the_pose_from_left_to_right() -> None:
    differences = []
    for yaw in (-60.0, -30.0, 0.0, 30.0, 60.0):
        left, right = _levels(_heard(_scene(_object(0.0)), _noise(), HeadPose(yaw=yaw)))
        differences.append(left - right)
    assert differences == sorted(differences, reverse=True)
    assert differences[0] > 6.0
    assert differences[-1] < -6.0


def test_a_sudden_turn_makes_no_click() -> None:
    time = np.arange(48_000)[:, None] / 48_000
    tone = (0.5 * np.sin(2 * np.pi * 200 * time)).astype(np.float32)[: 256 * 180]
    renderer = HeadphoneRenderer(_scene(_object(90.0)), _filters())
    heard = np.concatenate(
        [
            renderer.render(tone[n : n + 256], HeadPose(yaw=0.0 if n < 20_000 else 180.0))
            for n in range(0, len(tone), 256)
        ]
    )
    steps = np.abs(np.diff(heard, n=2, axis=0))
    quiet = steps[2_000:18_000].max()
    assert steps[19_000:].max() < 12 * quiet


@pytest.mark.parametrize("block", [64, 128, 512])
def test_the_sound_does_not_depend_on_the_size_of_blocks(block: int) -> None:
    moving = tuple(
        ObjectBlock(Fraction(n, 20), Fraction(n + 1, 20), PolarPosition(n * 40.0 - 180, 20.0))
        for n in range(9)
    )
    scene = _scene(ObjectItem(track=DirectTrack(0), blocks=moving))
    sound = _noise()
    assert np.abs(_heard(scene, sound, block=block) - _heard(scene, sound)).max() < 1e-6


def test_filters_in_parts_equal_direct_convolution() -> None:
    rng = np.random.default_rng(3)
    taps = rng.standard_normal((2, 5, 700)).astype(np.float32)
    sound = rng.standard_normal((5, 64 * 40)).astype(np.float32)
    convolver = EarConvolver(taps, 64)
    made = np.concatenate(
        [convolver.push(sound[:, n : n + 64]) for n in range(0, sound.shape[1], 64)], axis=1
    )
    for ear in range(2):
        direct = sum(np.convolve(sound[c], taps[ear, c])[: sound.shape[1]] for c in range(5))
        assert np.abs(made[ear] - direct).max() < 1e-5 * np.abs(direct).max()


def test_what_the_master_keeps_off_ears_is_panned_in_stereo() -> None:
    sound = _noise()
    item = replace(_object(30.0), headphone="off")
    heard = _heard(_scene(item), sound)
    late = HeadphoneRenderer(_scene(item), _filters()).latency
    assert np.abs(heard[late:, 0] - sound[:-late, 0]).max() < 1e-6
    assert np.abs(heard[:, 1]).max() < 1e-6


def test_far_sources_bring_a_room_and_near_ones_none() -> None:
    click = np.zeros((20_480, 1), np.float32)
    click[0] = 1.0

    def tail(mode: str | None) -> float:
        heard = _heard(_scene(replace(_object(0.0), headphone=mode)), click)
        return float(np.sum(heard[1_500:] ** 2))

    assert tail(None) == tail("near") < 1e-9
    assert tail("far") > 3 * tail("mid") > 1e-4


def test_diffuse_sound_is_less_alike_in_both_ears() -> None:
    def likeness(diffuse: float) -> float:
        heard = _heard(_scene(_object(0.0, width=360.0, diffuse=diffuse)), _noise(1.0))[2_000:]
        return float(np.corrcoef(heard.T)[0, 1])

    assert likeness(1.0) < likeness(0.0) - 0.2


def test_a_wide_object_differs_less_between_the_ears() -> None:
    narrow = _levels(_heard(_scene(_object(90.0)), _noise()))
    wide = _levels(_heard(_scene(_object(90.0, width=180.0)), _noise()))
    assert abs(wide[0] - wide[1]) < abs(narrow[0] - narrow[1])


def test_cartesian_and_polar_points_agree() -> None:
    at = _object(0.0, position=CartesianPosition(-1.0, 0.0, 0.0), cartesian=True)
    assert np.allclose(
        _heard(_scene(at), _noise()), _heard(_scene(_object(90.0)), _noise()), atol=1e-6
    )


def test_stereo_is_widened_as_two_loudspeakers_ahead() -> None:
    sound = _noise(channels=2)
    sound[:, 1] = 0.0
    left, right = _levels(_heard(scene_of_channels(2, 48_000), sound))
    assert left - right > 2.0


def test_low_frequencies_reach_both_ears_alike() -> None:
    sound = np.zeros((len(_noise()), 6), np.float32)
    sound[:, 3] = _noise()[:, 0]
    left, right = _levels(_heard(scene_of_channels(6, 48_000), sound))
    assert abs(left - right) < 0.2


def test_an_ambisonic_master_is_turned_as_its_source() -> None:
    sound = _noise()
    field = scene_of_ambisonics(4, 48_000)
    gains = encode(np.array([[-1.0, 0.0, 0.0]]))[0, :4].astype(np.float32)
    left, right = _levels(_heard(field, sound * gains))
    assert left - right > 3.0
    turned = _levels(_heard(field, sound * gains, HeadPose(yaw=90.0)))
    assert abs(turned[0] - turned[1]) < 0.3


def test_a_muted_item_is_silent() -> None:
    assert not _heard(_scene(replace(_object(), mute=True)), _noise()).any()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SceneInvalid, match="44100"):
        HeadphoneRenderer(replace(_scene(_object()), sample_rate=44_100), _filters())
    renderer = HeadphoneRenderer(_scene(_object()), _filters())
    with pytest.raises(SceneInvalid, match="256 samples"):
        renderer.render(np.zeros((255, 1), np.float32))
    with pytest.raises(SceneInvalid, match="1 channels"):
        renderer.render(np.zeros((256, 2), np.float32))
    with pytest.raises(SceneInvalid, match="power of two"):
        HeadphoneRenderer(_scene(_object()), _filters(), 100)
