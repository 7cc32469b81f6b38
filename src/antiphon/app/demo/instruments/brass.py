"""Brass: the louder, the brighter; the attack slides and blooms."""

from dataclasses import dataclass, field

import numpy as np

from antiphon.app.demo.waves import Wave, hertz, ramp, running_phase, segments, sweep, table

_STEPS = 5


@dataclass(slots=True)
class Brass:
    """One player. ``size`` 1 is a trumpet, 2 a trombone: the formant falls and the attack slows."""

    rate: int
    seed: int = 3
    size: float = 1.0
    _kept: dict[float, Wave] = field(default_factory=dict)

    def __call__(self, key: float, seconds: float, velocity: float) -> Wave:
        """A note whose wavetable opens with its envelope and whose pitch settles in 60 ms."""
        release = 0.11
        samples = int((seconds + release) * self.rate)
        rise = self._envelope(samples, seconds, release)
        rng = np.random.default_rng(self.seed * 131 + int(key * 10 + seconds * 1000))
        time = np.arange(samples) / self.rate
        late = np.clip((time - 0.25) / 0.3, 0, 1)
        vibrato = (
            7.0 * late * np.sin(2 * np.pi * (5.1 + rng.random() * 0.5) * time + rng.random() * 6)
        )
        drift = segments(
            samples, self.rate, (0, -28.0), (0.06, 0.0), (max(0.1, seconds), rng.normal(0, 4))
        )
        frequency = hertz(key) * 2 ** ((vibrato + drift) / 1200)
        place = np.clip(rise * (0.35 + 0.75 * velocity), 0, 1) * (_STEPS - 1)
        tone = sweep(self._tables(key), running_phase(frequency, self.rate) + rng.random(), place)
        return np.asarray(tone * rise * (0.25 + 0.75 * velocity) * 0.5)

    def _envelope(self, samples: int, seconds: float, release: float) -> Wave:
        attack = 0.028 * self.size**0.6
        curve = segments(
            samples,
            self.rate,
            (0, 0),
            (attack, 1.0),
            (attack + 0.09, 0.84),
            (max(seconds, attack + 0.1), 0.78),
        )
        fall = min(samples, int(release * self.rate))
        curve[samples - fall :] *= ramp(fall)[::-1]
        return curve

    def _tables(self, key: float) -> Wave:
        stack = self._kept.get(key)
        if stack is None:
            frequency = hertz(key)
            n = np.arange(1, int(min(60, 0.45 * self.rate / frequency)) + 1)
            partials = n * frequency
            formant = 1 + 1.3 / (
                1 + ((partials - 1300 / self.size**0.75) / (700 / self.size**0.5)) ** 2
            )
            rows = []
            for step in range(_STEPS):
                cutoff = (420 + 700 * step**1.45) / self.size**0.45 + 0.9 * frequency
                amplitude = formant / n**0.35 * np.exp(-partials / cutoff)
                rows.append(table(amplitude / np.sqrt(np.sum(amplitude**2))))
            stack = self._kept[key] = np.stack(rows)
        return stack
