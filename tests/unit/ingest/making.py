"""Files to import: synthesised with PyAV where FFmpeg has an encoder, by hand where not."""

import io
import struct
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image

FORMATS = {
    "flac": ("flac", "flac"),
    "m4a": ("alac", "ipod"),
    "aac.m4a": ("aac", "ipod"),
    "mp3": ("mp3", "mp3"),
    "ogg": ("vorbis", "ogg"),
    "opus": ("libopus", "opus"),
    "wav": ("pcm_s16le", "wav"),
    "aiff": ("pcm_s16be", "aiff"),
    "wv": ("wavpack", "wv"),
}


@cache
def sound(
    extension: str, *, pitch: float = 440.0, seconds: float = 1.0, rate: int = 48_000
) -> bytes:
    """Return an untagged file of that kind: two channels, a tone in each and some noise."""
    codec, container = FORMATS[extension]
    moments = np.arange(int(rate * seconds)) / rate
    left = np.sin(2 * np.pi * pitch * moments)
    right = np.sin(2 * np.pi * pitch * 1.5 * moments)
    noise = np.random.default_rng(int(pitch)).normal(0, 0.05, (2, len(moments)))
    samples = (np.stack([left, right]) * 0.5 + noise).astype(np.float32)
    out = io.BytesIO()
    with av.open(out, "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=rate, options={"strict": "experimental"})
        stream.layout = "stereo"
        if codec in {"wavpack", "alac"}:
            stream.format = "s16p"
        for packet in _packets(stream, samples, rate):
            opened.mux(packet)
    return out.getvalue()


def _packets(stream, samples, rate):
    resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=rate)
    size = stream.codec_context.frame_size or 4096
    for start in range(0, samples.shape[1], 4096):
        block = np.ascontiguousarray(samples[:, start : start + 4096])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.rate = rate
        frame.pts = start
        for converted in resampler.resample(frame):
            yield from stream.encode(converted)
    for converted in resampler.resample(None):
        yield from stream.encode(converted)
    yield from stream.encode(None)
    assert size


def dsf(seconds: float = 0.2) -> bytes:
    """Return a DSF file: DSD64, one channel of alternating bits."""
    rate = 2_822_400
    blocks = max(1, int(rate * seconds / 8) // 4096)
    data = b"\x69" * (4096 * blocks)
    fmt = struct.pack("<IIIIIIQII", 1, 0, 1, 1, rate, 1, len(data) * 8, 4096, 0)
    total = 28 + 52 + 12 + len(data)
    return (
        b"DSD " + struct.pack("<QQQ", 28, total, 0)
        + b"fmt " + struct.pack("<Q", 52) + fmt
        + b"data" + struct.pack("<Q", 12 + len(data)) + data
    )  # fmt: skip


def ape(seconds: float = 1.0) -> bytes:
    """Return a file with the headers of Monkey's Audio 3.99; its frames hold noise."""
    rate, per_frame = 44_100, 73_728
    total = int(rate * seconds)
    frames = -(-total // per_frame)
    coded = bytes(range(256)) * 40
    seek = struct.pack("<I", 52 + 24 + 4) * frames
    header = struct.pack(
        "<HHIIIHHI", 2000, 0, per_frame, total - per_frame * (frames - 1), frames, 16, 2, rate
    )
    descriptor = b"MAC " + struct.pack(
        "<HHIIIIIII", 3990, 0, 52, len(header), len(seek), 0, len(coded), 0, 0
    ) + b"\x11" * 16  # fmt: skip
    return descriptor + header + seek + coded


def picture(
    color: str = "teal", *, size: tuple[int, int] = (400, 400), kind: str = "JPEG"
) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind)
    return out.getvalue()


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def a_flac(
    path: Path, *, pitch: float = 440.0, seconds: float = 0.25, **tags: str | list[str]
) -> Path:
    """Write a short FLAC file with these Vorbis comments."""
    import mutagen.flac

    put(path, sound("flac", pitch=pitch, seconds=seconds))
    opened = mutagen.flac.FLAC(path)
    for name, value in tags.items():
        opened[name] = value
    opened.save()
    return path
