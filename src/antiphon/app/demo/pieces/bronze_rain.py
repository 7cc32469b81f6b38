"""Bells in interlocking halves after Balinese practice: core melody, gongs, kotekan."""

from antiphon.app.demo.desk import Desk, room
from antiphon.app.demo.instruments.keys import bronze, gong
from antiphon.app.demo.score import Note, Tempo, humanised, shaped
from antiphon.app.demo.waves import Wave

# Five tones of a pelog-like tuning, in semitones above the tonic.
_TONES = (0.0, 1.2, 2.7, 6.7, 7.85)
_CORE = (0, 2, 1, 3, 4, 3, 1, 2)
_ANSWERS = (3, 4, 3, 1, 2, 0, 1, 0)
_WOVEN = (0, 1, 2, 1, 0, 2, 1, 2, 0, 1, 2, 0, 1, 2, 1, 0)
_TEMPO = Tempo(
    (0, 56),
    (14, 66),
    (18, 96),
    (48, 100),
    (64, 104),
    (79, 104),
    (80, 88),
    (92, 96),
    (108, 138),
    (112, 120),
    (120, 60),
)
_END = 112


def perform(rate: int) -> Wave:
    """The whole piece, unmastered."""
    desk = Desk(rate, _TEMPO.seconds(_END) + 9.5)
    low, core = desk.strip(), desk.strip()
    low.play(gong(rate), _gongs(), _TEMPO, gain=0.9)
    desk.put(low, send=0.25)
    core.play(bronze(rate, beating=4.5, length=4.5), _core(), _TEMPO, gain=0.62, pan=-0.1)
    core.play(bronze(rate, beating=6.0), humanised(_melody(), 3), _TEMPO, gain=0.5, pan=0.12)
    desk.put(core, send=0.3)
    for side, half in ((-0.8, 0), (0.8, 1)):
        strip = desk.strip()
        strip.play(
            bronze(rate, beating=8.0, length=1.4),
            humanised(_kotekan(half), 5 + half, beats=0.006),
            _TEMPO,
            gain=0.4,
            pan=side,
        )
        desk.put(strip, send=0.26)
    return desk.mix(room(rate, seconds=2.4, bright=0.6, delay=0.02, seed=91))


def _key(degree: int, octave: int) -> float:
    turns, tone = divmod(degree, len(_TONES))
    return 49 + 12 * (octave + turns) + _TONES[tone]


def _tones(cycle: int) -> tuple[int, ...]:
    return _CORE if cycle % 2 == 0 else _ANSWERS


def _gongs() -> list[Note]:
    """The great gong every sixteen beats, smaller ones at half and quarters."""
    notes = [Note(0, 14, 32, 0.8), Note(_END, 14, 32, 1.0)]
    for cycle in range(1, _END // 16):
        notes.append(Note(16 * cycle, 12, 32, 0.85))
        notes.append(Note(16 * cycle + 8, 6, 39.7, 0.55))
        notes.extend(Note(16 * cycle + at, 3, 44.7, 0.4) for at in (4, 12))
    return notes


def _core() -> list[Note]:
    notes = []
    for cycle in range(_END // 16):
        for step, degree in enumerate(_tones(cycle)):
            notes.append(Note(16 * cycle + 2 * step, 2, _key(degree, 0), 0.62))
    return [*notes, Note(_END, 6, _key(0, 0), 0.9)]


def _melody() -> list[Note]:
    """The core tones decorated at double speed, each approached from its neighbour."""
    notes = []
    for cycle in range(1, _END // 16):
        for step, degree in enumerate(_tones(cycle)):
            start = 16 * cycle + 2 * step
            notes.append(Note(start, 1, _key(degree, 1), 0.6))
            notes.append(Note(start + 1, 0.5, _key(degree + 1, 1), 0.42))
            notes.append(
                Note(start + 1.5, 0.5, _key(degree - 1 if step % 2 else degree + 2, 1), 0.42)
            )
    return notes


def _kotekan(half: int) -> list[Note]:
    """One of two interlocking parts: the lower has tones 0 and 1, the upper 1 and 2."""
    notes = []
    for cycle in range(2, _END // 16):
        for step, degree in enumerate(_tones(cycle)):
            if cycle == 4 and step == 7:
                continue
            for index in range(8):
                tone = _WOVEN[(8 * step + index) % 16]
                if tone != 2 - 2 * half:
                    start = 16 * cycle + 2 * step + index / 4
                    notes.append(
                        Note(start, 0.24, _key(degree + tone, 2), 0.5 if index % 4 else 0.62)
                    )
    points = ((32, 0.5), (46, 1.0), (62, 1.1), (79, 1.2), (80, 0.45), (94, 0.6), (110, 1.3))
    return shaped(notes, points)
