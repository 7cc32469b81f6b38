"""Where a head looks."""

import math
from dataclasses import dataclass

import numpy as np

from antiphon.spatial.compiled import compiled
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Vector

__all__ = ["AHEAD", "HeadPose", "head_pose_of_quaternion", "to_head"]


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


def head_pose_of_quaternion(w: float, x: float, y: float, z: float) -> HeadPose:
    """Return the pose of a head that a quaternion turns: x to the right, y ahead, z up.

    It need not have unit length, but some: raise ``SceneInvalid`` where it has none.
    """
    length = math.sqrt(w * w + x * x + y * y + z * z)
    if not 0.0 < length < math.inf:
        raise SceneInvalid("A quaternion has four finite numbers, not all zero.")
    w, x, y, z = w / length, x / length, y / length, z / length
    ahead = (2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x))
    right_up = 2.0 * (x * z - w * y)
    up_up = 1.0 - 2.0 * (x * x + y * y)
    return HeadPose(
        yaw=math.degrees(math.atan2(-ahead[0], ahead[1])),
        pitch=math.degrees(math.asin(min(max(ahead[2], -1.0), 1.0))),
        roll=math.degrees(math.atan2(-right_up, up_up)),
    )


def to_head(pose: HeadPose) -> Vector:
    """Return the rotation (3, 3) from the room's axes (right, front, up) to the head's."""
    turn = np.empty((3, 3))
    _to_head(math.radians(pose.yaw), math.radians(pose.pitch), math.radians(pose.roll), turn)
    return turn


@compiled
def _to_head(yaw: float, pitch: float, roll: float, turn: Vector) -> None:
    """Write tilt after nod after turn: about front, right and up, each the other way round."""
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    turn[0, 0], turn[0, 1], turn[0, 2] = cr * cy - sr * sp * sy, cr * sy + sr * sp * cy, -sr * cp
    turn[1, 0], turn[1, 1], turn[1, 2] = -cp * sy, cp * cy, sp
    turn[2, 0], turn[2, 1], turn[2, 2] = sr * cy + cr * sp * sy, sr * sy - cr * sp * cy, cr * cp
