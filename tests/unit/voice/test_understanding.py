"""What reading a request promises, whatever the text."""

import time
from importlib.resources import files

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.catalog import name_key
from antiphon.voice.model import MAX_TEXT, Intent, NameKind, SlotName
from antiphon.voice.understanding import Understanding
from antiphon.voice.understanding.corpus import INTENTS, requests, rules_digest
from antiphon.voice.understanding.packing import made_from
from antiphon.voice.understanding.tokens import tokens

_MODEL_BYTES = 512 << 10


class NoNames:
    def kinds_of(self, words: str) -> frozenset[NameKind]:
        return frozenset()


class Only:
    def __init__(self, kind: NameKind, *names: str) -> None:
        self._kinds = {name_key(name): frozenset({kind}) for name in names}

    def kinds_of(self, words: str) -> frozenset[NameKind]:
        return self._kinds.get(words, frozenset())


@pytest.fixture(scope="module")
def understanding():
    return Understanding.load()


def _points_at_what_it_names(text, readings):
    for reading in readings:
        ends = 0
        for slot in reading.slots:
            assert text[slot.begin : slot.end] == slot.text
            assert ends <= slot.begin < slot.end
            ends = slot.end


@given(text=st.text(max_size=80))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_slots_of_any_text_point_at_what_they_name(understanding, text):
    readings = understanding.read(text, NoNames())
    assert readings
    _points_at_what_it_names(text, readings)


@given(
    words=st.lists(
        st.sampled_from(
            ["play", "Beyoncé's", "the", "album", "by", "M.I.A.", "90's", "blink-182", "(live)",
             "ﬁn", "on", "my", "'n'", "A$AP", "—", "next", "東京", "İstanbul", "add",
             "to", "playlist"]
        ),
        min_size=1,
        max_size=15,
    ),
    gap=st.sampled_from([" ", "  ", ", ", "\t"]),
)  # fmt: skip
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_slots_of_odd_spellings_point_at_what_they_name(understanding, words, gap):
    text = gap.join(words)
    _points_at_what_it_names(text, understanding.read(text, NoNames()))


@given(text=st.text(max_size=60))
def test_words_of_a_text_stand_in_order_and_hold_no_blanks(text):
    end = 0
    for token in tokens(text):
        assert end <= token.begin < token.end <= len(text)
        assert token.word
        assert not text[token.begin : token.end].isspace()
        end = token.end


@pytest.mark.parametrize(
    "text", ["", " ", "\t\n", "\x00play hello", "play \x1b[31mred", "\u202eplay"]
)
def test_nothing_to_read_is_no_request(understanding, text):
    (reading,) = understanding.read(text, NoNames())
    assert reading.intent is Intent.NONE
    assert not reading.slots


@pytest.mark.parametrize(
    "text",
    ["play " * 100, "a" * MAX_TEXT, "la " * 166, "play " + "x" * 490, "!" * MAX_TEXT, "'s" * 250],
)
def test_the_longest_texts_are_read_in_a_moment(understanding, text):
    assert len(text) <= MAX_TEXT
    began = time.process_time()
    _points_at_what_it_names(text, understanding.read(text, NoNames()))
    assert time.process_time() - began < 0.1


def test_longer_texts_are_no_request(understanding):
    assert understanding.read("play hello " * 100_000, NoNames())[0].intent is Intent.NONE


def test_readings_come_best_first_and_are_probabilities(understanding):
    readings = understanding.read("play the sound of silence live in paris", NoNames())
    assert 1 < len(readings) <= 3
    assert all(0.0 <= reading.probability <= 1.0 for reading in readings)
    assert sum(reading.probability for reading in readings) <= 1.0 + 1e-6


def test_a_name_of_the_catalogue_is_found_whatever_words_are_in_it(understanding):
    for name in ("Left Turn By The Radio", "...And Justice for All", "By the Way", "On My Own"):
        (first, *_) = understanding.read(f"play {name}", Only(NameKind.SONG, name))
        assert first.intent is Intent.PLAY
        assert [slot.text.strip(".") for slot in first.slots] == [name.strip(".")], name


def test_a_bare_name_is_a_request_where_the_catalogue_has_it(understanding):
    (first, *_) = understanding.read("Hollow Lanterns", Only(NameKind.ARTIST, "Hollow Lanterns"))
    assert first.intent is Intent.PLAY
    assert first.first(SlotName.MUSIC) == "Hollow Lanterns"


def test_the_model_is_compact_and_made_from_the_rules_that_come_with_it():
    data = (files("antiphon.voice.understanding") / "english.model").read_bytes()
    assert len(data) < _MODEL_BYTES
    assert made_from(data) == rules_digest()


def test_made_up_requests_are_the_same_for_a_seed_and_others_for_another():
    first, again, other = (list(requests(50, seed=seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_made_up_requests_ask_for_everything_and_their_slots_point_at_what_they_name():
    made = list(requests(400, seed=3))
    assert {request.intent for request in made} == set(INTENTS)
    for request in made:
        assert all(request.text[s.begin : s.end] == s.text for s in request.slots)
        assert request.tags() is not None


def test_requests_that_were_not_trained_with_are_read_as_they_were_made(understanding):
    class Known:
        def __init__(self, kinds):
            self._kinds = kinds

        def kinds_of(self, words):
            return self._kinds.get(words, frozenset())

    made = list(requests(300, seed=99))
    right = 0
    for request in made:
        reading = understanding.read(request.text, Known(request.known))[0]
        right += (reading.intent, reading.slots) == (request.intent, request.slots)
    assert right >= 0.75 * len(made)
