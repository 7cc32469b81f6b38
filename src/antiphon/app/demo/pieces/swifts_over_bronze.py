"""Bells circle the listener in canon while a swift crosses overhead: objects that move.

Three bells play one pentatonic line, each a bar behind the one before, each on an orbit of its own
whose period is its own count of beats, so that they meet only at the end. Below them a drone walks
from the left to the right behind the listener; above, a plucked figure flies from back to front.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from antiphon.app.demo.desk import Instrument, Strip, reverberated, room
from antiphon.app.demo.instruments.keys import Mallet
from antiphon.app.demo.instruments.synths import Synth
from antiphon.app.demo.score import Note, Tempo, humanised, moved, phrase
from antiphon.app.demo.waves import Wave
from antiphon.spatial import DirectTrack, ObjectBlock, ObjectItem, PolarPosition, Scene

_SECONDS = 62.0
_STEP = Fraction(1, 4)  # of a second: how often an object is told where to go
_TEMPO = Tempo((0, 76), (48, 84), (64, 70), (72, 56))
_LINE = """
d4:1 a4 c5:.5 d5 a4:1 | g4:1.5 a4:.5 f4:1 d4 | d4:.5 f4 g4 a4 c5:1 d5 | f5:2 d5:1 a4
c5:1 d5:.5 c5 a4:1 g4 | f4:1 g4:.5 a4 d5:1.5 c5:.5 | a4:1 g4 f4:.5 g4 a4:1 | d4:3 r:1
"""
_FLIGHT = "d6:.25 a5 f6 d6 g5 c6 a5 d6 r:2 "
_ROOT = "d3:8 a#2 f2 c3 d3 g2 a2 d3"
_Place = Callable[[float], PolarPosition]


def perform(rate: int) -> tuple[Scene, Wave]:
    """The scene and its tracks (samples, objects), unmastered."""
    line = phrase(_LINE, velocity=0.62)
    twice = [*line, *moved(line, 32)]
    bell = Mallet(rate, beating=1.1, length=4.0)
    parts: list[tuple[str, Wave, _Place]] = []
    for number, (semitones, period) in enumerate(((0, 11.0), (7, 7.5), (12, 5.0))):
        notes = [n for n in moved(twice, 4.0 * number, semitones=semitones) if n.start < 68]
        sound = _played(rate, bell, humanised(notes, 31 + number), gain=0.5)
        parts.append((f"bell {number + 1}", sound, _orbit(period, 120.0 * number, 10.0 * number)))
    drone = Synth(rate, cutoff=(1.5, 3.0), decay=2.5, attack=0.6, release=1.2, voices=3)
    parts.append(("drone", _played(rate, drone, phrase(_ROOT, velocity=0.5), gain=0.4), _behind))
    swift = Mallet(rate, ratios=(1.0, 2.76, 5.4), length=0.9, release=0.2)
    flights = [n for start in range(8, 64, 8) for n in phrase(_FLIGHT, at=start, velocity=0.5)]
    parts.append(("swift", _played(rate, swift, flights, gain=0.45), _overhead))
    dry = np.stack([sound for _, sound, _ in parts], axis=1)
    wet = reverberated(
        np.repeat(dry.sum(axis=1)[:, None], 2, axis=1) * np.float32(0.12),
        room(rate, seconds=2.6, bright=0.4, delay=0.02, seed=77),
    )
    parts += [("room left", wet[:, 0], _still(115.0)), ("room right", wet[:, 1], _still(-115.0))]
    items = [_item(number, name, place) for number, (name, _, place) in enumerate(parts)]
    scene = Scene(tuple(items), len(items), rate, "Swifts over Bronze")
    return scene, np.concatenate((dry, wet), axis=1)


def _played(rate: int, instrument: Instrument, notes: list[Note], *, gain: float) -> Wave:
    strip = Strip(rate, _SECONDS)
    strip.play(instrument, notes, _TEMPO, gain=gain)
    return np.asarray(strip.wave.mean(axis=1))


def _orbit(period: float, start: float, elevation: float) -> _Place:
    def at(second: float) -> PolarPosition:
        turned = (start + 360.0 * second / period + 180.0) % 360.0 - 180.0
        sway = elevation + 12.0 * np.sin(2 * np.pi * second / (1.7 * period))
        return PolarPosition(turned, float(sway))

    return at


def _behind(second: float) -> PolarPosition:
    return PolarPosition(180.0 - 60.0 * float(np.cos(np.pi * second / _SECONDS)), 0.0)


def _overhead(second: float) -> PolarPosition:
    """Over the head from behind to the front, once in eight seconds, a little to one side."""
    along = (second % 8.0) / 8.0
    if along < 0.5:
        return PolarPosition(165.0, 30.0 + 100.0 * along)
    return PolarPosition(-15.0, 80.0 - 100.0 * (along - 0.5))


def _still(azimuth: float) -> _Place:
    return lambda _: PolarPosition(azimuth, 25.0)


def _item(number: int, name: str, place: _Place) -> ObjectItem:
    blocks = []
    for step in range(int(Fraction(_SECONDS) / _STEP)):
        start = step * _STEP
        at = place(float(start))
        wrapped = PolarPosition((at.azimuth + 180.0) % 360.0 - 180.0, at.elevation)
        blocks.append(ObjectBlock(start, start + _STEP, wrapped))
    return ObjectItem(name=name, track=DirectTrack(number), blocks=tuple(blocks))
