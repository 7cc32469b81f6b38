"""All rungs of a song are cut at the same moments, and say so in their boxes."""

from fractions import Fraction

import pytest

from antiphon.audio import find_box, read_boxes, read_units
from antiphon.audio.rules import AAC_FRAME

RATES = [44100, 48000, 88200, 96000, 176400, 192000]


def ends(rendition):
    """Return the presentation times at which all segments but the last one end."""
    total, times = 0, []
    for segment in rendition.segments[:-1]:
        total += segment.samples
        times.append(Fraction(total, rendition.sample_rate))
    return times


@pytest.mark.parametrize("rate", [*RATES, 16000, 22050, 24000, 32000, 11025, 64000])
def test_boundaries_are_equal_to_the_sample_on_every_rung(ladder, master, rate):
    pcm = master(round(rate * 13.1), rate, channels=1, depth=16)
    flac, alac, _ = ladder.lossless("song", pcm, rate)
    (aac,) = ladder.aac_run([(flac, pcm)])
    assert len(ends(flac)) == 2
    assert all(5.5 < end / (k + 1) < 6.6 for k, end in enumerate(ends(flac)))
    for rendition in (alac, *aac.values()):
        assert ends(rendition) == ends(flac)


def test_the_six_rates_cut_at_the_times_of_the_table(ladder, master):
    frames = dict(zip(RATES, (65, 70, 130, 140, 260, 280), strict=True))
    for rate in RATES:
        pcm = master(rate * 7, rate, channels=1)
        flac, *_ = ladder.lossless(f"song{rate}", pcm, rate)
        assert flac.segments[0].samples == frames[rate] * 4096


def test_boxes_tell_media_time_without_gap_on_every_rung(ladder, master):
    pcm = master(44100 * 14, 44100)
    flac, alac, _ = ladder.lossless("song", pcm, 44100)
    (aac,) = ladder.aac_run([(flac, pcm)])
    for rendition in (flac, alac, *aac.values()):
        media_time = 0
        presented = -rendition.priming
        for number, segment in enumerate(ladder.segments(rendition)):
            boxes = read_boxes(segment)
            tfdt, mfhd = find_box(boxes, "moof/traf/tfdt"), find_box(boxes, "moof/mfhd")
            assert int.from_bytes(tfdt.body[4:], "big") == media_time
            assert int.from_bytes(mfhd.body[4:], "big") == number + 1
            media_time += sum(duration for _, duration in read_units(segment))
            assert len(segment) == rendition.segments[number].size
            if number < len(rendition.segments) - 1:
                presented += sum(duration for _, duration in read_units(segment))
                told = sum(s.samples for s in rendition.segments[: number + 1])
                assert presented == told
        assert sum(s.samples for s in rendition.segments) == rendition.samples == len(pcm)
        assert 0 <= media_time - rendition.priming - rendition.samples < AAC_FRAME


def test_an_odd_rate_is_cut_within_half_an_access_unit(ladder, master):
    pcm = master(37800 * 14, 37800)
    flac, *_ = ladder.lossless("song", pcm, 37800)
    (aac,) = ladder.aac_run([(flac, pcm)])
    for rendition in aac.values():
        assert rendition.sample_rate == 48000
        for ours, theirs in zip(ends(rendition), ends(flac), strict=True):
            assert abs(ours - theirs) <= Fraction(AAC_FRAME, 2 * 48000)


def test_songs_of_one_run_keep_as_many_segments_as_their_lossless_rung(ladder, master):
    step = 266240
    lengths = [step + 2048, step + 1, 2 * step, step + 2047, 60000]
    pcms = [master(length, 44100) for length in lengths]
    flacs = [ladder.lossless(f"song{i}", pcm, 44100)[0] for i, pcm in enumerate(pcms)]
    made = ladder.aac_run(list(zip(flacs, pcms, strict=True)))
    for flac, rungs in zip(flacs, made, strict=True):
        for rendition in rungs.values():
            assert ends(rendition) == ends(flac)
            assert rendition.segments[-1].samples > 0
    for rung in made[0]:
        assert sum(rungs[rung].samples for rungs in made) == sum(lengths)
