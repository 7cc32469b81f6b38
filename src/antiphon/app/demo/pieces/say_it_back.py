"""A song: a voice calls, two voices at the sides answer, a guitar carries all three."""

from dataclasses import dataclass

from antiphon.app.demo.desk import Desk, room
from antiphon.app.demo.harmony import chord, lead, pitch, progression
from antiphon.app.demo.instruments.drums import Kit
from antiphon.app.demo.instruments.ensemble import choir, warm_pad
from antiphon.app.demo.instruments.singer import Singer, Syllable
from antiphon.app.demo.instruments.strings import Guitar, UprightBass
from antiphon.app.demo.score import Note, Tempo, humanised
from antiphon.app.demo.waves import Wave

_VERSE = progression("G D/F# Em C G D/F# Em D")
_CHORUS = progression("C G/B Am7 D C G/B Am7 G")
_FORM = ["G", "Cadd9", *_VERSE, *_CHORUS, *_VERSE, *_CHORUS, "Cadd9", "G", "Cadd9", "G"]
_TEMPO = Tempo((0, 102), (140, 102), (150, 88), (156, 64))


@dataclass(frozen=True, slots=True)
class _Verse:
    """One line: its words, their sounds, keys, and beats (start and length) from the line's bar."""

    words: str
    sounds: str
    keys: str
    beats: str


_IAMB = "-.5:.5 0:1.5 1.5:.5 2:1.5 3.5:.5 4:1.5 5.5:.5 6:1.5"
_WIDE = "0:1 1:.5 1.5:.5 2:1 3:1 4:1.5 5.5:.5 6:1.7"
_LINES = {
    2: _Verse(
        "I left a lantern by the shore",
        "-aI- l-e-ft -@- l-A-n t-@-n b-aI- D-@- S-o-r",
        "d4 g4 a4 b4 b4 a4 g4 f#4",
        _IAMB,
    ),
    4: _Verse(
        "You left a window half undone",
        "y-u- l-e-ft -@- w-I-n d-O- h-a-f V-@-n d-V-n".replace("V-@-n", "-V-n"),
        "e4 g4 a4 b4 d5 c5 b4 g4",
        _IAMB,
    ),
    6: _Verse(
        "I sang one line and nothing more",
        "-aI- s-A-N w-V-n l-aI-n -A-n n-V- t-I-N m-o-r",
        "d4 g4 a4 b4 d5 d5 c5 a4",
        _IAMB,
    ),
    8: _Verse(
        "The hills sent back another one",
        "D-@- h-I-lz s-e-nt b-A-k -@- n-V- D-@-r w-V-n",
        "g4 b4 a4 g4 e4 f#4 g4 a4",
        _IAMB,
    ),
    10: _Verse(
        "Say it back, say it back to me",
        "s-eI- -I-t b-A-k s-eI- -I-t b-A-k t-u- m-i-",
        "c5 d5 e5 c5 d5 d5 c5 b4",
        "0:.5 .5:.5 1:1.7 3:.5 3.5:.5 4:1.4 5.5:.5 6:1.7",
    ),
    12: _Verse(
        "Over the water, wide and slow",
        "-Ou- v-@- D-@- w-o- t-@- w-aI-d -A-n sl-Ou-",
        "c5 b4 a4 c5 b4 a4 g4 a4",
        _WIDE,
    ),
    14: _Verse(
        "Half of a song is all I keep",
        "h-a-f -V-v -@- s-o-N -I-z -o-l -aI- k-i-p",
        "e5 d5 c5 e5 d5 d5 b4 g4",
        "0:1 1:.5 1.5:.5 2:1.5 3.5:.5 4:1.5 5.5:.5 6:1.5",
    ),
    16: _Verse(
        "You keep the half I do not know",
        "y-u- k-i-p D-@- h-a-f -aI- d-u- n-o-t n-Ou-",
        "b4 c5 b4 a4 a4 b4 a4 g4",
        _IAMB,
    ),
    18: _Verse(
        "The tide went out, the tide came in",
        "D-@- t-aI-d w-e-nt -au-t D-@- t-aI-d k-eI-m -I-n",
        "d4 g4 a4 b4 b4 a4 g4 f#4",
        _IAMB,
    ),
    20: _Verse(
        "And every wave had words to lend",
        "-A-n -e-v r-i- w-eI-v h-A-d w-@-dz t-u- l-e-nd",
        "e4 g4 a4 b4 d5 c5 b4 g4",
        _IAMB,
    ),
    22: _Verse(
        "Where I leave off, you will begin",
        "w-e-r -aI- l-i-v -o-f y-u- w-I-l b-I- g-I-n",
        "d4 g4 a4 b4 d5 d5 c5 a4",
        _IAMB,
    ),
    24: _Verse(
        "Where you begin is where I end",
        "w-e-r y-u- b-I- g-I-n -I-z w-e-r -aI- -e-nd",
        "g4 b4 a4 g4 e4 f#4 g4 a4",
        _IAMB,
    ),
}
_REPEATS = {26: 10, 28: 12, 30: 14, 32: 16}
_LAST = _Verse("Say it back", "s-eI- -I-t b-A-k", "c5 d5 b4", "0:.5 .5:.5 1:3")


def lines() -> dict[float, str]:
    """The words by the second at which they begin to be sung."""
    return {_sung(bar, verse)[0].start: verse.words for bar, verse in sorted(_all().items())}


def perform(rate: int) -> Wave:
    """The whole song, unmastered."""
    desk = Desk(rate, _TEMPO.seconds(4 * len(_FORM)) + 3.0)
    voice = desk.strip()
    singer = Singer(rate)
    for bar, verse in sorted(_all().items()):
        begin, sound = singer.sing(_sung(bar, verse))
        voice.lay(sound, begin, gain=1.05)
    desk.put(voice.echo(seconds=0.5 * 60 / 102, feedback=0.3, level=0.2, count=3), send=0.22)
    _answers(desk, rate)
    _band(desk, rate)
    return desk.mix(room(rate, seconds=1.9, bright=0.45, delay=0.022, seed=141))


def _all() -> dict[int, _Verse]:
    return {**_LINES, **{bar: _LINES[source] for bar, source in _REPEATS.items()}, 34: _LAST}


def _sung(bar: int, verse: _Verse) -> list[Syllable]:
    syllables = []
    for sounds, key, beats in zip(
        verse.sounds.split(), verse.keys.split(), verse.beats.split(), strict=True
    ):
        at, length = (float(number) for number in beats.split(":"))
        start, end = _TEMPO.seconds(4 * bar + at), _TEMPO.seconds(4 * bar + at + length)
        syllables.append(Syllable(start, end - start, pitch(key), sounds))
    return syllables


def _answers(desk: Desk, rate: int) -> None:
    """Two more voices, left and right, that give back the first words of the chorus."""
    strip = desk.strip()
    answer = _Verse("", "s-eI- -I-t b-A-k", "c5 d5 e5", "0:.5 .5:.5 1:1.2")
    for bar, beat in ((10, 1.9), (10, 7.4), (26, 1.9), (26, 7.4), (35, 1.0)):
        for pan, shift, seed in ((-0.8, -3, 21), (0.8, -8, 22)):
            sung = [
                Syllable(s.start, s.length, s.key + shift, s.sounds)
                for s in _sung(
                    bar, _Verse("", answer.sounds, answer.keys, _later(answer.beats, beat))
                )
            ]
            begin, sound = Singer(rate, seed=seed, depth=18).sing(sung)
            strip.lay(sound, begin, gain=0.42, pan=pan)
    desk.put(strip, send=0.55)


def _later(beats: str, by: float) -> str:
    pairs = (pair.split(":") for pair in beats.split())
    return " ".join(f"{float(at) + by}:{length}" for at, length in pairs)


def _band(desk: Desk, rate: int) -> None:
    picked, low, pads = desk.strip(), desk.strip(), desk.strip()
    voiced = lead(_FORM, 55, 71, voices=3)
    guitar, bass, pad, ahs = [], [], [], []
    for bar, (symbol, keys) in enumerate(zip(_FORM, voiced, strict=True)):
        start, root = 4.0 * bar, chord(symbol).bass_from(40)
        order = (root, keys[1], keys[2], keys[0], keys[1], keys[2], keys[0], keys[1])
        guitar += [
            Note(start + n / 2, 1.5, key, 0.6 if n == 0 else 0.42) for n, key in enumerate(order)
        ]
        if bar >= 6 and bar < len(_FORM) - 1:
            bass += [Note(start, 1.9, root - 12, 0.7), Note(start + 2.5, 1.3, root - 12, 0.55)]
        chorus = 10 <= bar < 18 or bar >= 26
        pad += [Note(start, 4, key, 0.4) for key in keys]
        ahs += [Note(start, 4, key + 12, 0.35) for key in keys if chorus]
    picked.play(
        Guitar(rate, mellow=0.2), humanised(guitar, 6, beats=0.012), _TEMPO, gain=1.0, pan=-0.25
    )
    low.play(UprightBass(rate), humanised(bass, 7), _TEMPO, gain=0.9)
    pads.play(warm_pad(rate), pad, _TEMPO, gain=0.35)
    pads.play(choir(rate), ahs, _TEMPO, gain=0.28)
    desk.put(picked, send=0.18)
    desk.put(low, send=0.04)
    desk.put(pads, send=0.35)
    kit, strip = Kit(rate), desk.strip()
    for bar in range(10, len(_FORM) - 3):
        for n in range(8):
            strip.lay(
                kit.hit("shaker"),
                _TEMPO.seconds(4 * bar + n / 2),
                gain=0.4 + 0.3 * (n % 2),
                pan=0.35,
            )
        for beat, name, level in (
            (0, "soft_kick", 0.5),
            (2.5, "soft_kick", 0.35),
            (1, "brush_tap", 0.5),
            (3, "brush_tap", 0.5),
        ):
            strip.lay(kit.hit(name), _TEMPO.seconds(4 * bar + beat), gain=level)
    desk.put(strip, send=0.12)
