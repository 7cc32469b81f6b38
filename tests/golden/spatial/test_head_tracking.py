"""Headphones in Python give what the golden says; the player's tests read the same file."""

import json
from typing import Any

import numpy as np
import pytest

from antiphon.spatial.headphones import HeadPose, to_head

from . import head_tracking

MOST = 1e-6


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return dict(json.loads(head_tracking.GOLDEN.read_text("utf-8")))


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return head_tracking.made()


def test_turns_and_rotations_are_those_of_the_golden(
    golden: dict[str, Any], made: dict[str, Any]
) -> None:
    assert len(golden["poses"]) == len(head_tracking.POSES)
    for theirs, ours in zip(golden["poses"], made["poses"], strict=True):
        assert np.abs(np.array(theirs["turn"]) - ours["turn"]).max() < MOST
        for block, own in zip(theirs["rotation"], ours["rotation"], strict=True):
            assert np.abs(np.array(block) - own).max() < MOST


def test_a_field_heard_by_a_turning_head_is_that_of_the_golden(
    golden: dict[str, Any], made: dict[str, Any]
) -> None:
    theirs, ours = np.array(golden["ears"]), np.array(made["ears"])
    assert np.abs(ours).max() > 0.1
    assert np.abs(theirs - ours).max() < MOST


def test_the_golden_names_poses_by_quaternions_that_turn_as_the_angles_do(
    golden: dict[str, Any],
) -> None:
    for pose in golden["poses"]:
        w, x, y, z = pose["quaternion"]
        cross = np.array(((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0)))
        head = np.eye(3) + 2.0 * (w * cross + cross @ cross)
        turn = to_head(HeadPose(pose["yaw"], pose["pitch"], pose["roll"]))
        assert np.abs(head.T - turn).max() < MOST
