"""Immersive masters among files: told by what is in them, and what they say of themselves.

Rooms above need to know no more than how the channels are to be understood; what the master says
of objects is read again where it is rendered.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import BinaryIO, Final

import mutagen.id3
from mutagen import MutagenError

from antiphon.ingest.source import Container, Layout, Source
from antiphon.ingest.tags import RawTags, add_id3, read_tags
from antiphon.kernel import Corrupt

AMBISONICS: Final = "ambisonics"
ADM: Final = "adm"
_MAX_CHUNKS: Final = 4096
_MAX_TEXT_CHUNK: Final = 1024 * 1024
_MAX_DOCUMENT: Final = 256 * 1024 * 1024
_MAX_ID3: Final = 32 * 1024 * 1024
_MAX_REPAIRS: Final = 20
_IN_DS64: Final = 0xFFFF_FFFF
_LOUDSPEAKERS: Final = frozenset({6, 8, 10, 12, 14, 16})
_SPHERES: Final = frozenset({4, 9, 16})
_SAYS_AMBISONICS: Final = re.compile(
    r"ambi-?x|ambisonic|b-?format|(?<![a-z0-9])[1-3]oa(?![a-z0-9])|(?<![a-z])(?:hoa|foa)(?![a-z])",
    re.IGNORECASE,
)
_ISRC: Final = re.compile(rb"ISRC[:\s]*([A-Z]{2}-?[A-Z0-9]{3}-?\d{2}-?\d{5})")
# Names that programmes have where nobody named them.
_NAMELESS: Final = re.compile(
    r"(?:audio|main|adm|atmos|dolby|master|mix|programme|program|default|untitled|apr|[_\W\d])*",
    re.IGNORECASE,
)
_INFO_NAMES: Final = {
    b"INAM": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"ICRD": "date",
    b"IGNR": "genre",
    b"ITRK": "tracknumber",
    b"IPRT": "tracknumber",
    b"ICOP": "copyright",
    b"IMUS": "composer",
}
_DESCRIPTION_BYTES: Final = 256  # the first field of bext (EBU Tech 3285)


@dataclass(frozen=True, slots=True)
class Immersive:
    """An immersive master: ``scene`` as in ``catalog.Master``, and the programme's own name."""

    scene: str
    programme: str
    layout: Layout
    raw: RawTags


@dataclass(frozen=True, slots=True)
class _Chunk:
    start: int
    size: int


def immersive_of(opened: BinaryIO, layout: Layout, name: str, notes: list[str]) -> Immersive | None:
    """Return what an immersive master is; None for every other file.

    ``Corrupt`` names what is wrong with one that cannot be rendered; what was mended is noted.
    """
    if layout.container is Container.FLAC:
        return _of_flac(opened, layout, name)
    if layout.container is not Container.WAV:
        return None
    source = Source(opened.fileno())
    chunks = _chunks(source)
    channels = int.from_bytes(layout.facts[2:4], "little")
    if "axml" in chunks or "chna" in chunks:
        return _of_adm(opened, source, layout, chunks, notes)
    return _of_wave(opened, source, layout, name, chunks, channels)


def _of_adm(
    opened: BinaryIO, source: Source, layout: Layout, chunks: dict[str, _Chunk], notes: list[str]
) -> Immersive | None:
    from antiphon.spatial import SceneKind, read_scene  # noqa: PLC0415 - heavy, and rarely needed

    file, scene = read_scene(opened)
    if scene.kind is SceneKind.STEREO:
        return None
    notes += scene.repairs[:_MAX_REPAIRS]
    document = _bytes(source, chunks.get("axml"), _MAX_DOCUMENT)
    raw = _wave_tags(opened, source, layout, chunks)
    isrc = _ISRC.search(document)
    if isrc is not None and "isrc" not in raw.comments:
        raw.add("isrc", [isrc.group(1).decode("ascii")])
    form = file.format
    raw.length, raw.sample_rate = file.frames / form.sample_rate, form.sample_rate
    raw.channels, raw.bit_depth = form.channels, form.bits
    # The same samples with other positions are another recording.
    told = hashlib.blake2b(document, digest_size=16).digest()
    programme = "" if _NAMELESS.fullmatch(scene.programme) else scene.programme
    return Immersive(ADM, programme, replace(layout, facts=layout.facts + told), raw)


def _of_wave(
    opened: BinaryIO,
    source: Source,
    layout: Layout,
    name: str,
    chunks: dict[str, _Chunk],
    channels: int,
) -> Immersive | None:
    if channels <= 2:
        return None
    raw = _wave_tags(opened, source, layout, chunks)
    words = [name, *raw.comments.get("comment", ()), *raw.comments.get("description", ())]
    scene = _scene_of(channels, words)
    if scene is None:
        return None
    bits = int.from_bytes(layout.facts[14:16], "little")
    rate = int.from_bytes(layout.facts[4:8], "little")
    raw.channels, raw.sample_rate, raw.bit_depth = channels, rate, bits
    raw.length = (layout.end - layout.start) / (rate * channels * max(bits // 8, 1))
    return Immersive(scene, "", layout, raw)


def _of_flac(opened: BinaryIO, layout: Layout, name: str) -> Immersive | None:
    channels = (layout.facts[2] >> 1 & 7) + 1  # of STREAMINFO from its sample rate on
    if channels <= 2:
        return None
    raw = read_tags(opened, layout)
    scene = _scene_of(channels, [name, *raw.comments.get("comment", ())])
    return None if scene is None else Immersive(scene, "", layout, raw)


def _scene_of(channels: int, words: list[str]) -> str | None:
    if channels in _SPHERES and any(_SAYS_AMBISONICS.search(word) for word in words):
        return AMBISONICS
    if channels not in _LOUDSPEAKERS:
        return None
    from antiphon.spatial import scene_of_channels  # noqa: PLC0415 - heavy, and rarely needed

    return scene_of_channels(channels, 48000).programme


def _chunks(source: Source) -> dict[str, _Chunk]:
    """Return the chunks of a WAVE file, those behind the audio as well; damage ends the list."""
    found: dict[str, _Chunk] = {}
    large, at = 0, 12
    while len(found) < _MAX_CHUNKS and at + 8 <= source.size:
        head = source.at(at, 8)
        size = int.from_bytes(head[4:8], "little")
        if head[:4] == b"ds64":
            large = int.from_bytes(source.at(at + 16, 8), "little")
        if head[:4] == b"data" and size == _IN_DS64:
            size = large
        found.setdefault(head[:4].decode("latin-1"), _Chunk(at + 8, size))
        at += 8 + size + size % 2
    return found


def _bytes(source: Source, chunk: _Chunk | None, limit: int) -> bytes:
    return b"" if chunk is None else source.at(chunk.start, min(chunk.size, limit))


def _wave_tags(
    opened: BinaryIO, source: Source, layout: Layout, chunks: dict[str, _Chunk]
) -> RawTags:
    """Return what ID3, INFO and bext say, the first that says something of a name."""
    try:
        raw = read_tags(opened, layout)
    except Corrupt:  # RF64 and BW64 are foreign to mutagen
        raw = RawTags()
        _add_id3_chunk(raw, _bytes(source, chunks.get("id3 ") or chunks.get("ID3 "), _MAX_ID3))
    for name, text in _info(_bytes(source, chunks.get("LIST"), _MAX_TEXT_CHUNK)):
        if name not in raw.comments:
            raw.add(name, [text])
    description = _bytes(source, chunks.get("bext"), _DESCRIPTION_BYTES)
    raw.add("description", [_text(description)])
    return raw


def _add_id3_chunk(raw: RawTags, data: bytes) -> None:
    if not data:
        return
    try:
        tags = mutagen.id3.ID3(BytesIO(data))  # type: ignore[no-untyped-call]
    except (MutagenError, ValueError):
        return
    add_id3(raw, tags)


def _info(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield what an INFO list says (RIFF, section 3)."""
    if data[:4] != b"INFO":
        return
    at = 4
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        name = _INFO_NAMES.get(data[at : at + 4]) or _comment(data[at : at + 4])
        text = _text(data[at + 8 : at + 8 + size])
        if name and text:
            yield name, text
        at += 8 + size + size % 2


def _comment(name: bytes) -> str:
    return "comment" if name == b"ICMT" else "isrc" if name == b"ISRC" else ""


def _text(data: bytes) -> str:
    plain = data.split(b"\0", 1)[0]
    try:
        return plain.decode("utf-8").strip()
    except UnicodeDecodeError:
        return plain.decode("cp1252", "replace").strip()
