"""Lo-fi: lazy swung drums, ninth chords on a tine piano, a muted guitar, a worn tape."""

import numpy as np

from antiphon.app.demo.desk import Desk, room
from antiphon.app.demo.harmony import chord, lead, progression
from antiphon.app.demo.instruments.drums import Kit
from antiphon.app.demo.instruments.keys import ElectricPiano
from antiphon.app.demo.instruments.strings import Guitar, UprightBass
from antiphon.app.demo.score import Note, Tempo, humanised, phrase, swung
from antiphon.app.demo.waves import Wave, band

_LOOP = progression("Fm9 Bb13 Ebmaj9 Cm9 Abmaj9 Gm7 Fm9 Bb9sus4")
_FORM = [*_LOOP, *_LOOP, "Ebmaj9", "Ebmaj9"]
_TUNE = """
r:1 c5:.5 eb5 g5:1 f5:.5 eb5 | d5:1.5 c5:.5 r:1 bb4:.5 c5 | d5:2 bb4:1 g4:1
r:2 g4:.5 bb4 c5 eb5
g5:1.5 eb5:.5 c5:1 eb5 | d5:1.5 bb4:.5 r:2 | c5:1 ab4:.5 c5 eb5:1 d5:.5 c5 | bb4:3 r:1
"""
_ANSWER = """
r:1 c5:.5 eb5 ab5:1 g5:.5 f5 | g5:1.5 f5:.5 d5:1 bb4:1 | g4:1 bb4:.5 d5 f5:1 eb5
r:1 g5:.5 eb5 d5 c5 bb4 g4
ab4:.5 c5 eb5 g5 r:1 f5:.5 eb5 | d5:1 f5 r:2 | ab5:1 g5:.5 f5 eb5 c5 ab4:1
c5:1 bb4 ab4 f4 | g4:4
"""
_TEMPO = Tempo((0, 79), (66, 79), (72, 66))


def perform(rate: int) -> Wave:
    """The whole piece, unmastered."""
    desk = Desk(rate, _TEMPO.seconds(4 * len(_FORM)) + 1.5)
    keys = desk.strip()
    keys.play(
        ElectricPiano(rate), humanised(swung(_comping(), 0.6), 4, beats=0.02), _TEMPO, gain=0.8
    )
    beat = np.sin(2 * np.pi * 3.4 * np.arange(len(keys.wave), dtype=np.float32) / rate)
    keys.wave[:, 0] *= 1 + 0.22 * beat
    keys.wave[:, 1] *= 1 - 0.22 * beat
    desk.put(keys, send=0.2)
    low = desk.strip()
    low.play(UprightBass(rate), humanised(swung(_bass(), 0.6), 6), _TEMPO, gain=1.1)
    desk.put(low, send=0.03)
    tune = desk.strip()
    lines = [*phrase(_TUNE, velocity=0.6), *phrase(_ANSWER, at=32, velocity=0.62)]
    tune.play(
        Guitar(rate, mellow=1.0),
        humanised(swung(lines, 0.6), 7, beats=0.025),
        _TEMPO,
        gain=1.25,
        pan=0.2,
    )
    desk.put(tune, send=0.3)
    _drums(desk, rate)
    return _tape(desk.mix(room(rate, seconds=1.1, bright=0.25, seed=81)), rate)


def _comping() -> list[Note]:
    notes: list[Note] = []
    for bar, keys in enumerate(lead(_FORM, 51, 72, voices=4)):
        hits: tuple[tuple[float, float], ...] = ((0.0, 1.4), (1.5, 0.9), (2.5, 1.4))
        if bar >= len(_FORM) - 2:
            hits = ((0.0, 4.0),)
        elif bar % 2:
            hits = ((0.0, 2.3), (2.5, 1.2))
        for at, length in hits:
            notes.extend(
                Note(4 * bar + at + 0.03 * n, length, key, 0.5 if at == 0 else 0.38)
                for n, key in enumerate(keys)
            )
    return notes


def _bass() -> list[Note]:
    notes: list[Note] = []
    for bar, symbol in enumerate(_FORM):
        low = chord(symbol).bass_from(28)
        following = chord(_FORM[min(bar + 1, len(_FORM) - 1)]).bass_from(28)
        notes += [Note(4 * bar, 1.4, low, 0.8), Note(4 * bar + 1.5, 0.45, low + 12, 0.5)]
        if bar < len(_FORM) - 2:
            notes += [
                Note(4 * bar + 2.5, 0.9, low + 7, 0.7),
                Note(4 * bar + 3.5, 0.45, following + 1, 0.6),
            ]
    return notes


def _drums(desk: Desk, rate: int) -> None:
    kit, strip = Kit(rate), desk.strip()
    hits = [
        *((4 * bar + at, "soft_kick", 0.75) for bar in range(2, 16) for at in (0.0, 1.62, 2.5)),
        *((4 * bar + at + 0.03, "snare", 0.34) for bar in range(2, 16) for at in (1.0, 3.0)),
        *(
            (4 * bar + n / 2 + 0.1 * (n % 2), "hat", 0.13 + 0.09 * (n % 2))
            for bar in range(1, 16)
            for n in range(8)
        ),
        *((4 * bar + 3.6, "rim", 0.18) for bar in range(3, 16, 2)),
    ]
    rng = np.random.default_rng(88)
    for beat, name, level in hits:
        strip.lay(
            kit.hit(name),
            _TEMPO.seconds(beat + rng.normal(0, 0.008)),
            gain=level * rng.uniform(0.85, 1.1),
        )
    desk.put(band(strip.wave, rate, None, 6500), send=0.12)


def _tape(wave: Wave, rate: int) -> Wave:
    """Wow, a soft saturation, less treble, and the dust of a record under it all."""
    samples = np.arange(len(wave))
    wow = 0.0016 * np.sin(2 * np.pi * 0.55 / rate * samples)
    flutter = 0.0002 * np.sin(2 * np.pi * 6.1 / rate * samples)
    places = samples + rate * (wow + flutter)
    sides = [np.interp(places, samples, wave[:, c]).astype(np.float32) for c in range(2)]
    worn = np.stack(sides, axis=1)
    worn = band(np.tanh(worn * np.float32(2.2 / np.max(np.abs(worn)))), rate, 45, 7800, order=1)
    rng = np.random.default_rng(89)
    dust = np.zeros((len(worn), 2), dtype=np.float32)
    ticks = rng.integers(0, len(worn), int(len(worn) / rate * 14))
    sharp = rng.exponential(0.09, len(ticks)) * rng.choice((-1, 1), len(ticks))
    dust[ticks, rng.integers(0, 2, len(ticks))] = sharp
    hiss = rng.standard_normal(worn.shape, dtype=np.float32) * np.float32(0.0012)
    return np.asarray(worn + band(dust, rate, 700, 6000, order=1) + hiss)
