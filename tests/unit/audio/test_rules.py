"""Cuts, rates and runs, as pure decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.model import Rung
from antiphon.audio.rules import (
    Candidate,
    aac_bitrate,
    aac_cuts,
    aac_rate,
    cut_unit,
    plan_runs,
    segment_length,
    segment_samples,
    shortest_tail,
)

RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000]


@pytest.mark.parametrize(
    ("master", "edge"),
    [
        (44100, 44100),
        (88200, 44100),
        (176400, 44100),
        (352800, 44100),
        (48000, 48000),
        (96000, 48000),
        (192000, 48000),
        (32000, 32000),
        (64000, 32000),
        (22050, 22050),
        (8000, 8000),
        (37800, 48000),
        (50000, 48000),
    ],
)
def test_aac_runs_at_the_masters_rate_or_down_its_family(master, edge):
    assert aac_rate(master) == edge


@pytest.mark.parametrize("rate", RATES)
def test_segments_are_near_six_seconds_and_whole_frames_of_every_codec(rate):
    length = segment_length(rate)
    assert length % 4096 == 0
    assert 5.5 <= length / rate <= 6.6
    assert length * aac_rate(rate) % (rate * 1024) == 0


@given(st.integers(1, 50_000_000), st.sampled_from([*RATES, 37800, 12345]))
def test_segments_add_up_and_only_the_last_differs(total, rate):
    segments = segment_samples(total, rate)
    length = segment_length(rate)
    assert sum(segments) == total
    assert all(samples == length for samples in segments[:-1])
    assert 0 < segments[-1] < length + shortest_tail(rate)
    assert len(segments) == 1 or segments[-1] >= shortest_tail(rate)


@given(st.integers(1, 50_000_000), st.sampled_from(RATES), st.integers(-512, 512))
def test_aac_shifted_by_its_cue_still_has_sound_in_every_segment(total, rate, shift):
    segments = segment_samples(total, rate)
    cuts = aac_cuts(len(segments), rate)
    assert len(cuts) == len(segments) - 1
    edge = aac_rate(rate)
    if cuts:
        assert total * edge // rate + shift - cuts[-1] * 1024 >= 1024


@given(st.integers(0, 10**9))
def test_a_run_is_cut_at_the_nearest_access_unit(cue):
    assert abs(cut_unit(cue) * 1024 - cue) <= 512


def test_mono_takes_half_and_low_rates_what_fits():
    assert aac_bitrate(Rung.AAC_128, 44100, 2) == 128_000
    assert aac_bitrate(Rung.AAC_128, 44100, 1) == 64_000
    assert aac_bitrate(Rung.AAC_128, 48000, 6) == 128_000
    assert aac_bitrate(Rung.AAC_256, 8000, 2) == 96_000


def song(*, disc=1, rate=44100, channels=2, samples=10**7, head=0.5, tail=0.5):
    return Candidate(disc, rate, channels, samples, head, tail)


def test_songs_that_run_into_each_other_make_one_run():
    assert plan_runs([song(), song(), song()]) == [[0, 1, 2]]


@pytest.mark.parametrize(
    "other",
    [
        song(disc=2),
        song(rate=48000),
        song(channels=1),
        song(samples=1000),
        song(head=0.0001),
    ],
)
def test_a_run_ends_where_the_music_does_not_go_on(other):
    assert plan_runs([song(), other]) == [[0], [1]]


def test_a_silent_tail_ends_a_run_and_a_missing_song_is_in_none():
    assert plan_runs([song(tail=0.0), song(), None, song()]) == [[0], [1], [3]]
    assert plan_runs([]) == []
