"""Album-continuous AAC: one encoder over songs that run into each other.

Access unit 0 primes the decoder; unit p presents samples [(p-1)*1024, p*1024) of the run. A song
begins at the unit nearest to its cue, and takes along a copy of the unit before it as its own
priming, so that decoding it alone gives the same samples as decoding the whole run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from antiphon.audio.encode import Encoder
from antiphon.audio.encryption import Protection
from antiphon.audio.ladder import MediaObject, RungWriter, aac_spec, object_prefix
from antiphon.audio.model import AccessUnit, Loudness, Rendition, Rung
from antiphon.audio.rules import (
    AAC_BITRATES,
    AAC_FRAME,
    aac_bitrate,
    aac_cuts,
    aac_rate,
    cut_unit,
)

_HALF = 0.5**0.5  # of the power
# Left and right; ITU-R BS.775-4, table 2; in FLAC's channel order, LFE left out.
_DOWNMIX: dict[int, tuple[tuple[float, ...], tuple[float, ...]]] = {
    3: ((1, 0, _HALF), (0, 1, _HALF)),
    4: ((1, 0, _HALF, 0), (0, 1, 0, _HALF)),
    5: ((1, 0, _HALF, _HALF, 0), (0, 1, _HALF, 0, _HALF)),
    6: ((1, 0, _HALF, 0, _HALF, 0), (0, 1, _HALF, 0, 0, _HALF)),
    7: ((1, 0, _HALF, 0, 0.5, _HALF, 0), (0, 1, _HALF, 0, 0.5, 0, _HALF)),
    8: ((1, 0, _HALF, 0, _HALF, 0, _HALF, 0), (0, 1, _HALF, 0, 0, _HALF, 0, _HALF)),
}


@dataclass(frozen=True, slots=True)
class RunSong:
    """A song of a run: its sound's hash, its FLAC rendition, and the loudness to write.

    Rungs that ``protections`` does not name stay in the clear.
    """

    content_hash: str
    flac: Rendition
    loudness: Loudness | None
    protections: Mapping[Rung, Protection] = field(default_factory=dict)


@dataclass(slots=True)
class _Rung:
    """One AAC rung on its way: the encoder of the run and the writer of the present song."""

    rung: Rung
    encoder: Encoder
    bitrate: int
    song: int = 0
    unit: int = 0  # index in the run of the next access unit
    writer: RungWriter | None = None
    done: list[tuple[int, Rendition]] = field(default_factory=list)


class AacRun:
    """Encodes a run of songs into all AAC rungs.

    ``push`` each song's PCM and say ``song_ended`` where another follows; at the end, ``finish``.
    What comes back is to be stored; ``taken`` hands over finished renditions with the index of
    their song. The seams are exact: where a song ends and the next begins, no sample is lost,
    doubled or coded twice.
    """

    def __init__(self, songs: Sequence[RunSong], *, variant: str = "", making: str = "") -> None:
        self._songs = songs
        self._variant = variant
        self._making = making
        flac = songs[0].flac
        self._in_rate = int(flac.sample_rate)
        self._rate = aac_rate(self._in_rate)
        self._channels = min(flac.channels, 2)
        self._mixer = _Mixer(self._in_rate, self._rate, flac.channels)
        self._fed = 0
        self._cues = [0]
        self._cuts = [0]
        self._rungs = [self._started(rung) for rung in AAC_BITRATES]

    def push(self, pcm: NDArray[Any]) -> list[MediaObject]:
        """Take PCM of the present song."""
        self._fed += len(pcm)
        mixed = self._mixer.push(pcm)
        return [o for rung in self._rungs for o in self._route(rung, rung.encoder.push(mixed))]

    def song_ended(self) -> None:
        """Say that the present song's PCM is complete and the next one's follows."""
        cue = self._in_aac_samples(self._fed)
        self._cues.append(cue)
        self._cuts.append(cut_unit(cue))

    def finish(self) -> list[MediaObject]:
        """Return the rest; the last song ends with its last sample, not on an access unit."""
        mixed = self._mixer.finish()
        total = self._in_aac_samples(self._fed)
        objects = []
        for rung in self._rungs:
            units = rung.encoder.push(mixed) + rung.encoder.finish()
            objects += self._route(rung, units)
            objects += self._closed(rung, total - self._cuts[rung.song] * AAC_FRAME)
        return objects

    def taken(self) -> list[tuple[int, Rendition]]:
        """Return the renditions finished since the last call, each with its song's index."""
        done = [entry for rung in self._rungs for entry in rung.done]
        for rung in self._rungs:
            rung.done.clear()
        return done

    def _in_aac_samples(self, samples: int) -> int:
        return round(samples * self._rate / self._in_rate)

    def _started(self, rung: Rung) -> _Rung:
        encoder = Encoder(rung, rate=self._rate, channels=self._channels)
        started = _Rung(rung, encoder, aac_bitrate(rung, self._rate, self._channels))
        started.writer = self._writer(started)
        return started

    def _writer(self, rung: _Rung) -> RungWriter:
        song = self._songs[rung.song]
        protection = song.protections.get(rung.rung)
        spec = aac_spec(
            rung.rung,
            rate=self._rate,
            channels=self._channels,
            bitrate=rung.bitrate,
            loudness=song.loudness,
            protection=protection,
        )
        return RungWriter(
            spec,
            object_prefix(
                song.content_hash,
                rung.rung,
                variant=self._variant,
                protection=protection,
                making=self._making,
            ),
            cuts=aac_cuts(len(song.flac.segments), self._in_rate),
            cue_shift=self._cuts[rung.song] * AAC_FRAME - self._cues[rung.song],
        )

    def _route(self, rung: _Rung, units: Sequence[AccessUnit]) -> list[MediaObject]:
        """Give each unit to its song; the one at a cut to both, as the later one's priming."""
        objects: list[MediaObject] = []
        while units and rung.song + 1 < len(self._cuts):
            here = self._cuts[rung.song + 1] - rung.unit + 1
            objects += self._given(rung, units[:here])
            if here > len(units):
                return objects
            objects += self._closed(rung, None)
            rung.song += 1
            rung.writer = self._writer(rung)
            objects += rung.writer.add([units[here - 1]])
            units = units[here:]
        return objects + self._given(rung, units)

    @staticmethod
    def _given(rung: _Rung, units: Sequence[AccessUnit]) -> list[MediaObject]:
        assert rung.writer is not None
        rung.unit += len(units)
        return rung.writer.add(units)

    @staticmethod
    def _closed(rung: _Rung, samples: int | None) -> list[MediaObject]:
        assert rung.writer is not None
        objects, rendition = rung.writer.finish(rung.encoder.codec_data, samples=samples)
        rung.done.append((rung.song, rendition))
        return objects


class _Mixer:
    """Brings PCM to the AAC rungs' rate and to at most two channels."""

    def __init__(self, in_rate: int, out_rate: int, channels: int) -> None:
        self._matrix = downmix(channels)
        kept = min(channels, 2)
        self._resampler = (
            soxr.ResampleStream(in_rate, out_rate, kept, dtype="float32", quality="HQ")
            if in_rate != out_rate
            else None
        )
        self._nothing = np.zeros((0, kept), np.float32)

    def push(self, pcm: NDArray[Any]) -> NDArray[Any]:
        """Return what is ready; PCM that fits as it is passes through untouched."""
        if self._matrix is None and self._resampler is None:
            return pcm
        x = pcm.astype(np.float32) * np.float32(2.0**-15 if pcm.dtype == np.int16 else 2.0**-31)
        if self._matrix is not None:
            x = x @ self._matrix
        return x if self._resampler is None else self._resampled(x, last=False)

    def finish(self) -> NDArray[Any]:
        """Return what the resampler still holds."""
        if self._resampler is None:
            return self._nothing
        return self._resampled(self._nothing, last=True)

    def _resampled(self, x: NDArray[np.float32], *, last: bool) -> NDArray[Any]:
        assert self._resampler is not None
        out: NDArray[Any] = self._resampler.resample_chunk(x, last=last)
        return out


def downmix(channels: int) -> NDArray[np.float32] | None:
    """Return the matrix (channels, 2), scaled so that nothing can clip; None up to stereo."""
    if channels <= 2:
        return None
    rows = np.array(_DOWNMIX[channels], np.float32)
    matrix: NDArray[np.float32] = (rows / rows.sum(axis=1).max()).T
    return matrix
