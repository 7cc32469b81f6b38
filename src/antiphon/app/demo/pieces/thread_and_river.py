"""A folk tune for two guitars: one picks the river, one carries the thread, then they swap."""

from antiphon.app.demo.desk import Desk, room
from antiphon.app.demo.harmony import chord, lead, progression
from antiphon.app.demo.instruments.strings import Guitar
from antiphon.app.demo.score import Note, Tempo, humanised, moved, phrase
from antiphon.app.demo.waves import Wave

_VERSE = progression("D D/F# G D/A Bm G Asus4 D")
_BRIDGE = progression("Bm F#m G D Em7 A/C# G Asus4")
_FORM = [*_VERSE, *_BRIDGE, *_VERSE, "D"]
_TUNE = """
r:.5 a4 d5:1 e5 f#5 | a5:1.5 f#5:.5 e5:1 d5 | b4:1 d5 e5:.5 f#5 e5 d5 | a4:3 r:.5 a4
b4:1 d5 f#5 e5:.5 d5 | b4:1 a4:.5 b4 d5:1 e5 | d5:1 e5 g5 f#5:.5 e5 | d5:3 r:1
"""
_MIDDLE = """
f#5:1.5 g5:.5 f#5:1 d5 | c#5:1.5 a4:.5 c#5:1 e5 | d5:1 b4 g5 f#5:.5 e5 | f#5:3 a5:1
g5:1 f#5 e5 d5 | e5:1.5 c#5:.5 a4:1 c#5 | d5:1 g5 b5 a5:.5 g5 | a5:2 g5:1 e5
"""
_TEMPO = Tempo((0, 101), (60, 103), (92, 99), (96, 70), (100, 60))


def perform(rate: int) -> Wave:
    """The whole tune, unmastered."""
    desk = Desk(rate, _TEMPO.seconds(98) + 4.5)
    picked, sung = _picked(), _sung()
    for pan, notes, seed in (
        (
            -0.55,
            [n for n in picked if not 32 <= n.start < 64] + [n for n in sung if 32 <= n.start < 64],
            3,
        ),
        (
            0.55,
            [n for n in sung if not 32 <= n.start < 64] + [n for n in picked if 32 <= n.start < 64],
            4,
        ),
    ):
        strip = desk.strip()
        strip.play(
            Guitar(rate, mellow=0.12),
            humanised(notes, seed, beats=0.012, velocity=0.08),
            _TEMPO,
            gain=1.0,
            pan=pan,
        )
        desk.put(strip, send=0.22)
    return desk.mix(room(rate, seconds=1.5, bright=0.45, delay=0.014, seed=121))


def _picked() -> list[Note]:
    """Thumb on the beats between root and fifth, two fingers on the off-beats."""
    notes = []
    for bar, (symbol, keys) in enumerate(
        zip(_FORM[:-1], lead(_FORM[:-1], 57, 71, voices=3), strict=True)
    ):
        low = chord(symbol).bass_from(38)
        thumb = (low, keys[0], low + 7 if low < 43 else low - 5, keys[0])
        fingers = (keys[2], keys[1], keys[2], keys[1])
        for beat in range(4):
            notes.append(Note(4 * bar + beat, 1.6, thumb[beat], 0.55 if beat % 2 == 0 else 0.4))
            notes.append(Note(4 * bar + beat + 0.5, 1.2, fingers[beat], 0.42))
    last = (38, 45, 50, 54, 57, 62)
    return [*notes, *(Note(96 + 0.07 * n, 6, key, 0.55) for n, key in enumerate(last))]


def _sung() -> list[Note]:
    tune = [*phrase(_TUNE), *moved(phrase(_MIDDLE), 32), *moved(phrase(_TUNE), 64)]
    graced = [
        Note(n.start - 0.09, 0.1, n.key - 2, 0.4) for n in tune if n.length >= 1.5 and n.start > 1
    ]
    thirds = [
        Note(n.start, n.length, n.key - (4 if n.key in {78, 74, 81} else 3), 0.38)
        for n in tune
        if n.start >= 64 and n.length >= 1
    ]
    return [*(Note(n.start, n.length + 0.3, n.key, 0.72) for n in tune), *graced, *thirds]
