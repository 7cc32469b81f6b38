"""Boxes of ISO/IEC 14496-12: written from parts, and read back."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from antiphon.kernel import Corrupt


@dataclass(frozen=True, slots=True)
class Box:
    """One box as read: its four letters, where it begins, its header's and its whole size."""

    kind: str
    start: int
    header: int
    size: int
    data: bytes
    children: tuple["Box", ...] = ()

    @property
    def body(self) -> bytes:
        """Return what follows the header, full-box version and flags included."""
        return self.data[self.start + self.header : self.start + self.size]

    def find(self, path: str) -> "Box | None":
        """Return the first box at a path such as ``trak/mdia/mdhd`` below this one."""
        return find_box(self.children, path)


def write_box(kind: bytes, *parts: bytes) -> bytes:
    """Return one box of these parts."""
    size = 8 + sum(map(len, parts))
    return b"".join((struct.pack(">I", size), kind, *parts))


def write_full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Return one box with a version and flags before these parts."""
    return write_box(kind, struct.pack(">I", version << 24 | flags), *parts)


_CONTAINERS = {
    *("moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex", "udta", "ludt"),
    *("moof", "traf", "sinf", "schi"),
}
_CHILDREN_AFTER = {"stsd": 8, "dref": 8} | dict.fromkeys(
    ("mp4a", "fLaC", "alac", "Opus", "enca"), 28
)
_DEEPEST = 12


def read_boxes(data: bytes) -> tuple[Box, ...]:
    """Read all boxes of ``data``, containers with their children; ``Corrupt`` where they lie."""
    return tuple(_boxes(data, 0, len(data), depth=0))


def find_box(boxes: Sequence[Box], path: str) -> Box | None:
    """Return the first box at a path such as ``moov/trak/mdia/mdhd``."""
    head, _, rest = path.partition("/")
    for box in boxes:
        if box.kind == head:
            found = box if not rest else find_box(box.children, rest)
            if found is not None:
                return found
    return None


def _boxes(data: bytes, start: int, end: int, *, depth: int) -> Iterator[Box]:
    while start < end:
        kind, header, size = _header(data, start, end)
        skip = 0 if kind in _CONTAINERS else _CHILDREN_AFTER.get(kind)
        # The alac box inside the alac sample entry is a cookie, not an entry.
        cookie = kind == "alac" and size < _CHILDREN_AFTER["alac"] + 2 * header
        inner: tuple[Box, ...] = ()
        if skip is not None and not cookie and depth < _DEEPEST:
            inner = tuple(_boxes(data, start + header + skip, start + size, depth=depth + 1))
        yield Box(kind, start, header, size, data, inner)
        start += size


def _header(data: bytes, start: int, end: int) -> tuple[str, int, int]:
    if end - start < 8:
        raise Corrupt(f"{end - start} bytes at {start} are too few for a box.")
    size, raw = struct.unpack_from(">I4s", data, start)
    header = 8
    if size == 1 and end - start >= 16:
        size, header = struct.unpack_from(">Q", data, start + 8)[0], 16
    if size == 0:
        size = end - start
    if size < header or start + size > end:
        raise Corrupt(f"The box at {start} claims {size} bytes; {end - start} are there.")
    return raw.decode("latin-1"), header, size
