"""Third-order ambisonics: closed forms, and turning the sphere."""

import numpy as np
import pytest

from antiphon.spatial.ambisonics.harmonics import harmonics, order_and_degree
from antiphon.spatial.ambisonics.third_order import COMPONENTS, encode, rotation, spiral
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.headphones import HeadPose, to_head

LEFT, FRONT, UP = np.array([-1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0])


def test_closed_forms_equal_the_general_harmonics() -> None:
    points = spiral(500)
    orders, degrees = zip(*(order_and_degree(n) for n in range(COMPONENTS)), strict=True)
    general = harmonics(points, orders, degrees, "SN3D").T
    assert np.abs(encode(points) - general).max() < 1e-14


def test_distance_does_not_matter_and_the_middle_is_everywhere() -> None:
    points = spiral(50)
    assert np.allclose(encode(points * 7.0), encode(points), atol=1e-14)
    assert encode(np.zeros((1, 3)))[0].tolist() == [1.0] + [0.0] * 15


@pytest.mark.parametrize(
    "pose", [HeadPose(30, 20, -10), HeadPose(-170, 0, 0), HeadPose(0, -89, 45)]
)
def test_turning_the_field_is_turning_its_points(pose: HeadPose) -> None:
    turn, points = to_head(pose), spiral(200)
    assert np.abs(rotation(turn) @ encode(points).T - encode(points @ turn.T).T).max() < 1e-13


def test_a_turn_changes_no_energy_of_any_order() -> None:
    matrix = rotation(to_head(HeadPose(40, -30, 20)))
    assert np.abs(matrix @ matrix.T - np.eye(COMPONENTS)).max() < 1e-13
    for order in range(4):
        block = slice(order * order, (order + 1) ** 2)
        outside = np.delete(matrix[block], np.r_[block], axis=1)
        assert np.abs(outside).max() < 1e-13


def test_a_head_that_looks_left_has_the_left_in_front() -> None:
    assert np.allclose(to_head(HeadPose(yaw=90)) @ LEFT, FRONT)
    assert np.allclose(to_head(HeadPose(pitch=90)) @ UP, FRONT)
    assert np.allclose(to_head(HeadPose(roll=90)) @ -LEFT, UP)


def test_a_pose_is_made_of_numbers() -> None:
    with pytest.raises(SceneInvalid, match="finite"):
        HeadPose(yaw=float("nan"))
