"""Reads whole local files without ever waiting for a disk, popular ones without reading at all."""

import os
from typing import Final

from antiphon.streaming.bounded import BoundedCache

_NO_WAIT: Final = getattr(os, "RWF_NOWAIT", 0)


_SEEN_BYTES: Final = 1 << 20
_SEEN_COST: Final = 200  # a key in the list of those asked for once


class PopularFiles:
    """The bytes of files that were asked for more than once, up to ``max_bytes``.

    A file is told by its path and its entity tag, so one that was replaced is read again. What is
    asked for once leaves only its name, so a walk through a catalogue pushes out nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        self._held: BoundedCache[tuple[str, bytes], bytes] = BoundedCache(max_bytes)
        self._seen: BoundedCache[tuple[str, bytes], bool] = BoundedCache(_SEEN_BYTES)

    def read(self, path: str, etag: bytes, size: int) -> bytes | None:
        """Return the file's bytes where that needs no waiting.

        Raises like ``read_if_in_memory``.
        """
        key = (path, etag)
        data = self._held.get(key)
        if data is None:
            data = read_if_in_memory(path, size)
            if data is not None and self._seen.get(key):
                self._held.put(key, data, size)
            self._seen.put(key, value=True, cost=_SEEN_COST)
        return data


def read_if_in_memory(path: str, size: int) -> bytes | None:
    """Return a file's bytes if the page cache seems to hold them, else None.

    Only the last byte is tried: files of this size are read ahead and evicted together. Raises
    ``FileNotFoundError`` where there is no file, ``ValueError`` where it is not ``size`` long.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size != size:
            raise ValueError("The file is not as long as its package says.")
        if not _NO_WAIT or not _last_byte_is_there(descriptor, size):
            return None
        data = os.read(descriptor, size)
    finally:
        os.close(descriptor)
    return data if len(data) == size else None


def _last_byte_is_there(descriptor: int, size: int) -> bool:
    try:
        return size == 0 or os.preadv(descriptor, [bytearray(1)], size - 1, _NO_WAIT) == 1
    except OSError:  # would have to wait, or the file system cannot tell
        return False
