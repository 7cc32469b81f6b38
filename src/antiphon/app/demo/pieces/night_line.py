"""One continuous piece over two songs: an ambient signal turns into house without a stop."""

import numpy as np

from antiphon.app.demo.desk import Desk, Strip, room
from antiphon.app.demo.harmony import chord, lead
from antiphon.app.demo.instruments import synths
from antiphon.app.demo.instruments.drums import Kit
from antiphon.app.demo.instruments.ensemble import choir, glass_pad, warm_pad
from antiphon.app.demo.instruments.keys import ElectricPiano, vibraphone
from antiphon.app.demo.score import Note, Tempo
from antiphon.app.demo.waves import Wave, band, faded, noise

_TEMPO = Tempo((0, 122), (8, 122))
_AMBIENT = (
    ["Fm9"] * 4
    + ["Dbmaj9"] * 4
    + ["Abmaj9"] * 4
    + ["Eb9sus4"] * 4
    + ["Bbm9"] * 4
    + ["Dbmaj9"] * 4
    + ["Fm9"] * 6
)
_HOUSE = ["Fm9", "Fm9", "Dbmaj9", "Dbmaj9", "Bbm9", "Bbm9", "Abmaj9", "C7#9"] * 4
_FORM = [*_AMBIENT, *_HOUSE, "Fm9", "Fm9"]
_FIRST = len(_AMBIENT)
_LAST = _FIRST + len(_HOUSE)
_DROP = range(_FIRST + 16, _FIRST + 20)

# The second song begins 21 ms before its first kick, at a sample that no codec's frame divides.
SEAM_SECONDS = _FIRST * 4 * 60 / 122 - 0.021


def perform(rate: int) -> Wave:
    """Both songs in one, unmastered."""
    desk = Desk(rate, _TEMPO.seconds(4 * len(_FORM)) + 4.0)
    kicks = _kicks()
    moments = [_TEMPO.seconds(beat) for beat in kicks]
    _pads(desk, rate, moments)
    _bells(desk, rate)
    _stabs(desk, rate, moments)
    low = desk.strip()
    low.play(synths.synth_bass(rate), _bass(), _TEMPO, gain=0.8)
    desk.put(low.duck(moments, depth=0.7, recovery=0.16), send=0.0)
    _drums(desk, rate, kicks)
    return desk.mix(room(rate, seconds=4.2, bright=0.45, delay=0.03, seed=71))


def _runs() -> list[tuple[int, int, str]]:
    """(first bar, bars, chord) with repeated chords joined."""
    runs: list[tuple[int, int, str]] = []
    for bar, symbol in enumerate(_FORM):
        if runs and runs[-1][2] == symbol:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, symbol)
        else:
            runs.append((bar, 1, symbol))
    return runs


def _pads(desk: Desk, rate: int, moments: list[float]) -> None:
    runs = _runs()
    voiced = lead([symbol for _, _, symbol in runs], 53, 77, voices=4)
    warm, glass, voices = desk.strip(), desk.strip(), desk.strip()
    pad, low_pad, halo, singers = (
        warm_pad(rate),
        warm_pad(rate, 24),
        glass_pad(rate),
        choir(rate, vowel="o"),
    )
    for (bar, bars, symbol), keys in zip(runs, voiced, strict=True):
        notes = [Note(4 * bar, 4 * bars, key, 0.55) for key in keys]
        warm.play(pad, notes, _TEMPO, gain=0.8)
        low = Note(4 * bar, 4 * bars, chord(symbol).bass_from(36), 0.6)
        if bar < _FIRST:
            warm.play(low_pad, [low], _TEMPO, gain=0.8)
            glass.play(
                halo,
                [Note(n.start, n.length, n.key + 12, 0.35) for n in notes[1:]],
                _TEMPO,
                gain=0.7,
            )
        if bar >= _FIRST + 8:
            voices.play(singers, notes[2:], _TEMPO, gain=0.5)
    warm.ride(
        (0, 0.0), (6, 0.9), (40, 1.0), (59, 0.85), (62, 0.6), (90, 0.55), (94, 0.9), (99, 0.6)
    )
    desk.put(warm.duck(moments, depth=0.55, recovery=0.3), send=0.4)
    desk.put(glass.ride((0, 0), (12, 0.8), (50, 0.8), (60, 0.2)), send=0.5)
    desk.put(voices.duck(moments, depth=0.5, recovery=0.3), send=0.5)


def _bells(desk: Desk, rate: int) -> None:
    """A signal of three notes that comes back slower and faster, and drops of the same chord."""
    rng = np.random.default_rng(77)
    strip = desk.strip()
    notes: list[Note] = []
    for bar in range(2, _FIRST):
        tones = chord(_FORM[bar]).near(72, 92)
        drops = np.flatnonzero(rng.random(8) < 0.12 + 0.014 * bar)
        notes.extend(
            Note(4 * bar + step / 2, 1.5, int(rng.choice(tones)), float(rng.uniform(0.15, 0.4)))
            for step in drops
        )
        if bar % 4 == 2:
            notes.extend(
                Note(4 * bar + 0.75 * n, 2, key, 0.42) for n, key in enumerate((84, 79, 87))
            )
    strip.play(vibraphone(rate), notes, _TEMPO, gain=0.75, pan=lambda key: (key * 5 % 7 - 3) / 4)
    desk.put(strip.echo(seconds=0.75 * 60 / 122, feedback=0.62, level=0.7), send=0.6)
    desk.put(_surf(desk, rate), send=0.3)


def _surf(desk: Desk, rate: int) -> Strip:
    """Waves on a shore, gone when the drums come."""
    strip, samples = desk.strip(), 12 * rate
    sides = [band(noise(samples, 80 + c), rate, 300, 2400, order=1) for c in range(2)]
    wave = faded(np.stack(sides, axis=1), 6 * rate, 6 * rate)
    for number in range(10):
        strip.lay(wave, 6.0 * number)
    tide = ((float(t), 0.006 + 0.016 * (np.sin(t / 1.9) > -0.2)) for t in range(2, 54, 3))
    return strip.ride((0, 0.0), *tide, (60, 0.003), (64, 0.0))


def _stabs(desk: Desk, rate: int, moments: list[float]) -> None:
    voiced = lead(_FORM, 53, 74, voices=4)
    strip, keys = desk.strip(), desk.strip()
    plucks, tines = synths.pluck(rate), ElectricPiano(rate)
    for bar in range(_FIRST - 8, _LAST):
        loud = min(0.85, 0.25 + 0.075 * (bar - _FIRST + 8))
        pattern = (0.0, 0.75, 1.5, 2.5, 3.25) if bar % 2 == 0 else (0.5, 1.25, 2.0, 2.75, 3.5)
        notes = [Note(4 * bar + at, 0.3, key, loud) for at in pattern for key in voiced[bar]]
        strip.play(plucks, notes, _TEMPO, gain=0.4)
        if bar >= _FIRST + 4:
            riff = chord(_FORM[bar]).near(70, 84)
            line = [
                Note(4 * bar + at, 0.4, riff[i % len(riff)], 0.6)
                for i, at in enumerate((0.5, 1.5, 1.75, 3.0, 3.75))
            ]
            keys.play(tines, line, _TEMPO, gain=0.5, pan=0.3)
    strip.ride((44, 0.3), (59, 0.9), (123, 1.0))
    strip.echo(seconds=0.75 * 60 / 122, feedback=0.5, level=0.55)
    desk.put(strip.duck(moments, depth=0.35, recovery=0.2), send=0.3)
    desk.put(keys.echo(seconds=0.5 * 60 / 122, feedback=0.4, level=0.4), send=0.3)


def _bass() -> list[Note]:
    notes: list[Note] = []
    for bar in range(_FIRST, _LAST):
        if bar in _DROP:
            continue
        low = chord(_FORM[bar]).bass_from(29)
        pattern = ((0.5, 0), (0.75, 0), (1.5, 12), (2.25, 0), (2.5, 0), (3.5, 12), (3.75, 0))
        notes.extend(Note(4 * bar + at, 0.22, low + up, 0.85) for at, up in pattern)
    return notes


def _kicks() -> list[float]:
    beats = [
        4.0 * bar + beat
        for bar in range(_FIRST - 4, _LAST)
        for beat in range(4)
        if bar not in _DROP
    ]
    return [*beats, 4.0 * _LAST]


def _drums(desk: Desk, rate: int, kicks: list[float]) -> None:
    kit, dry, wet = Kit(rate), desk.strip(), desk.strip()
    for beat in kicks:
        early = beat < 4 * _FIRST
        rise = 0.12 + 0.3 * (beat / 4 - _FIRST + 4) / 4 if early else 0.66
        dry.lay(kit.hit("soft_kick" if early else "kick"), _TEMPO.seconds(beat), gain=rise)
    for bar in range(_FIRST, _LAST):
        _bar_of_drums(kit, dry, wet, bar)
    for step in range(32):
        wet.lay(
            kit.hit("snare"),
            _TEMPO.seconds(4 * (_DROP.stop - 2) + step / 4),
            gain=0.03 + 0.009 * step,
        )
    for bar in (_FIRST, _DROP.stop, _LAST):
        wet.lay(kit.hit("crash"), _TEMPO.seconds(4 * bar), gain=0.26)
    desk.put(dry, send=0.03)
    desk.put(wet, send=0.18)


def _bar_of_drums(kit: Kit, dry: Strip, wet: Strip, bar: int) -> None:
    start = 4.0 * bar
    for step in range(16):
        dry.lay(
            kit.hit("shaker"),
            _TEMPO.seconds(start + step / 4),
            gain=0.3 + 0.25 * (step % 4 == 2),
            pan=-0.35,
        )
    if bar in _DROP:
        return
    for beat in range(4):
        dry.lay(
            kit.hit("open_hat" if bar >= _FIRST + 4 else "hat"),
            _TEMPO.seconds(start + beat + 0.5),
            gain=0.3,
            pan=0.15,
        )
    if bar >= _FIRST + 4:
        for beat in (1, 3):
            wet.lay(kit.hit("clap"), _TEMPO.seconds(start + beat), gain=0.5)
        wet.lay(kit.hit("rim"), _TEMPO.seconds(start + 3.75 - 2 * (bar % 2)), gain=0.2, pan=0.5)
