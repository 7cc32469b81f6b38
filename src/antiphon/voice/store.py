"""Rows and short-lived memory of the voice room.

Table ``voice_aliases``: ``{listener}/{name_key}``, what a listener means by a name. Cache: what the
turn before has offered and done, for a few minutes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from antiphon.catalog import name_key
from antiphon.kernel import ListenerId, SongId, UnixMs
from antiphon.storage import Cache, DeleteRow, Row, SetCell, Tables, prefix_range
from antiphon.voice.model import Intent, Named

_ALIASES = "voice_aliases"
_FAMILY = "v"
_MOST = 1000
_MEMORY_SECONDS = 300.0

_encode = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Alias:
    """What a listener means by ``said``. ``is_doubted``: once played, it was left at once."""

    said: str
    item: Named
    learned_at: UnixMs
    is_doubted: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """What the turn before left: its id, what it offered, did and was asked for by name."""

    turn_id: str
    intent: Intent
    said: str = ""
    offered: tuple[Named, ...] = ()
    done: Named | None = None
    before: SongId | None = None
    """What was playing before."""


_alias = msgspec.msgpack.Decoder(Alias).decode
_memory = msgspec.msgpack.Decoder(Memory).decode


class VoiceStore:
    """The only queries that the room makes."""

    def __init__(self, tables: Tables, cache: Cache) -> None:
        self._tables = tables
        self._cache = cache

    async def alias(self, listener: ListenerId, said: str) -> Alias | None:
        """Return what this listener means by a name."""
        row = await self._tables.read(_ALIASES, _alias_key(listener, said))
        return None if row is None else _read(row)

    async def put_alias(self, listener: ListenerId, alias: Alias) -> None:
        """Remember what a listener means; the latest counts."""
        cell = SetCell(_FAMILY, "", _encode(alias))
        await self._tables.mutate(_ALIASES, _alias_key(listener, alias.said), [cell])

    async def aliases(self, listener: ListenerId) -> list[Alias]:
        """Return all that was learned of a listener, by name."""
        start, end = prefix_range(f"{listener}/".encode())
        rows = await self._tables.scan(_ALIASES, start=start, end=end, limit=_MOST)
        return [_read(row) for row in rows]

    async def delete_aliases(self, listener: ListenerId, said: Sequence[str]) -> None:
        """Forget what these names meant."""
        rows = [(_alias_key(listener, name), [DeleteRow()]) for name in said]
        await self._tables.mutate_many(_ALIASES, rows)

    async def forget_listener(self, listener: ListenerId) -> None:
        """Delete all that was learned of a listener."""
        while found := await self.aliases(listener):
            await self.delete_aliases(listener, [alias.said for alias in found])

    async def memory(self, listener: ListenerId, dialogue: str) -> Memory | None:
        """Return what the last turn of a dialogue left; None after some minutes."""
        raw = await self._cache.get(_memory_key(listener, dialogue))
        return None if raw is None else _memory(raw)

    async def remember(self, listener: ListenerId, dialogue: str, memory: Memory) -> None:
        """Keep what this turn leaves for the next."""
        key = _memory_key(listener, dialogue)
        await self._cache.set(key, _encode(memory), ttl=_MEMORY_SECONDS)


def _alias_key(listener: ListenerId, said: str) -> bytes:
    return f"{listener}/{name_key(said)}".encode()


def _memory_key(listener: ListenerId, dialogue: str) -> str:
    digest = hashlib.blake2b(dialogue.encode(), digest_size=9).hexdigest()
    return f"voice/{listener}/{digest}"


def _read(row: Row) -> Alias:
    return _alias(row.value(_FAMILY, "") or b"")
