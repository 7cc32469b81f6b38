"""The last step: loudness measured and set, peaks held, samples rounded with dither."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from antiphon.app.demo.waves import Wave

CEILING = 10 ** (-1.5 / 20)


def loudness(wave: Wave, rate: int) -> float:
    """Integrated loudness in LUFS after ITU-R BS.1770-4: K weighting, 400 ms blocks, two gates.

    The weighted power of each tenth of a second is read off its spectrum (Parseval), which differs
    from filtering first by less than 0.1 dB and is several times faster.
    """
    hop = rate // 10
    hops = len(wave) // hop
    power = np.zeros(hops)
    weight = 2 * _weighting(fft.rfftfreq(hop, 1 / rate), rate) ** 2 / hop**2
    for channel in range(2):
        frames = np.ascontiguousarray(wave[: hops * hop, channel], dtype=np.float32)
        spectrum = fft.rfft(frames.reshape(hops, hop), axis=1)
        power += (spectrum.real**2 + spectrum.imag**2) @ weight.astype(np.float32)
    blocks = np.convolve(power, np.full(4, 0.25), "valid") + 1e-12
    blocks = blocks[_lufs(blocks) > -70.0]
    gate = _lufs(np.mean(blocks)) - 10.0
    return float(_lufs(np.mean(blocks[_lufs(blocks) > gate])))


def _lufs(power: Wave | np.floating) -> Wave:
    return np.asarray(-0.691 + 10 * np.log10(power))


def _weighting(frequencies: Wave, rate: int) -> Wave:
    """The gain of the K weighting's two stages (the standard's filters in bilinear form)."""
    turn = np.exp(-2j * np.pi * frequencies / rate)
    gain = np.ones_like(frequencies)
    for b, a in (_shelf(rate), _highpass(rate)):
        gain = gain * np.abs(np.polyval(b[::-1], turn) / np.polyval(a[::-1], turn))
    return np.asarray(gain)


def _shelf(rate: int) -> tuple[Wave, Wave]:
    """Stage 1: the head's effect, +4 dB above 1.7 kHz."""
    gain, q, f0 = 3.99984385397, 0.7071752369554193, 1681.9744509555319
    k = np.tan(np.pi * f0 / rate)
    vh = 10 ** (gain / 20)
    vb = vh**0.499666774155
    norm = 1 + k / q + k * k
    b = np.array([vh + vb * k / q + k * k, 2 * (k * k - vh), vh - vb * k / q + k * k])
    return b / norm, np.array([norm, 2 * (k * k - 1), 1 - k / q + k * k]) / norm


def _highpass(rate: int) -> tuple[Wave, Wave]:
    """Stage 2: less below 38 Hz."""
    q, f0 = 0.5003270373253953, 38.13547087613982
    k = np.tan(np.pi * f0 / rate)
    norm = 1 + k / q + k * k
    b = np.array([1.0, -2.0, 1.0])
    return b, np.array([norm, 2 * (k * k - 1), 1 - k / q + k * k]) / norm


def limited(wave: Wave, rate: int, ceiling: float = CEILING) -> Wave:
    """Peaks held under the ceiling by a gain that looks ahead 4 ms and moves smoothly.

    The gain is computed once per 32 samples: from the peak of each stretch and its neighbours,
    smoothed over fewer stretches than the peak was widened by, so it is never too high.
    """
    step = 32
    count = -(-len(wave) // step)
    peak = np.maximum(np.abs(wave[:, 0]), np.abs(wave[:, 1]))
    peak = np.pad(peak, (0, count * step - len(peak))).reshape(count, step).max(axis=1)
    reach = max(1, int(0.004 * rate / step))
    hold = ndimage.maximum_filter1d(peak, 4 * reach + 3)
    gain = np.minimum(1.0, ceiling / np.maximum(hold, ceiling))
    for _ in range(2):
        gain = ndimage.uniform_filter1d(gain, 2 * reach + 1)
    middles = np.arange(count) * step + step / 2
    smooth = np.interp(np.arange(len(wave)), middles, gain).astype(np.float32)
    return np.asarray(wave * smooth[:, None])


def mastered(wave: Wave, rate: int, *, lufs: float) -> Wave:
    """The mix at about a loudness (limiting takes up to half a decibel), peaks under -1.5 dBFS."""
    gain = np.float32(10 ** ((lufs - loudness(wave, rate)) / 20))
    return limited(wave * gain, rate)


def settled(wave: Wave, rate: int, *, floor: float = 10 ** (-66 / 20)) -> Wave:
    """Cut where the last sound has died away, and eased to zero there, so that nothing clicks."""
    loud = np.flatnonzero(np.maximum(np.abs(wave[:, 0]), np.abs(wave[:, 1])) > floor)
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
