"""Tags of every format, brought to one vocabulary: the Vorbis comment names of MusicBrainz Picard.

mutagen reads them because it knows all frames of all formats (multiple values, sort names, ids,
synced lyrics, pictures) at about 0.3 ms a file. Where it gives up on damaged tags, tinytag, which
forgives more, saves what it can.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import mutagen.aac
import mutagen.aiff
import mutagen.apev2
import mutagen.dsf
import mutagen.flac
import mutagen.id3
import mutagen.monkeysaudio
import mutagen.mp3
import mutagen.mp4
import mutagen.oggflac
import mutagen.oggopus
import mutagen.oggvorbis
import mutagen.wave
import mutagen.wavpack
from mutagen import MutagenError

from antiphon.catalog import SourceFormat
from antiphon.ingest.source import Container, Layout
from antiphon.kernel import Corrupt

MAX_PICTURE = 20 * 1024 * 1024
_MAX_VALUES = 64
_MAX_TEXT = 100_000  # characters of one value; lyrics are the longest
_FRONT_COVER = 3
_OPUS_RATE = 48_000  # Opus decodes at this rate whatever went in (RFC 7845 section 4)

Comments = dict[str, list[str]]
SyncedLine = tuple[str, int]


class RawTags:
    """Comments by squeezed name (``albumartist``), and what is no text."""

    def __init__(self) -> None:
        self.comments: Comments = {}
        self.pictures: list[tuple[int, bytes]] = []
        self.synced: list[SyncedLine] = []
        self.length = 0.0
        self.sample_rate = 0
        self.channels = 0
        self.bit_depth = 0

    def add(self, name: str, values: Iterable[object]) -> None:
        """Add values to a name, bounded in number and size."""
        kept = self.comments.setdefault(squeezed(name), [])
        for value in values:
            text = str(value)[:_MAX_TEXT]
            if text.strip() and len(kept) < _MAX_VALUES:
                kept.append(text)

    def cover(self) -> bytes | None:
        """Return the front cover, or else the first picture."""
        fitting = [p for p in self.pictures if 0 < len(p[1]) <= MAX_PICTURE]
        front = next((data for kind, data in fitting if kind == _FRONT_COVER), None)
        return front or (fitting[0][1] if fitting else None)


def squeezed(name: str) -> str:
    """Return a tag's name without case, spaces and separators."""
    return "".join(c for c in name.lower() if c.isalnum())


def read_tags(file: BinaryIO, layout: Layout) -> RawTags:
    """Return a file's tags; ``Corrupt`` where mutagen cannot make sense of them."""
    try:
        opened = _opener(layout)(file)
    except (
        MutagenError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as fault:
        raise Corrupt(f"damaged tags: {_reason(fault)}") from fault
    raw = RawTags()
    _note_info(raw, opened.info)
    if layout.format is SourceFormat.OPUS:
        raw.sample_rate = _OPUS_RATE
    _note_tags(raw, opened)
    return raw


def _opener(layout: Layout) -> Callable[[BinaryIO], Any]:
    in_ogg: dict[SourceFormat, Any] = {
        SourceFormat.FLAC: mutagen.oggflac.OggFLAC,
        SourceFormat.VORBIS: mutagen.oggvorbis.OggVorbis,
        SourceFormat.OPUS: mutagen.oggopus.OggOpus,
    }
    openers: dict[Container, Any] = {
        Container.FLAC: mutagen.flac.FLAC,
        Container.MPEG: mutagen.mp3.MP3,
        Container.ADTS: mutagen.aac.AAC,
        Container.MP4: mutagen.mp4.MP4,
        Container.WAV: mutagen.wave.WAVE,
        Container.AIFF: mutagen.aiff.AIFF,
        Container.WAVPACK: mutagen.wavpack.WavPack,
        Container.APE: mutagen.monkeysaudio.MonkeysAudio,
        Container.DSF: mutagen.dsf.DSF,
    }
    opener: Callable[[BinaryIO], Any] = (
        in_ogg[layout.format] if layout.container is Container.OGG else openers[layout.container]
    )
    return opener


def _reason(fault: Exception) -> str:
    return (str(fault) or type(fault).__name__)[:200]


def _note_info(raw: RawTags, info: Any) -> None:
    raw.length = float(getattr(info, "length", 0.0) or 0.0)
    raw.sample_rate = int(getattr(info, "sample_rate", 0) or 0)
    raw.channels = int(getattr(info, "channels", 0) or 0)
    raw.bit_depth = int(getattr(info, "bits_per_sample", 0) or getattr(info, "sample_size", 0) or 0)


def _note_tags(raw: RawTags, opened: Any) -> None:
    tags = opened.tags
    for picture in getattr(opened, "pictures", None) or []:
        raw.pictures.append((picture.type, picture.data))
    if isinstance(tags, mutagen.id3.ID3):
        add_id3(raw, tags)
    elif isinstance(tags, mutagen.mp4.MP4Tags):
        _note_mp4(raw, tags)
    elif isinstance(tags, mutagen.apev2.APEv2):
        _note_ape(raw, tags)
    elif tags is not None:
        _note_vorbis(raw, tags)


def _note_vorbis(raw: RawTags, tags: Iterable[tuple[str, str]]) -> None:
    for name, value in tags:
        if name.lower() == "metadata_block_picture":
            _note_vorbis_picture(raw, value)
        elif name.lower() != "coverart":
            raw.add(name, [value])


def _note_vorbis_picture(raw: RawTags, value: str) -> None:
    import base64  # noqa: PLC0415 - rare
    import binascii  # noqa: PLC0415 - rare

    if len(value) > MAX_PICTURE * 4 // 3 + 1024:
        return
    try:
        picture: Any = mutagen.flac.Picture(base64.b64decode(value))  # type: ignore[no-untyped-call]
    except (binascii.Error, ValueError, MutagenError):
        return
    raw.pictures.append((picture.type, picture.data))


def _note_ape(raw: RawTags, tags: Any) -> None:
    for name, value in tags.items():
        if isinstance(value, mutagen.apev2.APETextValue):
            raw.add(_APE_NAMES.get(squeezed(name), name), list(value))
        elif isinstance(value, mutagen.apev2.APEBinaryValue) and squeezed(name).startswith(
            "coverart"
        ):
            _, _, data = bytes(value.value or b"").partition(
                b"\0"
            )  # a file name stands before the picture
            kind = _FRONT_COVER if "front" in name.lower() else 0
            raw.pictures.append((kind, data))


def add_id3(raw: RawTags, tags: Any) -> None:
    """Add what the frames of an ID3 tag say."""
    for frame in tags.values():
        match frame.FrameID:
            case "APIC":
                raw.pictures.append((int(frame.type), frame.data))
            case "TXXX":
                raw.add(frame.desc, frame.text)
            case "UFID" if frame.owner == "http://musicbrainz.org":
                raw.add("musicbrainz_trackid", [frame.data.decode("ascii", "replace")])
            case "USLT":
                raw.add("lyrics", [frame.text])
            case "SYLT" if frame.format == 2 and frame.type in {0, 1}:  # milliseconds, words
                raw.synced += [(text.strip("\r\n"), int(at)) for text, at in frame.text[:5000]]
            case "TCON":
                raw.add("genre", frame.genres)
            case name if name in _ID3_NAMES:
                raw.add(_ID3_NAMES[name], frame.text)
            case _:
                pass


def _note_mp4(raw: RawTags, tags: Any) -> None:
    for name, values in tags.items():
        if name == "covr":
            raw.pictures += [(_FRONT_COVER, bytes(value)) for value in values[:8]]
        elif name in {"trkn", "disk"}:
            raw.add(_MP4_NAMES[name], [f"{a}/{b}" for a, b in values])
        elif name == "cpil":
            raw.add("compilation", [int(bool(values))])
        elif name.startswith("----:"):
            texts = [bytes(v).decode("utf-8", "replace") for v in values]
            raw.add(name.rsplit(":", 1)[-1], texts)
        elif name in _MP4_NAMES:
            raw.add(_MP4_NAMES[name], values if isinstance(values, list) else [values])


def forgiving_tags(path: str) -> RawTags:
    """Return what tinytag can save of a file whose tags are damaged; ``Corrupt`` if nothing."""
    import tinytag  # noqa: PLC0415 - only for damaged files

    try:
        found = tinytag.TinyTag.get(path, tags=True, duration=True)
    except (
        tinytag.TinyTagException,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        ArithmeticError,
    ) as fault:
        raise Corrupt(f"damaged tags: {_reason(fault)}") from fault
    raw = RawTags()
    raw.length = float(found.duration or 0.0)
    raw.sample_rate = int(found.samplerate or 0)
    raw.channels = int(found.channels or 0)
    raw.bit_depth = int(found.bitdepth or 0)
    for name, value in _tinytag_values(found):
        raw.add(name, [value])
    return raw


def _tinytag_values(found: Any) -> Iterator[tuple[str, object]]:
    for name in ("title", "artist", "album", "albumartist", "composer", "genre"):
        value = getattr(found, name, None)
        if value:
            yield name, value
    for name, value in (
        ("date", found.year),
        ("tracknumber", found.track),
        ("discnumber", found.disc),
    ):
        if value:
            yield name, value


_ID3_NAMES = {
    "TIT2": "title",
    "TPE1": "artist",
    "TPE2": "albumartist",
    "TALB": "album",
    "TCOM": "composer",
    "TDRC": "date",
    "TDOR": "originaldate",
    "TPOS": "discnumber",
    "TRCK": "tracknumber",
    "TCMP": "compilation",
    "TSOT": "titlesort",
    "TSOP": "artistsort",
    "TSO2": "albumartistsort",
    "TSOA": "albumsort",
    "TSRC": "isrc",
    "TPUB": "label",
    "TCOP": "copyright",
}

_MP4_NAMES = {
    "\xa9nam": "title",
    "\xa9ART": "artist",
    "aART": "albumartist",
    "\xa9alb": "album",
    "\xa9wrt": "composer",
    "\xa9gen": "genre",
    "\xa9day": "date",
    "trkn": "tracknumber",
    "disk": "discnumber",
    "sonm": "titlesort",
    "soar": "artistsort",
    "soaa": "albumartistsort",
    "soal": "albumsort",
    "cprt": "copyright",
    "\xa9lyr": "lyrics",
    "rtng": "itunesadvisory",
}

_APE_NAMES = {
    "year": "date",
    "track": "tracknumber",
    "disc": "discnumber",
    "albumartist": "albumartist",
    "publisher": "label",
    "unsyncedlyrics": "lyrics",
}
