"""What the vault remembers, and the only queries for it. Nothing here is in the clear.

| table | key | cells |
|---|---|---|
| rights_content_keys | recording id | p/mark: its data key's name, if protected; k/<rung>: keys |
| rights_data_keys | name of the data key | d/v: the data key, wrapped, and by which generation |
| rights_key_state | "rotation" | r/v: the generation, and whether a rotation to it is under way |
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from antiphon.kernel import Corrupt, RecordingId, UnixMs
from antiphon.rights.keys.model import DrmSignalling
from antiphon.rights.keys.wrapping import Wrapped
from antiphon.storage import Condition, DeleteRow, Mutation, SetCell, Tables

CONTENT_KEYS: Final = "rights_content_keys"
DATA_KEYS: Final = "rights_data_keys"
KEY_STATE: Final = "rights_key_state"
_ROTATION: Final = b"rotation"
_NEVER: Final = UnixMs(0)
_MARK: Final = "mark"
_V: Final = "v"
_PAGE: Final = 1000


class SealedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A content key as stored: who may read it needs the data key of that name."""

    kid: bytes
    data_key: str
    sealed: bytes
    made_at: UnixMs
    signalling: tuple[DrmSignalling, ...] = ()


class DataKey(msgspec.Struct, frozen=True, kw_only=True):
    """A data key as stored; ``generation`` is that of the rotation which wrapped it last."""

    generation: int
    wrapped: Wrapped


class RotationState(msgspec.Struct, frozen=True, kw_only=True):
    """How often key-encryption keys were rotated, and whether the last one is done.

    ``done_at``: when the last one that was done was; 0: none, or longer ago than this is kept.
    """

    generation: int = 1
    done: bool = True
    done_at: UnixMs = _NEVER


class KeyRow(msgspec.Struct, frozen=True):
    """What a recording's row holds: the data key's name where it is protected, keys by rung."""

    mark: str | None
    sealed: dict[str, SealedKey]


_encode = msgspec.msgpack.Encoder().encode
_sealed = msgspec.msgpack.Decoder(SealedKey).decode
_data_key = msgspec.msgpack.Decoder(DataKey).decode
_rotation = msgspec.msgpack.Decoder(RotationState).decode


class KeyStore:
    """Reads and writes those rows."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def mark(self, recordings: Sequence[tuple[RecordingId, str]]) -> None:
        """Mark recordings as protected, each with the name of its data key."""
        rows: list[tuple[bytes, Sequence[Mutation]]] = [
            (recording.encode(), [SetCell("p", _MARK, name.encode())])
            for recording, name in recordings
        ]
        if rows:
            await self._tables.mutate_many(CONTENT_KEYS, rows)

    async def row(self, recording: RecordingId) -> KeyRow:
        """Return a recording's row; an empty one where there is none."""
        row = await self._tables.read(CONTENT_KEYS, recording.encode())
        if row is None:
            return KeyRow(None, {})
        mark = row.value("p", _MARK)
        try:
            keys = {rung: _sealed(cell.value) for rung, cell in row.columns("k").items()}
        except msgspec.DecodeError as fault:
            raise Corrupt(f"The keys of recording {recording} cannot be read: {fault}.") from fault
        return KeyRow(None if mark is None else mark.decode(), keys)

    async def add_key(self, recording: RecordingId, rung: str, key: SealedKey) -> bool:
        """Write a rung's key where it has none; say whether it had none."""
        free = Condition("k", rung, None)
        cell = SetCell("k", rung, _encode(key))
        return await self._tables.check_and_mutate(
            CONTENT_KEYS, recording.encode(), free, then=[cell]
        )

    async def forget(self, recordings: Sequence[RecordingId]) -> None:
        """Remove the rows of recordings."""
        rows = [(recording.encode(), [DeleteRow()]) for recording in recordings]
        if rows:
            await self._tables.mutate_many(CONTENT_KEYS, rows)

    async def data_key(self, name: str) -> DataKey | None:
        """Return a wrapped data key, or None."""
        row = await self._tables.read(DATA_KEYS, name.encode())
        raw = row.value("d", _V) if row else None
        return _data_key(raw) if raw else None

    async def swap_data_key(self, name: str, before: DataKey | None, after: DataKey) -> bool:
        """Write a wrapped data key where it still is as it was; say whether it was."""
        was = Condition("d", _V, None if before is None else _encode(before))
        cell = SetCell("d", _V, _encode(after))
        return await self._tables.check_and_mutate(DATA_KEYS, name.encode(), was, then=[cell])

    async def data_keys(self) -> AsyncIterator[tuple[str, DataKey]]:
        """Yield all data keys, a page at a time."""
        start = b""
        while rows := await self._tables.scan(DATA_KEYS, start=start, limit=_PAGE):
            for row in rows:
                yield row.key.decode(), _data_key(row.value("d", _V) or b"")
            start = rows[-1].key + b"\0"

    async def count(self) -> tuple[int, int]:
        """Return how many recordings have keys or are marked, and how many keys there are."""
        recordings = keys = 0
        start = b""
        while rows := await self._tables.scan(CONTENT_KEYS, start=start, limit=_PAGE):
            recordings += len(rows)
            keys += sum(len(row.columns("k")) for row in rows)
            start = rows[-1].key + b"\0"
        return recordings, keys

    async def rotation(self) -> RotationState:
        """Return how far key-encryption keys are."""
        row = await self._tables.read(KEY_STATE, _ROTATION)
        raw = row.value("r", _V) if row else None
        return _rotation(raw) if raw else RotationState()

    async def swap_rotation(self, before: RotationState, after: RotationState) -> bool:
        """Write it where it still is as it was; say whether it was."""
        row = await self._tables.read(KEY_STATE, _ROTATION)
        raw = row.value("r", _V) if row else None
        if (_rotation(raw) if raw else RotationState()) != before:
            return False
        cell = SetCell("r", _V, _encode(after))
        return await self._tables.check_and_mutate(
            KEY_STATE, _ROTATION, Condition("r", _V, raw), then=[cell]
        )
