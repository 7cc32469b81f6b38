"""The mixing desk: strips panned to stereo, a shared room, echoes, and sums."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Protocol

import numpy as np
from scipy import fft, signal

from antiphon.app.demo.score import Note, Tempo
from antiphon.app.demo.waves import Wave, noise

Panner = float | Callable[[float], float]


_CHUNK = 1 << 15  # long tracks are worked on in pieces that stay in the processor's cache


class Instrument(Protocol):
    """Makes the sound of one note, mono (samples,) or stereo (samples, 2), at about unit level."""

    def __call__(self, key: float, seconds: float, velocity: float) -> Wave:
        """The note, release included, so it may be longer than ``seconds``."""
        ...


class Desk:
    """The sum of what has been put on it, and beside it what goes to the room."""

    def __init__(self, rate: int, seconds: float) -> None:
        self.rate, self.seconds = rate, seconds
        self._dry: Wave = np.zeros((int(rate * seconds), 2), dtype=np.float32)
        self._send = np.zeros_like(self._dry)

    def strip(self) -> "Strip":
        """An empty strip of the desk's length."""
        return Strip(self.rate, self.seconds)

    def put(self, wave: "Wave | Strip", *, send: float = 0.2) -> None:
        """Add a finished track to the sum, and ``send`` of it to the room."""
        track = wave.wave if isinstance(wave, Strip) else wave
        for start in range(0, len(track), _CHUNK):
            part = slice(start, start + _CHUNK)
            self._dry[part] += track[part]
            self._send[part] += track[part] * np.float32(send)

    def mix(self, response: Wave) -> Wave:
        """Everything together in the room; the desk is empty of use afterwards."""
        self._dry += reverberated(self._send, response)
        return self._dry


class Strip:
    """A stereo track of the desk that sounds are laid on; levels are linear."""

    def __init__(self, rate: int, seconds: float) -> None:
        self.rate = rate
        self.wave: Wave = np.zeros((int(rate * seconds), 2), dtype=np.float32)

    def lay(self, sound: Wave, second: float, *, gain: float = 1.0, pan: float = 0.0) -> None:
        """Add a sound at a time; ``pan`` runs from -1 (left) to 1 (right), equal power."""
        start = max(0, round(second * self.rate))
        sound = sound.astype(np.float32, copy=False)[: max(0, len(self.wave) - start)]
        target = self.wave[start : start + len(sound)]
        left, right = _pan(pan)
        if sound.ndim == 1:
            target[:, 0] += sound * (gain * left)
            target[:, 1] += sound * (gain * right)
        else:
            root = np.sqrt(2.0)
            target[:, 0] += sound[:, 0] * (gain * min(1.0, left * root))
            target[:, 1] += sound[:, 1] * (gain * min(1.0, right * root))

    def play(
        self,
        instrument: Instrument,
        notes: Iterable[Note],
        tempo: Tempo,
        *,
        gain: float = 1.0,
        pan: Panner = 0.0,
    ) -> None:
        """Play notes in tempo; ``pan`` may follow the key."""
        for note in notes:
            start, end = tempo.seconds(note.start), tempo.seconds(note.end)
            place = pan(note.key) if callable(pan) else pan
            sound = instrument(note.key, end - start, note.velocity)
            self.lay(sound, start, gain=gain, pan=place)

    def echo(
        self, *, seconds: float, feedback: float, level: float = 0.5, count: int = 6
    ) -> "Strip":
        """Add repeats that cross from side to side, the later ones duller."""
        wave, step = self.wave, int(self.rate * seconds)
        dull = wave.mean(axis=1)
        for number in range(1, count + 1):
            if number in {1, 3}:
                dull = signal.lfilter(
                    np.array([0.5], np.float32), np.array([1, -0.5], np.float32), dull
                )
            loud = level * feedback**number
            near, far = (1, 0) if number % 2 else (0, 1)
            sides = np.zeros(2, dtype=np.float32)
            sides[near], sides[far] = loud, 0.25 * loud
            for start in range(number * step, len(wave), _CHUNK):
                stop = min(start + _CHUNK, len(wave))
                wave[start:stop] += dull[start - number * step : stop - number * step, None] * sides
        return self

    def duck(self, moments: Iterable[float], *, depth: float, recovery: float) -> "Strip":
        """Pull the track down at each moment (a kick drum) and let it go again."""
        length = int(self.rate * recovery)
        dip = (1 - depth * (1 - np.linspace(0, 1, length, dtype=np.float32)) ** 2)[:, None]
        starts = sorted(int(self.rate * second) for second in moments)
        for start, following in pairwise([*starts, len(self.wave)]):
            part = self.wave[start : min(start + length, following)]
            part *= dip[: len(part)]
        return self

    def ride(self, *points: tuple[float, float]) -> "Strip":
        """Move the fader through (second, level) points."""
        seconds, levels = zip(*points, strict=True)
        for start in range(0, len(self.wave), _CHUNK):
            part = self.wave[start : start + _CHUNK]
            times = (start + np.arange(len(part))) / self.rate
            part *= np.interp(times, seconds, levels).astype(np.float32)[:, None]
        return self


def _pan(place: float) -> tuple[float, float]:
    angle = (min(1.0, max(-1.0, place)) + 1.0) * np.pi / 4
    return float(np.cos(angle)), float(np.sin(angle))


def across(low: float, high: float, *, width: float) -> Callable[[float], float]:
    """A pan that spreads keys over the stereo field, low keys to the left."""
    return lambda key: width * (2 * (key - low) / (high - low) - 1)


def room(rate: int, *, seconds: float, bright: float, delay: float = 0.02, seed: int = 7) -> Wave:
    """A stereo impulse response of an imagined room, with unit energy.

    Noise whose bands die at their own pace (``seconds``: time to -60 dB at 500 Hz; ``bright``: the
    share of that left at 8 kHz), after a pause of ``delay`` seconds, behind a few reflections.
    """
    samples = fft.next_fast_len(int(rate * seconds * 1.15), real=True)
    response = np.zeros((samples, 2), dtype=np.float32)
    edges = np.array([0.0, 180, 500, 1400, 3500, 7000, rate / 2]) * samples / rate
    shares = np.array([1.05, 1.1, 1.0, 0.55 + 0.45 * bright, 0.25 + 0.75 * bright, bright])
    time = np.arange(samples, dtype=np.float32) / rate
    for channel in range(2):
        spectrum = fft.rfft(noise(samples, seed + channel).astype(np.float32))
        bounds = edges.astype(int)
        for low, high, share in zip(bounds[:-1], bounds[1:], shares, strict=True):
            piece = np.zeros_like(spectrum)
            piece[low:high] = spectrum[low:high]
            decay = np.exp(-6.9 / (seconds * share) * time)
            response[:, channel] += fft.irfft(piece, samples) * decay
    response *= np.minimum(1.0, time / 0.03)[:, None]
    return _with_early(response, rate, delay, seed)


def _with_early(tail: Wave, rate: int, delay: float, seed: int) -> Wave:
    rng = np.random.default_rng(seed + 99)
    response = np.zeros((len(tail) + int(rate * delay), 2))
    response[len(response) - len(tail) :] = tail / np.sqrt(np.sum(tail**2) / 2)
    for channel in range(2):
        times = delay * 0.4 + rng.uniform(0, 0.055, 7)
        signs = rng.choice((-1.0, 1.0), 7)
        response[(times * rate).astype(int), channel] += signs * 0.16 * np.exp(-times * 14)
    return np.asarray(response / np.sqrt(np.sum(response**2) / 2))


def reverberated(wave: Wave, response: Wave) -> Wave:
    """The wave as the room returns it, as long as the wave, without the direct sound."""
    wet = np.empty(wave.shape, dtype=np.float32)
    for channel in range(2):
        dry = np.ascontiguousarray(wave[:, channel], dtype=np.float32)
        tail = np.ascontiguousarray(response[:, channel], dtype=np.float32)
        wet[:, channel] = signal.oaconvolve(dry, tail)[: len(wave)]
    return wet
