"""One objects port over up to three stores: hot, warm and cold, by what each costs.

Media are written to the hot store, sink to a lower one where somebody says so (``sink``), and are
read wherever they lie; what is read from below is copied up again. Two rules make that safe for who
reads meanwhile, and for whoever is killed at any moment:

- A copy in an upper store is only removed while a lower store holds the whole object.
- A copy in a lower store is only removed together with the object (``delete``).

So who looks from the top down finds every object that is there, and a copy too many costs its room
only. Media never change under their key, so equal size is equal bytes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import structlog

from antiphon.kernel import AntiphonError, Invalid, Unavailable
from antiphon.storage.objects import Location, ObjectInfo, Objects, check_object_key
from antiphon.storage.single_flight import SingleFlight

log = structlog.get_logger()

_MOST_LIFTS: Final = 16  # copies on their way up at once; more than that are read and not copied


class StorageClass(StrEnum):
    """How near media are kept, from the nearest to the cheapest."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


@dataclass(slots=True)
class TierCounts:
    """What one process has seen since it began; each only grows."""

    reads: dict[StorageClass, int] = field(default_factory=dict)  # below hot, whole objects
    lifted: int = 0
    lifts_failed: int = 0


class TieredObjects:
    """``Objects`` whose keys below ``prefix`` may lie in any of the stores; all others in hot."""

    def __init__(
        self,
        hot: Objects,
        lower: Mapping[StorageClass, Objects],
        *,
        prefix: str,
    ) -> None:
        """``lower`` are the stores below hot, the nearer first."""
        self.stores: dict[StorageClass, Objects] = {StorageClass.HOT: hot, **lower}
        self.counts = TierCounts(dict.fromkeys(lower, 0))
        self._hot = hot
        self._lower = dict(lower)
        self._prefix = prefix
        self._reads: SingleFlight[str] = SingleFlight()
        self._lifts: dict[str, asyncio.Task[None]] = {}

    def place(self, wanted: StorageClass) -> StorageClass:
        """Return the class whose store takes what is to be kept as ``wanted``: it or one nearer."""
        order = list(StorageClass)
        nearer = order[: order.index(wanted) + 1]
        return next(kind for kind in reversed(nearer) if kind in self.stores)

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Store ``data`` in hot; with ``create_only`` return False where it lies anywhere."""
        if create_only and self._may_sink(key):
            for store in self._lower.values():
                if await store.head(key) is not None:
                    return False
        return await self._hot.put(key, data, create_only=create_only)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object or a part of it from where it lies, and copy it up.

        Where hot does not answer, what lies below is given all the same.
        """
        away: Unavailable | None = None
        try:
            data = await self._hot.get(key, start=start, length=length)
        except Unavailable as fault:
            if not self._may_sink(key):
                raise
            data, away = None, fault
        if data is not None or not self._may_sink(key):
            return data
        whole = await self._reads.share(key, lambda: self._from_below(key, lift=away is None))
        if whole is None:
            if away is not None:
                raise away
            return None
        if not 0 <= start <= len(whole):
            raise Invalid(f"{key} has {len(whole)} bytes; there is no byte {start}.")
        return whole[start:] if length is None else whole[start : start + max(0, length)]

    async def head(self, key: str) -> ObjectInfo | None:
        """Return size and etag from the nearest store that holds it, or None."""
        found = await self._hot.head(key)
        for store in self._lower.values() if self._may_sink(key) else ():
            if found is None:
                found = await store.head(key)
        return found

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield all objects below ``prefix``, each once, in any order."""
        seen: set[str] = set()
        for store in self.stores.values():
            async for info in store.list(prefix):
                if info.key not in seen:
                    seen.add(info.key)
                    yield info

    async def delete(self, key: str) -> None:
        """Remove the object everywhere; where one store does not answer, not from all."""
        fault: Unavailable | None = None
        stores = list(self.stores.values()) if self._may_sink(key) else [self._hot]
        for store in reversed(stores):
            try:
                await store.delete(key)
            except Unavailable as away:
                fault = away
        if fault is not None:
            raise fault

    def locate(self, key: str, *, seconds: int = 3600) -> Location:
        """Return where it can be sent from this moment; nowhere, where it may lie below."""
        place = self._hot.locate(key, seconds=seconds)
        if not self._may_sink(key):
            return place
        if place.path is None or not place.path.is_file():
            return Location()
        return replace(place, settled=False)

    async def sink(self, key: str, to: StorageClass) -> int:
        """Have an object lie in the store of ``to`` and in none above; return the bytes copied.

        Interrupted at any moment, there is a copy too many, which the next call removes.
        """
        target, above = self.stores[to], self._above(to)
        sizes = [found.size for s in above if (found := await s.head(key)) is not None]
        if not sizes:
            return 0
        held, copied = await target.head(key), 0
        if held is None or held.size != sizes[0]:
            copied = await self._copy(key, target, to)
        for store in above:
            await store.delete(key)
        return copied

    async def close(self) -> None:
        """Give up what is being copied, and close all stores."""
        for task in tuple(self._lifts.values()):
            task.cancel()
        await asyncio.gather(*self._lifts.values(), return_exceptions=True)
        for store in self.stores.values():
            await store.close()

    def _may_sink(self, key: str) -> bool:
        return key.startswith(self._prefix)

    def _above(self, kind: StorageClass) -> Sequence[Objects]:
        at = tuple(self.stores).index(kind)
        return tuple(self.stores.values())[:at]

    async def _copy(self, key: str, target: Objects, to: StorageClass) -> int:
        for store in self._above(to):
            data = await store.get(key)
            if data is not None:
                await target.put(key, data)
                stored = await target.head(key)
                if stored is None or stored.size != len(data):
                    raise Unavailable(f"{key} was stored as {to}, but is not there.")
                return len(data)
        return 0

    async def _from_below(self, key: str, *, lift: bool) -> bytes | None:
        away: Unavailable | None = None
        check_object_key(key)
        for kind, store in self._lower.items():
            try:
                data = await store.get(key)
            except Unavailable as fault:
                away = fault  # it may lie further below as well
                continue
            if data is not None:
                self.counts.reads[kind] += 1
                if lift:
                    self._lift(key, data)
                return data
        if away is not None:
            raise away
        return None

    def _lift(self, key: str, data: bytes) -> None:
        """Copy up what was read, behind the reader's back: the copy may fail, the read may not."""
        if key not in self._lifts and len(self._lifts) < _MOST_LIFTS:
            task = self._lifts[key] = asyncio.create_task(self._lifted(key, data))
            task.add_done_callback(lambda _: self._lifts.pop(key, None))

    async def _lifted(self, key: str, data: bytes) -> None:
        try:
            await self._hot.put(key, data)
        except AntiphonError as fault:
            self.counts.lifts_failed += 1
            log.warning("media_not_lifted", key=key, reason=fault.detail)
        else:
            self.counts.lifted += 1
