"""The ``dbmd`` chunk of authored masters: how each input wants to be heard on headphones.

Layout as public parsers describe it: a version of four bytes, then segments of an id, a size of two
bytes, content and a check sum of one byte. Segment 10 holds, after the trims of nine layouts (15
bytes each) and one byte an object, a byte an object whose low three bits are the render mode.
"""

import struct
from typing import Final

_SUPPLEMENT: Final = 10
_SYNC: Final = 0xF8726FBD
_TRIM_BYTES: Final = 9 * 15
_MODES: Final = {0: "off", 1: "near", 2: "far", 3: "mid"}


def headphone_modes(raw: bytes) -> tuple[str | None, ...]:
    """Return the mode of each input in order, None where it says none; empty if nothing is told.

    Anything that is not as described is as if it were not there: rendering does not depend on it.
    """
    at = 4
    while at + 3 <= len(raw) and raw[at] != 0:
        kind, size = struct.unpack_from("<BH", raw, at)
        content = raw[at + 3 : at + 3 + size]
        if kind == _SUPPLEMENT:
            return _modes(content)
        at += 3 + size + 1
    return ()


def _modes(content: bytes) -> tuple[str | None, ...]:
    if len(content) < 7:
        return ()
    sync, count = struct.unpack_from("<IH", content)
    begin = 7 + _TRIM_BYTES + count
    modes = content[begin : begin + count]
    if sync != _SYNC or len(modes) != count:
        return ()
    return tuple(_MODES.get(mode & 0b111) for mode in modes)
