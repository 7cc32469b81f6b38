"""Walking folders: what lies where, in a fixed order, without opening a single file."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from antiphon.ingest.naming import is_disc_folder

MUSIC = frozenset(
    b".flac .fla .m4a .m4b .mp4 .alac .aac .mp3 .mp2 .ogg .oga .opus .wav .wave .aif .aiff .aifc "
    b".wv .ape .mac .dsf".split()
)
UNSUPPORTED = frozenset(
    b".wma .mpc .mp+ .tta .tak .dff .ra .ram .mka .shn .au .snd .ac3 .dts .mod .xm .it .s3m".split()
)
_LYRICS = frozenset(b".lrc .elrc .txt".split())
_PICTURES = frozenset(b".jpg .jpeg .png .webp .gif .bmp".split())
_COVER_NAMES = (b"cover", b"folder", b"front", b"album", b"albumart", b"art", b"artwork")
_PASSED_OVER = frozenset(b"@eadir #recycle lost+found $recycle.bin __macosx .trash".split())
_MAX_DEPTH = 64
_MAX_ENTRIES = 500_000  # in one folder

Stamp = tuple[int, int]


_COUNTED = re.compile(rb"0\d(?!\d)")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be music; its stamp changes when it, its lyrics or its picture do."""

    name: bytes
    stamp: bytes
    lyrics: bytes
    supported: bool


@dataclass(frozen=True, slots=True)
class FoundFolder:
    """A folder with what lies in it. ``fault`` says why it could not be listed."""

    path: bytes
    files: tuple[FoundFile, ...]
    picture: bytes
    fault: str = ""

    @property
    def tracks(self) -> int:
        """Return how many files there are, if their names count tracks (01, 02, ...); else 0."""
        music = [file.name for file in self.files if file.supported]
        return len(music) if any(_COUNTED.match(name) for name in music) else 0

    @property
    def digest(self) -> bytes:
        """Return what changes when anything that matters here does."""
        digest = hashlib.blake2b(digest_size=16)
        for file in self.files:
            digest.update(len(file.name).to_bytes(4, "big") + file.name + file.stamp)
        return digest.digest()


def walk(root: bytes) -> Iterator[FoundFolder]:
    """Yield every folder from ``root`` down that holds music, or could not be listed.

    Links to folders are followed, each folder once. Hidden ones are passed over.
    """
    waiting = [(root, 0, b"")]
    seen: set[tuple[int, int]] = set()
    while waiting:
        path, depth, inherited = waiting.pop()
        try:
            status = os.stat(path)  # noqa: PTH116 - the path is bytes
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            names, folders = _listed(path)
        except OSError as fault:
            yield FoundFolder(path, (), b"", f"cannot be listed: {fault.strerror}")
            continue
        picture, stamp = _picture(names)
        if not picture and inherited and is_disc_folder(os.fsdecode(path.rpartition(b"/")[2])):
            picture, stamp = b"../" + inherited, _stamp_of(path + b"/../" + inherited)
        files = tuple(_files(names, stamp))
        if files:
            yield FoundFolder(path, files, picture)
        if depth < _MAX_DEPTH:
            below = [(path + b"/" + name, depth + 1, _own(picture)) for name in folders]
            waiting += sorted(below, reverse=True)


def look(path: bytes) -> FoundFolder | None:
    """Return one folder as ``walk`` would; None where it holds no music."""
    return next((f for f in walk(path) if f.path == path), None)


def _own(picture: bytes) -> bytes:
    return b"" if picture.startswith(b"../") else picture


def _listed(path: bytes) -> tuple[dict[bytes, os.stat_result], list[bytes]]:
    """Return the files that matter with their status, and the folders to go on to."""
    files: dict[bytes, os.stat_result] = {}
    folders: list[bytes] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith(b".") or entry.name.lower() in _PASSED_OVER:
                continue
            if _is_folder(entry):
                folders.append(entry.name)
            elif _matters(entry.name) and len(files) < _MAX_ENTRIES:
                status = _status(entry)
                if status is not None:
                    files[entry.name] = status
    return files, folders


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _status(entry: os.DirEntry[bytes]) -> os.stat_result | None:
    try:
        status = entry.stat()
    except OSError:
        return None  # a broken link, or gone meanwhile
    return status if stat.S_ISREG(status.st_mode) else None


def _matters(name: bytes) -> bool:
    extension = _extension(name)
    return any(extension in some for some in (MUSIC, UNSUPPORTED, _LYRICS, _PICTURES))


def _extension(name: bytes) -> bytes:
    stem, dot, extension = name.rpartition(b".")
    return (dot + extension).lower() if stem else b""


def _files(names: dict[bytes, os.stat_result], picture: bytes) -> Iterator[FoundFile]:
    for name in sorted(names):
        extension = _extension(name)
        if extension in MUSIC or extension in UNSUPPORTED:
            lyrics = _lyrics(name, names)
            own = _stamp(names[name]) + (_stamp(names[lyrics]) if lyrics else b"") + picture
            stamp = hashlib.blake2b(own, digest_size=12).digest()
            yield FoundFile(name, stamp, lyrics, extension in MUSIC)


def _lyrics(name: bytes, names: dict[bytes, os.stat_result]) -> bytes:
    stem = name.rpartition(b".")[0]
    beside = (stem + extension for extension in (b".lrc", b".elrc", b".txt", b".LRC"))
    return next((n for n in beside if n in names), b"")


def _picture(names: dict[bytes, os.stat_result]) -> tuple[bytes, bytes]:
    """Return the folder's picture by the usual names, else its only picture, with its stamp."""
    pictures = [n for n in sorted(names) if _extension(n) in _PICTURES]
    if not pictures:
        return b"", b""
    by_stem = {n.rpartition(b".")[0].lower(): n for n in reversed(pictures)}
    chosen = next((by_stem[n] for n in _COVER_NAMES if n in by_stem), None)
    if chosen is None:
        chosen = next((n for n in pictures if _looks_like_cover(n)), None)
    if chosen is None:
        if len(pictures) > 1:
            return b"", b""
        chosen = pictures[0]
    return chosen, _stamp(names[chosen])


def _looks_like_cover(name: bytes) -> bool:
    lower = name.lower()
    return any(word in lower for word in (b"cover", b"folder", b"front"))


def _stamp_of(path: bytes) -> bytes:
    try:
        return _stamp(os.stat(path))  # noqa: PTH116 - the path is bytes
    except OSError:
        return b""


def _stamp(status: os.stat_result) -> bytes:
    return b"%d %d;" % (status.st_size, status.st_mtime_ns)
