"""Sound from arithmetic: modes, wavetables, spread spectra, plucked strings, filtered noise.

A wave is a float array of samples, one-dimensional; stereo is (samples, 2). Nothing here draws
an unseeded random number.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

Wave = NDArray[np.floating]

_TABLE = 2048


def hertz(key: float) -> float:
    """The frequency of a key, equal temperament, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((key - 69.0) / 12.0))


@lru_cache(maxsize=64)
def ramp(samples: int) -> Wave:
    """A raised-cosine rise from 0 to 1; shared, so not to be written to."""
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(samples) + 0.5) / max(1, samples))
    return np.asarray(rise, dtype=np.float32)


def faded(wave: Wave, attack: int, release: int) -> Wave:
    """A copy with a smooth start and end; works on mono and stereo."""
    out = wave.copy()
    attack, release = min(attack, len(out)), min(release, len(out))
    lift = ramp(attack) if out.ndim == 1 else ramp(attack)[:, None]
    fall = ramp(release)[::-1] if out.ndim == 1 else ramp(release)[::-1, None]
    out[:attack] *= lift
    out[len(out) - release :] *= fall
    return out


def segments(samples: int, rate: int, *points: tuple[float, float]) -> Wave:
    """A curve through (second, value) points, linear between them and held at the ends."""
    seconds, values = zip(*points, strict=True)
    return np.asarray(np.interp(np.arange(samples) / rate, seconds, values))


def modal(
    samples: int, rate: int, frequencies: Wave, decays: Wave, amplitudes: Wave, phases: Wave
) -> Wave:
    """A sum of exponentially decaying sinusoids (decays in nepers per second).

    The powers of each mode's complex pole are split into an outer product of coarse and fine steps,
    so that the sum over modes is two matrix products and hardly any transcendental function.
    """
    pole = (-decays + 2j * np.pi * frequencies) / rate
    audible = frequencies < 0.46 * rate
    pole, weight = pole[audible], (amplitudes * np.exp(1j * phases))[audible]
    block = 1 << max(6, int(np.log2(samples)) // 2)
    coarse = _powers(np.exp(pole * block), -(-samples // block))
    fine = weight[:, None] * _powers(np.exp(pole), block).T
    steps = np.hstack((coarse.real, -coarse.imag)).astype(np.float32)
    shapes = np.vstack((fine.real, fine.imag)).astype(np.float32)
    return np.asarray((steps @ shapes).ravel()[:samples])


def _powers(base: NDArray[np.complexfloating], count: int) -> NDArray[np.complexfloating]:
    """Rows 0 to count - 1 of the powers of each base, by doubling."""
    rows = np.ones((1, len(base)), dtype=np.complex128)
    step = base
    while len(rows) < count:
        rows = np.concatenate((rows, rows * step))
        step = step * step
    return rows[:count]


def table(harmonics: Wave, *, phases: Wave | None = None) -> Wave:
    """One period of a wave with the given harmonic amplitudes, closed for interpolation."""
    spectrum = np.zeros(_TABLE // 2 + 1, dtype=complex)
    count = min(len(harmonics), _TABLE // 2 - 1)
    turn = -0.5j * np.pi if phases is None else 1j * phases[:count]
    spectrum[1 : count + 1] = harmonics[:count] * np.exp(turn)
    period = np.fft.irfft(spectrum) * (_TABLE / 2)
    return np.append(period, period[0]).astype(np.float32)


def sweep(tables: Wave, phase: Wave, place: Wave | float) -> Wave:
    """Read a stack of wavetables at a running phase (in periods), fading between neighbours.

    ``place`` runs from 0 (the first table) to the number of tables less one.
    """
    position = (phase - np.floor(phase)) * _TABLE
    index = position.astype(np.int32)
    part = (position - index).astype(np.float32)
    where = np.clip(np.asarray(place, dtype=np.float32), 0.0, len(tables) - 1.0)
    low = np.minimum(where.astype(np.int32), max(0, len(tables) - 2))
    share = where - low.astype(np.float32)
    flat = tables.ravel()
    start = low * (_TABLE + 1) + index
    wave = flat[start] + part * (flat[start + 1] - flat[start])
    if len(tables) == 1:
        return np.asarray(wave)
    start = start + (_TABLE + 1)
    other = flat[start] + part * (flat[start + 1] - flat[start])
    return np.asarray(wave + share * (other - wave))


def running_phase(frequency: Wave, rate: int) -> Wave:
    """The phase, in periods, of an oscillator whose frequency follows a curve."""
    return np.cumsum(frequency) / rate


@dataclass(frozen=True, slots=True)
class Bands:
    """Partials widened to Gaussian bands: frequencies and widths (standard deviations) in Hz."""

    frequencies: Wave
    amplitudes: Wave
    widths: Wave


def spread(rate: int, samples: int, bands: Bands, seed: int) -> Wave:
    """Partials with random phases, each a band: an ensemble, and a loop without a seam.

    After Nasca Octavian Paul's PADsynth: the bands are drawn into one long spectrum over seeded
    complex noise; the inverse transform repeats without a seam. Unit power.
    """
    rng = np.random.default_rng(seed)
    spectrum = rng.standard_normal(samples + 2, dtype=np.float32).view(np.complex64)
    magnitude = np.zeros(len(spectrum), dtype=np.float32)
    step = rate / samples
    for frequency, amplitude, width in zip(
        bands.frequencies, bands.amplitudes, bands.widths, strict=True
    ):
        reach, centre = int(3.5 * width / step) + 2, int(frequency / step)
        first, last = max(1, centre - reach), min(len(spectrum) - 1, centre + reach)
        if first < last:
            offset = (np.arange(first, last) * step - frequency) / width
            shape = np.exp(-0.5 * offset**2)
            magnitude[first:last] += amplitude / np.sqrt(width / step) * shape
    wave = fft.irfft(magnitude * spectrum, samples)
    return np.asarray(wave / np.sqrt(np.mean(wave**2)))


def noise(samples: int, seed: int) -> Wave:
    """White noise with unit variance."""
    return np.random.default_rng(seed).standard_normal(samples)


def band(wave: Wave, rate: int, low: float | None, high: float | None, *, order: int = 2) -> Wave:
    """A Butterworth band-, low- or high-pass; a missing edge leaves that side open."""
    edges = [edge for edge in (low, high) if edge is not None]
    kind = "bandpass" if len(edges) == 2 else ("highpass" if high is None else "lowpass")
    sections = signal.butter(
        order, edges if len(edges) == 2 else edges[0], kind, fs=rate, output="sos"
    )
    return np.asarray(signal.sosfilt(sections, wave, axis=0))


def plucked(
    rate: int, samples: int, frequency: float, *, excitation: Wave, damping: float, loss: float
) -> Wave:
    """A Karplus-Strong string: a delay loop with a damping filter, tuned to a fraction of a sample.

    ``damping`` in (0, 0.5] weighs the loop's low-pass, ``loss`` is the gain per period. The loop is
    run one period at a time, which is exact because each period needs only the one before it.
    """
    delay = rate / frequency - 1.0
    whole = int(delay) - 1
    taps = np.convolve(_lagrange(delay - whole), [damping, 1 - 2 * damping, damping]) * loss
    reach, span = len(taps) - 1, whole - 1
    wave = np.zeros(reach + whole + samples)
    silence = reach + whole
    wave[silence : silence + len(excitation)] = excitation[:samples]
    for start in range(silence, len(wave), span):
        stop = min(start + span, len(wave))
        past = wave[start - whole - reach : stop - whole]
        wave[start:stop] += np.convolve(past, taps, "valid")
    return wave[silence:]


def _lagrange(fraction: float) -> Wave:
    """Third-order Lagrange taps for a delay of 1 to 2 samples (Laakso et al. 1996, eq. 42)."""
    points = np.arange(4)
    taps = np.ones(4)
    for k in points:
        taps[points != k] *= (fraction - k) / (points[points != k] - k)
    return taps
