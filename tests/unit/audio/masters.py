"""Immersive masters for tests: objects that circle, beds of noise, a sphere."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from antiphon.spatial import (
    Bw64Writer,
    DirectTrack,
    ObjectBlock,
    ObjectItem,
    PcmFormat,
    PolarPosition,
    Scene,
    adm_chunks,
)

RATE = 48000


def circling(objects: int = 2, seconds: int = 8) -> Scene:
    """Return objects that go once round the listener in four seconds, each from its own place."""
    items = []
    for n in range(objects):
        blocks = tuple(
            ObjectBlock(
                Fraction(k, 4),
                Fraction(k + 1, 4),
                PolarPosition(
                    (360.0 * n / objects + 22.5 * k + 180) % 360 - 180, min(20.0 * n, 80.0)
                ),
            )
            for k in range(4 * seconds)
        )
        items.append(ObjectItem(name=f"object {n}", track=DirectTrack(n), blocks=blocks))
    return Scene(tuple(items), objects, RATE, "Orbit")


def music(channels: int, seconds: float, *, level: float = 0.1, rate: int = RATE) -> np.ndarray:
    """Return pink noise up to 14 kHz through a slow tremolo, float32."""
    rng = np.random.default_rng(11)
    count = round(rate * seconds)
    spectra = np.fft.rfft(rng.normal(0, 1, (count, channels)), axis=0)
    frequency = np.fft.rfftfreq(count, 1 / rate)[:, None]
    shape = np.where(frequency < 14_000, 1 / np.sqrt(np.maximum(frequency, 40.0)), 0.0)
    pink = np.fft.irfft(spectra * shape, count, axis=0)
    tremolo = 1.0 + 0.3 * np.sin(2 * np.pi * 0.7 * np.arange(count) / rate)[:, None]
    sound = pink / np.sqrt(np.mean(pink**2)) * level * tremolo
    return sound.astype(np.float32)


def write_adm(path: Path, scene: Scene, samples: np.ndarray) -> Path:
    with path.open("wb") as file:
        how = PcmFormat(scene.channels, scene.sample_rate, 24)
        with Bw64Writer(file, how, adm_chunks(scene)) as writer:
            writer.write(samples)
    return path


def write_wave(path: Path, samples: np.ndarray, *, rate: int = RATE) -> Path:
    how = PcmFormat(samples.shape[1], rate, 24)
    with path.open("wb") as file, Bw64Writer(file, how, {}) as writer:
        writer.write(samples)
    return path


def write_flac(path: Path, samples: np.ndarray) -> Path:
    """Write FLAC of 24 bits, the channels as they come."""
    layout = {6: "5.1", 8: "7.1"}[samples.shape[1]]
    with av.open(str(path), "w") as muxer:
        stream = muxer.add_stream("flac", rate=RATE, layout=layout)
        stream.format = "s32"
        pcm = np.rint(samples * 2.0**23).astype(np.int32) << 8
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s32", layout=layout)
        frame.sample_rate, frame.pts = RATE, 0
        muxer.mux([*stream.encode(frame), *stream.encode(None)])
    return path
