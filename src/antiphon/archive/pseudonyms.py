"""The key of each listener, from which pseudonyms come: ``archive_keys``: ``{listener}``.

A shredded key leaves an empty cell for good, so that what is told late gets no new one.
"""

import secrets
from collections.abc import Iterable
from typing import Final

from antiphon.storage import Condition, SetCell, Tables

_KEYS: Final = "archive_keys"
_FAMILY: Final = "k"
_KEY_BYTES: Final = 32
_MANY: Final = 500


class Pseudonyms:
    """Keys by listener. Nobody holds them for longer than a batch, so a shredded one is gone."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def keys(self, listeners: Iterable[str]) -> dict[str, bytes | None]:
        """Return each listener's key, made where there is none; None where it was shredded."""
        ids = sorted(set(listeners))
        found: dict[str, bytes | None] = {}
        for start in range(0, len(ids), _MANY):
            part = ids[start : start + _MANY]
            rows = await self._tables.read_many(_KEYS, [i.encode() for i in part])
            for listener, row in zip(part, rows, strict=True):
                raw = None if row is None else row.value(_FAMILY, "")
                found[listener] = await self._made(listener) if raw is None else raw or None
        return found

    async def shred(self, listener: str) -> None:
        """Destroy a listener's key for good: the archive is about nobody then."""
        await self._tables.mutate(_KEYS, listener.encode(), [SetCell(_FAMILY, "", b"")])

    async def _made(self, listener: str) -> bytes | None:
        fresh, key = secrets.token_bytes(_KEY_BYTES), listener.encode()
        absent = Condition(_FAMILY, "", None)
        if await self._tables.check_and_mutate(
            _KEYS, key, absent, then=[SetCell(_FAMILY, "", fresh)]
        ):
            return fresh
        row = await self._tables.read(_KEYS, key)
        return None if row is None else row.value(_FAMILY, "") or None
