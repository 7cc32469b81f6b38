"""The limiter: what it lets pass, what it holds, and that all channels share its gain."""

import numpy as np
import pytest

from antiphon.audio.limiter import Limiter
from antiphon.audio.loudness import TruePeakMeter

RATE = 48000


def limited(x: np.ndarray, ceiling: float, step: int = 4096) -> tuple[np.ndarray, Limiter]:
    limiter = Limiter(RATE, x.shape[1], ceiling=ceiling)
    parts = [limiter.push(x[n : n + step]) for n in range(0, len(x), step)]
    return np.concatenate([*parts, limiter.finish()]), limiter


def true_peak(x: np.ndarray) -> float:
    meter = TruePeakMeter(RATE, x.shape[1])
    meter.push(np.ascontiguousarray(x.T))
    meter.finish()
    return meter.peak


def loud(channels: int = 3, seconds: float = 2.0) -> np.ndarray:
    rng = np.random.default_rng(3)
    x = rng.normal(0, 0.4, (round(RATE * seconds), channels)).astype(np.float32)
    x[20000:20400] *= 4.0
    return x


def test_what_stays_below_the_ceiling_passes_to_the_bit():
    x = loud() * np.float32(0.1)
    out, limiter = limited(x, 1.0)
    assert np.array_equal(out, x)
    assert limiter.least == 1.0


@pytest.mark.parametrize("ceiling_db", [-1.0, -6.0])
def test_true_peaks_are_held(ceiling_db: float):
    x = loud()
    out, limiter = limited(x, 10 ** (ceiling_db / 20))
    assert out.shape == x.shape
    assert 20 * np.log10(true_peak(out)) <= ceiling_db + 0.1
    assert limiter.least < 0.5


def test_a_peak_between_two_samples_is_held():
    n = np.arange(RATE)
    x = (np.sin(2 * np.pi * 12000 * n / RATE + np.pi / 4) * 0.95)[:, None].astype(np.float32)
    assert np.abs(x).max() < 0.7
    assert true_peak(x) > 0.94
    out, _ = limited(x, 0.8)
    assert true_peak(out[2000:-2000]) <= 0.81


def test_all_channels_are_turned_down_together():
    x = loud()
    x[:, 1:] *= np.float32(0.2)
    out, _ = limited(x, 0.5)
    gain = out[:, 1] / x[:, 1]
    assert np.allclose(gain, out[:, 2] / x[:, 2], atol=1e-5)


def test_the_size_of_blocks_changes_nothing_that_can_be_heard():
    x = loud()
    whole, _ = limited(x, 0.5, step=len(x))
    for step in (100, 777, 65536):
        assert np.abs(limited(x, 0.5, step=step)[0] - whole).max() < 1e-6


def test_sound_long_after_a_peak_is_left_alone():
    x = np.full((RATE, 1), 0.1, np.float32)
    x[1000] = 2.0
    out, _ = limited(x, 0.5)
    assert np.array_equal(out[1000 + RATE // 10 :], x[1000 + RATE // 10 :])
