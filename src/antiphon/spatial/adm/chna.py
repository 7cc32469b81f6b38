"""The ``chna`` chunk (ITU-R BS.2088, 8): which channel of the file is which audioTrackUID."""

import struct
from dataclasses import dataclass
from typing import Final

from antiphon.spatial.errors import MasterUnreadable

_ENTRY: Final = struct.Struct("<H12s14s11sx")


@dataclass(frozen=True, slots=True)
class ChnaEntry:
    """One row: ``track`` counts channels from 1; ``format_id`` is AT_..., AC_... or empty."""

    track: int
    uid: str
    format_id: str
    pack_id: str


def read_chna(raw: bytes) -> tuple[ChnaEntry, ...]:
    """Return its rows that are in use (track 0 is none); raise where it is cut short."""
    if len(raw) < 4:
        raise MasterUnreadable("the chunk 'chna' is cut short: export the file again.")
    told = struct.unpack_from("<H", raw, 2)[0]
    room = (len(raw) - 4) // _ENTRY.size
    if told > room:
        raise MasterUnreadable(f"the chunk 'chna' claims {told} track UIDs and has {room}.")
    rows = (_ENTRY.unpack_from(raw, 4 + k * _ENTRY.size) for k in range(room))
    return tuple(
        ChnaEntry(track, _text(uid), _text(form), _text(pack))
        for track, uid, form, pack in rows
        if track
    )


def write_chna(rows: tuple[ChnaEntry, ...]) -> bytes:
    """Return the chunk's content."""
    tracks = len({row.track for row in rows})
    head = struct.pack("<HH", tracks, len(rows))
    return head + b"".join(
        _ENTRY.pack(r.track, r.uid.encode(), r.format_id.encode(), r.pack_id.encode()) for r in rows
    )


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("latin-1").strip().upper()
