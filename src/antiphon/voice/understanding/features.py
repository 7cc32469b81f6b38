"""What a tagger sees of each word: itself, its neighbours, its looks and what is known of it."""

from collections.abc import Sequence

from antiphon.voice.understanding.gazetteer import Marks

_EDGE = ("<", ">")
_SHAPES = str.maketrans("abcdefghijklmnopqrstuvwxyz0123456789", "x" * 26 + "d" * 10)
_FIRST_PLACES = 3


def features(words: Sequence[str], marks: Marks) -> list[list[str]]:
    """Return the attributes of each word; ``words`` in lower case, ``marks`` one for each."""
    padded = ["<", "<", "<", *words, ">", ">", ">"]
    return [
        [*_own(padded, place), *_around(padded, place), *_known(marks, place - 3)]
        for place in range(3, len(words) + 3)
    ]


def _own(words: Sequence[str], place: int) -> list[str]:
    word = words[place]
    return [
        "b",
        f"w{word}",
        f"p{word[:1]}",
        f"q{word[:3]}",
        f"s{word[-2:]}",
        f"t{word[-3:]}",
        f"u{word[-4:]}",
        f"x{word[:4].translate(_SHAPES)}",
        f"n{min(place - 3, _FIRST_PLACES)}",
        f"d{word.isdigit()}",
    ]


def _around(words: Sequence[str], place: int) -> list[str]:
    third, second, before, word, after, next_, last = words[place - 3 : place + 4]
    return [
        f"-1{before}",
        f"-2{second}",
        f"-3{third}",
        f"+1{after}",
        f"+2{next_}",
        f"+3{last}",
        f"-s{before[-3:]}",
        f"+s{after[-3:]}",
        f"-b{second} {before}",
        f"b-{before} {word}",
        f"b+{word} {after}",
        f"+b{after} {next_}",
        f"-c{second} {before} {word}",
        f"o{before} {after}",
    ]


def _known(marks: Marks, place: int) -> list[str]:
    found = [f"g{mark}" for mark in marks[place]]
    found.append(f"G{'/'.join(marks[place])}")
    if place:
        found += [f"<{mark}" for mark in marks[place - 1]]
    if place + 1 < len(marks):
        found += [f">{mark}" for mark in marks[place + 1]]
    return found
