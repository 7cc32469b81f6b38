"""Measures init sections and media segments: what is in the boxes, not what is said of them."""

import struct
from dataclasses import dataclass

from antiphon.audio import Box, find_box, read_boxes
from antiphon.kernel import Corrupt
from antiphon.streaming.inspector.fetching import Fetched

_AUDIO = b"soun"
_ESDS_SPECIFIC, _ESDS_CONFIG, _ESDS_ES = 0x05, 0x04, 0x03
_ESCAPED_OBJECT_TYPE = 31
_NOT_SYNC = 0x00010000
_LOUDNESS_STEP, _LOUDNESS_FLOOR = 0.25, -57.75
_TRUN_DURATION, _TRUN_FIRST_FLAGS, _TRUN_SIZE, _TRUN_FLAGS = 0x100, 0x4, 0x200, 0x400
_TFHD_FIELDS = ((0x1, 8), (0x2, 4))  # base data offset, sample description index


@dataclass(frozen=True, slots=True)
class InitFacts:
    """What an init section says. ``fault`` is set where it could not be read."""

    kinds: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    audio_tracks: int = 0
    other_tracks: int = 0
    codec: str = ""
    entries: int = 0
    encrypted: bool = False
    timescale: int = 0
    sample_rate: int = 0
    channels: int = 0
    bit_depth: int = 0
    edit_start: int = 0
    edit_end: int | None = None
    default_duration: int = 0
    fragmented: bool = False
    loudness: float | None = None
    grouped: bool = False
    explicit_sbr: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What a media segment holds; times in ticks of the timescale."""

    size: int
    kinds: tuple[str, ...] = ()
    tracks: int = 0
    decode_time: int | None = None
    duration: int = 0
    starts_in_sync: bool = False
    has_senc: bool = False
    grouped: bool = False
    fault: str = ""


def init_facts(source: Fetched) -> InitFacts:
    """Measure an init section."""
    if not source.ok:
        return InitFacts(fault=_why(source))
    try:
        return _init(read_boxes(source.body))
    except (Corrupt, struct.error, IndexError) as fault:
        return InitFacts(fault=f"its boxes cannot be read: {fault}")


def segment_facts(source: Fetched, init: InitFacts) -> SegmentFacts:
    """Measure a media segment."""
    size = len(source.body)
    if not source.ok:
        return SegmentFacts(size, fault=_why(source))
    try:
        return _segment(read_boxes(source.body), init, size)
    except (Corrupt, struct.error, IndexError) as fault:
        return SegmentFacts(size, fault=f"its boxes cannot be read: {fault}")


def _why(source: Fetched) -> str:
    if source.status in {200, 206}:
        return source.reason if "gzip" in source.reason else "it is empty"
    return f"it cannot be fetched: {source.status or 'unreachable'} {source.reason}".rstrip()


def _init(boxes: tuple[Box, ...]) -> InitFacts:
    kinds = tuple(b.kind for b in boxes)
    moov, ftyp = find_box(boxes, "moov"), find_box(boxes, "ftyp")
    if moov is None:
        return InitFacts(kinds=kinds, fault="it has no moov box")
    tracks = [b for b in moov.children if b.kind == "trak"]
    audio = [t for t in tracks if _handler(t) == _AUDIO]
    if not audio:
        return InitFacts(kinds=kinds, fault="it has no audio track", other_tracks=len(tracks))
    track = audio[0]
    entry, entries = _sample_entry(track)
    trex = moov.find("mvex/trex")
    edit = _edit(track, _timescale(track), moov.find("mvhd"))
    return InitFacts(
        kinds=kinds,
        brands=() if ftyp is None else _brands(ftyp.body),
        audio_tracks=len(audio),
        other_tracks=len(tracks) - len(audio),
        codec=_codec(entry),
        entries=entries,
        encrypted=entry is not None and entry.kind == "enca",
        timescale=_timescale(track),
        sample_rate=_sample_rate(entry),
        channels=0 if entry is None else struct.unpack_from(">H", entry.body, 16)[0],
        bit_depth=_bit_depth(entry),
        edit_start=edit[0],
        edit_end=edit[1],
        default_duration=0 if trex is None else struct.unpack_from(">I", trex.body, 12)[0],
        fragmented=trex is not None,
        loudness=_loudness(track),
        grouped=_has_groups(track.find("mdia/minf/stbl")),
        explicit_sbr=_object_type(entry) in {5, 29},
    )


def _handler(track: Box) -> bytes:
    handler = track.find("mdia/hdlr")
    return b"" if handler is None else handler.body[8:12]


def _brands(ftyp: bytes) -> tuple[str, ...]:
    raw = [ftyp[:4], *(ftyp[n : n + 4] for n in range(8, len(ftyp), 4))]
    return tuple(b.decode("latin-1") for b in raw)


def _timescale(track: Box) -> int:
    mdhd = track.find("mdia/mdhd")
    if mdhd is None:
        return 0
    at = 20 if mdhd.body[0] else 12
    return int(struct.unpack_from(">I", mdhd.body, at)[0])


def _sample_entry(track: Box) -> tuple[Box | None, int]:
    stsd = track.find("mdia/minf/stbl/stsd")
    if stsd is None or not stsd.children:
        return None, 0
    return stsd.children[0], len(stsd.children)


def _inner(entry: Box, kind: str) -> Box | None:
    """Return a box inside a sample entry, also in one that the reader does not know."""
    return entry.find(kind) or find_box(read_boxes(entry.body[28:]), kind)


def _codec(entry: Box | None) -> str:
    if entry is None:
        return ""
    kind = entry.kind
    if kind == "enca":
        original = _inner(entry, "sinf/frma")
        kind = kind if original is None else original.body.decode("latin-1")
    if kind == "mp4a":
        return f"mp4a.40.{_object_type(entry)}"
    return kind


def _object_type(entry: Box | None) -> int:
    """Return the AAC object type from the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)."""
    config = b"" if entry is None else _specific_config(entry)
    if not config:
        return 0
    kind = config[0] >> 3
    if kind == _ESCAPED_OBJECT_TYPE and len(config) > 1:
        return 32 + ((config[0] & 7) << 3 | config[1] >> 5)
    return kind


def _specific_config(entry: Box) -> bytes:
    esds = _inner(entry, "esds") if entry.kind in {"mp4a", "enca"} else None
    if esds is None:
        return b""
    body = _descriptor(esds.body[4:], _ESDS_ES)[3:]
    return _descriptor(_descriptor(body, _ESDS_CONFIG)[13:], _ESDS_SPECIFIC)


def _descriptor(data: bytes, tag: int) -> bytes:
    """Return the body of the descriptor that ``data`` begins with; empty if it is another one."""
    if not data or data[0] != tag:
        return b""
    at, length = 1, 0
    while True:
        length = length << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            return data[at : at + length]


def _sample_rate(entry: Box | None) -> int:
    if entry is None:
        return 0
    flac, alac = _inner(entry, "dfLa"), _inner(entry, "alac")
    if flac is not None:  # STREAMINFO: 20 bits after 10 bytes, behind version and block header
        return int.from_bytes(flac.body[18:21], "big") >> 4
    if alac is not None:
        return int(struct.unpack_from(">I", alac.body, 24)[0])
    return int(struct.unpack_from(">I", entry.body, 24)[0]) >> 16


def _bit_depth(entry: Box | None) -> int:
    if entry is None:
        return 0
    flac, alac = _inner(entry, "dfLa"), _inner(entry, "alac")
    if flac is not None:
        return (int.from_bytes(flac.body[20:22], "big") >> 4 & 0x1F) + 1
    if alac is not None:
        return alac.body[9]
    return int(struct.unpack_from(">H", entry.body, 18)[0])


def _edit(track: Box, timescale: int, mvhd: Box | None) -> tuple[int, int | None]:
    """Return where presentation begins and ends in media time; no end where none is told."""
    elst = track.find("edts/elst")
    if elst is None:
        return 0, None
    form = ">Qq" if elst.body[0] else ">Ii"
    length, start = struct.unpack_from(form, elst.body, 8)
    movie_timescale = timescale
    if mvhd is not None:
        movie_timescale = struct.unpack_from(">I", mvhd.body, 20 if mvhd.body[0] else 12)[0]
    begin = max(0, int(start))
    if not length or not movie_timescale:
        return begin, None
    return begin, begin + round(length * timescale / movie_timescale)


def _loudness(track: Box) -> float | None:
    """Return the programme loudness of ``tlou`` in LUFS (ISO/IEC 14496-12, 12.2.7)."""
    tlou = track.find("udta/ludt/tlou")
    if tlou is None:
        return None
    body = tlou.body[4:]
    if tlou.body[0]:
        body = body[2:]  # version 1 counts its loudness bases first, each with an EQ set
    measured = [body[7 + 3 * n : 10 + 3 * n] for n in range(body[6])]
    found = [m[1] for m in measured if m[0] == 1]
    return found[0] * _LOUDNESS_STEP + _LOUDNESS_FLOOR if found else None


def _has_groups(parent: Box | None) -> bool:
    return parent is not None and any(b.kind in {"sgpd", "sbgp"} for b in parent.children)


def _segment(boxes: tuple[Box, ...], init: InitFacts, size: int) -> SegmentFacts:
    kinds = tuple(b.kind for b in boxes)
    fragments = [b for b in boxes if b.kind == "moof"]
    tracks = [b for moof in fragments for b in moof.children if b.kind == "traf"]
    if not tracks:
        return SegmentFacts(size, kinds, fault="it has no track fragment")
    first = tracks[0]
    return SegmentFacts(
        size=size,
        kinds=kinds,
        tracks=max(sum(b.kind == "traf" for b in moof.children) for moof in fragments),
        decode_time=_decode_time(first),
        duration=sum(_duration(t, init.default_duration) for t in tracks),
        starts_in_sync=not _first_flags(first) & _NOT_SYNC,
        has_senc=any(b.kind in {"senc", "saiz"} for t in tracks for b in t.children),
        grouped=any(_has_groups(t) for t in tracks),
    )


def _decode_time(track: Box) -> int | None:
    tfdt = track.find("tfdt")
    if tfdt is None:
        return None
    return int(struct.unpack_from(">Q" if tfdt.body[0] else ">I", tfdt.body, 4)[0])


def _flags(box: Box) -> int:
    return int(struct.unpack_from(">I", box.body)[0]) & 0xFFFFFF


def _default(track: Box, wanted: int) -> int | None:
    """Return a default of the track fragment header: 0x8 duration, 0x20 flags."""
    tfhd = track.find("tfhd")
    if tfhd is None or not _flags(tfhd) & wanted:
        return None
    flags, at = _flags(tfhd), 8
    for bit, width in (*_TFHD_FIELDS, (0x8, 4), (0x10, 4), (0x20, 4)):
        if bit == wanted:
            break
        at += width if flags & bit else 0
    return int(struct.unpack_from(">I", tfhd.body, at)[0])


def _duration(track: Box, usual: int) -> int:
    default = _default(track, 0x8)
    each = usual if default is None else default
    total = 0
    for run in (b for b in track.children if b.kind == "trun"):
        rows = _rows(run)
        timed = _flags(run) & _TRUN_DURATION
        total += sum(row[0] for row in rows) if timed else each * _count(run)
    return total


def _count(run: Box) -> int:
    return int(struct.unpack_from(">I", run.body, 4)[0])


def _rows(run: Box) -> list[tuple[int, ...]]:
    """Return the per-sample fields of a run; the duration is the first where it is there."""
    flags = _flags(run)
    width = (flags & 0xF00).bit_count()
    if not width:
        return []
    at = 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & _TRUN_FIRST_FLAGS)
    values = struct.unpack_from(f">{_count(run) * width}I", run.body, at)
    return [values[n : n + width] for n in range(0, len(values), width)]


def _first_flags(track: Box) -> int:
    run = track.find("trun")
    if run is None:
        return _NOT_SYNC
    flags = _flags(run)
    if flags & _TRUN_FIRST_FLAGS:
        return int(struct.unpack_from(">I", run.body, 8 + 4 * bool(flags & 0x1))[0])
    if flags & _TRUN_FLAGS:
        before = bool(flags & _TRUN_DURATION) + bool(flags & _TRUN_SIZE)
        rows = _rows(run)
        return rows[0][before] if rows else _NOT_SYNC
    return _default(track, 0x20) or 0
