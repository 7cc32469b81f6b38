"""A model is made from nothing, the same again, and packed without changing what it reads."""

import pytest

from antiphon.voice.model import NameKind
from antiphon.voice.understanding import Understanding
from antiphon.voice.understanding.gazetteer import Tagged, held_out_marks, learn_gazetteer, spans
from antiphon.voice.understanding.learning import Plan, learn
from antiphon.voice.understanding.packing import packed, unpacked
from antiphon.voice.understanding.reranking import frame
from antiphon.voice.understanding.training import Training

_TEXTS = (
    "play hollow lanterns by the silver engines",
    "add this to my gym playlist",
    "play some jazz from the 80s on the kitchen speaker",
    "what's the weather",
    "queue the album winter machine next",
)


class NoNames:
    def kinds_of(self, words: str) -> frozenset[NameKind]:
        return frozenset()


def _readings(model):
    understanding = Understanding(model)
    return [
        (reading.intent, reading.slots)
        for text in _TEXTS
        for reading in understanding.read(text, NoNames())[:1]
    ]


@pytest.fixture(scope="module")
def small():
    return Training(sentences=200).model()


def test_training_again_gives_the_same_readings(small):
    again = Training(sentences=200).model()
    assert packed(again) == packed(small)


def test_packing_keeps_what_a_model_reads(small):
    assert _readings(unpacked(packed(small))) == _readings(small)


def test_a_sentence_does_not_know_its_own_names():
    sentences = [
        Tagged(("play", name), ("O", "B-artist"), "play") for name in ("nirvana", "queen", "queen")
    ]
    marks = held_out_marks(sentences, 3)
    assert not [m for m in marks[0][1] if m.startswith("tartist")]
    assert [m for m in marks[1][1] if m.startswith("tartist")]
    assert learn_gazetteer(sentences).phrases["nirvana"] == ("tartist",)


def test_spans_of_tags_begin_where_the_name_changes():
    tags = ("O", "B-a", "I-a", "I-b", "B-b", "O", "I-c")
    assert spans(tags) == (("a", 1, 3), ("b", 3, 4), ("b", 4, 5), ("c", 6, 7))


def test_a_joint_model_learns_intents_and_slots_and_reranks_them():
    sentences = [
        Tagged((verb, "the", noun), ("O", "O", f"B-{slot}"), intent)
        for noun in ("red", "blue", "green", "white", "black", "grey")
        for verb, slot, intent in (("paint", "colour", "paint"), ("wear", "cloth", "wear"))
    ]
    model = learn(sentences, None, Plan(folds=3, candidates=3, least_traits=1))
    best, probability = model.best(("wear", "the", "pink"), None, 3)[0]
    assert (best.intent, best.tags) == ("wear", ("O", "O", "B-cloth"))
    assert 0.5 < probability <= 1.0


def test_the_frame_of_a_sentence_is_its_words_around_the_names_of_its_slots():
    words = ("add", "karma", "police", "to", "gym")
    assert frame(words, (("song", 1, 3), ("playlist", 4, 5))) == [
        "add",
        "[song]",
        "to",
        "[playlist]",
    ]
    assert frame(words, ()) == list(words)
