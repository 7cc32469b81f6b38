"""Reading files in a process of its own: what is in them may be made to harm.

``python -m antiphon.ingest.reader`` answers requests from its standard input, one frame (four bytes
of length, MessagePack) each. It holds no database, may use little memory, and if a file kills it,
its parent knows which one and goes on.
"""

import os
import resource
import stat
import struct
import sys
import warnings
from typing import BinaryIO

import msgspec

from antiphon.catalog import PreparedArtwork, artwork_id, parse_lyrics, prepare
from antiphon.ingest.fingerprint import content_hash
from antiphon.ingest.immersive import immersive_of
from antiphon.ingest.layout import layout_of
from antiphon.ingest.model import FileAnswer, FileRequest, FolderRequest, Picture, Sound, Tags
from antiphon.ingest.source import Layout, Source
from antiphon.ingest.tags import MAX_PICTURE, RawTags, forgiving_tags, read_tags
from antiphon.ingest.vocabulary import tags_of
from antiphon.kernel import Corrupt

_MEMORY = 1536 * 1024 * 1024  # address space: a 40-megapixel picture decoded, with room
_NICE = 5
_MAX_LYRICS = 1024 * 1024
_KNOWN_PICTURES = 4096
_LENGTH = struct.Struct(">I")
_LOSSY_BITS = 16


class FolderReader:
    """Reads files folder by folder; sends each picture's bytes once."""

    def __init__(self) -> None:
        self._pictures: dict[str, Picture] = {}
        self._folder_picture: tuple[str, Picture | None, str] = ("", None, "")

    def read(self, request: FolderRequest) -> list[FileAnswer]:
        """Read all files of the request; what cannot be read is answered with a reason."""
        return [self._read_file(request, file) for file in request.files]

    def _read_file(self, request: FolderRequest, file: FileRequest) -> FileAnswer:
        path = _path(request.folder, file.name)
        try:
            with open(path, "rb", opener=_open_regular) as opened:
                return self._answer(request, file, opened)
        except Corrupt as fault:
            return FileAnswer(name=file.name, failure=fault.detail)
        except OSError as fault:
            return FileAnswer(name=file.name, failure=f"cannot be read: {fault.strerror}")
        except MemoryError:
            return FileAnswer(name=file.name, failure="needs too much memory to be read")
        except Exception as fault:  # noqa: BLE001 - one file's oddity must not end the import
            return FileAnswer(name=file.name, failure=f"cannot be understood: {fault!r}"[:300])

    def _answer(self, request: FolderRequest, file: FileRequest, opened: BinaryIO) -> FileAnswer:
        source = Source(opened.fileno())
        layout = layout_of(source)
        notes: list[str] = []
        name = os.fsdecode(file.name)
        immersive = immersive_of(opened, layout, name, notes)
        if immersive is None:
            raw = _raw_tags(opened, _path(request.folder, file.name), layout, notes)
            sound = _sound(source, layout, raw)
        else:
            raw, scene, programme = immersive.raw, immersive.scene, immersive.programme
            sound = _sound(source, immersive.layout, raw)
            sound = msgspec.structs.replace(sound, scene=scene, programme=programme)
        tags = tags_of(raw)
        if file.lyrics:
            tags = _with_lyrics_file(tags, _path(request.folder, file.lyrics))
        picture = self._picture(raw.cover(), notes) or self._beside(request, notes)
        return FileAnswer(
            name=file.name, sound=sound, tags=tags, picture=picture, notes=tuple(notes)
        )

    def _beside(self, request: FolderRequest, notes: list[str]) -> Picture | None:
        """Return the folder's picture, read once for a run of files."""
        if not request.picture:
            return None
        path = _path(request.folder, request.picture)
        known_path, known, note = self._folder_picture
        if known_path != path:
            mine: list[str] = []
            known = self._picture(_contents(path, MAX_PICTURE), mine)
            note = mine[0] if mine else ""
            self._folder_picture = (path, known and msgspec.structs.replace(known, data=b""), note)
        if note:
            notes.append(note)
        return known

    def _picture(self, data: bytes | None, notes: list[str]) -> Picture | None:
        if not data:
            return None
        picture_id = artwork_id(data)
        known = self._pictures.get(picture_id)
        if known is not None:
            return known
        try:
            picture = _picture_of(prepare(data))
        except Corrupt as fault:
            notes.append(f"artwork refused: {fault.detail}")
            return None
        if len(self._pictures) >= _KNOWN_PICTURES:
            self._pictures.clear()
        self._pictures[picture_id] = msgspec.structs.replace(picture, data=b"")
        return picture


def _path(folder: bytes, name: bytes) -> str:
    return f"{os.fsdecode(folder)}/{os.fsdecode(name)}"


def _open_regular(path: str, flags: int) -> int:
    """Open a regular file only: a pipe named song.mp3 would block for ever."""
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Corrupt("not a regular file")
    return fd


def _raw_tags(opened: BinaryIO, path: str, layout: Layout, notes: list[str]) -> RawTags:
    try:
        return read_tags(opened, layout)
    except Corrupt as fault:
        raw = forgiving_tags(path)
        notes.append(fault.detail)
        return raw


def _sound(source: Source, layout: Layout, raw: RawTags) -> Sound:
    if raw.sample_rate <= 0 or raw.channels <= 0:
        raise Corrupt("the headers do not say how to play it")
    if raw.length <= 0:
        raise Corrupt("there is no audio in it")
    return Sound(
        format=layout.format,
        content_hash=content_hash(source, layout),
        sample_rate=raw.sample_rate,
        channels=raw.channels,
        bit_depth=(raw.bit_depth or _LOSSY_BITS) if layout.format.is_lossless else _LOSSY_BITS,
        duration_ms=round(raw.length * 1000),
    )


def _with_lyrics_file(tags: Tags, path: str) -> Tags:
    data = _contents(path, _MAX_LYRICS)
    if not data:
        return tags
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    lyrics = parse_lyrics(text)
    return msgspec.structs.replace(tags, lyrics=lyrics) if lyrics else tags


def _contents(path: str, limit: int) -> bytes | None:
    try:
        with open(path, "rb", opener=_open_regular) as opened:
            data = opened.read(limit + 1)
    except (OSError, Corrupt):
        return None
    return data if len(data) <= limit else None


def _picture_of(prepared: PreparedArtwork) -> Picture:
    artwork = prepared.artwork
    return Picture(
        id=artwork.id,
        width=artwork.width,
        height=artwork.height,
        colors=(
            artwork.bg_color,
            artwork.text_color1,
            artwork.text_color2,
            artwork.text_color3,
            artwork.text_color4,
        ),
        content_type=prepared.content_type,
        data=prepared.data,
    )


def main() -> None:
    """Answer requests until the standard input ends."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    warnings.simplefilter("ignore")  # of what is wrong with somebody's picture
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    decode = msgspec.msgpack.Decoder(FolderRequest).decode
    encode = msgspec.msgpack.Encoder().encode
    reader = FolderReader()
    while head := incoming.read(_LENGTH.size):
        request = decode(incoming.read(_LENGTH.unpack(head)[0]))
        answer = encode(reader.read(request))
        outgoing.write(_LENGTH.pack(len(answer)) + answer)
        outgoing.flush()


if __name__ == "__main__":
    main()
