"""Plucked strings."""

from dataclasses import dataclass

import numpy as np

from antiphon.app.demo.instruments.keys import Ringing
from antiphon.app.demo.waves import Wave, band, faded, hertz, noise, plucked


@dataclass(slots=True)
class Guitar(Ringing):
    """A steel-string guitar by Karplus-Strong: plucked off centre, with a body of wood."""

    release: float = 0.18
    mellow: float = 0.0

    def ring(self, key: float, velocity: float) -> Wave:
        """A burst shaped by pick position and strength, the loop, the body."""
        frequency = hertz(key)
        period = int(self.rate / frequency)
        burst = noise(period, int(key) * 7 + 1)
        burst = band(
            burst, self.rate, None, min(15000.0, 1200 + 7000 * velocity * (1 - 0.6 * self.mellow))
        )
        pick = max(1, int(period * 0.17))
        burst[pick:] -= 0.85 * burst[:-pick]
        burst -= burst.mean()
        seconds = float(np.clip(4.2 - (key - 40) / 18, 1.5, 4.5))
        string = plucked(
            self.rate,
            int(self.rate * seconds),
            frequency,
            excitation=burst,
            damping=0.045 + 0.10 * self.mellow + 0.0012 * max(0.0, 64 - key),
            loss=0.001 ** (1 / (frequency * seconds * 1.25)),
        )
        string /= np.max(np.abs(string))
        return faded(self._body(string), 8, self.rate // 10) * velocity * 0.6

    def _body(self, string: Wave) -> Wave:
        low = band(string, self.rate, 90, 130, order=1)
        high = band(string, self.rate, 190, 260, order=1)
        return np.asarray(band(string, self.rate, 70, None, order=1) + 0.5 * low + 0.35 * high)


@dataclass(slots=True)
class UprightBass(Ringing):
    """A double bass played with the fingers: a dark string with a woody growl."""

    release: float = 0.09

    def ring(self, key: float, velocity: float) -> Wave:
        """A long dull loop, the finger's thud, a little saturation."""
        frequency = hertz(key)
        period = int(self.rate / frequency)
        burst = band(noise(period, int(key) + 900), self.rate, None, 700 + 900 * velocity)
        pick = max(1, period // 4)
        burst[pick:] -= 0.7 * burst[:-pick]
        burst -= burst.mean()
        string = plucked(
            self.rate,
            int(self.rate * 2.2),
            frequency,
            excitation=burst,
            damping=0.16,
            loss=0.001 ** (1 / (frequency * 2.6)),
        )
        string /= np.max(np.abs(string))
        string = np.tanh(1.6 * band(string, self.rate, 35, None, order=1)) * 0.7
        thud = band(noise(self.rate // 20, int(key)), self.rate, 60, 300) * 0.14
        string[: len(thud)] += thud * np.linspace(1, 0, len(thud)) ** 3
        return faded(string, self.rate // 400, self.rate // 10) * velocity * 0.75
