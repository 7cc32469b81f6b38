"""Rendering a master's file to a file: loudspeakers, ambisonics or two ears."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from antiphon.kernel import Invalid, NotFound
from antiphon.spatial import (
    BLOCK,
    LAYOUT_NAMES,
    BinauralFilters,
    Bw64File,
    Bw64Writer,
    EarsFeed,
    Feed,
    FieldFeed,
    HeadPose,
    LoudspeakerFeed,
    PcmFormat,
    Scene,
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
        path = _feed(scene, wanted)
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
    path: Feed,
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


def _pieces(master: Bw64File, path: Feed) -> Iterator[Samples]:
    for block in master.blocks(_PIECE):
        yield path.render(block)
    yield path.tail()


def _feed(scene: Scene, wanted: Wanted) -> Feed:
    if wanted.layout == _BINAURAL:
        return EarsFeed(scene, _filters(wanted, scene.sample_rate), wanted.pose)
    if wanted.layout == _AMBISONICS:
        return FieldFeed(scene)
    if wanted.layout not in LAYOUT_NAMES:
        names = ", ".join((*LAYOUT_NAMES, _BINAURAL, _AMBISONICS))
        raise Invalid(f"There is no layout {wanted.layout}: choose one of {names}.")
    return LoudspeakerFeed(scene, wanted.layout)


def _filters(wanted: Wanted, rate: int) -> BinauralFilters:
    if wanted.head is not None:
        return filters_of_file(wanted.head, rate)
    return default_filters(rate, wanted.head_radius_mm)
