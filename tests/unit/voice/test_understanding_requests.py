"""How many of the requests that people might say are understood."""

import re

import pytest

from antiphon.catalog import name_key
from antiphon.voice.model import Intent, NameKind, Slot, SlotName
from antiphon.voice.understanding import Understanding

from .understanding_cases import CASES, CATALOGUE

_SLOT = re.compile(r"\[([^|\]]+)\|([\w-]+)\]")


class Shelf:
    """A catalogue of names."""

    def __init__(self, names: dict[str, str]) -> None:
        self._kinds: dict[str, set[NameKind]] = {}
        for kind, listed in names.items():
            for name in listed.split(";"):
                self._kinds.setdefault(name_key(name), set()).add(NameKind(kind))

    def kinds_of(self, words: str) -> frozenset[NameKind]:
        return frozenset(self._kinds.get(words, ()))


def taken_apart(written: str) -> tuple[str, tuple[Slot, ...]]:
    text, slots, end = "", [], 0
    for found in _SLOT.finditer(written):
        text += written[end : found.start()]
        said = found.group(1)
        slots.append(Slot(SlotName(found.group(2)), said, len(text), len(text) + len(said)))
        text += said
        end = found.end()
    return text + written[end:], tuple(slots)


@pytest.fixture(scope="module")
def reads():
    understanding, shelf = Understanding.load(), Shelf(CATALOGUE)
    return [
        (text, Intent(intent), slots, understanding.read(text, shelf)[0])
        for intent, listed in CASES.items()
        for text, slots in map(taken_apart, filter(None, listed.splitlines()))
    ]


def test_at_least_120_requests_are_asked(reads):
    assert len(reads) >= 120


def test_of_the_intents_95_in_100_are_right(reads):
    wrong = [(text, got.intent) for text, intent, _, got in reads if got.intent is not intent]
    assert len(wrong) <= 0.05 * len(reads), wrong


def test_of_the_slots_90_in_100_are_right(reads):
    wanted = sum(len(slots) for _, _, slots, _ in reads)
    given = sum(len(got.slots) for *_, got in reads)
    right = sum(len(set(slots) & set(got.slots)) for _, _, slots, got in reads)
    wrong = [
        (text, [f"{s.name}={s.text}" for s in got.slots])
        for text, _, slots, got in reads
        if slots != got.slots
    ]
    assert right >= 0.9 * wanted, wrong
    assert right >= 0.9 * given, wrong


def test_of_the_requests_85_in_100_are_right_as_a_whole(reads):
    wrong = [
        text for text, intent, slots, got in reads if (got.intent, got.slots) != (intent, slots)
    ]
    assert len(wrong) <= 0.15 * len(reads), wrong
