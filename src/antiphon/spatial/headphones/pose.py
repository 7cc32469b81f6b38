"""Where a head looks."""

import math
from dataclasses import dataclass

import numpy as np

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Vector

__all__ = ["AHEAD", "HeadPose", "to_head"]


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees: ``yaw`` positive to the left, ``pitch`` up, ``roll`` with the right ear down.

    The head turns by yaw first, then nods by pitch, then tilts by roll, each about its own axes.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no angle."""
        if not all(math.isfinite(angle) for angle in (self.yaw, self.pitch, self.roll)):
            raise SceneInvalid("A head pose is three finite angles in degrees.")


AHEAD = HeadPose()


def to_head(pose: HeadPose) -> Vector:
    """Return the rotation (3, 3) from the room's axes (right, front, up) to the head's."""
    yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
    turn = _about_up(-yaw)
    nod = _about_right(-pitch)
    tilt = _about_front(-roll)
    return tilt @ nod @ turn


def _about_up(angle: float) -> Vector:
    """Rotate anticlockwise seen from above: front towards the left for positive angles."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array(((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0)))


def _about_right(angle: float) -> Vector:
    """Rotate front towards up for positive angles."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array(((1.0, 0.0, 0.0), (0.0, c, -s), (0.0, s, c)))


def _about_front(angle: float) -> Vector:
    """Rotate up towards right for positive angles."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array(((c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c)))
