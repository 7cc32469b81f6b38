"""Where renditions are cut, at which rate each rung runs, which songs run on: pure decisions."""

from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.audio.model import Rung

LOSSLESS_FRAME = 4096
AAC_FRAME = 1024
AAC_PRIMING = 1024  # one whole access unit, hidden by the edit list
AAC_BITRATES = {Rung.AAC_64: 64_000, Rung.AAC_128: 128_000, Rung.AAC_256: 256_000}
SPATIAL_BITRATES = {
    Rung.AMBISONICS_OPUS: 512_000,
    Rung.BINAURAL_AAC: 256_000,
    Rung.FIVE_ONE_AAC: 384_000,
    Rung.SEVEN_ONE_AAC: 512_000,
    Rung.SEVEN_ONE_FOUR_OPUS: 768_000,
}
OPUS_RATE = 48_000
OPUS_FRAME = 960  # 20 ms
MAX_FLAC_CHANNELS = 8
MAX_ALAC_CHANNELS = 2  # more need a channel layout box that few players read; FLAC carries them

_AAC_RATES = frozenset({48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000})
_EDGE_BASES = (44100, 48000, 32000)
_NEAR_SECONDS = 6
_FRAMES = {44100: 65, 48000: 70, 24000: 35}  # of 4096; the near-6 s table of the families
_SHORTEST_TAIL = 2 * AAC_FRAME  # at the AAC rate: a lone access unit is no segment
_AAC_BITS_PER_FRAME = 6144  # per channel, ISO/IEC 14496-3, 4.5.3.1
_LIVE_PEAK = 10 ** (-72 / 20)  # below 8 steps of 16 bits a seam is silence
_SHORTEST_JOINED_SECONDS = 1.0


def aac_rate(rate: int) -> int:
    """Return the sample rate of the AAC rungs for a master at ``rate``."""
    if rate in _AAC_RATES:
        return rate
    return next((base for base in _EDGE_BASES if rate % base == 0), 48000)


def aac_bitrate(rung: Rung, rate: int, channels: int) -> int:
    """Return bits per second: half of the rung's for mono, and never more than AAC-LC can hold."""
    most = _AAC_BITS_PER_FRAME * channels * rate // AAC_FRAME
    if rung in SPATIAL_BITRATES:
        return min(SPATIAL_BITRATES[rung], most)
    return min(AAC_BITRATES[rung] * min(channels, 2) // 2, most)


def segment_length(rate: int) -> int:
    """Return samples per lossless segment: near 6 s, a multiple of 4096, in step within a family.

    >>> segment_length(44100) // 4096, segment_length(192000) // 4096
    (65, 280)
    """
    edge = aac_rate(rate)
    if rate % edge == 0:
        frames = _FRAMES.get(edge) or max(1, round(_NEAR_SECONDS * edge / LOSSLESS_FRAME))
        return frames * LOSSLESS_FRAME * (rate // edge)
    return max(1, round(_NEAR_SECONDS * rate / LOSSLESS_FRAME)) * LOSSLESS_FRAME


def shortest_tail(rate: int) -> int:
    """Return how many samples a last lossless segment has at least; less joins the one before."""
    return -(-_SHORTEST_TAIL * rate // aac_rate(rate))


def segment_samples(total: int, rate: int) -> tuple[int, ...]:
    """Return the samples of each lossless segment of a recording of ``total`` samples."""
    length = segment_length(rate)
    whole, tail = divmod(total, length)
    count = max(1, whole + (tail >= shortest_tail(rate)))
    return (*([length] * (count - 1)), total - length * (count - 1))


def aac_cuts(segments: int, rate: int) -> tuple[int, ...]:
    """Return, in presented AAC access units, where all but the last segment end.

    Times are those of the lossless cuts; for a master at an odd rate, nearest to them.
    """
    length, edge = segment_length(rate), aac_rate(rate)
    return tuple(round(k * length * edge / (rate * AAC_FRAME)) for k in range(1, segments))


def opus_cuts(samples: int, priming: int) -> tuple[int, ...]:
    """Return the media samples of all but the last segment of Opus, each of 6 s.

    ``samples`` are presented, after ``priming`` ones; a tail of a frame or two stays with the
    segment before.
    """
    length = _NEAR_SECONDS * OPUS_RATE
    whole = max(0, samples + priming - 2 * OPUS_FRAME) // length
    return (length,) * whole


def cut_unit(cue: int) -> int:
    """Return the access unit at which an album-continuous run passes to the next song."""
    return (cue + AAC_FRAME // 2) // AAC_FRAME


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decides whether a song runs on from the one before it."""

    disc: int
    sample_rate: int
    channels: int
    samples: int
    head_peak: float
    tail_peak: float


def plan_runs(songs: Sequence[Candidate | None]) -> list[list[int]]:
    """Group the songs of an album, in order, into album-continuous runs of indexes.

    A run goes on where the music does: same disc, rate and channels, and sound on both sides of
    the seam. A None is a song that cannot take part; it ends a run and belongs to none.
    """
    runs: list[list[int]] = []
    before: Candidate | None = None
    for index, song in enumerate(songs):
        if song is not None and before is not None and _runs_on(before, song):
            runs[-1].append(index)
        elif song is not None:
            runs.append([index])
        before = song
    return runs


def _runs_on(a: Candidate, b: Candidate) -> bool:
    alike = (a.disc, a.sample_rate, a.channels) == (b.disc, b.sample_rate, b.channels)
    long_enough = min(a.samples, b.samples) >= _SHORTEST_JOINED_SECONDS * a.sample_rate
    return alike and long_enough and min(a.tail_peak, b.head_peak) > _LIVE_PEAK
