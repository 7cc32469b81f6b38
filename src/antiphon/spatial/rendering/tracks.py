"""Where samples come from: channels of the file, silence, matrices and mixes (BS.2127, 5.3)."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.scene import DirectTrack, MatrixTrack, MixTrack, SilentTrack, Track

__all__ = ["TrackBlock", "Tracks", "is_silent"]

Samples = NDArray[np.float32]


def is_silent(track: Track) -> bool:
    """Return whether nothing can come from a track."""
    if isinstance(track, MatrixTrack):
        return is_silent(track.source)
    if isinstance(track, MixTrack):
        return all(is_silent(source) for source in track.sources)
    return isinstance(track, SilentTrack)


class TrackBlock(NamedTuple):
    """Samples of all tracks: ``channels`` of an interleaved block come first, then ``derived``.

    ``block`` (samples, channels of the file); ``derived`` (tracks, samples).
    """

    block: Samples
    channels: NDArray[np.int64]
    derived: Samples


class Tracks:
    """Reads the tracks that a scene uses out of interleaved blocks, each of them once."""

    def __init__(self, tracks: Iterable[Track], channels: int, rate: int) -> None:
        used = list(dict.fromkeys(tracks))
        for track in used:
            _check(track, channels)
        direct = [track for track in used if isinstance(track, DirectTrack)]
        derived = [track for track in used if not isinstance(track, DirectTrack)]
        self._rows = {track: row for row, track in enumerate([*direct, *derived])}
        self._channels = np.array([track.index for track in direct], np.int64)
        self._derived = [_source(track, rate) for track in derived]

    def row(self, track: Track) -> int:
        """Return the place of a track in every block."""
        return self._rows[track]

    def read(self, block: Samples) -> TrackBlock:
        """Return the tracks of a block (samples, channels)."""
        derived = np.empty((len(self._derived), len(block)), np.float32)
        for row, source in zip(derived, self._derived, strict=True):
            row[:] = source.read(block)
        return TrackBlock(block, self._channels, derived)


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
