"""Drums and cymbals, each hit made from a sine that falls, filtered noise, or both."""

from dataclasses import dataclass, field

import numpy as np

from antiphon.app.demo.waves import Wave, band, faded, noise, running_phase


def _decay(samples: int, rate: int, seconds: float) -> Wave:
    return np.exp(-np.arange(samples) / (seconds * rate))


@dataclass(slots=True)
class Kit:
    """A drum kit by name of the piece; hits are made once and kept."""

    rate: int
    _kept: dict[str, Wave] = field(default_factory=dict)

    def hit(self, name: str) -> Wave:
        """The sound of one piece at full strength, mono."""
        if name not in self._kept:
            self._kept[name] = getattr(self, f"_{name}")()
        return self._kept[name]

    def _kick(self) -> Wave:
        samples = int(0.42 * self.rate)
        time = np.arange(samples) / self.rate
        phase = running_phase(46 + 150 * np.exp(-time * 38), self.rate)
        body = np.sin(2 * np.pi * phase) * np.exp(-time * 8.5)
        click = band(noise(samples, 5), self.rate, 1500, 6000) * np.exp(-time * 260) * 0.25
        return faded(np.tanh(1.5 * body) + click, 8, self.rate // 20)

    def _soft_kick(self) -> Wave:
        samples = int(0.35 * self.rate)
        time = np.arange(samples) / self.rate
        phase = running_phase(50 + 70 * np.exp(-time * 30), self.rate)
        return faded(np.sin(2 * np.pi * phase) * np.exp(-time * 10), 40, self.rate // 20)

    def _snare(self) -> Wave:
        samples = int(0.32 * self.rate)
        time = np.arange(samples) / self.rate
        tone = np.sin(2 * np.pi * (185 * time)) + 0.6 * np.sin(2 * np.pi * 331 * time)
        rattle = band(noise(samples, 6), self.rate, 900, 9000)
        return faded(0.5 * tone * np.exp(-time * 26) + 0.55 * rattle * np.exp(-time * 17), 4, 256)

    def _gated(self) -> Wave:
        samples = int(0.36 * self.rate)
        time = np.arange(samples) / self.rate
        rattle = band(noise(samples, 16), self.rate, 350, 7500)
        gate = np.where(time < 0.24, 1 - 1.4 * time, np.maximum(0, 0.66 - (time - 0.24) * 12))
        tone = np.sin(2 * np.pi * 172 * time) * np.exp(-time * 18)
        return faded(0.6 * tone + 0.42 * rattle * gate, 4, 512)

    def _clap(self) -> Wave:
        samples = int(0.3 * self.rate)
        time = np.arange(samples) / self.rate
        hands = sum(
            (
                np.where(time >= t, np.exp(-(time - t) * k), 0.0)
                for t, k in ((0, 160), (0.011, 160), (0.022, 160), (0.031, 22))
            ),
            np.zeros(samples),
        )
        return faded(band(noise(samples, 8), self.rate, 900, 4200) * hands * 0.55, 4, 512)

    def _rim(self) -> Wave:
        samples = int(0.09 * self.rate)
        time = np.arange(samples) / self.rate
        knock = np.sin(2 * np.pi * 1720 * time) + 0.7 * np.sin(2 * np.pi * 830 * time)
        return faded(knock * np.exp(-time * 75) * 0.5, 4, 128)

    def _hat(self) -> Wave:
        samples = int(0.09 * self.rate)
        return faded(self._metal(samples, 9) * _decay(samples, self.rate, 0.016) * 0.4, 4, 128)

    def _open_hat(self) -> Wave:
        samples = int(0.36 * self.rate)
        return faded(self._metal(samples, 10) * _decay(samples, self.rate, 0.11) * 0.36, 4, 1024)

    def _shaker(self) -> Wave:
        samples = int(0.1 * self.rate)
        rise = np.sin(np.linspace(0, np.pi, samples)) ** 3
        return np.asarray(band(noise(samples, 18), self.rate, 4200, 11000) * rise * 0.2)

    def _ride(self) -> Wave:
        samples = int(1.3 * self.rate)
        time = np.arange(samples) / self.rate
        wash = self._metal(samples, 11) * (0.28 * np.exp(-time * 4.5) + 0.5 * np.exp(-time * 60))
        ping = sum((np.sin(2 * np.pi * f * time) for f in (3180, 4270, 5630)), np.zeros(samples))
        return faded(wash + 0.08 * ping * np.exp(-time * 11), 4, 2048) * 0.45

    def _crash(self) -> Wave:
        samples = int(2.4 * self.rate)
        time = np.arange(samples) / self.rate
        return faded(self._metal(samples, 12, low=2200) * np.exp(-time * 2.2) * 0.4, 40, 4096)

    def _brush(self) -> Wave:
        samples = int(0.26 * self.rate)
        sweep_ = np.sin(np.linspace(0, np.pi, samples)) ** 1.5
        return band(noise(samples, 13), self.rate, 1400, 7500) * sweep_ * 0.16

    def _brush_tap(self) -> Wave:
        samples = int(0.16 * self.rate)
        return (
            faded(
                band(noise(samples, 14), self.rate, 500, 6500) * _decay(samples, self.rate, 0.03),
                30,
                256,
            )
            * 0.4
        )

    def _tom(self) -> Wave:
        samples = int(0.5 * self.rate)
        time = np.arange(samples) / self.rate
        phase = running_phase(92 + 60 * np.exp(-time * 18), self.rate)
        return faded(np.sin(2 * np.pi * phase) * np.exp(-time * 7) * 0.9, 8, 1024)

    def _metal(self, samples: int, seed: int, low: float = 6500) -> Wave:
        """Six squares at unrelated pitches and noise, only the top of it: a cymbal's hiss."""
        time = np.arange(samples) / self.rate
        tones = sum(
            (np.sign(np.sin(2 * np.pi * f * time)) for f in (523, 741, 1049, 1327, 1571, 1831)),
            np.zeros(samples),
        )
        return band(noise(samples, seed) + 0.35 * tones, self.rate, low, None, order=3)
