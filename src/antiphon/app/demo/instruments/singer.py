"""A voice: the throat's harmonics through a moving mouth's formants, and consonants of noise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from antiphon.app.demo.waves import Wave, band, faded, hertz, noise, running_phase, sweep, table

# (Hz, level): formants of women's voices, means of Peterson and Barney 1952; levels chosen here.
_MOUTHS: dict[str, tuple[tuple[float, float], ...]] = {
    "a": ((850, 1.0), (1220, 0.75), (2810, 0.22), (3900, 0.1)),
    "A": ((860, 1.0), (2050, 0.45), (2850, 0.25), (3900, 0.1)),
    "e": ((610, 1.0), (2330, 0.42), (2990, 0.25), (4000, 0.1)),
    "i": ((310, 1.0), (2790, 0.32), (3310, 0.25), (4100, 0.1)),
    "I": ((430, 1.0), (2480, 0.35), (3070, 0.22), (4000, 0.1)),
    "o": ((590, 1.0), (920, 0.7), (2710, 0.12), (3800, 0.06)),
    "O": ((480, 1.0), (880, 0.6), (2600, 0.1), (3800, 0.05)),
    "u": ((370, 1.0), (950, 0.4), (2670, 0.08), (3800, 0.04)),
    "V": ((760, 1.0), (1400, 0.6), (2780, 0.2), (3900, 0.08)),
    "@": ((560, 1.0), (1500, 0.5), (2520, 0.18), (3800, 0.07)),
    "r": ((450, 0.7), (1350, 0.4), (1700, 0.35), (3500, 0.04)),
    "l": ((360, 0.6), (1300, 0.25), (2900, 0.12), (3800, 0.04)),
    "w": ((320, 0.6), (700, 0.3), (2300, 0.04), (3500, 0.02)),
    "y": ((300, 0.6), (2700, 0.25), (3300, 0.15), (4100, 0.05)),
    "m": ((260, 0.45), (1100, 0.06), (2200, 0.05), (3300, 0.02)),
    "n": ((270, 0.45), (1500, 0.07), (2400, 0.05), (3300, 0.02)),
    "N": ((270, 0.45), (1900, 0.07), (2500, 0.05), (3300, 0.02)),
    "v": ((300, 0.4), (1200, 0.12), (2500, 0.06), (3500, 0.04)),
    "D": ((300, 0.4), (1500, 0.12), (2600, 0.06), (3600, 0.04)),
    "z": ((290, 0.35), (1700, 0.1), (2600, 0.08), (3900, 0.06)),
}
_VOICED = frozenset("rlwymnNvDz")
# Noise of the others: (low Hz, high Hz, seconds, level, silence before).
_NOISES = {
    "s": (4800.0, 10500.0, 0.10, 0.16, 0.0),
    "S": (2300.0, 7000.0, 0.11, 0.18, 0.0),
    "z": (4500.0, 9500.0, 0.06, 0.07, 0.0),
    "f": (1800.0, 9000.0, 0.08, 0.05, 0.0),
    "v": (1500.0, 7000.0, 0.05, 0.03, 0.0),
    "h": (700.0, 3500.0, 0.08, 0.07, 0.0),
    "t": (3200.0, 9000.0, 0.03, 0.22, 0.04),
    "d": (2500.0, 7000.0, 0.02, 0.12, 0.03),
    "k": (1400.0, 4200.0, 0.035, 0.2, 0.04),
    "g": (1000.0, 3000.0, 0.02, 0.1, 0.03),
    "p": (600.0, 2800.0, 0.02, 0.16, 0.045),
    "b": (300.0, 1600.0, 0.015, 0.1, 0.03),
}
_STEP = 0.004


@dataclass(frozen=True, slots=True)
class Syllable:
    """One sung syllable: seconds, key, and its sounds as ``onset-vowels-coda`` (``"l-e-ft"``)."""

    start: float
    length: float
    key: float
    sounds: str

    @property
    def parts(self) -> tuple[str, str, str]:
        """Consonants before, vowels, consonants after."""
        onset, vowels, coda = self.sounds.split("-")
        return onset, vowels, coda


@dataclass(slots=True)
class Singer:
    """Sings whole phrases, so that pitch glides and vowels melt into each other."""

    rate: int
    seed: int = 5
    breath: float = 0.02
    depth: float = 26.0
    _kept: dict[tuple[str, float], Wave] = field(default_factory=dict)

    def sing(self, syllables: Sequence[Syllable]) -> tuple[float, Wave]:
        """A phrase, mono, and the second at which it begins."""
        begin = syllables[0].start - 0.25
        samples = int((syllables[-1].start + syllables[-1].length + 0.3 - begin) * self.rate)
        grid = begin + np.arange(0, samples / self.rate + _STEP, _STEP)
        time = begin + np.arange(samples) / self.rate
        keys = np.interp(time, grid, self._pitch(grid, syllables))
        tables, place = self._mouth(grid, syllables)
        phase = running_phase(440.0 * 2 ** ((keys - 69) / 12), self.rate)
        tone = sweep(tables, phase, np.interp(time, grid, place))
        air = band(noise(samples, self.seed), self.rate, 900, 6500) * self.breath
        wave = (tone + air) * np.interp(time, grid, _strength(grid, syllables))
        for syllable in syllables:
            self._consonants(wave, begin, syllable)
        return begin, faded(wave, 400, 2000)

    def _pitch(self, grid: Wave, syllables: Sequence[Syllable]) -> Wave:
        """Keys over time: glides of 80 ms, late vibrato, a little unsteadiness."""
        keys = np.full(len(grid), float(syllables[0].key))
        vibrato = np.zeros(len(grid))
        for syllable in syllables:
            glide = np.clip((grid - syllable.start + 0.05) / 0.08, 0, 1)
            keys += (syllable.key - keys) * glide * glide * (3 - 2 * glide)
            inside = (grid > syllable.start) & (grid < syllable.start + syllable.length + 0.1)
            grown = np.clip((grid - syllable.start - 0.28) / 0.35, 0, 1)
            vibrato = np.where(inside, grown, vibrato)
        wobble = np.convolve(noise(len(grid), self.seed + 1), np.hanning(25) / 12.5, "same")
        swing = self.depth * vibrato * np.sin(2 * np.pi * 5.4 * grid)
        return np.asarray(keys + (swing + 5 * wobble) / 100)

    def _mouth(self, grid: Wave, syllables: Sequence[Syllable]) -> tuple[Wave, Wave]:
        """The wavetables in order of singing, and the place among them at each moment."""
        rows: list[Wave] = []
        place = np.zeros(len(grid))
        for second, sound, key in _states(syllables):
            if rows:
                place += np.clip((grid - second + 0.03) / 0.06, 0, 1)
            rows.append(self._table(sound, key))
        return np.stack(rows), place

    def _table(self, sound: str, key: float) -> Wave:
        if (sound, key) not in self._kept:
            frequency = hertz(key)
            n = np.arange(1, int(min(60, 9000 / frequency)) + 1)
            partials = n * frequency
            response = np.full(len(n), 0.01 + 0j)
            for centre, gain in _MOUTHS[sound]:
                width = 60 + 0.05 * centre
                response += gain * width / (width + 1j * (partials - centre)) * (1 + centre / 1500)
            amplitude = np.abs(response) / n**0.9
            loud = 0.45 if sound in _VOICED else 1.0
            amplitude *= loud * 0.3 / np.sqrt(np.sum(amplitude**2))
            self._kept[sound, key] = table(amplitude, phases=np.angle(response) - np.pi / 2)
        return self._kept[sound, key]

    def _consonants(self, wave: Wave, begin: float, syllable: Syllable) -> None:
        onset, _, coda = syllable.parts
        end = syllable.start + syllable.length
        for group, second in ((onset, syllable.start - 0.05), (coda, end - 0.06)):
            for index, sound in enumerate(s for s in group if s in _NOISES):
                self._burst(wave, sound, second - begin + 0.06 * index)

    def _burst(self, wave: Wave, sound: str, second: float) -> None:
        low, high, length, level, gap = _NOISES[sound]
        start, samples = int(second * self.rate), int(length * self.rate)
        hush = int(gap * self.rate)
        wave[start - hush : start] *= 0.15
        hiss = band(noise(samples, self.seed + ord(sound)), self.rate, low, high)
        edge = samples // 3 if gap == 0 else samples // 12
        wave[start : start + samples] += faded(hiss, edge, samples // 2) * level


def _states(syllables: Iterable[Syllable]) -> Iterable[tuple[float, str, float]]:
    """(second, sound, key) of every shape that the mouth takes, in order."""
    for syllable in syllables:
        onset, vowels, coda = syllable.parts
        end = syllable.start + syllable.length
        for index, sound in enumerate(s for s in onset if s in _VOICED):
            yield syllable.start - 0.07 + 0.04 * index, sound, syllable.key
        yield syllable.start, vowels[0], syllable.key
        for vowel in vowels[1:]:
            yield max(syllable.start + 0.1, end - 0.17), vowel, syllable.key
        for index, sound in enumerate(s for s in coda if s in _VOICED):
            yield end - 0.08 + 0.05 * index, sound, syllable.key


def _strength(grid: Wave, syllables: Sequence[Syllable]) -> Wave:
    """Loudness over time: each syllable rises and sags, and what touches is joined."""
    strength = np.zeros(len(grid))
    for syllable in syllables:
        end = syllable.start + syllable.length
        points = (
            syllable.start - 0.08,
            syllable.start,
            syllable.start + 0.12,
            end - 0.06,
            end + 0.05,
        )
        strength = np.maximum(strength, np.interp(grid, points, (0.0, 0.85, 1.0, 0.82, 0.0)))
    return strength
