"""Requests by the thousand with what they mean, made from rules and names; the same for a seed."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from antiphon.voice.model import Intent, Named, NameKind, Slot, SlotName
from antiphon.voice.understanding.grammar import Piece, Rules, expand, rules_of
from antiphon.voice.understanding.known import name_of
from antiphon.voice.understanding.tokens import Token, tokens

INTENTS: Final = {
    Intent.PLAY: 10,
    Intent.NONE: 4,
    Intent.ADD_TO_PLAYLIST: 3,
    Intent.QUEUE_NEXT: 2,
    Intent.QUEUE_LAST: 2,
}
"""What the requests ask for, and how often of 21."""

_NAMES: Final[Mapping[str, tuple[NameKind, ...]]] = {
    "artist": (NameKind.ARTIST,),
    "title": (NameKind.SONG, NameKind.ALBUM),
    "any": (NameKind.ARTIST, NameKind.SONG, NameKind.ALBUM),
    "genre": (NameKind.GENRE,),
}
_RULES: Final = ("names.rules", "requests.rules", "queueing.rules", "other.rules")
_LOWER: Final = 0.6
_REAL: Final = 0.5
_KNOWN: Final = 0.7
_KNOWN_OF_TWO_KINDS: Final = 0.3
_WORD_KNOWN: Final = 0.06
_PAIR_KNOWN: Final = 0.02
_SIGN: Final = 0.12
_WORD_KINDS: Final = (NameKind.SONG, NameKind.SONG, NameKind.ALBUM, NameKind.ARTIST)


@dataclass(frozen=True, slots=True)
class Request:
    """A text and what it means; ``known`` is what a catalogue says of phrases in it."""

    text: str
    intent: Intent
    slots: tuple[Slot, ...]
    known: Mapping[str, frozenset[NameKind]]

    def tags(self) -> tuple[str, ...] | None:
        """Return a BIO tag for each word; None where a name ends inside a word."""
        words = tokens(self.text)
        tags = ["O"] * len(words)
        for slot in self.slots:
            inside = [n for n, w in enumerate(words) if _overlap(w, slot)]
            if (
                not inside
                or words[inside[0]].begin != slot.begin
                or words[inside[-1]].end != slot.end
            ):
                return None
            for place in inside:
                tags[place] = f"{'B' if place == inside[0] else 'I'}-{slot.name}"
        return tuple(tags)


def _overlap(word: Token, slot: Slot) -> bool:
    return word.begin < slot.end and word.end > slot.begin


def requests(count: int, *, seed: int = 1, names: Iterable[Named] = ()) -> Iterator[Request]:
    """Yield requests; half of their names are some of ``names``, where there are any."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    rules = english_rules()
    real = _by_rule(names)
    intents = list(INTENTS)
    while count:
        intent = draw.choices(intents, list(INTENTS.values()))[0]
        request = _request(rules, intent, real, draw)
        if request.text and request.tags() is not None:
            yield request
            count -= 1


def english_rules() -> Rules:
    """Return the rules that come with this package: names, requests, and what is none."""
    return rules_of(_texts())


def rules_digest() -> str:
    """Return a number that is another when the rules are others, in hexadecimal digits."""
    return sha256(_texts().encode()).hexdigest()


def _texts() -> str:
    return "\n".join((files(__package__) / name).read_text("utf-8") for name in _RULES)


def _by_rule(names: Iterable[Named]) -> dict[str, list[str]]:
    real: dict[str, list[str]] = {}
    for named in names:
        for rule, kinds in _NAMES.items():
            if named.kind in kinds:
                real.setdefault(rule, []).append(named.name)
    return real


def _request(
    rules: Rules, intent: Intent, real: Mapping[str, Sequence[str]], draw: random.Random
) -> Request:
    pieces = [_styled(p, real, draw) for p in expand(rules, intent.value, draw)]
    lower = draw.random() < _LOWER
    text, slots, known = "", [], _KnownPhrases(draw)
    for piece in pieces:
        said = piece.text.lower() if lower else piece.text
        text += "" if not text or said[0] in ",.?!)'\u2019" or text[-1] == "(" else " "
        if piece.slot:
            begin = len(text)
            slots.append(Slot(SlotName[piece.slot], said, begin, begin + len(said)))
            known.name(said, _NAMES.get(piece.rule, ()))
        text += said
    known.by_chance(tokens(text))
    if draw.random() < _SIGN:
        text += draw.choice((".", "!", "?", "...", ". "))
    if draw.random() < _SIGN and not lower and text.isascii():
        text = text[:1].upper() + text[1:]
        slots = [Slot(s.name, text[s.begin : s.end], s.begin, s.end) for s in slots]
    return Request(text, intent, tuple(slots), known.kinds)


def _styled(piece: Piece, real: Mapping[str, Sequence[str]], draw: random.Random) -> Piece:
    text = piece.text
    if piece.slot and piece.rule in real and draw.random() < _REAL:
        text = draw.choice(real[piece.rule])
    elif piece.slot and piece.rule in _NAMES and draw.random() < _REAL:
        text = " ".join(word.capitalize() for word in text.split())
    return Piece(text, piece.slot, piece.rule)


class _KnownPhrases:
    """What a catalogue might know of a request: most of its names, and words by chance."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self.kinds: dict[str, frozenset[NameKind]] = {}

    def name(self, said: str, kinds: Sequence[NameKind]) -> None:
        if kinds and self._draw.random() < _KNOWN:
            borne = {self._draw.choice(kinds)}
            if self._draw.random() < _KNOWN_OF_TWO_KINDS:
                borne.add(self._draw.choice(_WORD_KINDS))
            self.kinds[name_of(tokens(said))] = frozenset(borne)

    def by_chance(self, words: Sequence[Token]) -> None:
        for begin in range(len(words)):
            for size, chance in ((1, _WORD_KNOWN), (2, _PAIR_KNOWN)):
                phrase = name_of(words[begin : begin + size])
                if phrase and self._draw.random() < chance:
                    self.kinds.setdefault(phrase, frozenset({self._draw.choice(_WORD_KINDS)}))
