"""A jazz trio plays a blues in F: the head, a chorus of solo, the head again."""

from itertools import pairwise

import numpy as np

from antiphon.app.demo.desk import Desk, across, room
from antiphon.app.demo.harmony import chord, lead, progression
from antiphon.app.demo.instruments.drums import Kit
from antiphon.app.demo.instruments.keys import Piano
from antiphon.app.demo.instruments.strings import UprightBass
from antiphon.app.demo.score import Note, Tempo, humanised, moved, phrase, swung
from antiphon.app.demo.waves import Wave

# The twelve bars: each chord with its beats.
_CHANGES = tuple(
    (symbol, float(beats))
    for symbol, _, beats in (
        token.partition(",")
        for token in progression(
            "F7,4 Bb7,4 F7,4 Cm7,2 F7,2 Bb7,4 Bdim7,4 F7,4 Am7b5,2 D7b9,2 "
            "Gm7,4 C7,4 F7,2 D7b9,2 Gm7,2 C7,2"
        )
    )
)
_HEAD = """
r:1 c5:.5 d5 f5 a5:1 f5:.5 | ab5:1 f5:.5 d5:1 bb4:.5 r:1
r:1 c5:.5 d5 f5 a5:1 c6:.5 | bb5:.5 g5 eb5 c5 a4 c5 eb5 g5
f5:1 d5:.5 f5:1 ab5:.5 r:1 | f5:.5 ab5 d5 f5 b4:1 r:1
r:1 c5:.5 d5 f5 a5:1 f5:.5 | eb5:1 c5:.5 eb5 d5 f#5 a5 c6
bb5:1.5 a5:.5 g5 f5 d5 bb4 | e5:.5 g5 bb5 db6 c6 bb5 ab5 g5
a5:1.5 f5:.5 f#5 a5 c6 a5 | bb5:.5 g5 e5 c5 f5:1 r:1
"""
_CHORUS = 48.0
_TEMPO = Tempo((0, 150), (48, 154), (138, 152), (148, 118), (156, 80))


def perform(rate: int) -> Wave:
    """Three choruses and a tag, unmastered."""
    desk = Desk(rate, _TEMPO.seconds(152) + 4.0)
    keys = desk.strip()
    right = swung([*_heads(), *_solo(), *_tag()], 0.63)
    played = [
        *humanised(right, 2, beats=0.015),
        *humanised(swung(_comping(), 0.63), 3, beats=0.015),
    ]
    keys.play(
        Piano(rate, bright=1.35, release=0.16, longest=2.8),
        played,
        _TEMPO,
        gain=0.95,
        pan=across(30, 90, width=0.5),
    )
    desk.put(keys, send=0.16)
    low = desk.strip()
    low.play(UprightBass(rate), humanised(_walking(), 4, beats=0.01), _TEMPO, gain=0.95, pan=0.12)
    desk.put(low, send=0.07)
    _drums(desk, rate)
    return desk.mix(room(rate, seconds=0.9, bright=0.5, delay=0.01, seed=131))


def _form() -> list[tuple[float, float, str]]:
    """(beat, beats, chord) of all choruses and the tag."""
    spans, beat = [], 0.0
    for symbol, beats in (*_CHANGES * 3, ("F7", 4.0)):
        spans.append((beat, beats, symbol))
        beat += beats
    return spans


def _heads() -> list[Note]:
    head = phrase(_HEAD, velocity=0.75)
    return [*head, *moved(head, 2 * _CHORUS)]


def _tag() -> list[Note]:
    return [
        Note(148.5 + 0.05 * n, 4, key, 0.5) for n, key in enumerate((57, 63, 67, 74, 79))
    ] + phrase("c6:.5 a5 f5 d5", at=146, velocity=0.6)


def _solo() -> list[Note]:
    """Eighths that aim at a chord tone on every strong beat, with breaths between."""
    rng = np.random.default_rng(1959)
    notes, key = [], 77
    for start, beats, symbol in _form():
        if not _CHORUS <= start < 2 * _CHORUS:
            continue
        scale = _scale(symbol)
        for half in range(int(beats / 2)):
            beat = start + 2 * half
            if rng.random() < 0.16:
                continue
            reach = key + int(rng.integers(-5, 6))
            goal = _closest(chord(symbol).near(65, 88), reach)
            line = _towards(key, goal, scale)
            for index, step in enumerate(line):
                notes.append(Note(beat + index / 2, 0.46, step, float(rng.uniform(0.55, 0.82))))
            key = line[-1]
    return notes


def _closest(keys: list[int], goal: int) -> int:
    return min(keys, key=lambda key: abs(key - goal))


def _scale(symbol: str) -> list[int]:
    """The mode of the chord, with both sevenths where it is a dominant."""
    steps = {
        "m7": (0, 2, 3, 5, 7, 9, 10),
        "dim7": (0, 2, 3, 5, 6, 8, 9, 11),
        "m7b5": (0, 1, 3, 5, 6, 8, 10),
        "7b9": (0, 1, 4, 5, 7, 8, 10),
    }
    kind = symbol.lstrip("ABCDEFG").removeprefix("b")
    tones = steps.get(kind, (0, 2, 4, 5, 7, 9, 10, 11))
    return [k for k in range(60, 93) if (k - chord(symbol).root) % 12 in tones]


def _towards(here: int, goal: int, scale: list[int]) -> list[int]:
    """Four keys: the goal, a turn around it by scale steps, and on in the direction taken."""
    place = min(range(len(scale)), key=lambda i: abs(scale[i] - goal))
    way = 1 if (goal >= here) == (goal < 82) else -1
    steps = (0, way, 2 * way, 3 * way) if abs(goal - here) < 4 else (0, -way, way, 2 * way)
    return [goal, *(scale[max(0, min(len(scale) - 1, place + step))] for step in steps[1:])]


def _comping() -> list[Note]:
    """Rootless voicings in Charleston rhythms, no bar quite like the last."""
    rng = np.random.default_rng(31)
    spans = _form()
    full = {"F7": "F13", "Bb7": "Bb13", "C7": "C13", "Cm7": "Cm9", "Gm7": "Gm9"}
    voiced = lead([full.get(s, s) for _, _, s in spans], 51, 67, voices=4)
    notes: list[Note] = []
    for (start, beats, _), keys in zip(spans[:-1], voiced[:-1], strict=True):
        rhythms = (
            ((0.0, 1.5), (0.5, 2.5), (1.5,), (1.0, 3.5)) if beats > 2 else ((0.0,), (0.5,), (1.5,))
        )
        for at in rhythms[int(rng.integers(len(rhythms)))]:
            notes.extend(Note(start + at, 0.7, key, 0.42) for key in keys[:3])
    return notes


def _walking() -> list[Note]:
    """Four to the bar: the root, tones between, and a half step into the next root."""
    rng = np.random.default_rng(63)
    notes: list[Note] = []
    for (start, beats, symbol), (_, _, following) in pairwise(_form()):
        low = chord(symbol).bass_from(29)
        goal = chord(following).bass_from(29)
        tones = [k for k in chord(symbol).near(29, 48) if k != low]
        keys = [low, *(int(k) for k in rng.choice(tones, max(0, int(beats) - 2), replace=False))]
        keys.append(goal + int(rng.choice((-1, 1))))
        notes.extend(Note(start + n, 0.92, key, 0.78 + 0.1 * (n % 2)) for n, key in enumerate(keys))
    return [*notes, Note(144, 2, 29, 0.85), Note(146, 2, 36, 0.8), Note(148.5, 4, 29, 0.9)]


def _drums(desk: Desk, rate: int) -> None:
    rng = np.random.default_rng(64)
    kit, strip = Kit(rate), desk.strip()
    hits: list[tuple[float, str, float, float]] = []
    for bar in range(37):
        start = 4.0 * bar
        hits += [
            (start + at, "ride", 0.3 if at % 2 else 0.24, 0.35) for at in (0, 1, 1.66, 2, 3, 3.66)
        ]
        hits += [(start + at, "hat", 0.2, -0.3) for at in (1, 3)]
        hits += [(start + at, "brush", 0.8, -0.1) for at in (0, 2)]
        hits += [(start + at, "soft_kick", 0.17, 0.0) for at in range(4)]
        if rng.random() < 0.6:
            hits.append((start + float(rng.choice((1.66, 2.66, 3.66))), "brush_tap", 0.5, -0.1))
    hits += [(44 + at, "snare", 0.16, -0.1) for at in (1.66, 2.33, 2.66, 3.0, 3.66)]
    hits += [(148.5, "crash", 0.22, 0.3), (148.5, "soft_kick", 0.4, 0.0)]
    for beat, name, level, pan in hits:
        strip.lay(
            kit.hit(name),
            _TEMPO.seconds(beat + rng.normal(0, 0.008)),
            gain=level * rng.uniform(0.8, 1.1),
            pan=pan,
        )
    desk.put(strip, send=0.12)
