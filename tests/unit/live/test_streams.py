"""A live stream without a network: poses, costs, and who gets in."""

import asyncio
import math
import time

import numpy as np
import pytest

from antiphon.live import LiveService, MessageInvalid, Opening, SpatialFull
from antiphon.live.model import OutputIn, PcmIn, read_opening, read_pose
from antiphon.live.stream import ANSWER, LiveStream
from antiphon.spatial import HeadPose, SceneInvalid, head_pose_of_quaternion

STEREO = Opening(version=1, input=PcmIn(layout="0+2+0"), output=OutputIn(layout="0+2+0"))


def quaternion(axis: int, degrees: float) -> tuple[float, float, float, float]:
    half = math.radians(degrees) / 2
    made = [math.cos(half), 0.0, 0.0, 0.0]
    made[axis + 1] = math.sin(half)
    return made[0], made[1], made[2], made[3]


@pytest.mark.parametrize(
    ("axis", "degrees", "pose"),
    [
        (2, 30.0, HeadPose(yaw=30.0)),
        (2, -170.0, HeadPose(yaw=-170.0)),
        (0, 40.0, HeadPose(pitch=40.0)),
        (1, 20.0, HeadPose(roll=20.0)),
    ],
)
def test_quaternions_turn_as_angles_do(axis: int, degrees: float, pose: HeadPose) -> None:
    made = head_pose_of_quaternion(*(3.0 * part for part in quaternion(axis, degrees)))
    assert (made.yaw, made.pitch, made.roll) == pytest.approx((pose.yaw, pose.pitch, pose.roll))


@pytest.mark.parametrize("bad", [(0.0, 0.0, 0.0, 0.0), (math.nan, 0.0, 0.0, 1.0)])
def test_what_turns_nothing_is_refused(bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(SceneInvalid):
        head_pose_of_quaternion(*bad)


def test_a_pose_without_a_time_has_none() -> None:
    assert math.isnan(read_pose('{"pose": {}}').at)


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(MessageInvalid, match="version 1, not 2"):
        read_opening('{"version": 2, "input": {"layout": "0+2+0"}}')


def test_a_stream_counts_its_own_time() -> None:
    stream = LiveStream(STEREO)
    assert stream.cost > 0.0
    assert stream.cpu_seconds == 0.0
    sound = np.full((256, 2), 0.5, "<f4").tobytes()
    answer = stream.push(sound, HeadPose(), 7.0, time.perf_counter())
    number, late, cpu, at = ANSWER.unpack_from(answer)
    assert (number, at) == (0, 7.0)
    assert cpu == stream.cpu_seconds > 0.0
    assert 0 < late < 10_000_000
    assert answer[ANSWER.size :] == sound


def test_who_does_not_fit_is_refused_and_those_who_leave_make_room() -> None:
    async def story() -> None:
        service = LiveService(cores=LiveStream(STEREO).cost * 0.01)
        with pytest.raises(SpatialFull) as full:
            async with service.stream(STEREO):
                pass
        assert full.value.fields["retry_after"] == 5
        assert (service.counts.refused, service.counts.streams) == (1, 0)
        service.close()
        roomy = LiveService(cores=100.0)
        for _ in range(3):
            async with roomy.stream(STEREO):
                assert roomy.counts.streams == 1
        assert (roomy.counts.opened, roomy.counts.streams) == (3, 0)
        roomy.close()

    asyncio.run(story())


def test_no_cores_admit_nobody() -> None:
    async def story() -> None:
        service = LiveService(cores=0.0)
        with pytest.raises(SpatialFull):
            async with service.stream(STEREO):
                pass
        service.close()

    asyncio.run(story())


def test_latency_is_counted_by_its_size() -> None:
    service = LiveService(cores=1.0)
    for seconds in (0.0005, 0.004, 9.0):
        service.counts.count(seconds, 0.001)
    counted = dict(service.counts.cumulated())
    assert (counted["0.001"], counted["0.005"], counted["0.25"], counted["+Inf"]) == (1, 2, 2, 3)
    assert service.counts.cpu_seconds == pytest.approx(0.003)
    service.close()
