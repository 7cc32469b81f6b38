"""A scene for two ears: third-order ambisonics, turned with the head, filtered by a head's ears."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from antiphon.spatial.ambisonics.third_order import COMPONENTS, rotation, turn
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.headphones.convolution import EarConvolver
from antiphon.spatial.headphones.encoding import (
    BUSES,
    DRY,
    FIELD,
    ROOM,
    ROOM_LEVELS,
    VIRTUAL,
    ObjectBuses,
    hoa_columns,
    is_dry,
    speaker_columns,
    virtual_loudspeakers,
)
from antiphon.spatial.headphones.magls import BinauralFilters
from antiphon.spatial.headphones.pose import AHEAD, HeadPose, to_head
from antiphon.spatial.headphones.room import room_taps
from antiphon.spatial.layouts import bs2051_layout
from antiphon.spatial.rendering.decorrelation import Decorrelator
from antiphon.spatial.rendering.mixing import SPARE, mix
from antiphon.spatial.rendering.spans import Samples, in_samples, steady, timed_blocks
from antiphon.spatial.rendering.tracks import Tracks
from antiphon.spatial.rendering.voices import (
    MovingVoices,
    SteadyVoice,
    has_diffuse,
    heard_objects,
    is_heard,
    steady_table,
)
from antiphon.spatial.scene import HoaItem, Scene, SpeakerItem
from antiphon.spatial.speakers.gains import SpeakerGains

__all__ = ["BLOCK", "FieldRenderer", "HeadphoneRenderer"]

BLOCK = 256
_DIFFUSE_HOP = 512

_Samples = NDArray[np.float32]


class FieldRenderer:
    """Renders a scene to the buses of headphones: a third-order field, a dry pair, a room's send.

    Samples in and out are aligned, except that diffuse sound is late by its decorrelators' hop
    and delay (767 samples), which blurs nothing that it does not blur itself.
    """

    def __init__(self, scene: Scene) -> None:
        self._channels = scene.channels
        items, voices = heard_objects(scene), _steady_voices(scene)
        tracks = [item.track for item in items] + [voice.track for voice in voices]
        self._tracks = Tracks(tracks, scene.channels, scene.sample_rate)
        places = [self._tracks.row(item.track) for item in items]
        rows = ObjectBuses(items).rows
        self._moving = MovingVoices(items, rows, scene.sample_rate, places)
        self._encoding = virtual_loudspeakers().T.astype(np.float32)
        self._late = np.zeros((self._encoding.shape[1], _DIFFUSE_HOP), np.float32)
        self._decorrelator = None
        self._buses = BUSES
        if has_diffuse(items):
            self._decorrelator = Decorrelator(bs2051_layout(VIRTUAL), _DIFFUSE_HOP)
            self._buses += len(self._late)
        self._steady = steady_table(voices, self._tracks, self._buses)
        self._position = 0

    def render(self, block: _Samples) -> _Samples:
        """Take (samples, channels of the file), return (buses, samples)."""
        if block.ndim != 2 or block.shape[1] != self._channels:
            raise SceneInvalid(
                f"The audio has shape {block.shape}; the scene has {self._channels} channels."
            )
        first, last = self._position, self._position + len(block)
        tracks = self._tracks.read(block)
        buses = np.zeros((self._buses + SPARE, len(block)), np.float32)
        mix(self._moving.table(first, last), self._steady, first, tracks, buses)
        self._position = last
        if self._decorrelator is not None:
            buses[FIELD] += self._encoding @ self._diffuse(buses[BUSES : self._buses])
        return buses[:BUSES]

    def _diffuse(self, speakers: _Samples) -> _Samples:
        """Return as many decorrelated samples as came, from what is ready."""
        assert self._decorrelator is not None
        ready = np.concatenate((self._late, self._decorrelator.push(speakers)), axis=1)
        count = speakers.shape[1]
        self._late = ready[:, count:]
        return ready[:, :count]


def _steady_voices(scene: Scene) -> list[SteadyVoice]:
    voices: list[SteadyVoice] = []
    stereo = SpeakerGains(bs2051_layout("0+2+0"))
    for item in scene.items:
        if isinstance(item, SpeakerItem) and is_heard(item):
            voices.append(_speaker_voice(item, stereo, scene.sample_rate))
        elif isinstance(item, HoaItem) and is_heard(item):
            for track, column in zip(item.tracks, hoa_columns(item), strict=True):
                row = np.zeros(BUSES, np.float32)
                row[FIELD] = column
                span = steady(*_samples(item, scene.sample_rate), row)
                voices.append(SteadyVoice(track, (span,)))
    return voices


def _samples(item: HoaItem, rate: int) -> tuple[Samples, Samples | None]:
    end = None if item.end is None else in_samples(item.end, rate)
    return in_samples(item.start, rate), end


def _speaker_voice(item: SpeakerItem, stereo: SpeakerGains, rate: int) -> SteadyVoice:
    spans = []
    timed = timed_blocks(item.blocks, item.end, rate)
    for (block, start, end), column in zip(timed, speaker_columns(item), strict=True):
        row = np.zeros(BUSES, np.float32)
        if is_dry(item):
            row[DRY] = stereo.gains(block, item.frequency, item.packs) * item.gain
        else:
            row[FIELD] = column
            row[ROOM] = ROOM_LEVELS.get(item.headphone or "", 0.0) * item.gain * block.gain
        spans.append(steady(start, end, row))
    return SteadyVoice(item.track, tuple(spans))


class HeadphoneRenderer:
    """Renders a scene to two ears in blocks of a fixed size, the head turned as it goes.

    Late by ``latency`` samples: the lead of the head's filters. A block's pose is reached by a ramp
    over that block, so that nothing clicks.
    """

    def __init__(self, scene: Scene, filters: BinauralFilters, block: int = BLOCK) -> None:
        if filters.sample_rate != scene.sample_rate:
            raise SceneInvalid(
                f"The head is at {filters.sample_rate} Hz, the scene at {scene.sample_rate}."
            )
        self.block = block
        self.latency = filters.onset
        self._field = FieldRenderer(scene)
        self._ears = EarConvolver(filters.taps, block)
        self._room = _room_of(scene, block)
        self._is_dry_anywhere = any(is_dry(item) for item in scene.items)
        self._dry_delay = np.zeros((2, filters.onset), np.float32)
        self._pose = AHEAD
        self._turn = np.eye(COMPONENTS, dtype=np.float32)

    def render(self, block: ArrayLike, pose: HeadPose = AHEAD) -> _Samples:
        """Take (block, channels of the file) and the pose to be reached, return (block, 2)."""
        samples = np.asarray(block, np.float32)
        if len(samples) != self.block:
            raise SceneInvalid(f"A block has {self.block} samples, not {len(samples)}.")
        buses = self._field.render(samples)
        ears = self._ears.push(self._turned(buses[FIELD], pose))
        if self._is_dry_anywhere:
            dry = np.concatenate((self._dry_delay, buses[DRY]), axis=1)
            self._dry_delay = dry[:, self.block :]
            ears += dry[:, : self.block]
        if self._room is not None:
            ears += self._room.push(buses[ROOM : ROOM + 1])
        return ears.T

    def _turned(self, field: _Samples, pose: HeadPose) -> _Samples:
        before = self._turn
        if pose != self._pose:
            self._pose = pose
            self._turn = rotation(to_head(pose)).astype(np.float32)
        turned = np.empty_like(field)
        turn(before, self._turn, field, turned)
        return turned


def _room_of(scene: Scene, block: int) -> EarConvolver | None:
    """Return the room, where any item asks for one."""
    asks = any(ROOM_LEVELS.get(item.headphone or "", 0.0) > 0.0 for item in scene.items)
    return EarConvolver(room_taps(scene.sample_rate), block) if asks else None
