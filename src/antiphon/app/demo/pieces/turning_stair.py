"""A two-part invention: subject, countersubject, entries in four keys, two sequences, a pedal."""

from antiphon.app.demo.desk import Desk, across, room
from antiphon.app.demo.harmony import MAJOR, MINOR, Mode
from antiphon.app.demo.instruments.keys import Harpsichord
from antiphon.app.demo.score import Note, Tempo, humanised, phrase
from antiphon.app.demo.waves import Wave

_Line = tuple[tuple[int | None, float], ...]
_SEMI, _QUAVER = 0.25, 0.5
_SUBJECT: _Line = (
    *((degree, _SEMI) for degree in (None, 0, 1, 2, 3, 1, 2, 0)),
    *((degree, _QUAVER) for degree in (4, 2, 5, 4)),
)
_COUNTER: _Line = (
    *((degree, _QUAVER) for degree in (0, -3, -2, 0)),
    *((degree, _SEMI) for degree in (2, 1, 0, 2, 3, 1, -1, 1)),
)
_FIGURE = (2, 1, 0, 1, 2, 3, 4, 2)
_TEMPO = Tempo((0, 90), (56, 91), (62, 84), (65, 52), (72, 52))


def perform(rate: int) -> Wave:
    """The whole invention, unmastered."""
    desk = Desk(rate, 48.0)
    strip = desk.strip()
    notes = humanised([*_upper(), *_lower()], 5, beats=0.007, velocity=0.04)
    strip.play(Harpsichord(rate), notes, _TEMPO, pan=across(36, 90, width=0.45))
    desk.put(strip, send=0.2)
    return desk.mix(room(rate, seconds=1.3, bright=0.5, delay=0.012, seed=41))


def _entry(line: _Line, tonic: int, bar: int, *, major: bool = False) -> list[Note]:
    """Subject or countersubject in a key; in minor the leading note is raised."""
    mode = Mode(tonic, MAJOR if major else MINOR)
    notes, beat = [], 4.0 * bar
    for degree, length in line:
        if degree is not None:
            raised = 1 if not major and degree % 7 == 6 else 0
            notes.append(Note(beat, length * 0.94, mode.key(degree) + raised, 0.8))
        beat += length
    return notes


def _sequence(roots: tuple[int, ...], tonic: int, bar: int, *, quick: bool) -> list[Note]:
    """One half bar per root of a circle of fifths: the running figure, or its slower bass."""
    mode = Mode(tonic, MINOR)
    notes = []
    for number, root in enumerate(roots):
        figure, length = (_FIGURE, _SEMI) if quick else ((0, 2, 4, 2), _QUAVER)
        for index, step in enumerate(figure):
            leading = 1 if root % 7 == 4 and (root + step) % 7 == 6 else 0
            start = 4.0 * bar + 2 * number + index * length
            notes.append(Note(start, length * 0.94, mode.key(root + step) + leading, 0.8))
    return notes


def _upper() -> list[Note]:
    return [
        *_entry(_SUBJECT, 74, 0),
        *_entry(_COUNTER, 74, 1),
        *_entry(_SUBJECT, 69, 2),
        *_entry(_COUNTER, 69, 3),
        *_sequence((0, 3, -1, 2), 74, 4, quick=True),
        *_sequence((-2, 1, -3, 0), 74, 5, quick=True),
        *_entry(_COUNTER, 77, 6, major=True),
        *_entry(_SUBJECT, 77, 7, major=True),
        *_sequence((2, 5, 1, 4), 74, 8, quick=False),
        *_sequence((0, 3, -1, 2), 74, 9, quick=False),
        *_entry(_COUNTER, 79, 10),
        *_entry(_SUBJECT, 67, 11),
        *phrase("e5:.25 f5 g5 e5 c#5 d5 e5 c#5 bb5 a5 g5 f5 e5 d5 c#5 b4", at=48),
        *phrase("a4:.25 c#5 e5 g5 bb5 g5 e5 c#5 d5 f5 a5 f5 e5 c#5 a4 c#5", at=52),
        *_entry(_SUBJECT, 74, 14),
        *phrase("g5:.25 f5 e5 d5 c#5 d5 e5 f5 | f5:.5 e5:.25 d5 e5:.5 c#5", at=60),
        *phrase("d5:3.5", at=64),
    ]


def _lower() -> list[Note]:
    return [
        *phrase("d3:1 r:3", at=0),
        *_entry(_SUBJECT, 62, 1),
        *_entry(_COUNTER, 57, 2),
        *_entry(_SUBJECT, 57, 3),
        *_sequence((0, 3, -1, 2), 50, 4, quick=False),
        *_sequence((-2, 1, -3, 0), 50, 5, quick=False),
        *_entry(_SUBJECT, 53, 6, major=True),
        *_entry(_COUNTER, 53, 7, major=True),
        *_sequence((2, 5, 1, 4), 43 + 7 - 12, 8, quick=True),
        *_sequence((0, 3, -1, 2), 50, 9, quick=True),
        *_entry(_SUBJECT, 55, 10),
        *_entry(_COUNTER, 55, 11),
        *phrase("a2:.5 a3 a2 a3 a2 a3 a2 a3 a2 a3 a2 a3 a2 a3 a2 a3", at=48),
        *_entry(_COUNTER, 50, 14),
        *phrase("bb3:1 g3 a3 a2", at=60),
        Note(64, 3.6, 38, 0.8),
        Note(64.06, 3.5, 45, 0.7),
        Note(64.12, 3.5, 54, 0.7),
        Note(64.18, 3.5, 57, 0.7),
    ]
