"""Synthwave: a sixteenth-note arpeggio, octave basses, gated drums and a tune with vibrato."""

from antiphon.app.demo.desk import Desk, room
from antiphon.app.demo.harmony import chord, lead, progression
from antiphon.app.demo.instruments import synths
from antiphon.app.demo.instruments.drums import Kit
from antiphon.app.demo.instruments.ensemble import warm_pad
from antiphon.app.demo.score import Note, Tempo, moved, phrase
from antiphon.app.demo.waves import Wave

_VERSE = progression("Am F C G/B Am F Dm E7")
_CHORUS = progression("F G Am C/E F G Am Am")
_BREAK = progression("Dm9 Am7 Fmaj9 E7sus4")
_FORM = [*_VERSE[:4], *_VERSE, *_CHORUS, *_BREAK, *_CHORUS, "Am", "Am"]
_TUNE = """
a4:1.5 c5:.5 f5:1 e5 | d5:1.5 b4:.5 g4:1 b4 | c5:2 e5:1 a5 | g5:2.5 e5:.5 g5:1
a5:1.5 g5:.5 f5:1 c5 | d5:1 g5 b5 a5 | a5:3 e5:1 | c5:2 b4:1 a4
"""
_SECOND = """
f4:1.5 a4:.5 c5:1 c5 | b4:1.5 g4:.5 d4:1 g4 | a4:2 c5:1 e5 | e5:2.5 c5:.5 e5:1
f5:1.5 e5:.5 c5:1 a4 | b4:1 d5 g5 f5 | e5:3 c5:1 | a4:2 g4:1 e4
"""
_TEMPO = Tempo((0, 112), (8, 112))
_BARS = len(_FORM)


def perform(rate: int) -> Wave:
    """The whole song, unmastered."""
    desk = Desk(rate, _TEMPO.seconds(4 * _BARS) + 3.0)
    kicks = [4 * bar + beat for bar in _beats() for beat in (0, 2, 2.5)]
    moments = [_TEMPO.seconds(beat) for beat in kicks]
    pads = desk.strip()
    pads.play(warm_pad(rate), _pads(), _TEMPO, gain=0.9)
    desk.put(pads.duck(moments, depth=0.45, recovery=0.35), send=0.25)
    arp = desk.strip()
    arp.play(synths.pluck(rate), _arpeggio(), _TEMPO, gain=0.5, pan=-0.15)
    desk.put(arp.echo(seconds=0.75 * 60 / 112, feedback=0.5, level=0.6), send=0.2)
    low = desk.strip()
    low.play(synths.synth_bass(rate), _bass(), _TEMPO, gain=0.85)
    desk.put(low.duck(moments, depth=0.5, recovery=0.2), send=0.02)
    tune = desk.strip()
    tune.play(synths.lead(rate), _tune(_TUNE), _TEMPO, gain=0.42)
    tune.play(
        synths.lead(rate), _tune(_SECOND)[len(_tune(_SECOND)) // 2 :], _TEMPO, gain=0.26, pan=0.4
    )
    desk.put(tune.echo(seconds=60 / 112, feedback=0.45), send=0.3)
    _drums(desk, rate, kicks)
    return desk.mix(room(rate, seconds=2.0, bright=0.6, delay=0.025, seed=61))


def _beats() -> list[int]:
    """The bars with drums: not the introduction, not the break, not the end."""
    return [bar for bar in range(4, _BARS - 2) if not 20 <= bar < 24]


def _pads() -> list[Note]:
    voiced = lead(_FORM, 52, 74, voices=4)
    return [Note(4 * bar, 4, key, 0.5) for bar, keys in enumerate(voiced) for key in keys]


def _arpeggio() -> list[Note]:
    """Up through three octaves of the chord and half-way back, sixteen to the bar."""
    notes = []
    for bar, symbol in enumerate(_FORM[:-1]):
        tones = chord(symbol).near(57, 86)
        order = [0, 1, 2, 3, 4, 5, 4, 3, 2, 3, 4, 5, 6, 5, 4, 2]
        loud = min(1.0, 0.45 + 0.1 * bar) if bar < 4 else (0.55 if 4 <= bar < 12 else 0.7)
        for step, index in enumerate(order):
            accent = 1.0 if step % 4 == 0 else 0.75
            notes.append(Note(4 * bar + step / 4, 0.22, tones[index % len(tones)], loud * accent))
    return notes


def _bass() -> list[Note]:
    """Quavers that jump between octaves, and long roots where the drums are silent."""
    notes: list[Note] = []
    for bar in _beats():
        low = chord(_FORM[bar]).bass_from(33)
        notes.extend(
            Note(4 * bar + n / 2, 0.4, low + 12 * (n % 2), 0.95 - 0.1 * (n % 2)) for n in range(8)
        )
    quiet = (20, 21, 22, 23, _BARS - 2)
    return notes + [Note(4 * bar, 4, chord(_FORM[bar]).bass_from(33), 0.7) for bar in quiet]


def _tune(text: str) -> list[Note]:
    once = phrase(text, at=48, velocity=0.8)
    return once + moved(once, 48)


def _drums(desk: Desk, rate: int, kicks: list[float]) -> None:
    kit, dry, wet = Kit(rate), desk.strip(), desk.strip()
    for beat in kicks:
        dry.lay(kit.hit("kick"), _TEMPO.seconds(beat), gain=0.62 if beat % 1 == 0 else 0.45)
    for bar in _beats():
        for beat in (1, 3):
            wet.lay(kit.hit("gated"), _TEMPO.seconds(4 * bar + beat), gain=0.5)
        for eighth in range(8):
            name = "open_hat" if eighth == 7 and bar % 2 else "hat"
            dry.lay(
                kit.hit(name),
                _TEMPO.seconds(4 * bar + eighth / 2),
                gain=0.2 + 0.1 * (eighth % 2),
                pan=0.25,
            )
    for bar in (11, 19, 23):
        for step, pan in enumerate((-0.6, -0.3, 0.0, 0.3, 0.6, 0.6)):
            wet.lay(kit.hit("tom"), _TEMPO.seconds(4 * bar + 2.5 + step / 4), gain=0.4, pan=pan)
    for bar in (4, 12, 24, _BARS - 2):
        wet.lay(kit.hit("crash"), _TEMPO.seconds(4 * bar), gain=0.3, pan=-0.2)
    desk.put(dry, send=0.04)
    desk.put(wet, send=0.3)
