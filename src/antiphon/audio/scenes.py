"""Immersive masters opened for rendering, and the stereo that is made of them."""

import types
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.decode import CHUNK_SAMPLES, Pcm, Source, SourceInfo, open_source, to_pcm
from antiphon.audio.limiter import Limiter
from antiphon.kernel import SampleRateHz
from antiphon.spatial import (
    Bw64File,
    LoudspeakerFeed,
    MasterUnreadable,
    Scene,
    read_scene,
    scene_of_ambisonics,
    scene_of_channels,
)

Samples = NDArray[np.float32]

ADM: Final = "adm"
AMBISONICS: Final = "ambisonics"
STEREO_CEILING_DBTP: Final = -1.0
_WAVE_MAGIC: Final = (b"RIFF", b"RF64", b"BW64")
_BITS: Final = 24
_EXTENSIBLE: Final = 0xFFFE
# FL FR FC LFE BL BR SL SR: what a mask or FLAC calls 7.1 has the rear before the sides.
_REAR_FIRST_MASK: Final = 0x63F
_SIDES_FIRST: Final = [0, 1, 2, 3, 6, 7, 4, 5]
_SEVEN_ONE: Final = 8


class SceneMaster:
    """An open immersive master: its scene, and its samples as (samples, channels) of float32."""

    def __init__(self, path: str, how: str) -> None:
        """Open it; ``how`` is what the catalogue says of its channels. Raise ``Corrupt``."""
        self._open = ExitStack()
        try:
            self._file: Bw64File | None = None
            self._flac: Source | None = None
            with open(path, "rb") as head:  # noqa: PTH123 - the path may hold undecodable bytes
                is_wave = head.read(4) in _WAVE_MAGIC
            if is_wave:
                self.scene = self._open_wave(path, how)
            else:
                self.scene = self._open_flac(path, how)
        except BaseException:
            self._open.close()
            raise

    @property
    def frames(self) -> int:
        """Return how many samples each channel has, by what the file says."""
        if self._file is not None:
            return self._file.frames
        assert self._flac is not None
        return self._flac.info.samples or 0

    def blocks(self) -> Iterator[Samples]:
        """Yield all samples in order; may be called once."""
        if self._file is not None:
            parts: Iterator[Samples] = self._file.blocks(CHUNK_SAMPLES)
        else:
            assert self._flac is not None
            parts = (_as_floats(pcm) for pcm in self._flac.chunks())
        for part in parts:
            yield part[:, _SIDES_FIRST] if self._rear_first else part

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        """Close the file."""
        self._open.close()

    def _open_wave(self, path: str, how: str) -> Scene:
        file = self._open.enter_context(open(path, "rb"))  # noqa: PTH123, SIM115
        if how == ADM:
            self._file, scene = read_scene(file)
            self._rear_first = False
            return scene
        self._file = Bw64File(file)
        form = self._file.format
        self._rear_first = _has_rear_first(self._file)
        return _scene_of(form.channels, form.sample_rate, how)

    def _open_flac(self, path: str, how: str) -> Scene:
        self._flac = self._open.enter_context(open_source(path))
        info = self._flac.info
        self._rear_first = info.channels == _SEVEN_ONE
        return _scene_of(info.channels, info.sample_rate, how)


class StereoRendering:
    """An immersive master as stereo of 24 bits: BS.2127 to 0+2+0, held below -1 dBTP."""

    def __init__(self, master: SceneMaster) -> None:
        self._master = master
        self._rate = master.scene.sample_rate

    @property
    def info(self) -> SourceInfo:
        """Return what it gives."""
        rate, samples = SampleRateHz(self._rate), self._master.frames
        return SourceInfo("scene", "scene", rate, 2, _BITS, samples)

    def chunks(self) -> Iterator[Pcm]:
        """Yield the PCM in order; may be called once."""
        feed = LoudspeakerFeed(self._master.scene, "0+2+0")
        limiter = Limiter(self._rate, 2, ceiling=10 ** (STEREO_CEILING_DBTP / 20))
        count = 0
        for block in self._master.blocks():
            ready = limiter.push(feed.render(block))
            count += len(ready)
            if len(ready):
                yield to_pcm(ready, _BITS)
        last = np.concatenate((limiter.push(feed.tail()), limiter.finish()))
        if count + len(last) == 0:
            raise MasterUnreadable("there is no sound in this master.")
        if len(last):
            yield to_pcm(last, _BITS)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        """Close the master."""
        self._master.__exit__(kind, error, trace)


def open_stereo(path: str, how: str) -> StereoRendering:
    """Open an immersive master for its stereo rendering; raise ``Corrupt`` where it is none."""
    return StereoRendering(SceneMaster(path, how))


def _scene_of(channels: int, rate: int, how: str) -> Scene:
    if how == AMBISONICS:
        return scene_of_ambisonics(channels, rate)
    return scene_of_channels(channels, rate, how)


def _has_rear_first(file: Bw64File) -> bool:
    """Say whether a mask puts the rear loudspeakers of 7.1 before the sides."""
    form = file.chunk("fmt ") or b""
    tag, channels = int.from_bytes(form[:2], "little"), file.format.channels
    mask = int.from_bytes(form[20:24], "little") if tag == _EXTENSIBLE else 0
    return channels == _SEVEN_ONE and mask == _REAR_FIRST_MASK


def _as_floats(pcm: Pcm) -> Samples:
    scale = np.float32(2.0**-15 if pcm.dtype == np.int16 else 2.0**-31)
    floats: Samples = pcm.astype(np.float32) * scale
    return floats
