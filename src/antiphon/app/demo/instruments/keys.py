"""Struck and plucked keyboards, and everything of wood and metal that a mallet sets ringing."""

from dataclasses import dataclass, field

import numpy as np

from antiphon.app.demo.waves import Wave, band, faded, hertz, modal, noise


@dataclass(slots=True)
class Ringing:
    """An instrument whose note rings by itself until damped; full rings are made once and kept."""

    rate: int
    release: float = 0.12
    _kept: dict[tuple[float, int], Wave] = field(default_factory=dict)

    def __call__(self, key: float, seconds: float, velocity: float) -> Wave:
        """The ring cut where the note ends, with a damper's short fade."""
        level = max(1, min(8, round(velocity * 8)))
        ring = self._kept.get((key, level))
        if ring is None:
            ring = self._kept[key, level] = self.ring(key, level / 8)
        wanted = int((seconds + self.release) * self.rate)
        return faded(ring[:wanted], 0, int(self.release * self.rate)) * (velocity / (level / 8))

    def ring(self, key: float, velocity: float) -> Wave:
        """The undamped note at unit level for a velocity of 1."""
        raise NotImplementedError


@dataclass(slots=True)
class Piano(Ringing):
    """A soft grand: stiff strings in detuned pairs, two-stage decay, a felt hammer, a board."""

    bright: float = 1.0
    longest: float = 4.5

    def ring(self, key: float, velocity: float) -> Wave:
        """Partials n f0 sqrt(1 + B n^2) (Fletcher 1964), each a fast and a slow mode."""
        frequency = hertz(key)
        count = int(min(36, 9000 / frequency)) + 1
        n = np.arange(1, count + 1)
        stiff = 2.2e-4 * 2 ** ((key - 48) / 10)
        partials = n * frequency * np.sqrt(1 + stiff * n**2)
        cutoff = (620 + 2600 * velocity**1.5) * self.bright * 2 ** ((key - 60) / 30)
        strike = np.abs(np.sin(np.pi * n * 0.118)) + 0.08
        amplitude = strike / n**0.55 * np.exp(-((partials / cutoff) ** 0.85))
        amplitude /= np.sqrt(np.sum(amplitude**2))
        slow = (0.16 + 0.55 * 2 ** ((key - 60) / 14)) * (1 + 0.05 * n)
        samples = int(self.rate * min(self.longest, 4.5 / slow[0]))
        spin = np.random.default_rng(int(key)).random(count) * 0.6
        tones = modal(
            samples,
            self.rate,
            np.concatenate((partials * 1.00028, partials * 0.99975)),
            np.concatenate((slow * 4.5 + 1.2, slow)),
            np.concatenate((amplitude * 0.72, amplitude * 0.34)),
            np.concatenate((spin, spin + 0.4)) - np.pi / 2,
        )
        return faded(tones, self.rate // 700, 64) * velocity * 0.5 + self._knock(
            samples, velocity, key
        )

    def _knock(self, samples: int, velocity: float, key: float) -> Wave:
        length = min(samples, self.rate // 8)
        thump = band(noise(length, int(key) + 500), self.rate, 70, 420 + 500 * velocity)
        thump *= np.exp(-np.arange(length) / (0.018 * self.rate)) * velocity**2 * 0.045
        return np.pad(thump, (0, samples - length))


@dataclass(slots=True)
class Harpsichord(Ringing):
    """Plucked brass: many thin partials, a pluck near the end, a quill's click, two choirs."""

    release: float = 0.06

    def ring(self, key: float, velocity: float) -> Wave:
        """Both 8-foot choirs, a few cents apart, and a faint 4-foot."""
        frequency = hertz(key)
        n = np.arange(1, int(min(56, 13000 / frequency)) + 1)
        amplitude = (
            (np.abs(np.sin(np.pi * n * 0.09)) + 0.02) / n**0.62 / (1 + (n * frequency / 6500) ** 4)
        )
        decay = (0.75 + 0.5 * 2 ** ((key - 60) / 16)) * (1 + 0.035 * n)
        octave = np.where(n % 2 == 0, 1.35, 1.0)
        samples = int(self.rate * 3.2)
        spin = np.random.default_rng(int(key) + 31).random(2 * len(n)) * 2
        wave = modal(
            samples,
            self.rate,
            np.concatenate((n * frequency * 1.0006, n * frequency * 0.9996)),
            np.concatenate((decay, decay * 1.15)),
            np.concatenate((amplitude * octave, amplitude * 0.7)) / np.sqrt(np.sum(amplitude**2)),
            spin,
        )
        click = noise(self.rate // 180, int(key)) * 0.12
        wave[: len(click)] += click * np.linspace(1, 0, len(click)) ** 2
        level = 0.2 * min(1.0, (key / 60) ** 0.7)
        return np.asarray(faded(wave, 12, 64) * ((0.55 + 0.45 * velocity) * level))


@dataclass(slots=True)
class Mallet(Ringing):
    """A bar or bell described by its modes: ratios to the fundamental, levels and decays."""

    ratios: tuple[float, ...] = (1.0, 3.93, 9.2)
    levels: tuple[float, ...] = (1.0, 0.32, 0.1)
    decays: tuple[float, ...] = (3.2, 9.0, 22.0)
    beating: float = 0.0
    hardness: float = 0.3
    length: float = 2.5
    release: float = 0.3

    def ring(self, key: float, velocity: float) -> Wave:
        """All modes, doubled ``beating`` Hz apart where the instrument is tuned in pairs."""
        frequency = hertz(key)
        ratios, levels = np.array(self.ratios), np.array(self.levels)
        levels = levels * (0.35 + 0.65 * velocity) ** np.arange(len(levels))
        decays = np.array(self.decays) * 2 ** ((key - 60) / 22)
        samples = int(self.rate * self.length)
        pair = 0.5 if self.beating else 0.0
        wave = modal(
            samples,
            self.rate,
            np.concatenate((ratios * frequency, ratios * frequency + self.beating)),
            np.concatenate((decays, decays)),
            np.concatenate((levels * (1 - pair), levels * pair)),
            np.full(2 * len(ratios), -np.pi / 2),
        )
        return faded(wave, self.rate // 1500, 64) * velocity * 0.6 + self._tap(
            samples, key, velocity
        )

    def _tap(self, samples: int, key: float, velocity: float) -> Wave:
        length = min(samples, self.rate // 30)
        tap = band(noise(length, int(key * 4) + 71), self.rate, 300, 1200 + 5000 * self.hardness)
        tap *= np.exp(-np.arange(length) / (0.004 * self.rate)) * velocity * self.hardness * 0.35
        return np.pad(tap, (0, samples - length))


def marimba(rate: int) -> Mallet:
    """Rosewood over tubes: the fundamental and a fourth partial two octaves up."""
    return Mallet(rate, decays=(4.0, 12.0, 30.0), hardness=0.35, length=1.6, release=0.25)


def vibraphone(rate: int) -> Mallet:
    """Aluminium bars, long and pure."""
    return Mallet(
        rate, ratios=(1.0, 4.0, 10.1), levels=(1.0, 0.22, 0.05), decays=(0.9, 2.5, 8.0), length=4.0
    )


def music_box(rate: int) -> Mallet:
    """A steel comb's tooth: a clamped bar, so widely spaced modes."""
    return Mallet(
        rate,
        ratios=(1.0, 6.27, 17.5),
        levels=(1.0, 0.26, 0.06),
        decays=(2.2, 7.0, 30.0),
        hardness=0.55,
        length=2.6,
        beating=0.7,
    )


def bronze(rate: int, *, beating: float = 6.0, length: float = 3.5) -> Mallet:
    """A bronze key over a tube, tuned in pairs that beat as in Bali."""
    return Mallet(
        rate,
        ratios=(1.0, 2.76, 5.4, 8.93),
        levels=(1.0, 0.42, 0.22, 0.1),
        decays=(1.1, 2.6, 6.0, 12.0),
        beating=beating,
        hardness=0.7,
        length=length,
        release=0.1,
    )


def gong(rate: int) -> Mallet:
    """A great hanging gong: close low modes that beat slowly, for twelve seconds."""
    return Mallet(
        rate,
        ratios=(1.0, 1.007, 1.52, 2.01, 2.67, 3.1, 4.2, 5.3),
        levels=(1.0, 0.8, 0.3, 0.5, 0.3, 0.2, 0.15, 0.1),
        decays=(0.5, 0.55, 1.0, 1.1, 1.8, 2.4, 3.5, 5.0),
        beating=1.6,
        hardness=0.08,
        length=9.0,
        release=1.5,
    )


def timpani(rate: int) -> Mallet:
    """A kettledrum: the air tunes its preferred modes near 1 : 1.5 : 2 : 2.5."""
    return Mallet(
        rate,
        ratios=(1.0, 1.504, 1.98, 2.44, 2.9),
        levels=(1.0, 0.6, 0.35, 0.2, 0.12),
        decays=(2.6, 3.0, 4.2, 6.0, 8.0),
        hardness=0.12,
        length=2.5,
        release=0.6,
    )


@dataclass(slots=True)
class ElectricPiano(Ringing):
    """A tine piano by frequency modulation (Chowning 1973): bell on the attack, warmth after."""

    release: float = 0.15

    def ring(self, key: float, velocity: float) -> Wave:
        """One modulated pair for the body, one at fourteen times the key for the tine."""
        time = np.arange(int(self.rate * 4.0)) / self.rate
        turn = 2 * np.pi * hertz(key) * time
        index = (0.35 + 1.5 * velocity**1.6) * np.exp(-time * 2.4) * 2 ** ((60 - key) / 40)
        body = np.sin(turn + index * np.sin(turn)) * np.exp(-time * (0.75 + 2 ** ((key - 84) / 12)))
        tine = np.sin(turn + 0.7 * np.sin(14 * turn) * np.exp(-time * 14)) * np.exp(-time * 3.5)
        return faded(body * 0.7 + tine * 0.3 * velocity, self.rate // 1000, 64) * velocity * 0.55
