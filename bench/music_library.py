"""A folder of tagged files that look like a collection: made by copying and tagging base files."""

import io
import random
from pathlib import Path

import av
import mutagen.flac
import mutagen.id3
import mutagen.oggvorbis
import numpy as np

RATE = 22_050
SECONDS = 2
GENRES = ["Rock", "Pop", "Jazz", "Folk", "Ambient", "Classical", "Electronic", "Soul"]
KINDS = {"flac": ("flac", "flac"), "mp3": ("mp3", "mp3"), "ogg": ("vorbis", "ogg")}
SYLLABLES = ["ba", "lo", "mi", "run", "sa", "ten", "vor", "dri", "fel", "go", "han", "ik", "jul"]


def make(root: Path, files: int, *, seed: int = 1) -> int:
    """Make ``files`` files below ``root``; return their bytes. Every file sounds different."""
    chance = random.Random(seed)
    base = {kind: coded(kind) for kind in KINDS}
    made = written = artist = 0
    while made < files:
        artist += 1
        name = f"{title(chance, 2)} {artist}"
        for _ in range(chance.randint(1, 4)):
            album, kind = title(chance, 2), chance.choice(list(KINDS))
            folder = root / name / album
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(1, min(chance.randint(8, 12), files - made) + 1):
                made += 1
                path = folder / f"{number:02d}.{kind}"
                path.write_bytes(apart(base[kind], made))
                tag(path, kind, facts(chance, name, album, number))
                written += path.stat().st_size
    return written


def title(chance: random.Random, words: int) -> str:
    parts = ("".join(chance.sample(SYLLABLES, chance.randint(1, 3))) for _ in range(words))
    return " ".join(parts).title()


def facts(chance: random.Random, artist: str, album: str, number: int) -> dict[str, str]:
    return {
        "title": title(chance, 3),
        "artist": artist,
        "album": album,
        "albumartist": artist,
        "tracknumber": str(number),
        "discnumber": "1",
        "date": str(1970 + number),
        "genre": chance.choice(GENRES),
    }


def apart(data: bytes, number: int) -> bytes:
    """Return the file with some coded bytes near its end changed: another sound."""
    changed = bytearray(data)
    changed[-120:-116] = number.to_bytes(4, "big")
    return bytes(changed)


def tag(path: Path, kind: str, values: dict[str, str]) -> None:
    if kind == "mp3":
        frames = ["TIT2", "TPE1", "TALB", "TPE2", "TRCK", "TPOS", "TDRC", "TCON"]
        tags = mutagen.id3.ID3()
        for frame, value in zip(frames, values.values(), strict=True):
            tags.add(getattr(mutagen.id3, frame)(encoding=3, text=[value]))
        tags.save(path)
        return
    opened = mutagen.flac.FLAC(path) if kind == "flac" else mutagen.oggvorbis.OggVorbis(path)
    opened.update(values)
    opened.save()


def coded(kind: str) -> bytes:
    """Return an untagged file of that kind with a chord in it."""
    codec, container = KINDS[kind]
    moments = np.arange(RATE * SECONDS) / RATE
    tones = sum(np.sin(2 * np.pi * pitch * moments) for pitch in (220.0, 277.2, 329.6))
    samples = (0.2 * tones).astype(np.float32)
    out = io.BytesIO()
    with av.open(out, "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=RATE, options={"strict": "experimental"})
        # The experimental Vorbis encoder knows two channels only.
        layout = "stereo" if kind == "ogg" else "mono"
        stream.layout = layout
        to_format = av.AudioResampler(format=stream.format, layout=layout, rate=RATE)
        for start in range(0, len(samples), 4096):
            frame = av.AudioFrame.from_ndarray(
                samples[None, start : start + 4096], format="fltp", layout="mono"
            )
            frame.rate, frame.pts = RATE, start
            for converted in to_format.resample(frame):
                opened.mux(stream.encode(converted))
        for converted in to_format.resample(None):
            opened.mux(stream.encode(converted))
        opened.mux(stream.encode(None))
    return out.getvalue()
