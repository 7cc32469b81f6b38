"""An adagio for strings: suspensions over a slow arch, one distant chord at the top of it."""

from antiphon.app.demo.desk import Desk, room
from antiphon.app.demo.instruments.ensemble import cellos, violins
from antiphon.app.demo.score import Note, Tempo, moved, setting, shaped, tied
from antiphon.app.demo.waves import Wave

_SETTING = """
Bm,f#5,2 Bm,e5,1 Bm,d5,1 | G,d5,2 Em,e5,1 Em,g5,1 | F#sus4,f#5,2 F#7,e5,1 F#7/A#,c#5,1
Bm,d5,3 Bm/A,e5,1 | G,g5,2 D/F#,f#5,1 Em,e5,1 | Asus4,d5,2 A7,c#5,2 | D,d5,2 D,f#5,1 D/F#,a5,1
G,b5,2 A/G,a5,2 | F#m,a5,2 Bm,f#5,1 Em/G,g5,1 | Em7,b5,2 A7,a5,1 D/F#,a5,1 | C/E,g5,2 C,c6,2
F#7sus4,b5,2 F#7,a#5,2 | Gmaj7,b5,3 r,,1 | Em/G,g5,2 Em6,f#5,2 | F#sus4,f#5,2 F#7,e5,1 F#,c#5,1
Bm,d5,2 Em6/B,c#5,2 | B,d#5,5
"""
_ARCH = (
    (0, 0.42),
    (12, 0.55),
    (20, 0.5),
    (32, 0.75),
    (44, 1.05),
    (50, 1.0),
    (52, 0.5),
    (60, 0.42),
    (72, 0.3),
)
_TEMPO = Tempo((0, 54), (24, 55), (40, 60), (47, 52), (52, 48), (64, 50), (72, 40))


def perform(rate: int) -> Wave:
    """The whole adagio, unmastered."""
    bass, tenor, alto, top = (shaped(tied(voice), _ARCH) for voice in setting(_SETTING, bass=47))
    desk = Desk(rate, 83.5)
    for notes, section, pan, level in (
        (top, violins(rate, 11), -0.45, 1.0),
        (alto, violins(rate, 17), -0.15, 0.72),
        (tenor, cellos(rate, 19), 0.25, 0.72),
        (bass, cellos(rate, 12), 0.45, 0.9),
        (_basses(bass), cellos(rate, 23), 0.6, 0.55),
    ):
        strip = desk.strip()
        strip.play(section, _overlapped(notes), _TEMPO, gain=level, pan=pan)
        desk.put(strip, send=0.38)
    return desk.mix(room(rate, seconds=2.9, bright=0.3, delay=0.03, seed=33))


def _basses(notes: list[Note]) -> list[Note]:
    """The double basses join an octave below where the music grows, and at the end."""
    return moved([n for n in notes if 28 <= n.start < 51 or n.start >= 66], semitones=-12)


def _overlapped(notes: list[Note]) -> list[Note]:
    """Bows that change without a hole: every note starts over the end of the last."""
    return [Note(max(0.0, n.start - 0.16), n.length + 0.18, n.key, n.velocity) for n in notes]
