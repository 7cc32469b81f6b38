"""EBU R128: integrated loudness with gating (ITU-R BS.1770-4) and true peak.

Block energies go into a histogram of 0.05 LU bins that keeps each bin's sum, so the mean is exact
and only the relative gate's edge is rounded to a bin; histograms of songs add up to the album's.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log10, pi, tan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from antiphon.audio.model import Loudness, Measure
from antiphon.kernel import Lufs, TruePeakDb

_OFFSET = -0.691  # BS.1770-4, equation 2
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_BINS_PER_LU = 20
_HOPS_PER_SECOND = 10
_HOPS_PER_BLOCK = 4  # 400 ms, overlapping by 75 %
_EDGE_SAMPLES = 1024
_SURROUND = 1.41
_LEVEL_BELOW, _SIDE_FROM, _SIDE_TO = 30.0, 60.0, 120.0  # degrees
# Weights in the channel order of FLAC: L R C LFE and surrounds (BS.1770-4, table 4).
_WEIGHTS: Mapping[int, tuple[float, ...]] = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, _SURROUND, _SURROUND),
    5: (1.0, 1.0, 1.0, _SURROUND, _SURROUND),
    6: (1.0, 1.0, 1.0, 0.0, _SURROUND, _SURROUND),
    7: (1.0, 1.0, 1.0, 0.0, 1.0, _SURROUND, _SURROUND),
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, _SURROUND, _SURROUND),
}
_FULL_SCALE = {"int16": 2.0**-15, "int32": 2.0**-31}
_TAPS = 24  # per phase
_KAISER_BETA = 7.0
_PEAK_BLOCK = 8192


class LoudnessMeter:
    """Measures one recording, fed in chunks of any size; ``finish`` gives the ``Measure``."""

    def __init__(self, rate: int, channels: int, *, weights: Sequence[float] | None = None) -> None:
        """Begin; without ``weights``, one for each channel, their number tells where they are."""
        told = _WEIGHTS.get(channels, (1.0,) * channels) if weights is None else weights
        self._heard = np.flatnonzero(told)
        self._weights = np.array(told)[self._heard]
        self._sections = k_weighting(rate)
        self._state = np.zeros((len(self._sections), len(self._heard), 2))
        self._hop = max(1, round(rate / _HOPS_PER_SECOND))
        self._rest = np.zeros(0)
        self._hops: list[NDArray[np.float64]] = []
        self._peak = TruePeakMeter(rate, channels)
        self._head = np.zeros((0, channels), np.float32)
        self._tail = np.zeros((0, channels), np.float32)

    def push(self, pcm: NDArray[Any]) -> None:
        """Take (samples, channels) of int16 or int32 PCM, or of floats at full scale 1.0."""
        if not len(pcm):
            return
        x = np.ascontiguousarray(pcm.T, np.float32)
        x *= np.float32(_FULL_SCALE.get(str(pcm.dtype), 1.0))
        self._peak.push(x)
        self._keep_edges(x.T)
        weighted, self._state = signal.sosfilt(
            self._sections, x[self._heard].astype(np.float64), axis=1, zi=self._state
        )
        np.square(weighted, out=weighted)
        self._count(self._weights @ weighted)

    def finish(self) -> Measure:
        """Return what was measured."""
        self._peak.finish()
        hops = np.concatenate(self._hops) if self._hops else np.zeros(0)
        return Measure(
            histogram=_histogram(_blocks(hops, self._hop)),
            true_peak=self._peak.peak,
            head_peak=_abs_peak(self._head),
            tail_peak=_abs_peak(self._tail),
        )

    def _count(self, power: NDArray[np.float64]) -> None:
        power = np.concatenate((self._rest, power))
        whole = len(power) // self._hop * self._hop
        self._hops.append(power[:whole].reshape(-1, self._hop).sum(axis=1))
        self._rest = power[whole:]

    def _keep_edges(self, x: NDArray[np.float32]) -> None:
        if len(self._head) < _EDGE_SAMPLES:
            self._head = np.concatenate((self._head, x[: _EDGE_SAMPLES - len(self._head)]))
        self._tail = np.concatenate((self._tail, x[-_EDGE_SAMPLES:]))[-_EDGE_SAMPLES:]


class TruePeakMeter:
    """Finds the highest level between the samples, interpolating to at least 176.4 kHz.

    Feed float32 of shape (channels, samples). A block whose samples are so low that no
    interpolated value can exceed the peak so far is not interpolated.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self.peak = 0.0
        self._filters = interpolation(_factor(rate))
        self._reach = float(np.abs(self._filters).sum(axis=1).max(initial=0.0))
        self._held = np.zeros((channels, _TAPS - 1), np.float32)

    def push(self, x: NDArray[np.float32]) -> None:
        """Take the next samples."""
        self.peak = max(self.peak, _abs_peak(x))
        if not len(self._filters):
            return
        joined = np.concatenate((self._held, x), axis=1)
        self._held = joined[:, joined.shape[1] - (_TAPS - 1) :]
        for start in range(0, joined.shape[1] - (_TAPS - 1), _PEAK_BLOCK):
            for channel in joined:
                self._interpolate(channel[start : start + _PEAK_BLOCK + _TAPS - 1])

    def finish(self) -> None:
        """Let the filter ring out."""
        self.push(np.zeros((len(self._held), _TAPS), np.float32))

    def _interpolate(self, x: NDArray[np.float32]) -> None:
        if _abs_peak(x) * self._reach <= self.peak:
            return
        count = len(x) - (_TAPS - 1)
        shifted = np.lib.stride_tricks.as_strided(x, (_TAPS, count), x.strides * 2)
        self.peak = max(self.peak, _abs_peak(self._filters @ shifted))


def channel_weight(azimuth: float, elevation: float, *, is_lfe: bool) -> float:
    """Return what a loudspeaker counts for (BS.1770-4, table 4): more at the sides, not above."""
    if is_lfe:
        return 0.0
    at_side = abs(elevation) < _LEVEL_BELOW and _SIDE_FROM <= abs(azimuth) <= _SIDE_TO
    return _SURROUND if at_side else 1.0


def k_weighting(rate: int) -> NDArray[np.float64]:
    """Return the K-weighting filter for any rate as two second-order sections.

    BS.1770-4 gives coefficients at 48 kHz; these are the analogue prototypes behind them (shelf
    at 1682 Hz of +4 dB, high pass at 38 Hz), mapped by the bilinear transform at ``rate``.
    """
    k, q, gain = tan(pi * 1681.974450955533 / rate), 0.7071752369554196, 3.999843853973347
    high, band = 10 ** (gain / 20), 10 ** (gain / 20 * 0.4996667741545416)
    a0 = 1 + k / q + k * k
    shelf = [
        (high + band * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        *(1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0),
    ]
    k, q = tan(pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, high_pass])


def interpolation(factor: int) -> NDArray[np.float32]:
    """Return ``factor - 1`` filters of unity gain at DC, for the places between two samples."""
    places = np.arange(1, factor)[:, None] / factor
    distance = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - places
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (distance / (_TAPS / 2)) ** 2)) / np.i0(_KAISER_BETA)
    filters = np.sinc(distance) * window
    unity: NDArray[np.float32] = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return unity


def loudness_of(measure: Measure, album: Iterable[Measure] = ()) -> Loudness | None:
    """Return the song's loudness, and the album's where its songs' measures are given.

    None where nothing is above the absolute gate: silence, or less than 400 ms of sound.
    """
    integrated = integrated_loudness([measure])
    if integrated is None:
        return None
    songs = list(album)
    whole = integrated_loudness(songs)
    return Loudness(
        integrated=integrated,
        true_peak=_decibels(measure.true_peak),
        album_integrated=whole,
        album_true_peak=_decibels(max(m.true_peak for m in songs)) if whole is not None else None,
    )


def integrated_loudness(measures: Iterable[Measure]) -> Lufs | None:
    """Return the gated loudness of all measures together; None below the absolute gate."""
    bins = [entry for measure in measures for entry in measure.histogram]
    blocks = sum(count for _, count, _ in bins)
    if not blocks:
        return None
    ungated = _lufs(sum(energy for _, _, energy in bins) / blocks)
    gate = _bin(ungated + _RELATIVE_GATE)
    heard = [(count, energy) for index, count, energy in bins if index >= gate]
    return Lufs(_lufs(sum(e for _, e in heard) / sum(c for c, _ in heard)))


def _blocks(hops: NDArray[np.float64], hop: int) -> NDArray[np.float64]:
    if len(hops) < _HOPS_PER_BLOCK:
        return np.zeros(0)
    return np.convolve(hops, np.ones(_HOPS_PER_BLOCK), "valid") / (_HOPS_PER_BLOCK * hop)


def _histogram(blocks: NDArray[np.float64]) -> tuple[tuple[int, int, float], ...]:
    audible = blocks[blocks > 10 ** ((_ABSOLUTE_GATE - _OFFSET) / 10)]
    if not len(audible):
        return ()
    index = np.floor((10 * np.log10(audible) + _OFFSET) * _BINS_PER_LU).astype(int)
    found, where = np.unique(index, return_inverse=True)
    counts, sums = np.bincount(where), np.bincount(where, weights=audible)
    return tuple(zip(found.tolist(), counts.tolist(), sums.tolist(), strict=True))


def _lufs(energy: float) -> float:
    return _OFFSET + 10 * log10(energy)


def _bin(lufs: float) -> int:
    return int(np.floor(lufs * _BINS_PER_LU))


def _factor(rate: int) -> int:
    return max(1, min(4, round(192000 / rate))) if rate < 176400 else 1


def _abs_peak(x: NDArray[np.float32]) -> float:
    return max(float(x.max()), -float(x.min())) if x.size else 0.0


def _decibels(peak: float) -> TruePeakDb:
    return TruePeakDb(20 * log10(max(peak, 1e-6)))
