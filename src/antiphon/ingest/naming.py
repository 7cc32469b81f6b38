"""Names from paths, for files that carry no tags: what people's folders usually mean. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.catalog import clean

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_SPACES = re.compile(r"\s+")
_SEPARATOR = re.compile(r"\s+[-\u2013\u2014]\s+")
# 03 - Title, 03. Title, 03 Title, 1-03 Title; see _numbered for what is not.
_NUMBERED = re.compile(r"(?:(\d{1,2})[-.](?=\d{2}\b))?(\d{1,3})(?:\s*[.)_-]\s*|\s+(?=\D))(.+)")
_DISC = re.compile(r"(?:cd|disc|disk|side)[\s._-]*(\d{1,2})\b.*", re.IGNORECASE)
_YEAR = re.compile(
    r"^[(\[]?((?:19|20)\d{2})[)\]]?\s*[-.]?\s+(?=\S)|\s*[(\[]((?:19|20)\d{2})[)\]]\s*$"
)
# Folders that say where music lies, not whose it is.
_GENERIC = frozenset(
    [
        "audio",
        "bgm",
        "content",
        "data",
        "downloads",
        "files",
        "flac",
        "game",
        "games",
        "home",
        "itunes",
        "library",
        "lossless",
        "media",
        "mnt",
        "mp3",
        "mp3s",
        "music",
        "musik",
        "my_music",
        "ogg",
        "opus",
        "share",
        "shared",
        "songs",
        "sound",
        "sounds",
        "soundtrack",
        "soundtracks",
        "tmp",
        "tracks",
        "unsorted",
        "usr",
        "wav",
    ]
)


@dataclass(frozen=True, slots=True)
class NamedByPath:
    """What a path says; empty where it says nothing."""

    title: str = ""
    artist: str = ""
    album: str = ""
    number: int = 0
    disc: int = 0
    year: str = ""


def readable(name: bytes) -> str:
    """Return a file name as text; one that is no UTF-8 was most likely Windows-1252."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp1252", "replace")


def named_by_path(folders: Sequence[str], file_name: str, *, tracks: int = 0) -> NamedByPath:
    """Return what a file's name and the folders above it (outermost first) say.

    ``tracks`` is how many files lie in the folder, if the names of some count them (01, 02, ...).
    """
    disc, homes = _disc_of(folders)
    number, in_name, rest = _numbered(tidy(_EXTENSION.sub("", file_name)), tracks)
    parts = [p for p in _SEPARATOR.split(rest) if p]
    title = parts[-1] if parts else rest
    artist = parts[0] if len(parts) >= 2 else ""
    album = parts[1] if len(parts) >= 3 else ""
    home = _home(homes)
    if len(parts) >= 3 and parts[1].isdigit():  # Artist - 03 - Title
        number, album = int(parts[1]) % 1000, ""
    return NamedByPath(
        title=title,
        artist=artist or home.artist,
        album=album or home.album,
        number=number,
        disc=in_name or disc,
        year=home.year,
    )


def tidy(name: str) -> str:
    """Return a name with underscores as spaces, where it has no spaces, and nothing doubled."""
    text = name.replace("_", " ") if " " not in name else name
    return clean(_SPACES.sub(" ", text))


def is_disc_folder(name: str) -> bool:
    """Say whether a folder holds one disc of an album: CD 1, Disc 2, side_2."""
    return _DISC.fullmatch(tidy(name)) is not None


def folder_name(folders: Sequence[str]) -> str:
    """Return the innermost folder that is not a disc's: what keeps equal album titles apart."""
    _, homes = _disc_of(folders)
    return homes[-1] if homes else ""


def _disc_of(folders: Sequence[str]) -> tuple[int, Sequence[str]]:
    if len(folders) > 1:
        match = _DISC.fullmatch(tidy(folders[-1]))
        if match:
            return int(match.group(1)), folders[:-1]
    return 0, folders


def _home(folders: Sequence[str]) -> NamedByPath:
    """Return artist, album and year as the folders name them; the first one is the root.

    The root may name an album, or both as "Artist - Album", but never alone an artist.
    """
    below = [n for n in map(tidy, folders[1:]) if _says_something(n)]
    named = below or [n for n in map(tidy, folders[:1]) if _says_something(n)]
    if not named:
        return NamedByPath()
    year, album = _year_apart(named[-1])
    parts = _SEPARATOR.split(album, maxsplit=1)
    if len(parts) == 2 and all(parts):
        inner_year, title = _year_apart(parts[1])
        return NamedByPath(artist=parts[0], album=title, year=year or inner_year)
    return NamedByPath(artist=below[-2] if len(below) > 1 else "", album=album, year=year)


def _says_something(name: str) -> bool:
    """Say whether a folder's name is more than a place or a version."""
    generic = name.lower().replace(" ", "_") in _GENERIC
    return not generic and any(c.isalpha() for c in name)


def _year_apart(name: str) -> tuple[str, str]:
    match = _YEAR.search(name)
    if match is None:
        return "", name
    rest = (name[: match.start()] + name[match.end() :]).strip(" -")
    return (match.group(1) or match.group(2), rest) if rest else ("", name)


def _numbered(name: str, tracks: int) -> tuple[int, int, str]:
    """Return track number, disc number and the rest of a name."""
    match = _NUMBERED.fullmatch(name)
    if match is None or not match.group(3).strip(" -_."):
        return 0, 0, name
    disc, number, rest = match.groups()
    plain = name[len(number) : len(number) + 1] == " " and not number.startswith("0")
    if (
        plain
        and int(number) > tracks
        and not rest.startswith("- ")
        and disc is None
        and " - " not in name[: len(number) + 3]
    ):
        # "99 Luftballons" is a title, "07 Luftballons" is a number and a title, and so is
        # "11 Luftballons" where eleven files or more lie beside a "01 ...".
        return 0, 0, name
    return int(number), int(disc or 0), rest.strip(" -_.")
