"""Where things are over time: as the master says, and no more points than are asked for."""

from fractions import Fraction

import numpy as np
import pytest

from antiphon.spatial import (
    DirectTrack,
    HoaItem,
    ObjectBlock,
    ObjectItem,
    PolarPosition,
    Scene,
    motion_of,
    scene_of_ambisonics,
    scene_of_channels,
)


def track_of(*blocks: ObjectBlock) -> tuple[tuple[int, float, float, float], ...]:
    item = ObjectItem(name="bee", track=DirectTrack(0), blocks=blocks)
    (motion,) = motion_of(Scene((item,), 1, 48000), points_per_second=10)
    assert (motion.name, motion.kind) == ("bee", "object")
    return motion.track


def test_what_stands_still_has_one_point() -> None:
    left = PolarPosition(90.0, 0.0)
    assert track_of(ObjectBlock(Fraction(0), None, left)) == ((0, -1.0, 0.0, 0.0),)
    stays = [ObjectBlock(Fraction(n), Fraction(n + 1), left) for n in range(5)]
    assert track_of(*stays) == ((0, -1.0, 0.0, 0.0),)


def test_a_block_is_where_it_ends() -> None:
    blocks = (
        ObjectBlock(Fraction(0), Fraction(1), PolarPosition(0.0, 0.0)),
        ObjectBlock(Fraction(1), Fraction(2), PolarPosition(-90.0, 0.0)),
        ObjectBlock(Fraction(2), Fraction(3), PolarPosition(0.0, 90.0)),
    )
    assert track_of(*blocks) == (
        (0, 0.0, 1.0, 0.0),
        (1000, 0.0, 1.0, 0.0),
        (2000, 1.0, 0.0, 0.0),
        (3000, 0.0, 0.0, 1.0),
    )


@pytest.mark.parametrize("often", [10.0, 2.0])
def test_points_are_no_denser_than_asked_and_near_the_truth(often: float) -> None:
    blocks = [
        ObjectBlock(Fraction(n, 50), Fraction(n + 1, 50), PolarPosition((3.6 * n) % 360 - 180, 0.0))
        for n in range(500)
    ]
    item = ObjectItem(name="bee", track=DirectTrack(0), blocks=tuple(blocks))
    (motion,) = motion_of(Scene((item,), 1, 48000), points_per_second=often)
    times = np.array([p[0] for p in motion.track])
    assert np.diff(times).min() >= 1000 / often
    for ms, x, y, _ in motion.track[1:]:
        angle = np.radians(3.6 * (ms / 20 - 1) - 180)
        assert np.hypot(x + np.sin(angle), y - np.cos(angle)) < 0.02


def test_loudspeakers_stand_and_fields_are_everywhere() -> None:
    five = motion_of(scene_of_channels(6, 48000), points_per_second=10)
    assert [(m.kind, len(m.track)) for m in five] == [("speaker", 1)] * 6
    scene = scene_of_ambisonics(16, 48000)
    assert isinstance(scene.items[0], HoaItem)
    (field,) = motion_of(scene, points_per_second=10)
    assert (field.kind, field.track) == ("field", ())
