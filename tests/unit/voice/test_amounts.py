import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.voice import Intent, Reading, Slot, SlotName
from antiphon.voice.amounts import Level, level_of, number_of, seconds_of
from antiphon.voice.answers import Reason
from antiphon.voice.commands import read_command
from antiphon.voice.deeds import Deed, deed_of


@pytest.mark.parametrize(
    ("text", "number"),
    [("twenty five", 25), ("by 7", 7), ("one hundred", 100), ("ninety-nine", 99), ("no", None)],
)
def test_numbers_are_read_in_digits_and_words(text: str, number: float | None) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("half an hour", 1800),
        ("a minute and a half", 90),
        ("1:30", 90),
        ("1:02:03", 3723),
        ("2 hours and 10 minutes", 7800),
        ("forty five seconds", 45),
        ("ten", None),
        ("99 hours", 86_400),
    ],
)
def test_durations_are_read(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("turn it up", Level(10, is_relative=True)),
        ("turn it down a bit", Level(-5, is_relative=True)),
        ("volume down by 20", Level(-20, is_relative=True)),
        ("turn it up to 80 percent", Level(80, is_relative=False)),
        ("volume 300", Level(100, is_relative=False)),
        ("mute", Level(0, is_relative=False)),
        ("full volume", Level(100, is_relative=False)),
        ("the volume", None),
    ],
)
def test_levels_are_read(text: str, level: Level | None) -> None:
    assert level_of(text) == level


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_amounts(text: str) -> None:
    number_of(text)
    seconds = seconds_of(text)
    assert seconds is None or seconds >= 0
    level = level_of(text)
    assert level is None or -100 <= level.percent <= 100


def deed(text: str, *, playing: bool = True) -> Deed:
    reading = read_command(text)
    assert reading is not None
    return deed_of(reading, is_playing=playing)


@pytest.mark.parametrize(
    ("text", "seconds", "relative"),
    [
        ("skip forward 30 seconds", 30, True),
        ("rewind ten seconds", -10, True),
        ("go back a minute", -60, True),
        ("jump to 1:30", 90, False),
    ],
)
def test_seeking_goes_where_it_was_said(text: str, seconds: float, relative: bool) -> None:
    action = deed(text).action
    assert action is not None
    assert (action.seconds, action.is_relative) == (seconds, relative)


def test_what_needs_something_playing_says_that_nothing_is() -> None:
    assert deed("i like this", playing=False).reason is Reason.NOTHING_PLAYING
    assert deed("pause", playing=False).action is not None


def test_a_timer_is_set_and_taken_back() -> None:
    for text, seconds in (("stop playing in 20 minutes", 1200), ("cancel the sleep timer", None)):
        action = deed(text).action
        assert action is not None
        assert action.seconds == seconds


def test_an_amount_that_is_none_is_asked_for() -> None:
    reading = Reading(Intent.SLEEP_TIMER, (Slot(SlotName.AMOUNT, "ever", 0, 4),), 1.0)
    assert deed_of(reading, is_playing=True).reason is Reason.NO_AMOUNT


def test_no_more_songs_are_skipped_than_anyone_would() -> None:
    action = deed("skip 900 songs").action
    assert action is not None
    assert action.count == 50
