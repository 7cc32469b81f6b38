"""The vault: content keys made once for each recording and rung, opened from memory after that."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol
from uuid import uuid4

import structlog

from antiphon.kernel import Clock, RecordingId
from antiphon.rights.keys.model import (
    KEY_BYTES,
    ContentKey,
    DrmSignalling,
    KeyStatus,
    KeysUnreadable,
    Protect,
    ProtectedKey,
    Rotation,
)
from antiphon.rights.keys.store import DataKey, KeyRow, KeyStore, RotationState, SealedKey
from antiphon.rights.keys.wrapping import (
    DATA_KEY_BYTES,
    KeyEncryption,
    bound,
    seal,
    unbound,
    unseal,
)
from antiphon.storage import Tables

log = structlog.get_logger()

_CANARY: Final = "canary"
# Longer than what was wrapped may take to be written: an engine's deadline is 15 s. Keys of before
# the last rotation are dropped only when that was done so long ago.
_UNDER_WAY_MS: Final = 60_000
_FRESH_SECONDS: Final = 60.0
_MOST_RECORDINGS: Final = 20_000
_MOST_DATA_KEYS: Final = 5_000


class KeySource(Protocol):
    """Where new content keys come from: made here, or asked of a DRM key server."""

    async def new_key(self, recording_id: RecordingId, rung: str, kid: bytes) -> ProtectedKey:
        """Return the key for that id. Raises ``KeysUnavailable`` where it cannot be had now."""
        ...


class MintedKeys:
    """Keys from the machine's own random numbers."""

    async def new_key(self, recording_id: RecordingId, rung: str, kid: bytes) -> ProtectedKey:  # noqa: ARG002 - a key server asks for which
        """Return a key that nobody else knows."""
        return ProtectedKey(
            ContentKey(kid, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))
        )


@dataclass(frozen=True, slots=True)
class _Held:
    mark: str | None
    keys: Mapping[str, ContentKey]
    signalling: Mapping[str, tuple[DrmSignalling, ...]]
    read_at: float


class KeyVault:
    """Content keys of recordings. Safe to use from any number of processes on the same tables."""

    def __init__(
        self,
        tables: Tables,
        clock: Clock,
        encryption: KeyEncryption,
        *,
        protect: Protect = "labels",
        source: KeySource | None = None,
    ) -> None:
        self._store = KeyStore(tables)
        self._clock = clock
        self._encryption = encryption
        self._policy = protect
        self._source: KeySource = source or MintedKeys()
        self._held: OrderedDict[RecordingId, _Held] = OrderedDict()
        self._data_keys: OrderedDict[str, bytes] = OrderedDict()
        self._is_assured = False

    async def protect(self, recording_ids: Sequence[RecordingId], *, release: str = "") -> None:
        """Mark recordings as protected, before they are packaged.

        Those marked with one ``release`` share a data key; without one, each has its own.
        """
        shared = f"release:{release}" if release else ""
        await self._store.mark([(i, shared or _own(i)) for i in recording_ids])
        for recording_id in recording_ids:
            self._held.pop(recording_id, None)

    async def is_protected(self, recording_id: RecordingId) -> bool:
        """Say whether what is packaged of this recording from now on is protected."""
        return self._wants((await self._look(recording_id, fresh=True)).mark)

    async def content_key(self, recording_id: RecordingId, rung: str, /) -> ContentKey | None:
        """Return the key to package a rung with, made at the first call; None: in the clear.

        The same key for every caller in every process, whoever comes first.
        """
        held = await self._look(recording_id, fresh=True)
        if not self._wants(held.mark):
            return None
        known = held.keys.get(rung)
        if known is not None:
            return known
        await self._make(recording_id, rung, held.mark or _own(recording_id))
        return (await self._look(recording_id, fresh=True)).keys[rung]

    async def keys(
        self, recording_id: RecordingId, *, fresh: bool = False
    ) -> Mapping[str, ContentKey]:
        """Return a recording's keys by rung; what is held is up to a minute old without ``fresh``.

        A key never changes; what may be missing from memory is one that was made since.
        """
        return (await self._look(recording_id, fresh=fresh)).keys

    async def signalling(self, recording_id: RecordingId, rung: str) -> tuple[DrmSignalling, ...]:
        """Return what DRM systems want said of a rung's key; empty without a DRM key server."""
        return (await self._look(recording_id)).signalling.get(rung, ())

    async def forget(self, recording_ids: Sequence[RecordingId]) -> None:
        """Destroy the keys of purged recordings: what was packaged with them is noise from then on.

        Data keys stay: another process may hold one, and seal a new key under it.
        """
        await self._store.forget(recording_ids)
        for recording_id in recording_ids:
            self._held.pop(recording_id, None)

    async def check(self) -> None:
        """Open a key that was wrapped before; raise what keeps it from opening.

        Where none was ever wrapped, nothing is looked at.
        """
        stored = await self._store.data_key(_CANARY)
        if stored is not None:
            unbound(await self._encryption.unwrap(stored.wrapped), _CANARY)

    async def rotate_kek(self) -> Rotation:
        """Wrap every data key again under the newest key-encryption key; content keys stay.

        May be killed at any moment: the next call goes on where it was. Serving goes on meanwhile.
        """
        state, resumed = await self._begin_rotation()
        await self._encryption.advance(state.generation)
        rewrapped = 0
        async for name, stored in self._store.data_keys():
            rewrapped += await self._rewrap(name, stored, state.generation)
        now = self._clock.now()
        if now - state.done_at >= _UNDER_WAY_MS:
            used = {stored.wrapped.by async for _, stored in self._store.data_keys()}
            await self._encryption.forget(frozenset(used), state.generation - 1)
        await self._store.swap_rotation(
            state, RotationState(generation=state.generation, done_at=now)
        )
        log.info("keys_rotated", generation=state.generation, rewrapped=rewrapped)
        return Rotation(state.generation, rewrapped, resumed)

    async def status(self) -> KeyStatus:
        """Count what is stored."""
        state = await self._store.rotation()
        recordings, keys = await self._store.count()
        by: dict[str, int] = {}
        async for _, stored in self._store.data_keys():
            by[stored.wrapped.by] = by.get(stored.wrapped.by, 0) + 1
        unopened = tuple(sorted(name for name in by if not self._encryption.opens(name)))
        return KeyStatus(state.generation, not state.done, recordings, keys, by, unopened)

    def _wants(self, mark: str | None) -> bool:
        return self._policy == "everything" or (self._policy == "labels" and mark is not None)

    async def _look(self, recording_id: RecordingId, *, fresh: bool = False) -> _Held:
        held = self._held.get(recording_id)
        now = self._clock.monotonic()
        if held is not None and not fresh and now - held.read_at < _FRESH_SECONDS:
            self._held.move_to_end(recording_id)
            return held
        row = await self._store.row(recording_id)
        held = _Held(
            row.mark,
            MappingProxyType(await self._opened(recording_id, row, held)),
            {rung: sealed.signalling for rung, sealed in row.sealed.items() if sealed.signalling},
            now,
        )
        self._held[recording_id] = held
        self._held.move_to_end(recording_id)
        while len(self._held) > _MOST_RECORDINGS:
            self._held.popitem(last=False)
        return held

    async def _opened(
        self, recording_id: RecordingId, row: KeyRow, held: _Held | None
    ) -> dict[str, ContentKey]:
        """Open what is not in memory yet."""
        keys = {}
        for rung, sealed in row.sealed.items():
            known = held.keys.get(rung) if held else None
            if known is None or known.kid != sealed.kid:
                data_key = await self._data_key(sealed.data_key)
                known = unseal(data_key, recording_id, sealed.kid, sealed.sealed)
            keys[rung] = known
        return keys

    async def _make(self, recording_id: RecordingId, rung: str, data_key_name: str) -> None:
        found = await self._source.new_key(recording_id, rung, uuid4().bytes)
        data_key = await self._data_key(data_key_name, make=True)
        sealed = SealedKey(
            kid=found.key.kid,
            data_key=data_key_name,
            sealed=seal(data_key, recording_id, found.key, secrets.token_bytes),
            made_at=self._clock.now(),
            signalling=found.signalling,
        )
        await self._store.add_key(recording_id, rung, sealed)  # unless another was first

    async def _data_key(self, name: str, *, make: bool = False) -> bytes:
        known = self._data_keys.get(name)
        if known is None:
            stored = await self._store.data_key(name)
            if stored is None and make:
                stored = await self._make_data_key(name)
            if stored is None:
                raise KeysUnreadable(f"The data key of {name} is missing: restore the tables.")
            known = unbound(await self._unwrapped(name, stored), name)
            self._data_keys[name] = known
        self._data_keys.move_to_end(name)
        while len(self._data_keys) > _MOST_DATA_KEYS:
            self._data_keys.popitem(last=False)
        return known

    async def _unwrapped(self, name: str, stored: DataKey) -> bytes:
        """Open a data key; as it is now, where a rotation wrapped it again since it was read."""
        while True:
            try:
                return await self._encryption.unwrap(stored.wrapped)
            except KeysUnreadable:
                now = await self._store.data_key(name)
                if now is None or now == stored:
                    raise
                stored = now

    async def _make_data_key(self, name: str) -> DataKey | None:
        """Write a new data key unless another process was first; return the one that counts."""
        if name != _CANARY and not self._is_assured:
            # A wrong key file must be found out before anything is wrapped by it.
            await self._data_key(_CANARY, make=True)
            self._is_assured = True
        state = await self._store.rotation()
        plain = bound(secrets.token_bytes(DATA_KEY_BYTES), name)
        made = DataKey(generation=state.generation, wrapped=await self._encryption.wrap(plain))
        if await self._store.swap_data_key(name, None, made):
            return made
        return await self._store.data_key(name)

    async def _begin_rotation(self) -> tuple[RotationState, bool]:
        """Return the rotation to do, and whether it was begun before."""
        while True:
            state = await self._store.rotation()
            if not state.done:
                return state, True
            following = RotationState(
                generation=state.generation + 1, done=False, done_at=state.done_at
            )
            if await self._store.swap_rotation(state, following):
                return following, False

    async def _rewrap(self, name: str, stored: DataKey | None, generation: int) -> bool:
        """Wrap one data key again, unless that is done."""
        while stored is not None and stored.generation < generation:
            plain = await self._unwrapped(name, stored)
            unbound(plain, name)
            fresh = DataKey(generation=generation, wrapped=await self._encryption.wrap(plain))
            if await self._store.swap_data_key(name, stored, fresh):
                return True
            stored = await self._store.data_key(name)
        return False


def _own(recording_id: RecordingId) -> str:
    return f"recording:{recording_id}"
