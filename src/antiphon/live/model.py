"""What a live stream is asked to be, and what comes in while it runs."""

import math
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from antiphon.live.errors import MessageInvalid
from antiphon.spatial import (
    HeadPose,
    MasterUnreadable,
    Scene,
    head_pose_of_quaternion,
    scene_of_ambisonics,
    scene_of_channels,
)

__all__ = ["VERSION", "Opening", "PoseIn", "read_opening", "read_pose"]

VERSION = 1
_LAYOUT_CHANNELS = {
    "0+1+0": 1,
    "0+2+0": 2,
    "0+5+0": 6,
    "0+7+0": 8,
    "2+5+0": 8,
    "4+5+0": 10,
    "2+7+0": 10,
    "4+7+0": 12,
    "4+9+0": 14,
    "6+9+0": 16,
}

_Told = TypeVar("_Told", bound=Struct)
_Angle = Annotated[float, Meta(ge=-36000, le=36000)]
_Number = Annotated[float, Meta(ge=-1e15, le=1e15)]
_LayoutName = Annotated[str, Meta(max_length=16)]


class PcmIn(Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """Samples that come: loudspeaker channels of a ``layout``, or ``ambisonics`` of this order."""

    layout: _LayoutName | None = None
    ambisonics: Annotated[int, Meta(ge=1, le=3)] | None = None
    format: Literal["f32", "s16"] = "f32"
    arrangement: Literal["interleaved", "planar"] = "interleaved"


class OutputIn(Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """What goes out: a BS.2051 ``layout``, or ears of a head of this radius (None: 87.5 mm)."""

    layout: _LayoutName | None = None
    head_radius_mm: Annotated[int, Meta(ge=70, le=110, multiple_of=5)] | None = None


class Opening(Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """The first message of a stream."""

    version: int
    input: PcmIn
    output: OutputIn = OutputIn()
    sample_rate: Literal[44100, 48000, 96000] = 48000
    block: Literal[128, 256, 512] = 256
    access_token: Annotated[str, Meta(max_length=4096)] | None = None

    def scene(self) -> Scene:
        """Return the scene that the input's samples are; ``MessageInvalid`` where it is none."""
        told = self.input
        if (told.layout is None) == (told.ambisonics is None):
            raise MessageInvalid("Say either the layout of the input or its ambisonic order.")
        if told.ambisonics is not None:
            return scene_of_ambisonics((told.ambisonics + 1) ** 2, self.sample_rate)
        channels = _LAYOUT_CHANNELS.get(told.layout or "")
        if channels is None:
            known = ", ".join(_LAYOUT_CHANNELS)
            raise MessageInvalid(f"There is no input layout {told.layout}; there are {known}.")
        try:
            return scene_of_channels(channels, self.sample_rate, told.layout)
        except MasterUnreadable as fault:
            raise MessageInvalid(fault.detail) from fault


class _Angles(Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    yaw: _Angle = 0.0
    pitch: _Angle = 0.0
    roll: _Angle = 0.0


class PoseIn(Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """Where the head looks: ``pose`` in degrees, or a ``quaternion`` w, x, y, z.

    ``at``: any number that the answers bring back once the pose is heard, such as a time.
    """

    at: _Number = math.nan
    pose: _Angles | None = None
    quaternion: tuple[_Number, _Number, _Number, _Number] | None = None

    def head(self) -> HeadPose:
        """Return the pose; ``MessageInvalid`` where there is none, or two."""
        if (self.pose is None) == (self.quaternion is None):
            raise MessageInvalid("Send either a pose in degrees or a quaternion.")
        if self.pose is not None:
            return HeadPose(self.pose.yaw, self.pose.pitch, self.pose.roll)
        assert self.quaternion is not None
        if math.hypot(*self.quaternion) < 1e-6:
            raise MessageInvalid("A quaternion of no length turns nothing.")
        return head_pose_of_quaternion(*self.quaternion)


def read_opening(text: str) -> Opening:
    """Return the first message; ``MessageInvalid`` says what is wrong with it."""
    opening = _read(text, Opening)
    if opening.version != VERSION:
        raise MessageInvalid(f"This server speaks version {VERSION}, not {opening.version}.")
    return opening


def read_pose(text: str) -> PoseIn:
    """Return a later message; ``MessageInvalid`` says what is wrong with it."""
    return _read(text, PoseIn)


def _read(text: str, kind: type[_Told]) -> _Told:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeEncodeError) as fault:
        raise MessageInvalid(f"The message cannot be read: {fault}.") from fault
