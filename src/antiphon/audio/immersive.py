"""Renderings of immersive masters: what is made at once, what when it is asked for."""

import gzip
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog

from antiphon.audio.ladder import immersive_variant, object_prefix, without_making
from antiphon.audio.making import Making
from antiphon.audio.model import (
    CORE_SPATIAL_RUNGS,
    SPATIAL_RUNGS,
    Measure,
    Package,
    Rendition,
    Rung,
)
from antiphon.audio.ports import AudioWorker, ready_channel
from antiphon.audio.renderings import (
    EncodePass,
    Group,
    LevelPass,
    Samples,
    Wanted,
    clips,
    gain_to,
    group_of,
)
from antiphon.audio.scenes import SceneMaster
from antiphon.audio.sink import ObjectSink, in_thread
from antiphon.audio.store import PackageWriter, Progress
from antiphon.catalog import Master
from antiphon.kernel import AlbumId, RecordingId, Unavailable
from antiphon.spatial import Scene, motion_of

log = structlog.get_logger()

_MOST_LIMITED_PASSES: Final = 3
_CLOSE_LU: Final = 0.1
_MOST_SCENE_BYTES: Final = 200_000
_POINTS_PER_SECOND: Final = 10.0


class SpatialRungs:
    """Makes what is missing of a recording; ``breathe`` is awaited every second or so of sound."""

    def __init__(
        self, ports: AudioWorker, writer: PackageWriter, breathe: Callable[[], Awaitable[None]]
    ) -> None:
        self._ports = ports
        self._writer = writer
        self._breathe = breathe

    async def make(
        self, recording_id: RecordingId, album_id: AlbumId, rungs: Sequence[Rung]
    ) -> None:
        """Do what is missing; ``Unavailable`` while the stereo is not there to be levelled to."""
        package = await self._ports.packages.package(recording_id)
        master = await self._immersive(recording_id, album_id)
        if package is None or package.rendition(Rung.FLAC) is None:
            if await self._ports.jobs.is_outstanding(recording_id):
                raise Unavailable("The stereo of this song is still being made.")
            return
        if master is None:
            return
        making = Making.begin(self._ports.clock)
        wanted = await self._wanted(package, master, rungs, making)
        if wanted:
            if self._ports.before_rendering is not None:
                await self._ports.before_rendering()
            async with self._ports.master(master.path) as file:
                task = _Task(package, master, file, wanted, making)
                await _Made(self._ports, self._writer, self._breathe, task).make()

    async def _immersive(self, recording_id: RecordingId, album_id: AlbumId) -> Master | None:
        songs = await self._ports.catalog.album_songs(album_id)
        mine = (s.immersive for s in songs if s.recording_id == recording_id and s.immersive)
        return next(mine, None)

    async def _wanted(
        self, package: Package, master: Master, rungs: Sequence[Rung], making: Making
    ) -> list[Wanted]:
        found = []
        for rung in rungs:
            protection = await self._ports.protection(package.recording_id, rung)
            prefix = object_prefix(
                package.content_hash,
                rung,
                variant=immersive_variant(master.content_hash),
                protection=protection,
                making=making.name,
            )
            made = package.rendition(rung)
            if made is None or without_making(made.prefix) != without_making(prefix):
                found.append(Wanted(rung, prefix, protection))
        return found


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be made, of which master, for which package."""

    package: Package
    master: Master
    path: str
    wanted: Sequence[Wanted]
    making: Making


class _Made:
    """One master on its way through as many passes as it takes."""

    def __init__(
        self,
        ports: AudioWorker,
        writer: PackageWriter,
        breathe: Callable[[], Awaitable[None]],
        task: _Task,
    ) -> None:
        self._ports = ports
        self._writer = writer
        self._breathe = breathe
        self._task = task
        loudness = task.package.loudness
        self._target = None if loudness is None else float(loudness.integrated)

    async def make(self) -> None:
        """Measure, encode, and tell of it."""
        began = time.process_time()
        samples, gains = await self._levels()
        renditions = await self._encoded(samples, gains)
        self._task.making.check(self._ports.clock)
        recording_id = self._task.package.recording_id
        await self._ports.confirm(recording_id, renditions)
        progress = Progress(recording_id, self._task.package.content_hash, renditions, None)
        await self._writer.put(progress)
        rungs = ",".join(r.rung for r in renditions)
        await self._ports.signals.publish(ready_channel(recording_id), rungs.encode())
        spent = round(time.process_time() - began, 1)
        log.info("spatial_rungs_made", recording_id=recording_id, rungs=rungs, cpu_seconds=spent)

    async def _levels(self) -> tuple[int, Mapping[Group, float]]:
        """Return the master's length, and the gain of each group; what clips is tried limited."""
        groups = list(dict.fromkeys(group_of(w.rung) for w in self._task.wanted))
        samples, measures = await self._measured(dict.fromkeys(groups, 0.0), limited=False)
        gains = {group: gain_to(self._target, measures[group]) for group in groups}
        open_ = {group for group in groups if clips(measures[group], gains[group])}
        for _ in range(_MOST_LIMITED_PASSES):
            if not open_ or self._target is None:
                break
            _, measures = await self._measured({g: gains[g] for g in open_}, limited=True)
            for group in list(open_):
                left = gain_to(self._target, measures[group])
                if abs(left) <= _CLOSE_LU:
                    open_.discard(group)
                else:
                    gains[group] += left
        return samples, gains

    async def _measured(
        self, gains: Mapping[Group, float], *, limited: bool
    ) -> tuple[int, dict[Group, Measure]]:
        with await in_thread(SceneMaster, self._task.path, self._task.master.scene) as master:
            passing = await in_thread(LevelPass, master.scene, gains, limited=limited)
            blocks = master.blocks()
            while (block := await in_thread(_next, blocks)) is not None:
                await in_thread(passing.push, block)
                await self._breathe()
            return passing.samples, await in_thread(passing.finish)

    async def _encoded(self, samples: int, gains: Mapping[Group, float]) -> list[Rendition]:
        sink = ObjectSink(self._ports.objects)
        try:
            with await in_thread(SceneMaster, self._task.path, self._task.master.scene) as master:
                await self._keep_scene(master.scene, samples)
                making = await in_thread(
                    EncodePass, master.scene, self._task.wanted, gains, samples
                )
                blocks = master.blocks()
                while (block := await in_thread(_next, blocks)) is not None:
                    await sink.store(await in_thread(making.push, block))
                    await self._breathe()
                last, renditions = await in_thread(making.finish, self._target)
                await sink.store(last)
        finally:
            await sink.drain()
        return renditions

    async def _keep_scene(self, scene: Scene, samples: int) -> None:
        data = await in_thread(scene_json, scene, samples)
        recording_id, packed = self._task.package.recording_id, gzip.compress(data, 6)
        await self._ports.packages.put_scene(recording_id, self._task.master.content_hash, packed)


class _SceneOut(msgspec.Struct, rename="camel"):
    duration_ms: int
    objects: list["_MotionOut"]


class _MotionOut(msgspec.Struct):
    name: str
    kind: str
    track: tuple[tuple[int, float, float, float], ...]


def scene_json(scene: Scene, samples: int) -> bytes:
    """Return where the objects of a scene are, as players draw it; at most 200 kB."""
    duration = round(samples * 1000 / scene.sample_rate)
    often = _POINTS_PER_SECOND
    while True:
        motions = motion_of(scene, points_per_second=often)
        out = [_MotionOut(m.name[:80], m.kind, m.track) for m in motions]
        data = msgspec.json.encode(_SceneOut(duration, out))
        if len(data) <= _MOST_SCENE_BYTES or often < 1 / 60:
            return data
        often /= 2


def spatial_rungs(*, everything: bool) -> tuple[Rung, ...]:
    """Return what is made: of every immersive master, or of one that somebody asked more of."""
    return SPATIAL_RUNGS if everything else CORE_SPATIAL_RUNGS


def _next(blocks: Iterator[Samples]) -> Samples | None:
    return next(blocks, None)
