"""Where one song runs into the next, AAC goes on as if it were one."""

from itertools import pairwise

import numpy as np
import pytest

from antiphon.audio import Rung, read_units
from antiphon.audio.rules import AAC_BITRATES

RATE = 44100
CUT = 441137  # = 430 * 1024 + 817: on no frame boundary
FREQUENCY = 440.0


def presented(decoded, ladder, rendition):
    """Decode one song's file as its edit list says.

    FFmpeg 8 hides the priming of a fragmented file, FFmpeg 5 does not; neither trims the end.
    """
    pcm = decoded(ladder.file(rendition), rendition.channels)
    hidden = sum(duration for _, duration in units_of(ladder, rendition)) - len(pcm)
    assert hidden in {0, rendition.priming}
    return pcm[rendition.priming - hidden :][: rendition.samples]


def units_of(ladder, rendition):
    return [unit for segment in ladder.segments(rendition) for unit in read_units(segment)]


def phase(x, start, rate=RATE):
    """Return the phase of the sine in ``x``, whose first sample is ``start``, in samples."""
    turn = 2j * np.pi * FREQUENCY / rate
    window = np.hanning(len(x))
    angle = np.angle(np.sum(x * window * np.exp(-turn * (start + np.arange(len(x))))))
    return angle / (2 * np.pi * FREQUENCY / rate)


def sine(samples, rate=RATE, depth=16):
    x = 0.6 * np.sin(2 * np.pi * FREQUENCY * np.arange(samples) / rate)
    x = np.stack([x, x], axis=1)
    if depth == 16:
        return np.rint(x * 32767).astype(np.int16)
    return np.rint(x * (2**23 - 1)).astype(np.int32) << 8


@pytest.mark.parametrize("rung", list(AAC_BITRATES))
def test_a_sine_cut_in_two_goes_on_in_phase(ladder, decoded, rung):
    pcm = sine(RATE * 20)
    halves = [pcm[:CUT], pcm[CUT:]]
    flacs = [ladder.lossless(n, half, RATE)[0] for n, half in zip("ab", halves, strict=True)]
    made = ladder.aac_run(list(zip(flacs, halves, strict=True)))
    first, second = (presented(decoded, ladder, rungs[rung]) for rungs in made)
    joined = np.concatenate([first, second])[:, 0] / 32768
    seam = len(first)
    assert seam % 1024 == 0
    assert abs(seam - CUT) <= 512
    assert made[1][rung].cue_shift == seam - CUT
    before = phase(joined[seam - 4410 : seam], seam - 4410)
    after = phase(joined[seam : seam + 4410], seam)
    across = phase(joined[seam - 2205 : seam + 2205], seam - 2205)
    assert abs(after - before) <= 0.1
    assert abs(across - before) <= 0.1
    jumps = np.abs(np.diff(joined))
    assert jumps[seam - 1] <= jumps[seam - 3000 : seam - 10].max() * 1.1


def test_the_songs_of_a_run_hold_the_runs_access_units(ladder, decoded, master):
    pcm = master(RATE * 16, RATE)
    cuts = [0, 180_001, 390_777, len(pcm)]
    songs = [pcm[a:b] for a, b in pairwise(cuts)]
    flacs = [ladder.lossless(f"s{i}", song, RATE)[0] for i, song in enumerate(songs)]
    made = ladder.aac_run(list(zip(flacs, songs, strict=True)))
    whole_flac, *_ = ladder.lossless("whole", pcm, RATE)
    (whole,) = ladder.aac_run([(whole_flac, pcm)])
    for rung in AAC_BITRATES:
        units = [units_of(ladder, rungs[rung]) for rungs in made]
        assert all(b[0] == a[-1] for a, b in pairwise(units))  # the copy that primes the decoder
        joined = units[0] + [unit for later in units[1:] for unit in later[1:]]
        assert joined == units_of(ladder, whole[rung])
        if rung is not Rung.AAC_64:  # its noise substitution draws anew in every decoder
            apart = [presented(decoded, ladder, rungs[rung]) for rungs in made]
            together = presented(decoded, ladder, whole[rung])
            assert np.array_equal(np.concatenate(apart), together)


def test_a_run_at_96_khz_is_resampled_as_one(ladder, decoded):
    rate, cut = 96000, 500_123
    pcm = sine(rate * 10, rate, depth=24)
    halves = [pcm[:cut], pcm[cut:]]
    flacs = [ladder.lossless(n, half, rate)[0] for n, half in zip("ab", halves, strict=True)]
    made = ladder.aac_run(list(zip(flacs, halves, strict=True)))
    first, second = (presented(decoded, ladder, rungs[Rung.AAC_256]) for rungs in made)
    assert made[0][Rung.AAC_256].sample_rate == 48000
    joined = np.concatenate([first, second])[:, 0] / 32768
    seam = len(first)
    assert len(joined) == rate * 5
    reference = phase(joined[48000 : 48000 + 4800], 48000, 48000)
    assert abs(phase(joined[seam - 2400 : seam + 2400], seam - 2400, 48000) - reference) <= 0.1
    # and against the master: the resampler and the encoder delay nothing
    assert abs(reference - phase(pcm[:9600, 0] / 2**31, 0, 96000) / 2) <= 0.1


def test_aac_of_a_single_song_is_as_long_as_the_song(ladder, decoded, master):
    for samples in (10, 1023, 1024, 1025, 100_000):
        pcm = master(samples, RATE)
        flac, *_ = ladder.lossless(f"s{samples}", pcm, RATE)
        (made,) = ladder.aac_run([(flac, pcm)])
        for rendition in made.values():
            assert len(presented(decoded, ladder, rendition)) == rendition.samples == samples


def test_aac_follows_the_master_closely(ladder, decoded, master):
    pcm = master(RATE * 8, RATE)
    flac, *_ = ladder.lossless("song", pcm, RATE)
    (made,) = ladder.aac_run([(flac, pcm)])
    for rung, least in ((Rung.AAC_64, 6), (Rung.AAC_128, 9), (Rung.AAC_256, 17)):
        coded = presented(decoded, ladder, made[rung]).astype(float)
        error = coded[1000:] - pcm[1000:]
        snr = 10 * np.log10(np.mean(pcm[1000:].astype(float) ** 2) / np.mean(error**2))
        assert snr >= least, rung


def test_surround_is_mixed_down_without_clipping(ladder, decoded, master):
    pcm = master(48000 * 4, 48000, channels=6, depth=24)
    flac, *_ = ladder.lossless("song", pcm, 48000)
    (made,) = ladder.aac_run([(flac, pcm)])
    rendition = made[Rung.AAC_256]
    assert rendition.channels == 2
    coded = presented(decoded, ladder, rendition).astype(float) / 2**15
    x = pcm / 2**31
    root = 0.5**0.5
    left = (x[:, 0] + root * x[:, 2] + root * x[:, 4]) / (1 + 2 * root)
    assert np.corrcoef(coded[:, 0], left)[0, 1] > 0.99
