import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from antiphon.spatial import Renderer, SceneInvalid, bs2051_layout
from antiphon.spatial.rendering.decorrelation import decorrelation_filters
from antiphon.spatial.scene import (
    Bound,
    CartesianPosition,
    DirectTrack,
    HoaItem,
    MatrixTrack,
    MixTrack,
    ObjectBlock,
    ObjectItem,
    PolarPosition,
    PositionOffset,
    SilentTrack,
    SpeakerBlock,
    SpeakerItem,
    SpeakerPosition,
)

sys.path.insert(0, str(Path(__file__).parent))
from small_scenes import RATE, SEVEN, block, moving, rendered, scene

LEFT, RIGHT, CENTRE, LFE = range(4)
ONES = np.ones((RATE // 10, 1), np.float32)


def noise(samples: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(samples, channels)).astype(np.float32)


def busy_scene():
    rng = np.random.default_rng(4)
    items = [
        moving(
            *(
                block(
                    k / 50, (k + 1) / 50, rng.uniform(-180, 180), diffuse=0.4, width=20.0 * (k % 3)
                )
                for k in range(20)
            ),
            track=track,
        )
        for track in range(6)
    ]
    return scene(*items, channels=6)


def test_objects_of_every_kind_sound_the_same_in_blocks_of_any_size() -> None:
    frame = Fraction(1, 29)  # no whole number of samples
    in_cube = tuple(
        ObjectBlock(
            k * frame,
            (k + 1) * frame,
            CartesianPosition(0.3 * k - 1.0, 0.5, 0.2),
            cartesian=True,
            width=0.1 * k,
            jump=bool(k % 2),
            interpolation=Fraction(1, 100),
        )
        for k in range(7)
    )
    late = MatrixTrack(DirectTrack(1), 0.5, 3.0)
    item = ObjectItem(track=late, blocks=in_cube)
    sphere = HoaItem(
        tracks=tuple(map(DirectTrack, range(4))), orders=(0, 1, 1, 1), degrees=(0, -1, 0, 1)
    )
    busy = busy_scene()
    told = type(busy)((*busy.items, item, sphere), busy.channels, busy.sample_rate)
    audio = noise(RATE // 4, 6)
    whole = rendered(told, audio)
    for sizes in ([1] * 50, [511, 512, 513], [7] * 300, [256] * 40):
        assert np.array_equal(whole, rendered(told, audio, sizes))


@pytest.mark.parametrize("sizes", [[1] * 50, [511, 512, 513], [4096], [7] * 300, [0, 9000]])
def test_output_does_not_depend_on_the_size_of_blocks(sizes: list[int]) -> None:
    audio = noise(RATE // 4, 6)
    assert np.array_equal(rendered(busy_scene(), audio), rendered(busy_scene(), audio, sizes))


@pytest.mark.parametrize("diffuse", [0.0, 0.7])
def test_as_many_samples_come_out_as_went_in(diffuse: float) -> None:
    told = scene(moving(block(0, None, diffuse=diffuse)))
    for samples in (1, 300, 767, 5000):
        assert rendered(told, noise(samples)).shape == (samples, 12)


def test_a_source_in_front_sounds_from_the_centre_alone() -> None:
    out = rendered(scene(moving(block(0, None))), ONES)
    assert np.allclose(out[:, CENTRE], 1.0)
    assert np.abs(np.delete(out, CENTRE, axis=1)).max() == 0.0


def test_gains_ramp_over_a_block_that_follows_at_once() -> None:
    out = rendered(scene(moving(block(0, 0.01), block(0.01, 0.02, 30.0))), ONES)
    ramp = np.arange(480) / 480
    assert np.allclose(out[480:960, CENTRE], 1 - ramp, atol=1e-6)
    assert np.allclose(out[480:960, LEFT], ramp, atol=1e-6)
    assert np.abs(out[960:]).max() == 0.0


def test_gains_jump_where_the_block_says_so() -> None:
    out = rendered(scene(moving(block(0, 0.01), block(0.01, 0.02, 30.0, jump=True))), ONES)
    assert np.allclose(out[:480, CENTRE], 1.0)
    assert np.allclose(out[480:960, LEFT], 1.0)


def test_gains_ramp_only_for_the_interpolation_length() -> None:
    quick = block(Fraction(1, 100), Fraction(2, 100), 30.0, jump=True)
    quick = type(quick)(
        quick.start, quick.end, quick.position, jump=True, interpolation=Fraction(1, 1000)
    )
    out = rendered(scene(moving(block(0, Fraction(1, 100)), quick)), ONES)
    assert np.allclose(out[480:528, LEFT], np.arange(48) / 48, atol=1e-6)
    assert np.allclose(out[528:960, LEFT], 1.0)


def test_gains_do_not_ramp_across_a_gap() -> None:
    out = rendered(scene(moving(block(0, 0.01), block(0.02, 0.03, 30.0))), ONES)
    assert np.abs(out[480:960]).max() == 0.0
    assert np.allclose(out[960:1440, LEFT], 1.0)


def test_a_block_that_starts_between_samples_starts_at_the_next() -> None:
    out = rendered(scene(moving(block(Fraction(1001, 96000), None))), ONES)
    assert out[500, CENTRE] == 0.0
    assert out[501, CENTRE] == 1.0


def test_diffuse_sound_keeps_its_energy_and_its_place_in_time() -> None:
    pulse = np.zeros((4000, 1), np.float32)
    pulse[1000] = 1.0
    out = rendered(scene(moving(block(0, None, diffuse=1.0))), pulse)
    expected = decorrelation_filters(SEVEN)[CENTRE]
    assert np.allclose(out[1000 - 255 : 1000 + 257, CENTRE], expected, atol=1e-6)
    assert np.sum(out**2) == pytest.approx(1.0, abs=1e-5)


def test_decorrelation_filters_are_flat_and_differ() -> None:
    filters = decorrelation_filters(SEVEN)
    assert np.allclose(np.abs(np.fft.rfft(filters, axis=1)), 1.0)
    assert np.linalg.matrix_rank(filters) == len(filters)


def test_a_muted_object_contributes_no_energy() -> None:
    assert np.abs(rendered(scene(moving(block(0, None), mute=True)), ONES)).max() == 0.0


def test_gains_of_object_and_block_multiply() -> None:
    out = rendered(scene(moving(block(0, None, gain=0.5), gain=0.5)), ONES)
    assert np.allclose(out[:, CENTRE], 0.25)


def test_an_offset_moves_every_position() -> None:
    turned = PositionOffset(cartesian=False, first=-30.0)
    out = rendered(scene(moving(block(0, None), offset=turned)), ONES)
    assert np.allclose(out[:, RIGHT], 1.0)


def test_an_offset_in_other_coordinates_is_refused() -> None:
    told = scene(moving(block(0, None), offset=PositionOffset(cartesian=True, first=0.1)))
    with pytest.raises(SceneInvalid, match="coordinates"):
        rendered(told, ONES)


def test_tracks_are_mixed_delayed_and_scaled() -> None:
    track = MixTrack((MatrixTrack(DirectTrack(0), 0.5, 1.0), DirectTrack(1), SilentTrack()))
    item = ObjectItem(track=track, blocks=(block(0, None),))
    audio = noise(600, 2)
    out = rendered(scene(item, channels=2), audio, [5, 100])
    late = np.concatenate((np.zeros(48, np.float32), audio[:-48, 0]))
    assert np.allclose(out[:, CENTRE], 0.5 * late + audio[:, 1], atol=1e-6)


def test_a_labelled_channel_goes_to_its_loudspeaker() -> None:
    place = SpeakerPosition(False, Bound(77.0), Bound(0.0), Bound(1.0))
    told = SpeakerBlock(Fraction(0), None, place, ("LFE1",), gain=0.5)
    out = rendered(scene(SpeakerItem(track=DirectTrack(0), blocks=(told,))), ONES)
    assert np.allclose(out[:, LFE], 0.5)


def test_a_first_order_wave_from_the_left_is_loudest_on_the_left() -> None:
    item = HoaItem(
        tracks=tuple(map(DirectTrack, range(4))), orders=(0, 1, 1, 1), degrees=(0, -1, 0, 1)
    )
    audio = np.zeros((100, 4), np.float32)
    audio[:, :2] = 1.0
    power = (rendered(scene(item, channels=4), audio)[50] ** 2).tolist()
    assert SEVEN.labels[int(np.argmax(power))] == "M+090"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (moving(block(0, 0.02), block(0.01, 0.03)), "overlaps"),
        (moving(block(0, None), block(0.01, 0.03)), "overlaps"),
        (moving(block(0.02, 0.01)), "ends before it starts"),
        (moving(block(0, 2), end=Fraction(1)), "ends after its object"),
        (moving(block(0, 1), track=7), "channel 8 of 1"),
        (moving(block(0, 1, jump=True, interpolation=Fraction(2))), "longer than it"),
        (HoaItem(tracks=(DirectTrack(0),), orders=(1,), degrees=(2,)), "no harmonic"),
        (HoaItem(tracks=(DirectTrack(0),), orders=(), degrees=()), "an order and a degree"),
        (
            HoaItem(tracks=(DirectTrack(0),), orders=(4,), degrees=(0,), normalization="FuMa"),
            "up to order 3",
        ),
    ],
)
def test_a_scene_that_contradicts_itself_is_refused(item, why: str) -> None:
    with pytest.raises(SceneInvalid, match=why):
        Renderer(scene(item), SEVEN)


def test_audio_with_other_channels_than_the_scene_is_refused() -> None:
    with pytest.raises(SceneInvalid, match="the scene has 1 channels"):
        Renderer(scene(moving(block(0, None))), SEVEN).render(np.zeros((10, 2)))


def test_memory_stays_flat_in_length() -> None:
    blocks = [block(k, k + 1, 30.0 * (k % 12), diffuse=0.5) for k in range(40)]
    renderer = Renderer(scene(moving(*blocks)), bs2051_layout("0+5+0"))
    held = []
    for _ in range(40):
        renderer.render(np.zeros((RATE, 1), np.float32))
        held.append((renderer._pending.nbytes, len(renderer._moving._gains)))
    assert max(held[5:]) == max(held[20:])


def test_an_object_at_the_listener_is_everywhere() -> None:
    at_head = block(0, None)
    at_head = type(at_head)(at_head.start, None, PolarPosition(0.0, 0.0, 0.0))
    out = rendered(scene(moving(at_head)), ONES)
    assert np.delete(out[0], LFE).min() > 0.0
    assert np.sum(out[0] ** 2) == pytest.approx(1.0, abs=1e-5)
