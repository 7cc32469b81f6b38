"""The demo catalogue as a folder of files: whole or not there, made once per version."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from antiphon.app.demo.albums import ALBUMS, Album, Take
from antiphon.app.demo.files import Audio, jpeg, lrc, tag, write_flac, write_master
from antiphon.app.demo.master import mastered, quantised, settled
from antiphon.kernel import Conflict

VERSION = 2
_MARKER = ".antiphon-demo.json"

Progress = Callable[[int, int], None]


def generate(
    folder: Path, *, progress: Progress | None = None, albums: Sequence[Album] = ALBUMS
) -> list[Path]:
    """Compose, play and write the demo catalogue; return the songs' files in album order.

    Does nothing where a whole catalogue of this version already lies. The files appear all at once:
    they are written beside ``folder`` and moved into place. ``progress`` hears (done, total) songs.
    """
    present = _present(folder)
    if present is not None:
        return present
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise Conflict(f"{folder} is not empty: the demo catalogue needs a folder of its own.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    workshop = folder.with_name(f".{folder.name}.{os.getpid()}")
    workshop.mkdir()
    names = []
    for name in _write(workshop, albums):
        names.append(name)
        if progress is not None:
            progress(len(names), sum(len(album.songs) for album in albums))
    marker = {"version": VERSION, "songs": [str(name) for name in names]}
    (workshop / _MARKER).write_text(json.dumps(marker, indent=1))
    if folder.exists():
        shutil.rmtree(folder)
    workshop.rename(folder)
    return [folder / name for name in names]


def _present(folder: Path) -> list[Path] | None:
    """The songs of a complete catalogue of this version, or None."""
    try:
        marker = json.loads((folder / _MARKER).read_text())
    except (OSError, ValueError):
        return None
    songs = [folder / name for name in marker.get("songs", ())]
    whole = marker.get("version") == VERSION and all(song.is_file() for song in songs)
    return songs if whole else None


def _sweep(folder: Path) -> None:
    """Remove what killed runs left behind."""
    for left in folder.parent.glob(f".{folder.name}.*"):
        owner = left.suffix.removeprefix(".")
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def _write(root: Path, albums: Sequence[Album]) -> Iterator[Path]:
    """Write album by album; yield each song's path relative to the root as it is done."""
    for album in albums:
        folder = Path(album.artist) / album.title
        (root / folder).mkdir(parents=True)
        cover = jpeg(album.cover())
        (root / folder / "cover.jpg").write_bytes(cover)
        songs = iter(album.songs)
        for take in album.takes:
            for audio in record(take):
                song = next(songs)
                name = folder / f"{album.songs.index(song) + 1:02d} {song.title}.flac"
                write_flac(root / name, audio)
                tag(root / name, album, song, cover)
                if song.lyrics is not None:
                    (root / name).with_suffix(".lrc").write_text(lrc(song, song.lyrics()), "utf-8")
                yield name
        for immersive in album.immersive:
            song = next(songs)
            name = folder / f"{album.songs.index(song) + 1:02d} {song.title}.wav"
            write_master(root / name, album, immersive, cover)
            yield name


def record(take: Take) -> Iterator[Audio]:
    """Perform and master a take once, then cut it into its songs between two samples."""
    wave = settled(mastered(take.perform(take.rate), take.rate, lufs=take.lufs), take.rate)
    samples = quantised(wave, take.bits, seed=len(take.songs))
    for piece in np.split(samples, [cut_sample(second, take.rate) for second in take.cuts]):
        yield Audio(piece, take.rate, take.bits)


def cut_sample(second: float, rate: int) -> int:
    """The sample of a cut: odd, so that it lies on no boundary of any codec's frames."""
    return int(second * rate) | 1
