"""Speech in: how much of spoken commands the embedded recogniser gets, at what price and how soon.

Ninety commands over a made-up catalogue, said by espeak-ng (and flite, where it is installed: 20 of
the 90), clean and with noise 20 dB below the speech. Word error rate of the best hypothesis; right
entity: the song that the hypotheses are nearest to is the one that was meant, or the control phrase
is the one that was said. Sound comes in pieces of 0.1 s, as fast as it is taken for the CPU figure
and in real time for the time from the end of speech to the transcript. These are synthetic voices
of American and British English: figures to compare versions by, not a promise about people.
"""

import argparse
import asyncio
import io
import json
import random
import resource
import shutil
import subprocess
import sys
import time
import wave
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from antiphon.kernel import AntiphonError
from antiphon.testing.spoken_songs import spoken_commands, spoken_songs
from antiphon.voice import EspeakSpeaker, Named, PcmFormat, PocketsphinxRecogniser, Transcript
from antiphon.voice.recognition.phrases import CONTROLS
from antiphon.voice.recognition.spoken import spoken_words

SONGS, COMMANDS, CONTROL_COMMANDS, FLITE_COMMANDS, PACED = 1_000, 90, 10, 20, 8
SEED = 2026  # development used other seeds
ESPEAK_VOICES = ("en-us", "en-us+f3", "en-gb", "en-us+m3", "en-gb-scotland")
FLITE_VOICES = ("kal16", "slt", "rms", "awb")
NOISE_DB = 20.0
PIECE_SECONDS = 0.1
TARGET_MS, TARGET_RIGHT = 500, 0.78


@dataclass(frozen=True)
class Said:
    text: str
    song: Named | None
    engine: str
    sound: bytes
    format: PcmFormat

    @property
    def seconds(self) -> float:
        return len(self.sound) / self.format.bytes_per_second


@dataclass(frozen=True)
class Outcome:
    said: Said
    transcript: Transcript
    right: bool
    wrong_words: int
    words: int


def run(songs: int = SONGS) -> dict[str, Any]:
    return asyncio.run(measured(songs))


async def measured(count: int) -> dict[str, Any]:
    songs = spoken_songs(count, SEED)
    clean = await all_said(songs)
    noisy = [with_noise(said, number) for number, said in enumerate(clean)]
    recogniser = PocketsphinxRecogniser(decoders=1)
    try:
        began = time.perf_counter()
        await recogniser.learn(songs)
        learnt = time.perf_counter() - began
        used = spent_by_children()
        outcomes = {
            "clean": [await outcome(recogniser, said, songs) for said in clean],
            "noisy": [await outcome(recogniser, said, songs) for said in noisy],
        }
        waits = [await wait_after_speech(recogniser, said) for said in clean[:PACED]]
    finally:
        await recogniser.close()
    seconds = sum(said.seconds for said in [*clean, *noisy, *clean[:PACED]])
    cpu = (spent_by_children() - used) / seconds
    return report(outcomes, waits, {"learn_s": learnt, "cpu": cpu, "songs": len(songs)})


def spent_by_children() -> float:
    """Return the CPU seconds of processes that have ended, such as a decoder with its start."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


async def all_said(songs: Sequence[Named]) -> list[Said]:
    draw = random.Random(SEED)
    commands: list[tuple[str, Named | None]] = [
        *spoken_commands(songs, COMMANDS - CONTROL_COMMANDS, SEED),
        *((phrase, None) for phrase in draw.sample(CONTROLS, CONTROL_COMMANDS)),
    ]
    draw.shuffle(commands)
    flite = set(range(FLITE_COMMANDS)) if shutil.which("flite") else set()
    return [
        by_flite(text, song, n) if n in flite else await by_espeak(text, song, n)
        for n, (text, song) in enumerate(commands)
    ]


async def by_espeak(text: str, song: Named | None, number: int) -> Said:
    speaker = EspeakSpeaker()
    chunks = []
    voice = ESPEAK_VOICES[number % len(ESPEAK_VOICES)]
    async with aclosing(speaker.speak(text, voice.partition("+")[0])) as sound:
        chunks = [chunk async for chunk in sound]
    if "+" in voice:
        done = subprocess.run(
            ["espeak-ng", "-v", voice, "--stdout", text], capture_output=True, check=True
        )
        chunks = [done.stdout[44:]]
    return Said(text, song, "espeak-ng", padded(b"".join(chunks), speaker.format), speaker.format)


def by_flite(text: str, song: Named | None, number: int) -> Said:
    voice = FLITE_VOICES[number % len(FLITE_VOICES)]
    done = subprocess.run(
        ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"], capture_output=True, check=True
    )
    with wave.open(io.BytesIO(done.stdout)) as sound:
        shape = PcmFormat(sound.getframerate())
    return Said(text, song, "flite", padded(done.stdout[44:], shape), shape)


def padded(sound: bytes, shape: PcmFormat) -> bytes:
    silence = bytes(round(0.4 * shape.rate) * shape.frame)
    return silence + sound[: len(sound) // shape.frame * shape.frame] + silence


def with_noise(said: Said, seed: int) -> Said:
    samples = np.frombuffer(said.sound, "<i2").astype(np.float64)
    speech = samples[np.abs(samples) > 0.005 * 32768]
    level = np.sqrt(np.mean(speech**2)) / 10 ** (NOISE_DB / 20)
    noise = level * np.random.default_rng([SEED, seed]).standard_normal(len(samples))
    sound = np.clip(samples + noise, -32768, 32767).astype("<i2").tobytes()
    return Said(said.text, said.song, said.engine, sound, said.format)


async def heard(recogniser: PocketsphinxRecogniser, said: Said) -> Transcript:
    stream = recogniser.open(said.format)
    try:
        for piece in pieces(said):
            await stream.feed(piece)
        return await stream.finish()
    except AntiphonError:
        return Transcript(())
    finally:
        await stream.close()


def pieces(said: Said) -> list[bytes]:
    step = round(PIECE_SECONDS * said.format.rate) * said.format.frame
    return [said.sound[at : at + step] for at in range(0, len(said.sound), step)]


async def wait_after_speech(recogniser: PocketsphinxRecogniser, said: Said) -> float:
    """Return milliseconds from the last sound, sent in real time, to the transcript."""
    stream = recogniser.open(said.format)
    try:
        for piece in pieces(said):
            await asyncio.sleep(PIECE_SECONDS)
            await stream.feed(piece)
        began = time.perf_counter()
        await stream.finish()
        return 1e3 * (time.perf_counter() - began)
    finally:
        await stream.close()


async def outcome(
    recogniser: PocketsphinxRecogniser, said: Said, songs: Sequence[Named]
) -> Outcome:
    transcript = await heard(recogniser, said)
    true, found = spoken_words(said.text), transcript.text.split()
    meant = nearest(transcript, songs)
    wanted = said.song.id if said.song else " ".join(true)
    return Outcome(said, transcript, meant == wanted, Levenshtein.distance(true, found), len(true))


def nearest(transcript: Transcript, songs: Sequence[Named]) -> str:
    """Return the id of the song, or the control phrase, that is like one of the hypotheses."""
    phrases = [(control, control) for control in CONTROLS]
    for song in songs:
        name, artist = " ".join(spoken_words(song.name)), " ".join(spoken_words(song.artist))
        phrases += [
            (song.id, shape.format(name=name, artist=artist))
            for shape in (
                "play {name}",
                "play {name} by {artist}",
                "play the song {name} by {artist}",
                "i want to hear {name} by {artist}",
                "put on {name} by {artist}",
            )
        ]
    best, found = 0.0, ""
    for rank, (text, _) in enumerate(transcript.hypotheses):
        for wanted, phrase in phrases:
            likeness = fuzz.ratio(text, phrase, score_cutoff=best) - rank
            if likeness > best:
                best, found = likeness, wanted
    return found


def report(
    outcomes: dict[str, list[Outcome]], waits: Sequence[float], told: dict[str, float]
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, found in outcomes.items():
        figures[f"{name}_word_errors"] = round(
            sum(o.wrong_words for o in found) / sum(o.words for o in found), 3
        )
        figures[f"{name}_right"] = share(found)
        for engine in sorted({o.said.engine for o in found}):
            of_engine = [o for o in found if o.said.engine == engine]
            figures[f"{name}_right_{engine.replace('-', '_')}"] = share(of_engine)
    figures |= {
        "cpu_seconds_per_second_of_sound": round(told["cpu"], 3),
        "end_of_speech_to_transcript_ms": round(float(np.median(waits))),
        "slowest_end_of_speech_to_transcript_ms": round(max(waits)),
        "learn_s": round(told["learn_s"], 1),
        "songs": told["songs"],
    }
    slowest = figures["slowest_end_of_speech_to_transcript_ms"]
    right = figures["clean_right"]
    return {
        "name": "voice_sound",
        "figures": figures,
        "targets": {
            "slowest_end_of_speech_to_transcript_ms": {
                "at_most": TARGET_MS,
                "met": slowest <= TARGET_MS,
            },
            "clean_right": {"at_least": TARGET_RIGHT, "met": right >= TARGET_RIGHT},
        },
    }


def share(found: Sequence[Outcome]) -> float:
    return round(sum(o.right for o in found) / len(found), 3)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.voice_sound", description=__doc__)
    parser.add_argument("--songs", type=int, default=SONGS, help="names in the catalogue")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    result = run(options.songs)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        for name, value in result["figures"].items():
            print(f"{name.replace('_', ' ')}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
