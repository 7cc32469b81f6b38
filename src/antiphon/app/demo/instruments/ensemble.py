"""Many players at once: bowed strings, choirs and pads from spread spectra."""

from dataclasses import dataclass, field

import numpy as np

from antiphon.app.demo.waves import Bands, Wave, hertz, ramp, spread

_LOOP = 1 << 17


@dataclass(slots=True)
class Ensemble:
    """A section whose note is a slice of a seamless loop, swelling from dark to bright.

    ``cents`` is how far the players stand apart in pitch; ``formants`` are (Hz, width, gain) of the
    bodies or mouths that the sound passes through; ``tilt`` is the power law of the harmonics.
    """

    rate: int
    seed: int = 1
    cents: float = 9.0
    tilt: float = 1.1
    cutoff: float = 3200.0
    formants: tuple[tuple[float, float, float], ...] = ()
    attack: float = 0.35
    release: float = 0.6
    swell: float = 0.25
    octave: float = 0.0
    _kept: dict[tuple[float, int, int], Wave] = field(default_factory=dict)

    def __call__(self, key: float, seconds: float, velocity: float) -> Wave:
        """A stereo note with a bowed rise, a swell in the middle, a release after its end."""
        samples = int((seconds + self.release) * self.rate)
        start = int(key * 7919 + seconds * 1000) * 64 % _LOOP
        rise = self._envelope(samples, seconds)
        light = np.clip(velocity * rise * (1 + self.swell), 0, 1)[:, None]
        bright = _slice(self._loop(key, 1), start, samples)
        sound = _slice(self._loop(key, 0), start, samples)
        bright -= sound
        bright *= light
        sound += bright
        sound *= (rise * (velocity * 0.22))[:, None]
        return sound

    def _envelope(self, samples: int, seconds: float) -> Wave:
        rise = np.ones(samples, dtype=np.float32)
        attack = min(int(self.attack * self.rate), samples)
        fall = min(int(self.release * self.rate), samples)
        rise[:attack] *= ramp(attack)
        rise[samples - fall :] *= ramp(fall)[::-1]
        if seconds > 1.2:
            arch = np.sin(np.linspace(0, np.pi, samples, dtype=np.float32))
            rise *= 1 + self.swell * (arch - 0.5)
        return rise

    def _loop(self, key: float, light: int) -> Wave:
        """One stereo loop, its channels independent; made once per key and brightness."""
        loop = self._kept.get((key, light, 0))
        if loop is None:
            sides = [self._side(key, light, side) for side in range(2)]
            loop = self._kept[key, light, 0] = np.stack(sides, axis=1)
        return loop

    def _side(self, key: float, light: int, side: int) -> Wave:
        frequency = hertz(key)
        n = np.arange(1, int(min(90, 0.42 * self.rate / frequency)) + 1)
        partials = n * frequency
        amplitude = 1 / n**self.tilt / (1 + (partials / (self.cutoff * (0.35, 1.5)[light])) ** 3)
        if self.formants:
            shape = np.full(len(n), 0.12)
            for centre, width, gain in self.formants:
                shape += gain / (1 + ((partials - centre) / width) ** 2)
            amplitude = amplitude * shape
        if self.octave:
            amplitude[1::2] *= 1 + self.octave
        widths = np.maximum(0.25, partials * (2 ** (self.cents / 1200) - 1) / 2)
        # both brightnesses share their noise, so that they fade into each other without a dip
        seed = (self.seed * 1000 + round(key * 4)) * 2 + side
        return spread(self.rate, _LOOP, Bands(partials, amplitude, widths), seed)


def _slice(loop: Wave, start: int, samples: int) -> Wave:
    """A copy of a stretch of the endless loop."""
    turns = -(-(start + samples) // len(loop))
    return np.concatenate([loop] * turns)[start : start + samples]


def violins(rate: int, seed: int = 11) -> Ensemble:
    """A string section with the air of its wooden boxes."""
    bodies = ((290.0, 60.0, 0.9), (470.0, 90.0, 1.0), (1100.0, 350.0, 0.9), (2700.0, 900.0, 1.1))
    return Ensemble(rate, seed, cents=10, tilt=0.85, cutoff=3600, formants=bodies, attack=0.28)


def cellos(rate: int, seed: int = 12) -> Ensemble:
    """Lower strings: larger boxes, slower bows."""
    bodies = ((110.0, 30.0, 0.8), (190.0, 50.0, 1.2), (420.0, 130.0, 0.9), (1200.0, 500.0, 0.6))
    return Ensemble(rate, seed, cents=9, tilt=0.95, cutoff=2200, formants=bodies, attack=0.32)


def choir(rate: int, seed: int = 13, *, vowel: str = "a") -> Ensemble:
    """Voices on one vowel."""
    mouths = {
        "a": ((730.0, 110.0, 1.0), (1150.0, 130.0, 0.7), (2700.0, 250.0, 0.25)),
        "o": ((480.0, 90.0, 1.0), (850.0, 110.0, 0.6), (2500.0, 250.0, 0.15)),
        "u": ((320.0, 80.0, 1.0), (700.0, 110.0, 0.3), (2300.0, 250.0, 0.08)),
    }
    return Ensemble(
        rate, seed, cents=16, tilt=0.7, cutoff=3000, formants=mouths[vowel], attack=0.4, release=0.8
    )


def warm_pad(rate: int, seed: int = 14) -> Ensemble:
    """A wide, dark, slow synthesiser."""
    return Ensemble(
        rate, seed, cents=22, tilt=1.25, cutoff=1400, attack=1.2, release=2.2, swell=0.5, octave=0.5
    )


def glass_pad(rate: int, seed: int = 15) -> Ensemble:
    """A thin bright halo."""
    return Ensemble(
        rate, seed, cents=14, tilt=0.55, cutoff=5200, attack=1.8, release=3.0, swell=0.7, octave=1.2
    )
