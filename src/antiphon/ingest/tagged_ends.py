"""The tags that stand before and after audio in any file: ID3v2, ID3v1, APEv2, Lyrics3."""

from antiphon.ingest.source import Source

_ID3_HEADER = 10
_ID3V1 = 128
_APE_FOOTER = 32
_MAX_ENDS = 8  # tags stacked on tags: bounds the work on a hostile file


def audio_start(source: Source) -> int:
    """Return the offset behind any ID3v2 tags at the beginning."""
    offset = 0
    for _ in range(_MAX_ENDS):
        head = source.at(offset, _ID3_HEADER)
        if len(head) < _ID3_HEADER or head[:3] != b"ID3":
            break
        footer = _ID3_HEADER if head[5] & 0x10 else 0
        offset += _ID3_HEADER + _syncsafe(head[6:10]) + footer
    return min(offset, source.size)


def audio_end(source: Source, start: int) -> int:
    """Return the offset of the first of the tags at the end."""
    end = source.size
    for _ in range(_MAX_ENDS):
        shorter = _before_tag(source, end)
        if shorter >= end or shorter < start:
            break
        end = shorter
    return end


def _before_tag(source: Source, end: int) -> int:
    if source.at(end - _ID3V1, 3) == b"TAG":
        return end - _ID3V1
    footer = source.at(end - _APE_FOOTER, _APE_FOOTER)
    if footer[:8] == b"APETAGEX":
        size = int.from_bytes(footer[12:16], "little")
        has_header = int.from_bytes(footer[20:24], "little") & 0x8000_0000
        return end - size - (_APE_FOOTER if has_header else 0)
    tail = source.at(end - 15, 15)
    if tail[6:] == b"LYRICS200" and tail[:6].isdigit():
        return end - int(tail[:6]) - 15
    if source.at(end - 10, 3) == b"3DI":
        return end - _syncsafe(source.at(end - 4, 4)) - 20
    return end


def _syncsafe(raw: bytes) -> int:
    return raw[0] << 21 | raw[1] << 14 | raw[2] << 7 | raw[3]
