"""Notes in musical time, a short notation for them, and tempo."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from antiphon.app.demo.harmony import Part, chord, harmonise, pitch


@dataclass(frozen=True, slots=True)
class Note:
    """One note: start and length in beats, key (60 is middle C), velocity from 0 to 1."""

    start: float
    length: float
    key: float
    velocity: float = 0.7

    @property
    def end(self) -> float:
        """The beat at which the note ends."""
        return self.start + self.length


def phrase(text: str, *, at: float = 0.0, velocity: float = 0.7, shift: int = 0) -> list[Note]:
    """Read notes from a line such as ``"c4:1 e4 g4+c5:.5 r d4!"``.

    A length in beats follows the colon and holds until the next one; ``r`` rests, ``+`` stacks,
    ``_`` prolongs the note before, ``!`` accents, ``|`` is ornament; ``shift`` is in semitones.
    """
    notes: list[Note] = []
    beat, length = at, 1.0
    for token in text.replace("|", " ").split():
        name, _, number = token.partition(":")
        length = float(number) if number else length
        if name == "_":
            notes[-1] = replace(notes[-1], length=notes[-1].length + length)
        elif name != "r":
            loud = min(1.0, velocity * (1.2 if name.endswith("!") else 1.0))
            keys = [pitch(one) + shift for one in name.rstrip("!").split("+")]
            notes.extend(Note(beat, length, key, loud) for key in keys)
        beat += length
    return notes


def moved(notes: Iterable[Note], beats: float = 0.0, *, semitones: float = 0.0) -> list[Note]:
    """The same notes later and higher."""
    return [replace(n, start=n.start + beats, key=n.key + semitones) for n in notes]


def shaped(notes: Iterable[Note], points: Sequence[tuple[float, float]]) -> list[Note]:
    """Velocities multiplied by a curve through (beat, factor) points: crescendi and the like."""
    beats, factors = zip(*points, strict=True)
    return [
        replace(n, velocity=float(min(1.0, n.velocity * np.interp(n.start, beats, factors))))
        for n in notes
    ]


def humanised(
    notes: Iterable[Note], seed: int, *, beats: float = 0.01, velocity: float = 0.06
) -> list[Note]:
    """Small seeded deviations of time and strength, as hands make them."""
    rng = np.random.default_rng(seed)
    result = []
    for note in notes:
        late, loud = rng.normal(0, (beats, velocity))
        result.append(
            replace(
                note,
                start=max(0.0, note.start + float(np.clip(late, -3 * beats, 3 * beats))),
                velocity=float(np.clip(note.velocity * (1 + loud), 0.05, 1.0)),
            )
        )
    return result


def tied(notes: Iterable[Note]) -> list[Note]:
    """Notes of one voice with repeated keys joined into one long note."""
    result: list[Note] = []
    for note in notes:
        last = result[-1] if result else None
        if last and last.key == note.key and abs(last.end - note.start) < 1e-6:
            result[-1] = replace(last, length=last.length + note.length)
        else:
            result.append(note)
    return result


def setting(text: str, *, bass: int = 48, velocity: float = 0.7) -> list[list[Note]]:
    """Four voices, bass first, from a line of chords with their top notes.

    A token is ``symbol,top,beats``; the beats hold until the next that are given, ``r,,beats``
    rests. Bass notes take the octave between 38 and 60 that is nearest to the last one (the first
    nearest to ``bass``); tenor and alto are found by voice leading.
    """
    moments: list[tuple[float, float, Part]] = []
    beat, length = 0.0, 1.0
    for token in text.replace("|", " ").split():
        symbol, top, *beats = token.split(",")
        length = float(beats[0]) if beats else length
        if symbol != "r":
            bass = _nearest(chord(symbol).bass, bass)
            moments.append((beat, length, Part(symbol, pitch(top), bass)))
        beat += length
    voiced = harmonise([part for _, _, part in moments])
    return [
        [
            Note(at, beats, keys[v], velocity)
            for (at, beats, _), keys in zip(moments, voiced, strict=True)
        ]
        for v in range(4)
    ]


def _nearest(pitch_class: int, last: int) -> int:
    keys = (key for key in range(38, 61) if key % 12 == pitch_class)
    return min(keys, key=lambda key: abs(key - last))


def swung(notes: Iterable[Note], ratio: float) -> list[Note]:
    """Off-beat eighths delayed: ``ratio`` is the first one's share of the beat (0.5 straight)."""
    return [replace(n, start=_swing(n.start, ratio)) for n in notes]


def _swing(beat: float, ratio: float) -> float:
    whole, part = divmod(beat, 1.0)
    if part < 0.5:
        return whole + part * 2 * ratio
    return whole + ratio + (part - 0.5) * 2 * (1 - ratio)


class Tempo:
    """Beats to seconds through (beat, beats per minute) points, linear between them."""

    def __init__(self, *points: tuple[float, float]) -> None:
        beats = np.array([beat for beat, _ in points])
        fine = np.arange(0.0, beats[-1] + 64.0, 1 / 64)
        speed = np.interp(fine, beats, [bpm for _, bpm in points])
        self._beats = fine
        self._seconds = np.concatenate(([0.0], np.cumsum(60.0 / speed[:-1] / 64)))
        self._last = 60.0 / float(speed[-1])

    def seconds(self, beat: float) -> float:
        """When a beat falls, in seconds from the start."""
        beyond = max(0.0, beat - float(self._beats[-1]))
        return float(np.interp(beat, self._beats, self._seconds)) + beyond * self._last
