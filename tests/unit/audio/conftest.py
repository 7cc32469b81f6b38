"""A worker with all it needs; sound files by PyAV, and by hand where it has no muxer."""

import asyncio
import contextlib
import struct
import wave
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
import numpy as np
import pytest

from antiphon.audio import (
    AudioJobs,
    AudioWorker,
    PackageStore,
    read_units,
    run_worker,
)
from antiphon.audio.decode import FlacDecoder
from antiphon.catalog import Master, Recording, SourceFormat
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import SystemClock
from antiphon.storage import open_cache, open_objects, open_tables

RATE = 44100


def chord(samples: int, rate: int, channels: int = 2, seed: int = 1) -> np.ndarray:
    """Return int16 PCM of a few sines and a little noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / rate
    x = rng.standard_normal((samples, channels)) * 0.005
    for frequency in (220.0, 277.2, 329.6, 1760.0):
        x += 0.15 * np.sin(2 * np.pi * frequency * t + rng.random() * 6)[:, None]
    return np.rint(x * 32767).astype(np.int16)


def write_wav(path: Path, pcm: np.ndarray, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((pcm.shape[1], 2, rate, len(pcm), "NONE", ""))
        file.writeframes(pcm.tobytes())
    return path


def write_coded(path: Path, pcm: np.ndarray, rate: int, codec: str, **options: str) -> Path:
    """Encode int16 or int32 PCM with PyAV into the container of the path's suffix."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[pcm.shape[1]]
    container = options.pop("container", None)
    with av.open(str(path), "w", format=container) as muxer:
        stream = muxer.add_stream(codec, rate=rate, options=options)
        stream.codec_context.layout = layout
        sample = "s16" if pcm.dtype == np.int16 else "s32"
        if codec in {"flac", "wavpack", "tta", "alac"}:
            planar = "p" if codec in {"alac", "wavpack"} else ""
            stream.codec_context.format = sample + planar
        for start in range(0, len(pcm), 65536):
            flat = np.ascontiguousarray(pcm[start : start + 65536]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(flat, format=sample, layout=layout)
            frame.sample_rate = rate
            frame.pts = start
            muxer.mux(stream.encode(frame))
        muxer.mux(stream.encode(None))
    return path


def write_dsf(path: Path, x: np.ndarray, rate: int = 2822400) -> Path:
    """Write mono DSD by a first-order modulator; layout as in Sony's DSF 1.01."""
    bits = np.zeros(len(x), np.uint8)
    error = 0.0
    for index, value in enumerate(x.tolist()):
        out = 1.0 if value + error >= 0 else -1.0
        error += value - out
        bits[index] = out > 0
    packed = np.packbits(bits, bitorder="little").tobytes()
    blocks = -(-len(packed) // 4096)
    data = packed.ljust(blocks * 4096, b"\x69")
    fmt = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, rate, 1, len(x), 4096, 0)
    body = fmt + struct.pack("<4sQ", b"data", 12 + len(data)) + data
    path.write_bytes(struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(body), 0) + body)
    return path


def write_silent_ape(path: Path, frames: int = 3, last: int = 5000) -> Path:
    """Write Monkey's Audio 3.99 whose frames all carry the flag of stereo silence.

    No free encoder exists; frames of silence need no entropy coder, so this much can be made.
    """
    per_frame = 73728
    frame = struct.pack("<II", 0x80000000, 3) + bytes(24)  # CRC with flags to follow; silence
    header = struct.pack("<IIIHHI", per_frame, last, frames, 16, 2, 44100)
    seek = 76 + frames * 4
    table = b"".join(struct.pack("<I", seek + i * len(frame)) for i in range(frames))
    descriptor = struct.pack(
        "<4sHHIIIIIII16s",
        *(b"MAC ", 3990, 0, 52, 24, len(table), 0, frames * len(frame), 0, 0, bytes(16)),
    )
    coded = struct.pack("<HH", 1000, 0)
    path.write_bytes(descriptor + coded + header + table + frame * frames)
    return path


@pytest.fixture(scope="session")
def make_pcm() -> Callable[..., np.ndarray]:
    return chord


@pytest.fixture(scope="session")
def wav() -> Callable[..., Path]:
    return write_wav


@pytest.fixture(scope="session")
def coded() -> Callable[..., Path]:
    return write_coded


@pytest.fixture(scope="session")
def dsf() -> Callable[..., Path]:
    return write_dsf


@pytest.fixture(scope="session")
def silent_ape() -> Callable[..., Path]:
    return write_silent_ape


@dataclass
class Catalogue:
    """Albums as lists of recording ids; enough of ``Catalog`` for a worker."""

    albums: dict[str, list[str]] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    scenes: dict[str, str] = field(default_factory=dict)
    beside: dict[str, Master] = field(default_factory=dict)

    async def recording(self, recording_id):
        path = self.paths.get(recording_id)
        if path is None:
            return None
        album = next(a for a, songs in self.albums.items() if recording_id in songs)
        return Recording(recording_id, self.master(recording_id), album, ())

    def master(self, recording_id):
        path, scene = self.paths[recording_id], self.scenes.get(recording_id, "")
        return Master(path, f"hash{recording_id}", SourceFormat.WAV, RATE, 2, 16, 0, scene)

    async def album_songs(self, album_id):
        @dataclass
        class Listed:
            recording_id: str
            immersive: Master | None
            disc: int = 1

        return [Listed(r, self.immersive(r)) for r in self.albums.get(album_id, [])]

    def immersive(self, recording_id):
        own = self.master(recording_id) if recording_id in self.scenes else None
        return self.beside.get(recording_id, own)


@dataclass
class House:
    """Everything a worker needs, on a folder."""

    folder: Path
    catalogue: Catalogue = field(default_factory=Catalogue)

    def __post_init__(self):
        self.tables = open_tables(f"lmdb:{self.folder}/tables")
        self.objects = open_objects(f"file:{self.folder}/objects")
        self.signals = open_cache(f"memory:{self.folder}/run")
        self.log = open_eventlog(f"lmdb:{self.folder}/log")
        clock = SystemClock()
        self.jobs = AudioJobs(self.tables, self.signals, clock)
        self.packages = PackageStore(self.tables)
        outbox = Outbox(self.tables, self.log, clock)
        self.worker = AudioWorker(
            "test",
            self.jobs,
            self.packages,
            self.catalogue,
            self.objects,
            outbox,
            self.signals,
        )

    async def close(self):
        for engine in (self.log, self.signals, self.objects, self.tables):
            await engine.close()

    async def add(self, name, path, album="album", *, urgent=False, scene=""):
        if scene:
            self.catalogue.scenes[name] = scene
        if name not in self.catalogue.albums.setdefault(album, []):
            self.catalogue.albums[album].append(name)
        self.catalogue.paths.setdefault(name, str(path))
        await self.jobs.enqueue(name, f"hash{name}", str(path), album, urgent=urgent)

    @contextlib.asynccontextmanager
    async def working(self, **changes):
        stop = asyncio.Event()
        task = asyncio.create_task(run_worker(replace(self.worker, **changes), stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 20)

    async def until(self, done, seconds=60.0):
        async with asyncio.timeout(seconds):
            while not await done():
                await asyncio.sleep(0.02)

    async def complete(self, *names):
        async def done():
            return all(p is not None and p.complete for p in await self.packages.packages(names))

        await self.until(done)
        return await self.packages.packages(names)

    async def settled(self):
        """Wait until no job is left: a package is complete a moment before its job is."""

        async def done():
            left = await self.jobs.status()
            return not left["waiting"] and not left["running"]

        await self.until(done)

    async def pcm(self, rendition):
        """Decode a FLAC rendition from the store."""
        init = await self.objects.get(rendition.init_key)
        at = init.index(b"dfLa") + 12
        decoder = FlacDecoder(init[at : at + 34], rendition.bit_depth)
        parts = []
        for number, segment in enumerate(rendition.segments):
            data = await self.objects.get(rendition.segment_key(number))
            assert len(data) == segment.size
            parts += decoder.decode(read_units(data))
        return np.concatenate(parts)


@pytest.fixture
async def house(tmp_path):
    opened = House(tmp_path)
    yield opened
    await opened.close()
