"""The content hash: equal for the same coded audio, whatever its tags, name or place.

All of the audio is hashed where its size says nothing of the content (PCM, DSD) and where there is
little of it. Of the rest a number of windows is hashed, spread evenly with the first and last byte
among them, and its exact length. That is enough because compressed frames differ in size with what
they hold: any edit shifts what follows and changes the length. FLAC and Monkey's Audio also carry
the MD5 of the decoded samples in ``facts``. Reading 512 KiB instead of 30 MB is what makes a first
scan of a large collection a matter of minutes.
"""

import hashlib
from collections.abc import Iterator

from antiphon.ingest.source import Container, Layout, Source

_WHOLE_UP_TO = 1024 * 1024
_WINDOWS = 16
_WINDOW = 32 * 1024
_PIECE = 1024 * 1024
_HASH_BYTES = 20
_OGG_HEADER = 27
_OGG_VARYING = (18, 26)  # sequence number and checksum: retagging renumbers the pages


def content_hash(source: Source, layout: Layout) -> str:
    """Return the hash of the coded audio as 40 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=_HASH_BYTES, person=b"coded audio")
    digest.update(f"{layout.format.value} {layout.end - layout.start} ".encode() + layout.facts)
    for start, end in _windows(layout):
        digest.update(
            _unnumbered(source, start, end)
            if layout.container is Container.OGG
            else source.at(start, end - start)
        )
    return digest.hexdigest()


def _windows(layout: Layout) -> Iterator[tuple[int, int]]:
    size = layout.end - layout.start
    if layout.fixed_size or size <= _WHOLE_UP_TO:
        for start in range(layout.start, layout.end, _PIECE):
            yield start, min(start + _PIECE, layout.end)
        return
    for n in range(_WINDOWS):
        start = layout.start + (size - _WINDOW) * n // (_WINDOWS - 1)
        yield start, start + _WINDOW


def _unnumbered(source: Source, start: int, end: int) -> bytes:
    """Return a window of Ogg pages with sequence numbers and checksums set to zero."""
    before = min(_OGG_HEADER, start)
    data = bytearray(source.at(start - before, end - start + before))
    at = data.find(b"OggS")
    while at >= 0:
        low, high = at + _OGG_VARYING[0], min(at + _OGG_VARYING[1], len(data))
        data[low:high] = bytes(max(high - low, 0))
        at = data.find(b"OggS", at + 4)
    return bytes(data[before:])
