"""The objects port: immutable-by-habit bytes under a key such as ``media/ab/...``."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from antiphon.kernel import Invalid, UnixMs

_SEGMENT = r"(?!\.)[A-Za-z0-9._-]{1,200}"
_KEY = re.compile(rf"{_SEGMENT}(/{_SEGMENT}){{0,15}}\Z")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store knows of one object; ``modified_at`` is to the second, by its own clock."""

    key: str
    size: int
    etag: str
    modified_at: UnixMs


@dataclass(frozen=True, slots=True)
class Location:
    """Where a web server may send an object from without us: a local file, or a signed URL.

    One that is not ``settled`` may lie elsewhere in a moment: open it at once, or read it by key.
    """

    path: Path | None = None
    url: str | None = None
    settled: bool = True


class Objects(Protocol):
    """Objects by key: up to 16 segments of ``[A-Za-z0-9._-]`` joined by ``/``, no dot in front.

    Other keys raise ``Invalid``. No key may be another one's folder.

    A put is atomic: a reader sees the whole old object or the whole new one. It is durable when it
    returns. Reads of what does not exist return None.
    """

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Store ``data``; with ``create_only`` return False and change nothing where it exists."""
        ...

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object, or ``length`` bytes of it from ``start`` (fewer at its end).

        A ``start`` past the end raises ``Invalid``.
        """
        ...

    async def head(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None."""
        ...

    def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield all objects below ``prefix`` (whole segments, or empty for all), in any order."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        ...

    def locate(self, key: str, *, seconds: int = 3600) -> Location:
        """Return where it can be sent from directly; an empty ``Location`` means: read it."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


def check_object_key(key: str) -> None:
    """Raise ``Invalid`` where ``key`` is no key of an object."""
    if _KEY.match(key) is None:
        raise Invalid(f"{key!r} is no object key.")
