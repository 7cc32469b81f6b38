"""Two players, one pattern: the right one walks ahead, step by step, until they meet again."""

import numpy as np

from antiphon.app.demo.desk import Desk, room
from antiphon.app.demo.harmony import pitch
from antiphon.app.demo.instruments.ensemble import cellos
from antiphon.app.demo.instruments.keys import marimba, vibraphone
from antiphon.app.demo.score import Note, Tempo, humanised, phrase, shaped
from antiphon.app.demo.waves import Wave

_PATTERN = [int(note.key) for note in phrase("g4 d5 a4 bb4 f5 d5 g4 c5 a4 f5 d5 c5")]
_LENGTH = len(_PATTERN)
_CYCLES = 44
_SECOND = 3
_HOLD, _WALK = 2, 1
_GROUND = ("g2 eb3", "eb2 bb2", "c2 g2", "f2 c3", "d2 a2", "bb1 f2", "eb2 bb2", "g2 d3")
# One beat is one sixteenth of the pattern.
_TEMPO = Tempo((0, 444), (_CYCLES * _LENGTH, 456))


def perform(rate: int) -> Wave:
    """The whole process, unmastered."""
    desk = Desk(rate, _TEMPO.seconds(_CYCLES * _LENGTH) + 3.5)
    for side, notes, seed in ((-0.75, _steady(), 1), (0.75, _walking(), 2)):
        strip = desk.strip()
        strip.play(
            marimba(rate),
            humanised(notes, seed, beats=0.02, velocity=0.05),
            _TEMPO,
            gain=0.8,
            pan=side,
        )
        desk.put(strip, send=0.2)
    shine = desk.strip()
    shine.play(vibraphone(rate), _resulting(), _TEMPO, gain=0.5)
    desk.put(shine, send=0.35)
    ground = desk.strip()
    ground.play(cellos(rate), _ground(), _TEMPO, gain=0.55)
    desk.put(ground, send=0.3)
    return desk.mix(room(rate, seconds=1.6, bright=0.45, delay=0.015, seed=101))


def _ahead(cycle: float) -> float:
    """How many sixteenths the second player is ahead: held, then walked, over and over."""
    whole, part = divmod(max(0.0, cycle - _SECOND - 2), _HOLD + _WALK)
    return float(min(_LENGTH, whole + np.clip((part - _HOLD) / _WALK, 0, 1)))


def _loud(notes: list[Note], first: int) -> list[Note]:
    start, end = first * _LENGTH, _CYCLES * _LENGTH
    return shaped(notes, ((start, 0.3), (start + 2 * _LENGTH, 0.85), (end * 0.8, 1.05), (end, 0.9)))


def _steady() -> list[Note]:
    count = _CYCLES * _LENGTH
    notes = [
        Note(n, 1.6, _PATTERN[n % _LENGTH], 0.6 if n % _LENGTH else 0.72) for n in range(count)
    ]
    return [*_loud(notes, 0), Note(count, 8, 43, 0.8), Note(count, 8, 67, 0.7)]


def _walking() -> list[Note]:
    """The same notes at times that run ahead: note n sounds when n = beat + ahead(beat)."""
    beats = np.arange(_SECOND * _LENGTH, _CYCLES * _LENGTH, 1 / 16)
    ahead = np.array([_ahead(beat / _LENGTH) for beat in beats])
    numbers = np.arange(_SECOND * _LENGTH, int(beats[-1] + ahead[-1]) + 1)
    times = np.interp(numbers, beats + ahead, beats)
    notes = [
        Note(float(t), 1.6, _PATTERN[int(n) % _LENGTH], 0.6)
        for n, t in zip(numbers, times, strict=True)
    ]
    return _loud(notes, _SECOND)


def _resulting() -> list[Note]:
    """Tones that the two together bring out while they hold, sung by a vibraphone."""
    notes = []
    for cycle in range(_SECOND + 3, _CYCLES):
        ahead = _ahead(cycle)
        if ahead != int(ahead):
            continue
        both = [(n, max(_PATTERN[n], _PATTERN[(n + int(ahead)) % _LENGTH])) for n in range(_LENGTH)]
        for n, key in sorted(both, key=lambda pair: -pair[1])[: 2 + cycle % 3]:
            notes.append(Note(cycle * _LENGTH + n, 5, key + 12, 0.34))
    return notes


def _ground() -> list[Note]:
    span = (_CYCLES - 8) * _LENGTH / len(_GROUND)
    return [
        Note(8 * _LENGTH + number * span, span, pitch(name), 0.5)
        for number, pair in enumerate(_GROUND)
        for name in pair.split()
    ]
