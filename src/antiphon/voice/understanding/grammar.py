"""A small language for sentences by the thousand: rules, choices and slots. Pure.

A rule is ``[name]`` and its alternatives, one a line (``3x`` before one: three times as likely).
``(a|b|)`` is a choice, ``{name}`` another rule. A name in capitals is a slot, ``{SONG=title}``
a slot that is filled by another rule; what is inside a slot is not looked into for slots.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_CHOICE: Final = re.compile(r"\(([^()]*)\)")
_PART: Final = re.compile(r"\{([\w-]+)(?:=(\w+))?\}")
_SPACES: Final = re.compile(r"\s+")
_BEFORE_SIGN: Final = re.compile(r"\s+(?=[,.?!'\u2019])(?!['\u2019]\w\w\w)")
_TIMES: Final = re.compile(r"(\d+)x(?:\s+|$)")
_DEEPEST: Final = 12

Rules = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence, and the slot that it fills, with the rule that filled it."""

    text: str
    slot: str = ""
    rule: str = ""


def rules_of(text: str) -> Rules:
    """Return the rules that a text writes down."""
    rules: dict[str, list[str]] = {}
    alternatives: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("[") and line.endswith("]"):
            alternatives = rules.setdefault(line[1:-1], [])
            continue
        times = _TIMES.match(line)
        alternatives += [line[times.end() :] if times else line] * (int(times[1]) if times else 1)
    return {name: tuple(of) for name, of in rules.items()}


def expand(rules: Rules, name: str, draw: random.Random) -> list[Piece]:
    """Return a sentence of a rule, in pieces."""
    return [
        Piece(text, piece.slot, piece.rule)
        for piece in _expanded(rules, name, draw, _DEEPEST)
        if (text := tidy(piece.text))
    ]


def tidy(text: str) -> str:
    """Return a text with one space between words and none before signs."""
    return _BEFORE_SIGN.sub("", _SPACES.sub(" ", text)).strip()


def _expanded(rules: Rules, name: str, draw: random.Random, depth: int) -> list[Piece]:
    if not depth:
        raise ValueError(f"the rules of {name} never end")
    text = _chosen(draw.choice(rules[name]), draw)
    found: list[Piece] = []
    end = 0
    for part in _PART.finditer(text):
        found.append(Piece(text[end : part.start()]))
        end = part.end()
        slot = part.group(1)
        rule = part.group(2) or (slot if slot in rules else slot.lower())
        inner = _expanded(rules, rule, draw, depth - 1)
        if slot.isupper():
            found.append(Piece("".join(p.text for p in inner), slot, rule))
        else:
            found += inner
    found.append(Piece(text[end:]))
    return found


def _chosen(text: str, draw: random.Random) -> str:
    while (choice := _CHOICE.search(text)) is not None:
        option = draw.choice(choice.group(1).split("|"))
        text = f"{text[: choice.start()]}{option}{text[choice.end() :]}"
    return text
