"""A strict canon for three music boxes over a ground that comes round six times."""

from antiphon.app.demo.desk import Desk, room
from antiphon.app.demo.instruments.keys import music_box, vibraphone
from antiphon.app.demo.score import Note, Tempo, humanised, moved, phrase
from antiphon.app.demo.waves import Wave

_GROUND = "f4:2 e4 d4 a3 bb3 a3 g3 c4"
_VERSES = """
a5:2 g5 f5 e5 d5 c5 d5 e5
c6:1 a5 g5 e5 f5 d5 c5 e5 | d5 f5 a5 c6 bb5 g5 c6 bb5
a5:.5 c6 f6 c6 g5 c6 e6 c6 f5 a5 d6 a5 e5 a5 c6 a5
d5:.5 f5 bb5 f5 c5 f5 a5 f5 d5 g5 bb5 g5 e5 g5 c6 bb5
f6:1 e6:.5 d6 e6:1 d6:.5 c6 d6:1 c6:.5 bb5 c6:1 bb5:.5 a5
bb5:1 a5:.5 g5 a5:1 g5:.5 f5 g5:1 a5:.5 bb5 c6 d6 e6 g6
"""
_ROUND = 16.0
_TEMPO = Tempo((0, 112), (80, 112), (92, 100), (96, 62), (100, 50))


def perform(rate: int) -> Wave:
    """The whole canon, unmastered; the boxes run down at the end."""
    desk = Desk(rate, _TEMPO.seconds(97) + 5.0)
    voice = phrase(_VERSES, velocity=0.62)
    for number, (pan, loud) in enumerate(((-0.7, 1.0), (0.0, 0.9), (0.7, 0.95))):
        strip = desk.strip()
        notes = [
            Note(n.start, n.length + 1, n.key, n.velocity * loud)
            for n in moved(voice, number * _ROUND)
        ]
        strip.play(
            music_box(rate), humanised(notes, number, beats=0.008), _TEMPO, gain=0.6, pan=pan
        )
        desk.put(strip, send=0.24)
    ground = desk.strip()
    line = phrase(_GROUND, velocity=0.45)
    rounds = [note for number in range(6) for note in moved(line, number * _ROUND)]
    ground.play(vibraphone(rate), [*rounds, *_close()], _TEMPO, gain=0.6)
    desk.put(ground, send=0.3)
    return desk.mix(room(rate, seconds=1.8, bright=0.7, delay=0.012, seed=111))


def _close() -> list[Note]:
    return [Note(96 + 0.12 * n, 5, key, 0.45) for n, key in enumerate((53, 60, 69, 77, 84))]
