"""The last step: loudness measured and set, peaks held, samples rounded with dither."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from antiphon.app.demo.waves import Wave, band

CEILING = 10 ** (-1.5 / 20)


def loudness(wave: Wave, rate: int) -> float:
    """Integrated loudness in LUFS after ITU-R BS.1770-4: K weighting, 400 ms blocks, two gates."""
    weighted = wave
    for b, a in (_shelf(rate), _highpass(rate)):
        weighted = signal.lfilter(b, a, weighted, axis=0)
    block, hop = int(0.4 * rate), int(0.1 * rate)
    sums = np.concatenate(([0.0], np.cumsum(np.sum(weighted**2, axis=1))))
    starts = np.arange(0, len(wave) - block, hop)
    power = (sums[starts + block] - sums[starts]) / block + 1e-12
    power = power[_lufs(power) > -70.0]
    gate = _lufs(np.mean(power)) - 10.0
    return float(_lufs(np.mean(power[_lufs(power) > gate])))


def _lufs(power: Wave | np.floating) -> Wave:
    return np.asarray(-0.691 + 10 * np.log10(power))


def _shelf(rate: int) -> tuple[Wave, Wave]:
    """Stage 1 of the K weighting for any rate (the standard's 48 kHz table, bilinear form)."""
    gain, q, f0 = 3.99984385397, 0.7071752369554193, 1681.9744509555319
    k = np.tan(np.pi * f0 / rate)
    vh = 10 ** (gain / 20)
    vb = vh**0.499666774155
    norm = 1 + k / q + k * k
    b = np.array([vh + vb * k / q + k * k, 2 * (k * k - vh), vh - vb * k / q + k * k])
    return b / norm, np.array([norm, 2 * (k * k - 1), 1 - k / q + k * k]) / norm


def _highpass(rate: int) -> tuple[Wave, Wave]:
    """Stage 2 of the K weighting."""
    q, f0 = 0.5003270373253953, 38.13547087613982
    k = np.tan(np.pi * f0 / rate)
    norm = 1 + k / q + k * k
    return np.array([1.0, -2.0, 1.0]), np.array(
        [1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]
    )


def limited(wave: Wave, rate: int, ceiling: float = CEILING) -> Wave:
    """Peaks held under the ceiling by a gain that looks ahead 4 ms and moves smoothly."""
    reach = int(0.004 * rate)
    peak = np.max(np.abs(wave), axis=1)
    hold = ndimage.maximum_filter1d(peak, 4 * reach + 1)
    gain = ndimage.uniform_filter1d(
        np.minimum(1.0, ceiling / np.maximum(hold, ceiling)), 2 * reach + 1
    )
    gain = ndimage.uniform_filter1d(gain, 2 * reach + 1)
    return np.asarray(wave * gain[:, None])


def mastered(wave: Wave, rate: int, *, lufs: float) -> Wave:
    """The mix at a loudness, without rumble, its peaks under -1.5 dBFS."""
    clean = band(wave.astype(np.float64), rate, 24.0, None)
    clean = clean * 10 ** ((lufs - loudness(clean, rate)) / 20)
    loud = limited(clean, rate)
    loud = loud * 10 ** ((lufs - loudness(loud, rate)) / 20)
    return limited(loud, rate)


def settled(wave: Wave, rate: int, *, floor: float = 10 ** (-66 / 20)) -> Wave:
    """Cut where the last sound has died away, and eased to zero there, so that nothing clicks."""
    loud = np.flatnonzero(np.max(np.abs(wave), axis=1) > floor)
    end = min(len(wave), int(loud[-1]) + rate // 4)
    out = wave[:end].copy()
    first, last = int(0.004 * rate), int(0.7 * rate)
    out[:first] *= np.linspace(0, 1, first)[:, None]
    out[end - last :] *= np.linspace(1, 0, last)[:, None] ** 1.5
    return out


def quantised(wave: Wave, bits: int, seed: int) -> NDArray[np.int32]:
    """Integer samples of ``bits`` bits with triangular dither of one step either way."""
    rng = np.random.default_rng(seed)
    full = 2 ** (bits - 1)
    # float32 noise is enough for a dither and half the time
    dither = rng.random(wave.shape, dtype=np.float32) - rng.random(wave.shape, dtype=np.float32)
    steps = np.rint(wave * (full - 1) + dither)
    return np.asarray(np.clip(steps, -full, full - 1), dtype=np.int32)
