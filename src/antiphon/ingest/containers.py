"""Where the coded audio lies, container by container; damage that headers give away is told."""

import re

from antiphon.catalog import SourceFormat
from antiphon.ingest.source import Container, Layout, Source, shortfall
from antiphon.ingest.tagged_ends import audio_end
from antiphon.kernel import Corrupt

_MAX_BLOCKS = 1_000_000  # boxes, chunks, blocks: bounds the work on a hostile file
_FLAC_TAIL = 256 * 1024
_OGG_TAIL = 70_000  # a page has at most 65,307 bytes
_MP3_LEAST_SHARE = 0.97  # encoders differ in what they count into the Xing header's byte count
_SYNC = re.compile(rb"\xff[\xe0-\xfe][\x00-\xfe]", re.DOTALL)
_UNKNOWN_SIZES = (0, 0xFFFF_FFFF)  # written by encoders that could not seek back


def flac_layout(source: Source, offset: int) -> Layout:
    """Lay out a FLAC stream: metadata blocks, then frames."""
    info = source.need(offset + 8, 34, "the stream information")
    position = offset + 4
    for _ in range(_MAX_BLOCKS):
        head = source.need(position, 4, "the metadata")
        position += 4 + int.from_bytes(head[1:4], "big")
        if head[0] & 0x80:
            break
    if position >= source.size:
        raise Corrupt("truncated: there is no audio behind the metadata")
    end = audio_end(source, position)
    total = int.from_bytes(info[13:18], "big") & 0xF_FFFF_FFFF
    last = _flac_samples(source, position, end, info)
    if total and last is not None and last < total:
        raise Corrupt(shortfall(last, total))
    return Layout(Container.FLAC, SourceFormat.FLAC, position, end, facts=info[10:])


def _flac_samples(source: Source, start: int, end: int, info: bytes) -> int | None:
    """Return the number of the sample behind the last frame header found; None without one."""
    block_size = int.from_bytes(info[:2], "big")
    largest = int.from_bytes(info[7:10], "big")
    tail_at = max(start, end - max(_FLAC_TAIL, 2 * largest))
    tail = source.at(tail_at, end - tail_at)
    position = len(tail)
    while (position := tail.rfind(b"\xff", 0, position)) >= 0:
        if tail[position + 1 : position + 2] in {b"\xf8", b"\xf9"}:
            found = _flac_frame_end(tail[position : position + 16], block_size)
            if found is not None:
                return found
    return None


def _flac_frame_end(head: bytes, stream_block_size: int) -> int | None:
    """Return the sample behind the frame that ``head`` begins; None where it is no frame header."""
    if len(head) < 16 or head[3] & 1 or head[2] >> 4 == 0 or head[2] & 0xF == 0xF:
        return None
    number, used = _flac_number(head[4:])
    if number is None:
        return None
    code = head[2] >> 4
    position = 4 + used
    if code in {6, 7}:
        width = code - 5
        size = int.from_bytes(head[position : position + width], "big") + 1
        position += width
    else:
        size = 192 if code == 1 else 576 << (code - 2) if code < 6 else 256 << (code - 8)
    position += {12: 1, 13: 2, 14: 2}.get(head[2] & 0xF, 0)
    if _crc8(head[:position]) != head[position]:
        return None
    return (number if head[1] & 1 else number * stream_block_size) + size


def _flac_number(raw: bytes) -> tuple[int | None, int]:
    """Decode FLAC's UTF-8-like number; returns it and the bytes it took."""
    first = raw[0]
    if first < 0x80:
        return first, 1
    length = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= length <= 7 or any(b >> 6 != 2 for b in raw[1:length]):
        return None, 0
    number = first & (0x7F >> length)
    for byte in raw[1:length]:
        number = number << 6 | byte & 0x3F
    return number, length


def _crc8(data: bytes) -> int:
    """CRC-8 with polynomial 0x07, as FLAC's frame headers have it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def mpeg_layout(source: Source, start: int) -> Layout:
    """Lay out MPEG audio, layer III, or ADTS AAC: frames between tags."""
    end = audio_end(source, start)
    head = source.at(start, 4096)
    first = _first_sync(head)
    if first is None or end <= start:
        raise Corrupt("no audio: there is a tag, but no MPEG frame behind it")
    if head[first + 1] & 0x06 == 0:
        return Layout(Container.ADTS, SourceFormat.AAC, start, end)
    declared = _xing_bytes(head[first : first + 256])
    if declared and end - start - first < declared * _MP3_LEAST_SHARE:
        raise Corrupt(shortfall(end - start - first, declared))
    return Layout(Container.MPEG, SourceFormat.MP3, start, end)


def begins_with_frame(head: bytes) -> bool:
    """Say whether MPEG audio begins here, give or take a few bytes of padding."""
    return _first_sync(head) is not None


def _first_sync(head: bytes) -> int | None:
    """Return where the first plausible frame header of layer III or ADTS is."""
    for match in _SYNC.finditer(head):
        second, third = match.group()[1:]
        layer, version = second >> 1 & 3, second >> 3 & 3
        is_adts = second & 0xF6 == 0xF0 and third >> 2 & 0xF <= 12
        is_layer_3 = (
            layer == 1 and version != 1 and third >> 4 not in {0, 15} and third & 0xC != 0xC
        )
        if is_adts or is_layer_3:
            return match.start()
    return None


def _xing_bytes(frame: bytes) -> int:
    """Return the byte count of a Xing, Info or VBRI header; 0 without one."""
    for name in (b"Xing", b"Info"):
        at = frame.find(name)
        if at >= 0:
            flags = int.from_bytes(frame[at + 4 : at + 8], "big")
            if not flags & 2:
                return 0
            position = at + 8 + (4 if flags & 1 else 0)
            return int.from_bytes(frame[position : position + 4], "big")
    at = frame.find(b"VBRI")
    return int.from_bytes(frame[at + 10 : at + 14], "big") if at >= 0 else 0


def ogg_layout(source: Source, _offset: int) -> Layout:
    """Lay out an Ogg stream: header packets, then pages of audio."""
    first = source.need(0, 128, "the first page")
    lacing = first[27 : 27 + first[26]]
    body = first[27 + first[26] :][: sum(lacing)]
    if body.startswith(b"\x01vorbis"):
        kind, headers = SourceFormat.VORBIS, 3
    elif body.startswith(b"OpusHead"):
        kind, headers = SourceFormat.OPUS, 2
    elif body.startswith(b"\x7fFLAC"):
        kind, headers = SourceFormat.FLAC, 1 + int.from_bytes(body[7:9], "big")
    else:
        raise Corrupt("an Ogg stream that is neither Vorbis, Opus nor FLAC")
    start = _behind_ogg_headers(source, headers)
    tail_at = max(0, source.size - _OGG_TAIL)
    tail = source.at(tail_at, _OGG_TAIL)
    last = tail.rfind(b"OggS")
    if last < 0:
        raise Corrupt("truncated: the stream has no last page")
    page = tail[last:]
    segments = page[27 : 27 + page[26]] if len(page) > 27 else b""
    if len(page) < 27 + (page[26] if len(page) > 26 else 0) + sum(segments):
        raise Corrupt("truncated: the last page is cut off")
    if start >= source.size:
        raise Corrupt("truncated: there is no audio behind the headers")
    facts = body + page[6:14]
    return Layout(Container.OGG, kind, start, source.size, facts=facts)


def _behind_ogg_headers(source: Source, packets: int) -> int:
    """Return the offset of the page behind the one on which the header packets end."""
    position = done = 0
    for _ in range(_MAX_BLOCKS):
        head = source.need(position, 27, "the headers")
        if head[:4] != b"OggS":
            break
        lacing = source.need(position + 27, head[26], "the headers")
        position += 27 + head[26] + sum(lacing)
        done += sum(1 for value in lacing if value < 255)
        if done >= packets:
            return position
    raise Corrupt("the stream's headers are damaged")


def mp4_layout(source: Source, _offset: int) -> Layout:
    """Lay out an MP4 file by its boxes: codec from the sample description, audio in ``mdat``."""
    spans: list[tuple[int, int]] = []
    kind: SourceFormat | None = None
    position = 0
    for _ in range(_MAX_BLOCKS):
        head = source.at(position, 16)
        if len(head) < 8:
            break
        name, body, end = _box(head, position, source.size)
        if end > source.size:
            raise Corrupt(shortfall(source.size - position, end - position))
        if name == b"moov":
            kind = _mp4_codec(source.at(body, min(end - body, 8 * 1024 * 1024)))
        elif name == b"mdat":
            spans.append((body, end))
        position = end
    if kind is None or not spans:
        raise Corrupt("truncated: the file has no " + ("audio" if kind else "index (moov)"))
    start, stop = max(spans, key=lambda span: span[1] - span[0])
    return Layout(Container.MP4, kind, start, stop)


def _box(head: bytes, position: int, size: int) -> tuple[bytes, int, int]:
    length = int.from_bytes(head[:4], "big")
    if length == 1:
        length = int.from_bytes(head[8:16], "big")
        if length < 16:
            raise Corrupt("a box has an impossible size")
        return head[4:8], position + 16, position + length
    if length == 0:
        return head[4:8], position + 8, size
    if length < 8:
        raise Corrupt("a box has an impossible size")
    return head[4:8], position + 8, position + length


def _mp4_codec(moov: bytes) -> SourceFormat:
    at = moov.find(b"stsd")
    found = []
    while at >= 0:
        found.append(moov[at + 16 : at + 20])
        at = moov.find(b"stsd", at + 4)
    known = {b"alac": SourceFormat.ALAC, b"mp4a": SourceFormat.AAC, b"fLaC": SourceFormat.FLAC}
    for name in found:
        if name in known:
            return known[name]
    if found:
        raise Corrupt(f"unsupported codec {found[0].decode('latin-1')!r} in MP4")
    raise Corrupt("there is no audio track in the MP4 file")


def wav_layout(source: Source, _offset: int) -> Layout:
    """Lay out RIFF, RF64 or BW64 WAVE: the ``data`` chunk."""
    coding = b""
    large = 0
    position = 12
    for _ in range(_MAX_BLOCKS):
        head = source.need(position, 8, "the chunks before the audio")
        size = int.from_bytes(head[4:8], "little")
        if head[:4] == b"ds64":
            large = int.from_bytes(source.at(position + 16, 8), "little")
        elif head[:4] == b"fmt ":
            coding = source.need(position + 8, min(size, 16), "the format chunk")
        elif head[:4] == b"data":
            _check_wav_coding(coding)
            if size in _UNKNOWN_SIZES:
                size = large or source.size - position - 8
            return _pcm(source, SourceFormat.WAV, position + 8, size, coding)
        position += 8 + size + size % 2
    raise Corrupt("there is no audio chunk")


def _check_wav_coding(coding: bytes) -> None:
    tag = int.from_bytes(coding[:2], "little")
    if tag not in {1, 3, 0xFFFE}:
        raise Corrupt(f"unsupported coding 0x{tag:04x} in WAVE" if coding else "no format chunk")
    channels, rate = int.from_bytes(coding[2:4], "little"), int.from_bytes(coding[4:8], "little")
    if not (1 <= channels <= 64 and 1 <= rate <= 1_536_000):
        raise Corrupt(f"impossible format: {channels} channels at {rate} Hz")


def aiff_layout(source: Source, _offset: int) -> Layout:
    """Lay out AIFF or AIFF-C: the ``SSND`` chunk."""
    common = b""
    position = 12
    for _ in range(_MAX_BLOCKS):
        head = source.need(position, 8, "the chunks before the audio")
        size = int.from_bytes(head[4:8], "big")
        if head[:4] == b"COMM":
            common = source.need(position + 8, min(size, 22), "the common chunk")
        elif head[:4] == b"SSND":
            return _pcm(source, SourceFormat.AIFF, position + 16, max(size - 8, 0), common)
        position += 8 + size + size % 2
    raise Corrupt("there is no audio chunk")


def _pcm(source: Source, kind: SourceFormat, start: int, size: int, facts: bytes) -> Layout:
    if size == 0:
        raise Corrupt("the audio chunk is empty")
    if start + size > source.size:
        raise Corrupt(shortfall(source.size - start, size))
    container = Container(kind.value)
    return Layout(container, kind, start, start + size, facts=facts, fixed_size=True)


def wavpack_layout(source: Source, start: int) -> Layout:
    """Lay out WavPack: blocks up to the tags."""
    position = start
    total = last = 0
    for _ in range(_MAX_BLOCKS):
        head = source.at(position, 32)
        if len(head) < 32 or head[:4] != b"wvpk":
            break
        length = int.from_bytes(head[4:8], "little") + 8
        if length < 32 or position + length > source.size:
            raise Corrupt(shortfall(source.size - start, position + length - start))
        if position == start:
            total = int.from_bytes(head[12:16], "little")
        samples = int.from_bytes(head[20:24], "little")
        last = max(last, int.from_bytes(head[16:20], "little") + samples)
        position += length
    if total != 0xFFFF_FFFF and last < total:
        raise Corrupt(shortfall(last, total))
    return Layout(Container.WAVPACK, SourceFormat.WAVPACK, start, position)


def ape_layout(source: Source, start: int) -> Layout:
    """Lay out Monkey's Audio: from 3.98 on a descriptor tells the sizes of its parts."""
    head = source.need(start, 76, "the header")
    version = int.from_bytes(head[4:6], "little")
    if version < 3980:
        return Layout(
            Container.APE, SourceFormat.APE, start, audio_end(source, start), facts=head[4:32]
        )
    parts = [int.from_bytes(head[n : n + 4], "little") for n in range(8, 36, 4)]
    descriptor, header, seek_table, wav_header, low, high, _ = parts
    begin = start + descriptor + header + seek_table + wav_header
    size = low | high << 32
    if begin + size > source.size:
        raise Corrupt(shortfall(source.size - begin, size))
    return Layout(Container.APE, SourceFormat.APE, begin, begin + size, facts=head[36:52])


def dsf_layout(source: Source, _offset: int) -> Layout:
    """Lay out DSF: three chunks, the last holds the audio."""
    head = source.need(0, 92, "the header")
    size = int.from_bytes(head[84:92], "little") - 12
    if head[28:32] != b"fmt " or head[80:84] != b"data" or size <= 0:
        raise Corrupt("the DSF header is damaged")
    return _pcm(source, SourceFormat.DSF, 92, size, head[32:80])
