"""Synthesiser voices: saws through a moving filter, basses, plucks, leads."""

from dataclasses import dataclass, field

import numpy as np

from antiphon.app.demo.waves import Wave, hertz, ramp, running_phase, sweep, table

_STEPS = 8


@dataclass(slots=True)
class Synth:
    """Detuned oscillators through a low-pass whose cutoff follows an envelope.

    ``cutoff`` is (resting, peak) as multiples of the key's frequency; ``decay`` and ``sustain``
    shape both filter and level; ``voices`` detuned by ``cents`` in all are spread by ``width``.
    """

    rate: int
    wave: str = "saw"
    cutoff: tuple[float, float] = (4.0, 12.0)
    decay: float = 0.4
    sustain: float = 0.6
    attack: float = 0.005
    release: float = 0.12
    voices: int = 2
    cents: float = 12.0
    width: float = 0.6
    resonance: float = 0.6
    vibrato: float = 0.0
    _kept: dict[float, Wave] = field(default_factory=dict)

    def __call__(self, key: float, seconds: float, velocity: float) -> Wave:
        """A stereo note."""
        samples = int((seconds + self.release) * self.rate)
        time = np.arange(samples) / self.rate
        level = self._envelope(time)
        fall = np.exp(-np.maximum(0.0, time - self.attack) / self.decay)
        place = (
            (self.sustain * 0.6 + (1 - self.sustain * 0.6) * fall)
            * (0.35 + 0.65 * velocity)
            * (_STEPS - 1)
        )
        bend = self.vibrato * np.clip(time / 0.6 - 0.4, 0, 1) * np.sin(2 * np.pi * 5.3 * time)
        phase = running_phase(hertz(key) * 2 ** (bend / 1200), self.rate)
        out = np.zeros((samples, 2))
        for number in range(self.voices):
            spot = 2 * number / (self.voices - 1) - 1 if self.voices > 1 else 0.0
            ratio = 2 ** (spot * self.cents / 2400)
            tone = sweep(self._tables(key), phase * ratio + 0.37 * number, place)
            angle = (spot * self.width * (-1) ** number + 1) * np.pi / 4
            out[:, 0] += tone * np.cos(angle)
            out[:, 1] += tone * np.sin(angle)
        return np.asarray(out * (level * velocity * 0.5 / np.sqrt(self.voices))[:, None])

    def _envelope(self, time: Wave) -> Wave:
        level = self.sustain + (1 - self.sustain) * np.exp(-time / self.decay)
        rise = int(self.attack * self.rate)
        level[:rise] *= ramp(rise)[: len(level)]
        fall = min(int(self.release * self.rate), len(level))
        level[len(level) - fall :] *= ramp(fall)[::-1]
        return np.asarray(level)

    def _tables(self, key: float) -> Wave:
        stack = self._kept.get(key)
        if stack is None:
            n = np.arange(1, int(min(200, 0.45 * self.rate / hertz(key))) + 1)
            source = {
                "saw": 1 / n,
                "square": np.where(n % 2, 1 / n, 0.0),
                "pulse": np.sin(np.pi * n * 0.28) / n,
            }
            low, high = self.cutoff
            rows = []
            for step in range(_STEPS):
                edge = low * (high / low) ** (step / (_STEPS - 1))
                ratio = n / edge
                gain = 1 / np.sqrt((1 - ratio**2) ** 2 + (ratio / (0.75 + 2 * self.resonance)) ** 2)
                rows.append(table(source[self.wave] * np.minimum(gain, 3.0)))
            stack = self._kept[key] = np.stack(rows)
        return stack


def synth_bass(rate: int) -> Synth:
    """A round, dry bass with a quick filter."""
    return Synth(
        rate,
        cutoff=(1.6, 9.0),
        decay=0.16,
        sustain=0.45,
        voices=2,
        cents=6,
        width=0.1,
        release=0.05,
    )


def sub_bass(rate: int) -> Synth:
    """Almost a sine."""
    return Synth(
        rate,
        wave="square",
        cutoff=(1.1, 2.2),
        decay=0.3,
        sustain=0.8,
        voices=1,
        release=0.06,
        resonance=0.1,
    )


def super_saw(rate: int) -> Synth:
    """Seven saws wide."""
    return Synth(
        rate,
        cutoff=(5.0, 26.0),
        decay=0.8,
        sustain=0.7,
        voices=5,
        cents=34,
        width=0.9,
        attack=0.02,
        release=0.3,
    )


def lead(rate: int) -> Synth:
    """A singing pulse with vibrato."""
    return Synth(
        rate,
        wave="pulse",
        cutoff=(5.0, 14.0),
        decay=0.5,
        sustain=0.75,
        voices=2,
        cents=9,
        width=0.35,
        attack=0.02,
        release=0.2,
        vibrato=16,
    )


def pluck(rate: int) -> Synth:
    """A short bright tick for arpeggios."""
    return Synth(
        rate,
        cutoff=(1.8, 16.0),
        decay=0.13,
        sustain=0.06,
        voices=2,
        cents=10,
        width=0.7,
        release=0.1,
    )
