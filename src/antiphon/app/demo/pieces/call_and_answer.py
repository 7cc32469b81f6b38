"""Two choirs of brass, one on each side of the nave, in the manner of a Venetian canzona."""

from antiphon.app.demo.desk import Desk, Strip, room
from antiphon.app.demo.instruments.brass import Brass
from antiphon.app.demo.instruments.keys import timpani
from antiphon.app.demo.score import Note, Tempo, humanised, moved, phrase, setting, shaped
from antiphon.app.demo.waves import Wave

_CALL = """
F,c5,2 F,c5,1 F,c5,1 | Bb,d5,1.5 C,e5,.5 F/A,f5,2
Bb,d5,1 F/A,c5,1 Gm,bb4,1 F,a4,1 | Csus4,c5,1.5 C,c5,2.5
"""
_MINOR = "Dm,f5,2 Dm,f5,1 A/C#,e5,1 | Dm,d5,1 Gm,d5,1 A,c#5,2"
_SHORT = "C,g5,1 C,g5,.5 C,e5,.5 F/A,f5,1 C/E,e5,1"
_STEPS = ("Bb,d5,1 Bb,d5,1", "C,e5,1 C,e5,1", "Dm,f5,1 Dm,f5,1", "Gm/Bb,g5,1 Gm/Bb,g5,1")
_LEAPS = ("F/A,a5,1 F/A,f5,1", "Dm,f5,1 Dm,d5,1", "Bb,d5,1 Gm,bb4,1", "C,g4,1 C,e5,1")
_DANCE = "F,c5,1 F,c5 F,f5 | Bb,f5,1.5 Bb,d5,.5 C,e5,1"
_TUTTI = """
F,c5,2 F,c5,1 F,c5,1 | Bb,d5,1.5 C,e5,.5 F/A,f5,2 | Bb,g5,1 F/A,f5,1 Gm,d5,1 F/A,c5,1
Bb,d5,2 Eb,eb5,2 | Bb,f5,2 Gm/Bb,g5,1 Gm,g5,1 | Csus4,f5,2 C,e5,2
Bb,f5,2 Bb/D,f5,1 Gm/Bb,g5,1 | F,a5,5
"""

_Choir = list[list[Note]]
_TEMPO = Tempo((0, 132), (96, 134), (122, 132), (126, 118), (132, 74), (140, 70))


def perform(rate: int) -> Wave:
    """The whole canzona, unmastered."""
    left, right = _score()
    desk = Desk(rate, 69.0)
    for side, choir, seed in ((-1.0, left, 1), (1.0, right, 2)):
        desk.put(_sung(desk, choir, side, rate, seed), send=0.42)
    drums = desk.strip()
    drums.play(timpani(rate), _drums(), _TEMPO, gain=0.6)
    desk.put(drums, send=0.4)
    return desk.mix(room(rate, seconds=3.4, bright=0.42, delay=0.045, seed=21))


def _score() -> tuple[_Choir, _Choir]:
    """Who plays what: long answers first, then shorter and shorter, then all together."""
    left: _Choir = [[], [], [], []]
    right: _Choir = [[], [], [], []]
    call, minor, short = (setting(t, bass=53) for t in (_CALL, _MINOR, _SHORT))
    _give(left, call, 0)
    _give(right, call, 16, semitones=-5)
    _give(left, minor, 32)
    _give(right, minor, 40, semitones=-7)
    for number, side in enumerate((left, right, left, right)):
        _give(side, short, 48 + 4 * number, semitones=-7 * (number % 2) + 2 * (number // 2))
    for number, step in enumerate(_STEPS + _LEAPS):
        _give((left, right)[number % 2], setting(step, bass=50), 64 + 2 * number)
    for number, shift in enumerate((0, -5, 0, 2)):
        _give((left, right)[number % 2], setting(_DANCE, bass=53), 80 + 6 * number, semitones=shift)
    tutti = setting(_TUTTI, bass=53)
    for choir in (left, right):
        _give(choir, tutti, 104)
    right[3] = [n if n.start < 104 else moved([n], semitones=-12)[0] for n in right[3]]
    return left, right


def _give(choir: _Choir, voices: _Choir, beat: float, *, semitones: int = 0) -> None:
    for mine, new in zip(choir, voices, strict=True):
        mine.extend(moved(new, beat, semitones=semitones))


def _sung(desk: Desk, choir: _Choir, side: float, rate: int, seed: int) -> Strip:
    strip = desk.strip()
    loudness = (
        (0, 0.85),
        (31, 0.8),
        (32, 0.62),
        (47, 0.7),
        (64, 0.62),
        (79, 0.95),
        (80, 0.75),
        (104, 1.05),
        (140, 1.2),
    )
    for voice, notes in enumerate(choir):
        player = Brass(rate, seed=seed * 10 + voice, size=(2.2, 1.8, 1.15, 1.0)[voice])
        played = humanised(shaped(_tongued(notes), loudness), seed * 7 + voice, beats=0.008)
        strip.play(
            player,
            played,
            _TEMPO,
            gain=(0.5, 0.4, 0.37, 0.47)[voice],
            pan=side * (0.8 - 0.1 * voice),
        )
    return strip


def _tongued(notes: list[Note]) -> list[Note]:
    """A breath of silence after each note, so that repeated notes speak."""
    return [Note(n.start, n.length - min(0.12, 0.12 * n.length), n.key, n.velocity) for n in notes]


def _drums() -> list[Note]:
    roll = [Note(136 + 0.125 * n, 0.5, 41, 0.25 + 0.02 * n) for n in range(32)]
    beats = phrase("f2:2 f2:1 c2:1 f2:2 c2:2", at=104, velocity=0.6)
    end = phrase("c2:2 c2:2 | f2:2 bb2:2", at=124, velocity=0.7)
    return [
        *phrase("f2:2 f2:1 f2:1", at=0, velocity=0.4),
        *beats,
        *end,
        *roll,
        Note(140, 4, 41, 0.9),
    ]
