"""CMAF: writes the init section and media segments of one audio track, and reads them back.

ISO/IEC 14496-12 (boxes), 14496-14 (esds), 23000-19 (CMAF); dfLa and fLaC as the FLAC-in-ISOBMFF
specification says, alac as Apple's. Times are in samples: the timescale is the sample rate.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.audio.boxes import find_box, read_boxes, write_box, write_full_box
from antiphon.audio.encryption import (
    Protection,
    SampleCipher,
    empty_senc,
    protected_entry,
    pssh_box,
)
from antiphon.audio.model import AccessUnit, Coding, Loudness, Rung
from antiphon.kernel import Corrupt

_UNITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SYNC_SAMPLE_FLAGS = 0x02000000  # depends on no other sample
_MAX_RATE_FIELD = 0xFFFF  # the sample entry's rate is 16.16; above, dfLa and the cookie tell
_ALAC_COOKIE_BYTES = 24
_STREAMINFO_BYTES = 34
_FLAC_LAST_BLOCK_STREAMINFO = 0x80
_TRUE_PEAK_STEPS = 32  # per dB, downwards from +20 dBTP: ISO/IEC 23003-4, 6.1.2.5
_MEASURED_BY_BS1770 = 2
_ACCURATE = 3
_PROGRAM_LOUDNESS = 1
_AAC_ROLL = -1
_OPUS_ROLL = -4  # 80 ms
_OPUS_HEAD = struct.Struct("<8xBBHIhB")
_UND = 0x55C4  # ISO 639-2/T "und", packed


@dataclass(frozen=True, slots=True)
class TrackSpec:
    """What the init section says. ``codec_data`` is the encoder's extradata after its flush."""

    rung: Rung
    codec_data: bytes
    sample_rate: int
    channels: int
    bit_depth: int
    priming: int
    samples: int
    bitrate: int = 0
    loudness: Loudness | None = None
    protection: Protection | None = None


def init_section(spec: TrackSpec) -> bytes:
    """Return ``ftyp`` + ``moov`` for one audio track."""
    brand = b"caac" if spec.rung.coding is Coding.AAC else b"cmf2"
    ftyp = write_box(b"ftyp", b"iso6\0\0\0\0", b"iso6cmfc", brand)
    trex = write_full_box(b"trex", 0, 0, struct.pack(">5I", 1, 1, 0, 0, 0))
    boxes = (_mvhd(spec), _trak(spec), write_box(b"mvex", trex), *_pssh(spec))
    return ftyp + write_box(b"moov", *boxes)


def media_segment(
    number: int,
    decode_time: int,
    units: Sequence[AccessUnit],
    *,
    rolls: bool = False,
    cipher: SampleCipher | None = None,
) -> bytes:
    """Return ``styp`` + ``moof`` + ``mdat`` for one run of access units.

    ``decode_time`` is in samples of media time. ``rolls`` maps every sample to the roll group of
    the init section: an AAC decoder is right only one access unit after it starts. A ``cipher``
    encrypts; what is encrypted has no groups (Apple's HLS authoring specification, 1.41).
    """
    if cipher is not None:
        units = cipher.sealed(units)
    tfdt = write_full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time))
    tfhd, sizes, trun_flags = _tfhd_and_sizes(units)
    more = _more_of(units, rolls=rolls, is_encrypted=cipher is not None)
    mfhd = write_full_box(b"mfhd", 0, 0, struct.pack(">I", number + 1))
    trun_size = 12 + 8 + len(sizes)
    moof_size = 8 + len(mfhd) + 8 + len(tfhd) + len(tfdt) + trun_size + len(more)
    run = struct.pack(">Ii", len(units), moof_size + 8)
    trun = write_full_box(b"trun", 0, trun_flags, run, sizes)
    moof = write_box(b"moof", mfhd, write_box(b"traf", tfhd, tfdt, trun, more))
    styp = write_box(b"styp", b"msdh\0\0\0\0msdhmsixcmfs")
    return b"".join((styp, moof, write_box(b"mdat", *(data for data, _ in units))))


def _more_of(units: Sequence[AccessUnit], *, rolls: bool, is_encrypted: bool) -> bytes:
    """Return what a track fragment says besides times and sizes."""
    if is_encrypted:
        return empty_senc(len(units))
    groups = struct.pack(">3I", 1, len(units), 1)
    return write_full_box(b"sbgp", 0, 0, b"roll", groups) if rolls else b""


def _tfhd_and_sizes(units: Sequence[AccessUnit]) -> tuple[bytes, bytes, int]:
    durations = {duration for _, duration in units}
    if len(durations) == 1:
        fields = struct.pack(">3I", 1, durations.pop(), _SYNC_SAMPLE_FLAGS)
        sizes = struct.pack(f">{len(units)}I", *(len(data) for data, _ in units))
        return write_full_box(b"tfhd", 0, 0x020028, fields), sizes, 0x201
    fields = struct.pack(">2I", 1, _SYNC_SAMPLE_FLAGS)
    pairs = [value for data, duration in units for value in (duration, len(data))]
    return (
        write_full_box(b"tfhd", 0, 0x020020, fields),
        struct.pack(f">{len(pairs)}I", *pairs),
        0x301,
    )


def _mvhd(spec: TrackSpec) -> bytes:
    times = struct.pack(">4I", 0, 0, spec.sample_rate, 0)
    rate_and_volume = struct.pack(">IHxx8x", 0x10000, 0x0100)
    return write_full_box(
        b"mvhd", 0, 0, times, rate_and_volume, _UNITY_MATRIX, bytes(24), b"\0\0\0\2"
    )


def _trak(spec: TrackSpec) -> bytes:
    tkhd = write_full_box(
        b"tkhd",
        0,
        7,
        struct.pack(">5I8xHHHxx", 0, 0, 1, 0, 0, 0, 0, 0x0100),
        _UNITY_MATRIX,
        bytes(8),
    )
    return write_box(b"trak", tkhd, write_box(b"edts", _elst(spec)), _mdia(spec), _udta(spec))


def _elst(spec: TrackSpec) -> bytes:
    wide = spec.samples > 0xFFFFFFFF
    entry = struct.pack(">Qq" if wide else ">Ii", spec.samples, spec.priming)
    return write_full_box(b"elst", int(wide), 0, struct.pack(">I", 1), entry, b"\0\1\0\0")


def _mdia(spec: TrackSpec) -> bytes:
    mdhd = write_full_box(b"mdhd", 0, 0, struct.pack(">4IHxx", 0, 0, spec.sample_rate, 0, _UND))
    hdlr = write_full_box(b"hdlr", 0, 0, b"\0\0\0\0soun", bytes(12), b"Antiphon\0")
    dref = write_full_box(b"dref", 0, 0, struct.pack(">I", 1), write_full_box(b"url ", 0, 1))
    minf = write_box(
        b"minf", write_full_box(b"smhd", 0, 0, bytes(4)), write_box(b"dinf", dref), _stbl(spec)
    )
    return write_box(b"mdia", mdhd, hdlr, minf)


def _stbl(spec: TrackSpec) -> bytes:
    stsd = write_full_box(b"stsd", 0, 0, struct.pack(">I", 1), _sample_entry(spec))
    empty = [write_full_box(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc")]
    empty += [write_full_box(b"stsz", 0, 0, bytes(8)), write_full_box(b"stco", 0, 0, bytes(4))]
    units = _OPUS_ROLL if spec.rung.coding is Coding.OPUS else _AAC_ROLL
    roll = write_full_box(b"sgpd", 1, 0, b"roll", struct.pack(">IIh", 2, 1, units))
    has_roll = not spec.rung.is_lossless and spec.protection is None
    return write_box(b"stbl", stsd, *empty, roll if has_roll else b"")


def _pssh(spec: TrackSpec) -> tuple[bytes, ...]:
    """Return the boxes that tell players whose key to ask for."""
    if spec.protection is None:
        return ()
    return (pssh_box(spec.protection.key.kid), *spec.protection.pssh)


def _sample_entry(spec: TrackSpec) -> bytes:
    entry = _clear_entry(spec)
    return entry if spec.protection is None else protected_entry(entry, spec.protection.key)


def _clear_entry(spec: TrackSpec) -> bytes:
    rate = spec.sample_rate if spec.sample_rate <= _MAX_RATE_FIELD else 0
    head = struct.pack(">6xH8xHHxxxxI", 1, spec.channels, spec.bit_depth, rate << 16)
    if spec.rung.coding is Coding.FLAC:
        header = struct.pack(">I", _FLAC_LAST_BLOCK_STREAMINFO << 24 | _STREAMINFO_BYTES)
        return write_box(
            b"fLaC", head, write_full_box(b"dfLa", 0, 0, header, _streaminfo(spec.codec_data))
        )
    if spec.rung.coding is Coding.ALAC:
        return write_box(
            b"alac", head, write_full_box(b"alac", 0, 0, spec.codec_data[-_ALAC_COOKIE_BYTES:])
        )
    if spec.rung.coding is Coding.OPUS:
        return write_box(b"Opus", head, write_box(b"dOps", opus_specific(spec.codec_data)))
    return write_box(b"mp4a", head, _esds(spec))


def opus_specific(head: bytes) -> bytes:
    """Return what ``dOps`` holds, from an ``OpusHead`` (RFC 7845, 5.1): the same in big-endian."""
    _, channels, pre_skip, rate, gain, family = _OPUS_HEAD.unpack_from(head)
    return struct.pack(">BBHIhB", 0, channels, pre_skip, rate, gain, family) + head[19:]


def _streaminfo(codec_data: bytes) -> bytes:
    if len(codec_data) != _STREAMINFO_BYTES:
        raise Corrupt(f"STREAMINFO has {len(codec_data)} bytes, not {_STREAMINFO_BYTES}.")
    return codec_data


def _esds(spec: TrackSpec) -> bytes:
    specific = _descriptor(0x05, spec.codec_data)
    rates = struct.pack(">2I", spec.bitrate, spec.bitrate)
    config = _descriptor(0x04, b"\x40\x15\0\0\0", rates, specific)  # AAC, audio stream
    return write_full_box(
        b"esds", 0, 0, _descriptor(0x03, b"\0\1\0", config, _descriptor(0x06, b"\x02"))
    )


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    length = len(body)
    sizes = bytes(0x80 | length >> shift & 0x7F for shift in (21, 14, 7)) + bytes([length & 0x7F])
    return bytes([tag]) + sizes + body


def _udta(spec: TrackSpec) -> bytes:
    """Return ``udta/ludt``: loudness of the song and, where known, of the album."""
    loudness = spec.loudness
    if loudness is None:
        return b""
    boxes = [_loudness_box(b"tlou", loudness.integrated, loudness.true_peak)]
    if loudness.album_integrated is not None and loudness.album_true_peak is not None:
        boxes.append(_loudness_box(b"alou", loudness.album_integrated, loudness.album_true_peak))
    return write_box(b"udta", write_box(b"ludt", *boxes))


def _loudness_box(kind: bytes, integrated: float, true_peak: float) -> bytes:
    """Return one LoudnessBaseBox: ISO/IEC 14496-12, 12.2.7; values as in ISO/IEC 23003-4."""
    peak = min(max(round((20 - true_peak) * _TRUE_PEAK_STEPS), 1), 0xFFF)
    level = min(max(round((integrated + 57.75) * 4), 0), 0xFF)
    how = bytes([_MEASURED_BY_BS1770 << 4 | _ACCURATE])
    peaks = bytes(2) + peak.to_bytes(3, "big")  # 12 bits sample peak (0: not told), 12 true peak
    return write_full_box(kind, 0, 0, peaks, how, bytes([1, _PROGRAM_LOUDNESS, level]), how)


def read_units(segment: bytes) -> list[AccessUnit]:
    """Return the access units of one media segment, as ``media_segment`` laid them down."""
    boxes = read_boxes(segment)
    trun, tfhd = find_box(boxes, "moof/traf/trun"), find_box(boxes, "moof/traf/tfhd")
    moof = find_box(boxes, "moof")
    if trun is None or tfhd is None or moof is None:
        raise Corrupt("The segment has no track run.")
    try:
        return _units(segment, moof.start, tfhd.body, trun.body)
    except struct.error as fault:
        raise Corrupt(f"The track run is cut short: {fault}.") from fault


def _units(segment: bytes, base: int, tfhd: bytes, trun: bytes) -> list[AccessUnit]:
    flags, count, offset = struct.unpack_from(">IIi", trun)
    default = struct.unpack_from(">I", tfhd, 8)[0] if flags & 0x100 == 0 else 0
    width = 2 if flags & 0x100 else 1
    fields = struct.unpack_from(f">{count * width}I", trun, 12)
    sizes = fields[width - 1 :: width]
    durations = fields[::2] if width == 2 else [default] * count
    position = base + offset
    units = []
    for size, duration in zip(sizes, durations, strict=True):
        units.append((segment[position : position + size], duration))
        position += size
    return units
