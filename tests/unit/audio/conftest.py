"""Sound files written here: by PyAV's muxers, and by hand where it has none."""

import struct
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest


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
