"""Phrases that are known to name something, found in a sentence and written on its words."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

MAX_PHRASE = 8
"""Words of the longest phrase that is looked for."""
_MAX_COUNTED = 3

Marks = tuple[tuple[str, ...], ...]
"""For each word of a sentence: what is known about it from elsewhere."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A sentence that is understood: words, a BIO tag for each, and its intent."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    intent: str = ""


def spans(tags: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    """Return (name, begin, end) of each span of BIO tags; an I- after another name begins one."""
    found: list[tuple[str, int, int]] = []
    begin, name = 0, ""
    for place, tag in enumerate((*tags, "O")):
        kind, _, of = tag.partition("-")
        if name and (kind != "I" or of != name):
            found.append((name, begin, place))
            name = ""
        if kind != "O" and not name:
            begin, name = place, of
    return tuple(found)


def marked(
    words: Sequence[str], kinds_of: Callable[[str], Iterable[str]], longest: int = MAX_PHRASE
) -> Marks:
    """Write on each word of which kinds of phrase it is part: the longest first, none crossing.

    A mark is ``kind``, B or I, and how many words the phrase has, at most 3.
    """
    hits: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for begin in range(len(words)):
        phrase = ""
        for end in range(begin + 1, min(begin + longest, len(words)) + 1):
            phrase = f"{phrase} {words[end - 1]}" if phrase else words[begin]
            for kind in kinds_of(phrase):
                hits[kind].append((end - begin, begin))
    marks: list[list[str]] = [[] for _ in words]
    for kind in sorted(hits):
        taken: set[int] = set()
        for length, begin in sorted(hits[kind], key=lambda hit: (-hit[0], hit[1])):
            places = range(begin, begin + length)
            if taken.isdisjoint(places):
                taken.update(places)
                for place in places:
                    part = "B" if place == begin else "I"
                    marks[place].append(f"{kind}{part}{min(length, _MAX_COUNTED)}")
    return tuple(tuple(m) for m in marks)


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """What tagged sentences teach about phrases, and about single words."""

    phrases: Mapping[str, tuple[str, ...]]
    leanings: Mapping[str, str]
    """For words: which tag they mostly bear, and how mostly."""

    def marks(self, words: Sequence[str]) -> Marks:
        """Write on each word what is known of it."""
        if not self.leanings:
            return ((),) * len(words)
        found = marked(words, lambda phrase: self.phrases.get(phrase, ()))
        return tuple(
            (*of, f"l{self.leanings.get(word, '?')}") for of, word in zip(found, words, strict=True)
        )


def learn_gazetteer(sentences: Iterable[Tagged]) -> Gazetteer:
    """Return the phrases and leanings that these sentences show."""
    phrases: defaultdict[str, set[str]] = defaultdict(set)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for name, begin, end in spans(sentence.tags):
            if end - begin <= MAX_PHRASE:
                phrases[" ".join(sentence.words[begin:end])].add(f"t{name}")
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            counts[word][tag.partition("-")[2]] += 1
    return Gazetteer(
        {phrase: tuple(sorted(kinds)) for phrase, kinds in phrases.items()},
        {word: _leaning(count) for word, count in counts.items()},
    )


def _leaning(counts: Counter[str]) -> str:
    total = sum(counts.values())
    name, most = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return f"{name}{int(3.999 * most / total)}{min(total, 5) // 2}"


def held_out_marks(sentences: Sequence[Tagged], folds: int) -> list[Marks]:
    """Mark each sentence by what the other folds teach, so that none knows its own names.

    Without folds nothing is marked.
    """
    marks: list[Marks] = [((),) * len(s.words) for s in sentences]
    for fold in range(folds):
        others = (s for place, s in enumerate(sentences) if place % folds != fold)
        gazetteer = learn_gazetteer(others)
        for place in range(fold, len(sentences), folds):
            marks[place] = gazetteer.marks(sentences[place].words)
    return marks


def joined(*marks: Marks) -> Marks:
    """Return all that several sources know of the same words."""
    return tuple(tuple(m for part in parts for m in part) for parts in zip(*marks, strict=True))
