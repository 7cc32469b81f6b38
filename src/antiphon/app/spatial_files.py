"""Rendering a master's file to a file: loudspeakers, ambisonics or two ears."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from antiphon.kernel import Invalid, NotFound
from antiphon.spatial import (
    BLOCK,
    LAYOUT_NAMES,
    Bw64File,
    Bw64Writer,
    FieldRenderer,
    HeadphoneRenderer,
    HeadPose,
    PcmFormat,
    Renderer,
    Scene,
    bs2051_layout,
    default_filters,
    filters_of_file,
    is_adm,
    read_scene,
    scene_of_ambisonics,
    scene_of_channels,
)

_PIECE = BLOCK * 32
_AMBISONICS = "ambisonics"
_BINAURAL = "binaural"

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a master is to be rendered to.

    ``layout``: a name of BS.2051, ``binaural`` or ``ambisonics`` (third order, ACN, SN3D).
    ``channels_are``: what the channels of a file without ADM are. ``gain_db`` applies to all.
    """

    layout: str
    channels_are: str | None = None
    programme: str | None = None
    head: Path | None = None
    head_radius_mm: float | None = None
    pose: HeadPose = HeadPose()  # noqa: RUF009 - frozen
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of it: seconds of sound, seconds of processor time, samples beyond full scale."""

    seconds: float
    cpu_seconds: float
    channels: int
    clipped: int
    peak: float


class _Path(Protocol):
    """Takes blocks of a master, returns what became ready."""

    channels: int

    def render(self, block: Samples) -> Samples: ...
    def tail(self) -> Samples: ...


@contextmanager
def opened_master(
    path: Path, *, channels_are: str | None = None, programme: str | None = None
) -> Iterator[tuple[Bw64File, Scene]]:
    """Open a master for reading; raise where it is none."""
    try:
        file = path.open("rb")
    except OSError as fault:
        raise NotFound(f"{path} cannot be read ({fault.strerror}): name a WAV or BW64.") from fault
    with file:
        yield _understood(file, channels_are, programme)


def _understood(
    file: BinaryIO, channels_are: str | None, programme: str | None
) -> tuple[Bw64File, Scene]:
    if channels_are is None:
        return read_scene(file, programme=programme)
    opened = Bw64File(file)
    if is_adm(opened):
        raise Invalid("This master says itself what its channels are: leave that option out.")
    form = opened.format
    if channels_are == _AMBISONICS:
        return opened, scene_of_ambisonics(form.channels, form.sample_rate)
    return opened, scene_of_channels(form.channels, form.sample_rate, channels_are)


def render_file(
    source: Path, target: Path, wanted: Wanted, tell: Callable[[float, float], None]
) -> Rendered:
    """Render a whole file; ``target`` appears when it is complete.

    ``tell(done, speed)``: the share that is done, and how many times faster than real time.
    """
    with opened_master(source, channels_are=wanted.channels_are, programme=wanted.programme) as (
        master,
        scene,
    ):
        path = _path(scene, wanted)
        part = target.with_name(f".{target.name}.part")
        try:
            with part.open("wb") as file:
                how = PcmFormat(path.channels, scene.sample_rate, 24)
                with Bw64Writer(file, how, {}) as writer:
                    made = _render(master, path, writer, wanted.gain_db, tell)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return made


def _render(
    master: Bw64File,
    path: _Path,
    writer: Bw64Writer,
    gain_db: float,
    tell: Callable[[float, float], None],
) -> Rendered:
    gain, rate = np.float32(10.0 ** (gain_db / 20.0)), master.format.sample_rate
    began, clipped, peak, done = time.process_time(), 0, 0.0, 0
    for ready in _pieces(master, path):
        loud = np.abs(ready * gain)
        clipped += int(np.count_nonzero(loud > 1.0))
        peak = max(peak, float(loud.max(initial=0.0)))
        writer.write(ready * gain)
        done += len(ready)
        spent = max(time.process_time() - began, 1e-9)
        tell(done / max(master.frames, 1), done / rate / spent)
    return Rendered(done / rate, time.process_time() - began, path.channels, clipped, peak)


def _pieces(master: Bw64File, path: _Path) -> Iterator[Samples]:
    for block in master.blocks(_PIECE):
        yield path.render(block)
    yield path.tail()


def _path(scene: Scene, wanted: Wanted) -> _Path:
    if wanted.layout == _BINAURAL:
        return _Ears(scene, wanted)
    if wanted.layout == _AMBISONICS:
        return _Field(scene)
    if wanted.layout not in LAYOUT_NAMES:
        names = ", ".join((*LAYOUT_NAMES, _BINAURAL, _AMBISONICS))
        raise Invalid(f"There is no layout {wanted.layout}: choose one of {names}.")
    return _Loudspeakers(scene, wanted.layout)


class _Loudspeakers:
    def __init__(self, scene: Scene, layout: str) -> None:
        self._renderer = Renderer(scene, bs2051_layout(layout))
        self.channels = len(self._renderer.layout.labels)

    def render(self, block: Samples) -> Samples:
        return self._renderer.render(block)

    def tail(self) -> Samples:
        return self._renderer.tail()


class _Field:
    channels = 16

    def __init__(self, scene: Scene) -> None:
        self._renderer = FieldRenderer(scene)

    def render(self, block: Samples) -> Samples:
        return self._renderer.render(block)[: self.channels].T

    def tail(self) -> Samples:
        return np.zeros((0, self.channels), np.float32)


class _Ears:
    """Whole blocks through the head; what it is late by is cut off in front and fetched behind."""

    channels = 2

    def __init__(self, scene: Scene, wanted: Wanted) -> None:
        rate = scene.sample_rate
        if wanted.head is not None:
            filters = filters_of_file(wanted.head, rate)
        else:
            filters = default_filters(rate, wanted.head_radius_mm)
        self._renderer = HeadphoneRenderer(scene, filters)
        self._pose = wanted.pose
        self._rest = np.zeros((0, scene.channels), np.float32)
        self._late = self._renderer.latency
        self._due = 0

    def render(self, block: Samples) -> Samples:
        self._due += len(block)
        waiting = np.concatenate((self._rest, block))
        whole = len(waiting) // BLOCK * BLOCK
        self._rest = waiting[whole:]
        return self._aligned(waiting[:whole])

    def tail(self) -> Samples:
        missing = self._due
        blocks = -(-(missing + self._late + BLOCK) // BLOCK)
        padded = np.zeros((blocks * BLOCK, self._rest.shape[1]), np.float32)
        padded[: len(self._rest)] = self._rest
        return self._aligned(padded)[:missing]

    def _aligned(self, waiting: Samples) -> Samples:
        parts = [
            self._renderer.render(waiting[n : n + BLOCK], self._pose)
            for n in range(0, len(waiting), BLOCK)
        ]
        made = np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
        skipped = min(self._late, len(made))
        self._late -= skipped
        made = made[skipped:]
        self._due -= len(made)
        return made
