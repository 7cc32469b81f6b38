"""A prelude for piano: broken chords, a slow tune above them, one borrowed chord that turns it."""

from antiphon.app.demo.desk import Desk, across, room
from antiphon.app.demo.harmony import chord, lead, progression
from antiphon.app.demo.instruments.keys import Piano
from antiphon.app.demo.score import Note, Tempo, humanised, phrase, shaped
from antiphon.app.demo.waves import Wave

_CHORDS = progression(
    "Emaj7 C#m9 Amaj7 B/A G#m7 C#m7 F#m9 B7sus4 E/G# Amaj9 Am6 E/B C#7b9 F#m7 "
    "Cmaj7 F#m7b5 B9sus4 B7b9 Emaj7 Am6/E Emaj7"
)
_TUNE = """
b4:2 g#4:1 | d#5:3 | c#5:2 e5:1 | d#5:1.5 e5:.5 f#5:1
f#5:2 d#5:1 | e5:3 | g#4:1 a4 c#5 | b4:3
b4:1 e5 g#5 | b5:2 g#5:1 | f#5:2 e5:1 | g#5:2 b4:1
d5:2 c#5:1 | c#5:1 e5 a5 | g5:2 e5:1 | a5:1 g5 e5
c#5:2 b4:1 | c5:2 b4:1 | b4:3 | c5:2 b4:1 | g#4:3
"""
_ARCH = (
    (0, 0.8),
    (12, 1.0),
    (21, 0.8),
    (30, 1.15),
    (36, 0.95),
    (42, 1.3),
    (48, 1.0),
    (57, 0.7),
    (66, 0.5),
)
_SPEED = """
0,56 2,63 9,64 12,58 15,65 21,66 23.5,54 25,62 30,60 33,56 36,62 42,58 44,52 48,58 54,50 57,54
60,46 63,34 66,34
"""
_TEMPO = Tempo(
    *((float(beat), float(bpm)) for beat, _, bpm in (p.partition(",") for p in _SPEED.split()))
)


def perform(rate: int) -> Wave:
    """The whole prelude, unmastered."""
    desk = Desk(rate, 79.0)
    strip = desk.strip()
    accompaniment = humanised(shaped([*_bass(), *_broken()], _ARCH), 8, beats=0.012, velocity=0.07)
    tune = humanised(shaped(_tune(), _ARCH), 9, beats=0.015, velocity=0.03)
    strip.play(
        Piano(rate, release=0.9),
        [*accompaniment, *tune, *_end()],
        _TEMPO,
        pan=across(28, 92, width=0.5),
    )
    desk.put(strip, send=0.16)
    return desk.mix(room(rate, seconds=2.1, bright=0.35, delay=0.018, seed=51))


def _bass() -> list[Note]:
    """A low note under each bar, held by the pedal."""
    return [
        Note(3.0 * bar, 3.1, chord(symbol).bass_from(33), 0.52)
        for bar, symbol in enumerate(_CHORDS)
    ]


def _broken() -> list[Note]:
    """Five quavers of voice-led harmony in each bar, each ringing until the pedal changes."""
    notes = []
    for bar, keys in enumerate(lead(_CHORDS, 50, 70, voices=4)):
        for index, which in enumerate((0, 2, 1, 3, 2)):
            start = 3.0 * bar + 0.5 * (index + 1)
            notes.append(
                Note(start, 3 * bar + 3.05 - start, keys[which], 0.33 + 0.03 * (index % 2))
            )
    return notes


def _tune() -> list[Note]:
    return [Note(n.start, n.length + 0.2, n.key, 0.62) for n in phrase(_TUNE)]


def _end() -> list[Note]:
    """The last chord, rolled upwards and left to ring."""
    keys = (40, 47, 56, 59, 64, 71, 80)
    return [
        Note(63.2 + 0.14 * index, 7, key, 0.42 - 0.03 * index) for index, key in enumerate(keys)
    ]
