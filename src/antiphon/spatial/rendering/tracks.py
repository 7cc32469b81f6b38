"""Where samples come from: channels of the file, silence, matrices and mixes (BS.2127, 5.3)."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.compiled import compiled
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.scene import DirectTrack, MatrixTrack, MixTrack, SilentTrack, Track

__all__ = ["Tracks", "is_silent"]

Samples = NDArray[np.float32]


def is_silent(track: Track) -> bool:
    """Return whether nothing can come from a track."""
    if isinstance(track, MatrixTrack):
        return is_silent(track.source)
    if isinstance(track, MixTrack):
        return all(is_silent(source) for source in track.sources)
    return isinstance(track, SilentTrack)


class Tracks:
    """Reads the tracks that a scene uses out of interleaved blocks, each of them once."""

    def __init__(self, tracks: Iterable[Track], channels: int, rate: int) -> None:
        self._rows = {track: row for row, track in enumerate(dict.fromkeys(tracks))}
        for track in self._rows:
            _check(track, channels)
        direct = [(row, t.index) for t, row in self._rows.items() if isinstance(t, DirectTrack)]
        self._direct = np.array([row for row, _ in direct], np.int64)
        self._channels = np.array([index for _, index in direct], np.int64)
        self._derived = {
            row: _source(track, rate)
            for track, row in self._rows.items()
            if not isinstance(track, DirectTrack)
        }

    def row(self, track: Track) -> int:
        """Return the row in which ``read`` puts a track."""
        return self._rows[track]

    def read(self, block: Samples) -> Samples:
        """Return the tracks (tracks, samples) of a block (samples, channels)."""
        planar = np.empty((len(self._rows), len(block)), np.float32)
        _pick(block, self._channels, self._direct, planar)
        for row, source in self._derived.items():
            planar[row] = source.read(block)
        return planar


@compiled
def _pick(
    block: Samples, channels: NDArray[np.int64], rows: NDArray[np.int64], planar: Samples
) -> None:
    """Copy channels into rows, in squares that stay in the cache."""
    size = 64
    for begin in range(0, len(block), size):
        end = min(begin + size, len(block))
        for i in range(len(channels)):
            channel, row = channels[i], rows[i]
            for t in range(begin, end):
                planar[row, t] = block[t, channel]


class _Silence:
    def read(self, block: Samples) -> Samples:
        return np.zeros(len(block), np.float32)


class _Direct:
    def __init__(self, index: int) -> None:
        self._index = index

    def read(self, block: Samples) -> Samples:
        return np.ascontiguousarray(block[:, self._index])


class _Mix:
    def __init__(self, sources: "list[_Source]") -> None:
        self._sources = sources

    def read(self, block: Samples) -> Samples:
        total = self._sources[0].read(block)
        for source in self._sources[1:]:
            total = total + source.read(block)
        return total


class _Matrix:
    """A gain, and a delay that is rounded to the nearest sample, halves down."""

    def __init__(self, source: "_Source", track: MatrixTrack, rate: int) -> None:
        self._source = source
        self._gain = np.float32(track.gain)
        self._late = np.zeros(math.ceil(rate * track.delay_ms / 1000.0 - 0.5), np.float32)

    def read(self, block: Samples) -> Samples:
        samples = np.concatenate((self._late, self._source.read(block) * self._gain))
        self._late = samples[len(block) :]
        return samples[: len(block)]


_Source = _Silence | _Direct | _Mix | _Matrix


def _source(track: Track, rate: int) -> _Source:
    if is_silent(track):
        return _Silence()
    if isinstance(track, DirectTrack):
        return _Direct(track.index)
    if isinstance(track, MatrixTrack):
        return _Matrix(_source(track.source, rate), track, rate)
    assert isinstance(track, MixTrack)
    return _Mix([_source(source, rate) for source in track.sources if not is_silent(source)])


def _check(track: Track, channels: int) -> None:
    if isinstance(track, DirectTrack) and not 0 <= track.index < channels:
        raise SceneInvalid(f"A track refers to channel {track.index + 1} of {channels}.")
    if isinstance(track, MatrixTrack):
        if track.delay_ms < 0:
            raise SceneInvalid("A matrix asks for a negative delay.")
        _check(track.source, channels)
    if isinstance(track, MixTrack):
        for source in track.sources:
            _check(source, channels)
