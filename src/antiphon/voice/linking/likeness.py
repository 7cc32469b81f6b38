"""How much two folded texts look and sound alike: 0..1, from spelling and sound alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from antiphon.voice.linking.folding import sound, without_article

_SPELLING, _WORDS, _SOUND = 0.50, 0.15, 0.35
"""Shares of a likeness (measured on 53,350 chart names)."""
_ONLY_JOINED = 0.99
"""What texts are worth that differ in spaces or an article only: "ac dc", "acdc"; "beatles"."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A folded text and how it sounds."""

    text: str
    sound: str
    joined: str = field(init=False)
    """The text without spaces and without a leading article."""

    def __post_init__(self) -> None:
        """Join the words, once for all comparisons."""
        object.__setattr__(self, "joined", without_article(self.text).replace(" ", ""))


def heard(text: str) -> Heard:
    """Return a folded text with its sound."""
    return Heard(text, sound(text))


def likeness(said: Heard, name: Heard) -> float:
    """Return how much a name is what was said; 1 only for the same words."""
    if said.text == name.text:
        return 1.0
    if said.joined == name.joined:
        return _ONLY_JOINED
    spelling: float = max(fuzz.ratio(said.text, name.text), fuzz.ratio(said.joined, name.joined))
    words: float = fuzz.token_set_ratio(said.text, name.text)
    same_sound = sound_likeness(said, name)
    return (_SPELLING * spelling + _WORDS * words) / 100 * 0.99 + _SOUND * same_sound * 0.99


def sound_likeness(said: Heard, name: Heard) -> float:
    """Return how much a name sounds like what was said."""
    apart: float = fuzz.ratio(said.sound, name.sound)
    joined: float = fuzz.ratio(said.sound.replace(" ", ""), name.sound.replace(" ", ""))
    return max(apart, joined) / 100


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the first candidate: only likeness, never how popular it is."""

    likeness: float
    lead: float
    """Over the best candidate of another name; at most .3."""
    sound: float
    length: float
    """Letters of what was said, as a share of 24; at most 1."""
    coverage: float
    """Share of the words on both sides that the other side has too."""
    rarest: float
    """1 if the rarest word of the name was said as it is spelled."""

    @property
    def features(self) -> Sequence[float]:
        """Return the numbers that acceptance weighs, in the order of its coefficients."""
        return (
            self.likeness,
            self.likeness**4,
            self.lead,
            self.sound,
            self.length,
            self.likeness * self.length,
            self.coverage,
            self.rarest,
        )


def evidence(
    said: Heard, name: Heard, values: tuple[float, float], frequency: Mapping[str, int]
) -> Evidence:
    """Return what speaks for a name; ``values``: its likeness and that of the next other name."""
    ours, theirs = said.text.split(), name.text.split()
    common = set(ours) & set(theirs)
    rarest = min(theirs, key=lambda w: (frequency.get(w, 0), w), default="")
    return Evidence(
        likeness=values[0],
        lead=min(0.3, max(0.0, values[0] - values[1])),
        sound=sound_likeness(said, name),
        length=min(1.0, len(said.joined) / 24),
        coverage=2 * len(common) / max(1, len(set(ours)) + len(set(theirs))),
        rarest=float(rarest in common),
    )
