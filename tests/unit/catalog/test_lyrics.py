import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.catalog import parse_lyrics


def _timed(text):
    return [(line.start, line.text) for line in parse_lyrics(text).lines]


def test_lines_come_in_the_order_of_their_times():
    assert _timed("[00:10.00]B\n[00:02.5]A\n[01:00:250]C") == [
        (2500, "A"),
        (10_000, "B"),
        (60_250, "C"),
    ]


def test_a_line_with_several_times_is_sung_several_times():
    assert _timed("[00:01.00][00:05.00]Refrain") == [(1000, "Refrain"), (5000, "Refrain")]


def test_a_positive_offset_brings_words_forward():
    assert _timed("[offset:+500]\n[00:02.00]A") == [(1500, "A")]
    assert _timed("[offset:-500]\n[00:02.00]A") == [(2500, "A")]


def test_times_within_lines_are_left_out():
    assert _timed("[00:01.00] <00:01.00> One <00:01.50> two") == [
        (1000, "One  two".replace("  ", " "))
    ]


def test_metadata_is_no_line_and_names_the_language():
    lyrics = parse_lyrics("[ti:Title]\n[ar:Artist]\n[la:de]\n[00:01.00]Wort")
    assert (len(lyrics.lines), lyrics.language) == (1, "de")


def test_text_without_times_is_plain():
    lyrics = parse_lyrics("\nOne\n\nTwo\n\n")
    assert not lyrics.synced
    assert [line.text for line in lyrics.lines] == ["One", "", "Two"]


@pytest.mark.parametrize("text", ["", "\n\n", "[ti:Only]", "[00:01.00]", "[00:01.00] \n[00:02.00]"])
def test_no_words_are_no_lyrics(text):
    assert parse_lyrics(text) is None


def test_negative_times_are_the_beginning():
    assert _timed("[offset:9999999]\n[00:01.00]A") == [(0, "A")]


def test_markup_stays_text():
    assert parse_lyrics("<script>alert(1)</script>").lines[0].text == "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "text", ["[00:01.00]x\n" * 200_000, "[" * 100_000, "[00:00.00]" * 50_000 + "x"]
)
def test_hostile_text_takes_bounded_time(text):
    began = time.process_time()
    lyrics = parse_lyrics(text)
    assert time.process_time() - began < 2
    assert lyrics is None or len(lyrics.lines) <= 5000


@given(st.text(max_size=500))
def test_any_text_is_lyrics_or_none(text):
    lyrics = parse_lyrics(text)
    if lyrics is not None and lyrics.synced:
        starts = [line.start for line in lyrics.lines]
        assert starts == sorted(starts)
        assert all(start >= 0 for start in starts)
