import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.catalog.text import clean, collation, fold, name_key, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Björk", ["bjork"]),
        ("AC/DC", ["ac", "dc"]),
        ("R.E.M.", ["rem"]),
        ("Don't Stop", ["dont", "stop"]),
        ("Sigur Rós \u2013 Ágætis byrjun", ["sigur", "ros", "agaetis", "byrjun"]),
        ("Łódź Straße", ["lodz", "strasse"]),
        ("\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48", ["full", "width"]),
        ("東京事変", ["東", "京", "事", "変"]),
        ("Дельфин", ["дельфин"]),
        ("!!!", []),
        ("blink-182", ["blink", "182"]),
    ],
)
def test_words_are_what_people_type(text, found):
    assert words(text) == found


def test_names_that_are_only_signs_still_differ():
    assert name_key("!!!") != name_key("???")
    assert name_key("Beyoncé") == name_key("BEYONCE")


def test_names_stand_in_the_order_people_expect():
    names = ["The Beatles", "Track 10", "Track 2", "a-ha", "Zappa", "Éluard", "10cc", "2 Unlimited"]
    assert sorted(names, key=collation) == [
        "2 Unlimited",
        "10cc",
        "a-ha",
        "The Beatles",
        "Éluard",
        "Track 2",
        "Track 10",
        "Zappa",
    ]


def test_control_characters_and_line_breaks_become_spaces():
    assert clean("a\x00b\r\n\tc\u202ed\x1b[31m") == "a b c d [31m"


@given(st.text(max_size=3000))
def test_clean_text_is_short_printable_and_stays_so(text):
    once = clean(text)
    assert len(once) <= 1000
    assert once.isprintable()
    assert clean(once) == once


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=200))
def test_sort_keys_hold_no_byte_that_joins_them(text):
    key = collation(text)
    assert 1 <= len(key) <= 48
    assert min(key) >= 0x20
