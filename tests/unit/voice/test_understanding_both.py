"""Phrases and the model together read more than phrases, and lose nothing that phrases read."""

import pytest

from antiphon.catalog import name_key
from antiphon.voice.model import Intent, Slot, SlotName
from antiphon.voice.understanding import BothReader, PhraseReader

from .free_requests import FREE
from .test_understanding_requests import Shelf, taken_apart
from .understanding_cases import CASES, CATALOGUE

_TITLES = {SlotName.MUSIC, SlotName.SONG, SlotName.ALBUM}
_ARTICLES = ("the ", "my ", "our ", "a ", "an ", "this ", "that ")
_PLAYING = {"this", "this one", "song", "track", "it", "that", "one"}


def _bare(said):
    key = name_key(said)
    while key.startswith(_ARTICLES):
        key = key.split(" ", 1)[1]
    return key


def meant(intent: Intent, slots: tuple[Slot, ...]) -> tuple[Intent, frozenset[tuple[str, str]]]:
    """Return what the room makes of a reading: it finds names whichever kind they are taken for."""
    titled = any(slot.name in _TITLES for slot in slots)
    found = set()
    for slot in slots:
        is_name = slot.name in _TITLES or (slot.name is SlotName.ARTIST and not titled)
        if not (slot.name in _TITLES and _bare(slot.text) in _PLAYING):
            found.add(("name" if is_name else slot.name.value, _bare(slot.text)))
    return intent, frozenset(found)


@pytest.fixture(scope="module")
def both():
    return BothReader.load()


def _right(reader, cases):
    shelf = Shelf(CATALOGUE)
    right = {}
    for intent, listed in cases.items():
        for text, slots in map(taken_apart, filter(None, listed.splitlines())):
            got = reader.read(text, shelf)[0]
            right[text] = meant(got.intent, got.slots) == meant(Intent(intent), slots)
    return right


def test_both_read_more_of_the_usual_requests_than_phrases_and_hardly_any_worse(both):
    by_phrases, by_both = _right(PhraseReader(), CASES), _right(both, CASES)
    lost = [text for text, right in by_phrases.items() if right and not by_both[text]]
    assert len(lost) <= 1, lost
    assert sum(by_both.values()) >= 0.86 * len(by_both)
    assert sum(by_both.values()) > sum(by_phrases.values())


def test_both_read_twice_as_many_requests_in_free_words_as_phrases_do(both):
    by_phrases, by_both = _right(PhraseReader(), FREE), _right(both, FREE)
    lost = [text for text, right in by_phrases.items() if right and not by_both[text]]
    assert len(lost) <= 1, lost
    assert sum(by_both.values()) >= 0.39 * len(by_both)
    assert sum(by_both.values()) >= 2 * sum(by_phrases.values())


def test_the_model_is_not_asked_where_a_phrase_fits_or_something_is_not_to_happen(both):
    shelf = Shelf(CATALOGUE)
    for text in ("play karma police by radiohead", "never play radiohead again"):
        assert both.read(text, shelf) == PhraseReader().read(text, shelf)


def test_a_name_after_a_verb_is_that_name_however_much_it_sounds_like_another_request(both):
    for name in ("I Play Next By The Radio", "Add It to My Playlist", "On My Own", "...Next"):
        shelf = Shelf({"song": name})
        assert meant(Intent.PLAY, (Slot(SlotName.SONG, name, 5, 5 + len(name)),)) == meant(
            both.read(f"play {name}", shelf)[0].intent, both.read(f"play {name}", shelf)[0].slots
        ), name
