"""A scene for two ears: third-order ambisonics, turned with the head, filtered by a head's ears."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from antiphon.spatial.ambisonics.third_order import COMPONENTS, rotation
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.headphones.convolution import EarConvolver
from antiphon.spatial.headphones.encoding import (
    BUSES,
    DRY,
    FIELD,
    ROOM,
    ROOM_LEVELS,
    SphereGains,
    hoa_columns,
    is_dry,
    speaker_columns,
)
from antiphon.spatial.headphones.magls import BinauralFilters
from antiphon.spatial.headphones.pose import AHEAD, HeadPose, to_head
from antiphon.spatial.headphones.room import room_taps
from antiphon.spatial.layouts import bs2051_layout
from antiphon.spatial.objects.gains import ObjectGains
from antiphon.spatial.rendering.decorrelation import Decorrelator
from antiphon.spatial.rendering.mixing import SpanTable
from antiphon.spatial.rendering.spans import Samples, in_samples, steady, timed_blocks
from antiphon.spatial.rendering.tracks import Tracks
from antiphon.spatial.rendering.voices import (
    Due,
    MovingVoices,
    SteadyVoice,
    has_diffuse,
    heard_objects,
    is_heard,
    placed,
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
        self._items = heard_objects(scene)
        self._sphere = SphereGains()
        self._stereo = ObjectGains(bs2051_layout("0+2+0"))
        diffuse = has_diffuse(self._items)
        self._decorrelator = Decorrelator(self._sphere.layout, _DIFFUSE_HOP) if diffuse else None
        self._late = np.zeros((len(self._sphere.layout.labels), _DIFFUSE_HOP), np.float32)
        voices = _steady_voices(scene)
        tracks = [i.track for i in self._items] + [voice.track for voice in voices]
        self._tracks = Tracks(tracks, scene.channels, scene.sample_rate)
        places = [self._tracks.row(item.track) for item in self._items]
        self._moving = MovingVoices(self._items, self._rows, scene.sample_rate, places)
        self._steady = SpanTable([(self._tracks.row(v.track), s) for v in voices for s in v.spans])
        self._position = 0

    def render(self, block: _Samples) -> _Samples:
        """Take (samples, channels of the file), return (buses, samples)."""
        if block.ndim != 2 or block.shape[1] != self._channels:
            raise SceneInvalid(
                f"The audio has shape {block.shape}; the scene has {self._channels} channels."
            )
        first, last = self._position, self._position + len(block)
        tracks = self._tracks.read(block)
        extra = len(self._late) if self._decorrelator else 0
        buses = np.zeros((BUSES + extra, len(block)), np.float32)
        self._moving.table(first, last).mix(first, tracks, buses)
        self._steady.mix(first, tracks, buses[:BUSES])
        self._position = last
        if self._decorrelator is not None:
            buses[FIELD] += self._sphere.speakers.T.astype(np.float32) @ self._diffuse(
                buses[BUSES:]
            )
        return buses[:BUSES]

    def _diffuse(self, speakers: _Samples) -> _Samples:
        """Return as many decorrelated samples as came, from what is ready."""
        assert self._decorrelator is not None
        ready = np.concatenate((self._late, self._decorrelator.push(speakers)), axis=1)
        count = speakers.shape[1]
        self._late = ready[:, count:]
        return ready[:, :count]

    def _rows(self, due: Sequence[Due]) -> _Samples:
        blocks = [placed(self._items[i], block) for i, block in due]
        field, diffuse = self._sphere.gains(blocks)
        rows = np.zeros((len(due), BUSES + (len(self._late) if self._decorrelator else 0)))
        rows[:, FIELD] = field
        if self._decorrelator is not None:
            rows[:, BUSES:] = diffuse
        for row, (i, _), block in zip(rows, due, blocks, strict=True):
            item = self._items[i]
            if is_dry(item):
                row[:] = 0.0
                row[DRY] = self._stereo.gains([block])[0].sum(axis=0)
            else:
                row[ROOM] = (
                    ROOM_LEVELS.get(item.headphone or "", 0.0) * block.gain * block.block.gain
                )
        return rows.astype(np.float32)


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
        self._dry_delay = np.zeros((2, filters.onset), np.float32)
        self._pose = AHEAD
        self._turn = np.eye(COMPONENTS, dtype=np.float32)
        self._ramp = ((np.arange(block) + 1.0) / block).astype(np.float32)

    def render(self, block: ArrayLike, pose: HeadPose = AHEAD) -> _Samples:
        """Take (block, channels of the file) and the pose to be reached, return (block, 2)."""
        samples = np.asarray(block, np.float32)
        if len(samples) != self.block:
            raise SceneInvalid(f"A block has {self.block} samples, not {len(samples)}.")
        buses = self._field.render(samples)
        ears = self._ears.push(self._turned(buses[FIELD], pose))
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
            return before @ field + (self._turn - before) @ (field * self._ramp)
        return before @ field


def _room_of(scene: Scene, block: int) -> EarConvolver | None:
    """Return the room, where any item asks for one."""
    asks = any(ROOM_LEVELS.get(item.headphone or "", 0.0) > 0.0 for item in scene.items)
    return EarConvolver(room_taps(scene.sample_rate), block) if asks else None
