"""Pitches by name, chords by symbol, and voice leading."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_PITCH = re.compile(r"([a-g])([#b]*)(-?\d)")
_CHORD = re.compile(r"([A-G][#b]?)([^/]*)(?:/([A-G][#b]?))?")
_QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "5": (0, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "add9": (0, 4, 7, 2),
    "madd9": (0, 3, 7, 2),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "69": (0, 4, 7, 9, 2),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "7sus4": (0, 5, 7, 10),
    "7b9": (0, 4, 7, 10, 1),
    "9": (0, 4, 7, 10, 2),
    "m9": (0, 3, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "9sus4": (0, 5, 7, 10, 2),
    "13": (0, 4, 10, 2, 9),
    "7#9": (0, 4, 7, 10, 3),
    "m11": (0, 3, 7, 10, 5),
}


def pitch(name: str) -> int:
    """The key number of a pitch name; middle C is ``c4`` and has number 60."""
    match = _PITCH.fullmatch(name)
    if match is None:
        raise ValueError(f"not a pitch: {name!r}")
    step, accidentals, octave = match.groups()
    shift = accidentals.count("#") - accidentals.count("b")
    return _STEPS[step] + shift + 12 * (int(octave) + 1)


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord symbol understood: its root, its bass, and its tones as pitch classes."""

    root: int
    bass: int
    tones: tuple[int, ...]

    def near(self, low: int, high: int) -> list[int]:
        """Every chord tone between two keys, both included."""
        return [key for key in range(low, high + 1) if key % 12 in self.tones]

    def bass_from(self, low: int) -> int:
        """The lowest key at or above ``low`` that sounds the bass tone."""
        return low + (self.bass - low) % 12


@lru_cache(maxsize=256)
def chord(symbol: str) -> Chord:
    """Read a chord symbol such as ``F#m7``, ``Bbmaj9`` or ``C/E``."""
    match = _CHORD.fullmatch(symbol)
    if match is None or match[2] not in _QUALITIES:
        raise ValueError(f"not a chord: {symbol!r}")
    root = _pitch_class(match[1])
    bass = _pitch_class(match[3]) if match[3] else root
    tones = tuple((root + interval) % 12 for interval in _QUALITIES[match[2]])
    return Chord(root, bass, tones)


def progression(symbols: str) -> tuple[str, ...]:
    """The chord symbols of a line, one after another."""
    return tuple(symbols.split())


def _pitch_class(name: str) -> int:
    return (_STEPS[name[0].lower()] + name.count("#") - name[1:].count("b")) % 12


@dataclass(frozen=True, slots=True)
class Mode:
    """A scale: a tonic and the semitones of its degrees above it."""

    tonic: int
    steps: tuple[int, ...]

    def key(self, degree: int) -> int:
        """The key of a degree, counted from 0 at the tonic; any octave, either direction."""
        octave, index = divmod(degree, len(self.steps))
        return self.tonic + 12 * octave + self.steps[index]


MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
DORIAN = (0, 2, 3, 5, 7, 9, 10)

Voicing = tuple[int, ...]


def voicings(symbol: str, low: int, high: int, *, voices: int) -> list[Voicing]:
    """Every close or open arrangement of a chord's tones, ascending, without doubled keys."""
    tones = chord(symbol).near(low, high)
    found: list[Voicing] = []
    for start in range(len(tones) - voices + 1):
        found.extend(_stacked(tones, start, voices))
    return found


def _stacked(tones: Sequence[int], start: int, voices: int) -> Iterator[Voicing]:
    for gaps in product((1, 2), repeat=voices - 1):
        indices = [start]
        for gap in gaps:
            indices.append(indices[-1] + gap)
        if indices[-1] < len(tones):
            yield tuple(tones[index] for index in indices)


def lead(symbols: Sequence[str], low: int, high: int, *, voices: int = 4) -> list[Voicing]:
    """Voice a progression smoothly: least motion, every tone present, no parallel octaves."""
    chosen: list[Voicing] = []
    for symbol in symbols:
        options = voicings(symbol, low, high, voices=voices)
        before = chosen[-1] if chosen else None
        chosen.append(min(options, key=lambda v: _cost(before, v, symbol, (low + high) / 2)))
    return chosen


def _cost(before: Voicing | None, after: Voicing, symbol: str, centre: float) -> float:
    tones = chord(symbol).tones
    missing = len(set(tones)) - len({key % 12 for key in after})
    cost = 6.0 * max(0, missing) + 0.3 * abs(sum(after) / len(after) - centre)
    if before is None:
        return cost
    cost += sum(abs(b - a) for a, b in zip(before, after, strict=True))
    return cost + 8.0 * _parallels(before, after)


def _parallels(before: Voicing, after: Voicing) -> int:
    moves = list(zip(before, after, strict=True))
    count = 0
    for index, (a0, a1) in enumerate(moves):
        for b0, b1 in moves[index + 1 :]:
            perfect = (b0 - a0) % 12 in {0, 7} and (b0 - a0) % 12 == (b1 - a1) % 12
            count += perfect and a0 != a1
    return count


@dataclass(frozen=True, slots=True)
class Part:
    """One moment of a four-part setting: what the outer voices sing over which chord."""

    symbol: str
    top: int
    bass: int


def harmonise(parts: Sequence[Part]) -> list[Voicing]:
    """Fill tenor and alto between given outer voices, as a student of chorales would.

    Returns (bass, tenor, alto, top) for every moment. The whole passage is searched (least total
    cost by dynamic programming), so that an early choice does not spoil a later one.
    """
    layers = [_inner(part) for part in parts]
    totals = [_complete(option, parts[0].symbol) for option in layers[0]]
    trails: list[list[int]] = []
    for (last, now), part in zip(pairwise(layers), parts[1:], strict=True):
        steps = [[t + _move(a, b) for a, t in zip(last, totals, strict=True)] for b in now]
        trails.append([min(range(len(s)), key=s.__getitem__) for s in steps])
        totals = [min(s) + _complete(b, part.symbol) for s, b in zip(steps, now, strict=True)]
    index = min(range(len(totals)), key=totals.__getitem__)
    chosen = [layers[-1][index]]
    for layer, trail in zip(reversed(layers[:-1]), reversed(trails), strict=True):
        index = trail[index]
        chosen.append(layer[index])
    return chosen[::-1]


def _inner(part: Part) -> list[Voicing]:
    tones = chord(part.symbol).near(part.bass, part.top)
    found: list[Voicing] = [
        (part.bass, tenor, alto, part.top)
        for tenor in tones
        for alto in tones
        if part.bass <= tenor <= alto <= part.top
        and part.top - alto <= 12
        and alto - tenor <= 12
        and tenor >= 48
    ]
    if not found:
        raise ValueError(f"no room for inner voices in {part}")
    return found


def _complete(voicing: Voicing, symbol: str) -> float:
    tones = chord(symbol).tones
    present = {key % 12 for key in voicing}
    third_missing = tones[1] not in present
    doubled = len(voicing) - len(set(voicing))
    return 12.0 * third_missing + 3.0 * len(set(tones) - present) + 4.0 * doubled


def _move(before: Voicing, after: Voicing) -> float:
    inner = abs(before[1] - after[1]) + abs(before[2] - after[2])
    leaps = sum(abs(a - b) > 5 for a, b in zip(before[1:3], after[1:3], strict=True))
    return inner + 4.0 * leaps + 15.0 * _parallels(before, after)
