"""Keeping media: sinks what is played seldom, takes away what is not needed, collects orphans.

Every step can be cut off, done twice, or done by two processes at once: rows change before objects
do, an upper copy goes after the lower one is whole, and only what nobody can name any more is
removed. A pass begins from the beginning and finds what is left to do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from antiphon.audio.capacity import Capacity
from antiphon.audio.census import Census, Counted, Names
from antiphon.audio.making import GRACE_MS
from antiphon.audio.ownership import belong_together
from antiphon.audio.reducing import PackageReducer
from antiphon.audio.tiers import DEPARTING_MS, Plays, is_collectable, is_to_be_whole, surplus
from antiphon.kernel import Clock, RecordingId, UnixMs
from antiphon.storage import Objects, StorageClass, Tables, TieredObjects

log = structlog.get_logger()

_NAMES_HOLD_MS: Final = GRACE_MS // 4  # what packages name is read again after that
_OPERATION_BYTES: Final = 64 * 1024  # a request costs the stores as much as so many bytes


@dataclass(slots=True)
class Tidied:
    """What was done; in one pass, or since a process began."""

    objects_sunk: int = 0
    bytes_sunk: int = 0
    bytes_copied: int = 0
    rungs_retired: int = 0
    rungs_dropped: int = 0
    recordings_made_whole: int = 0
    orphans_collected: int = 0
    bytes_collected: int = 0

    def add(self, other: "Tidied") -> None:
        """Add what another pass has done."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def is_nothing(self) -> bool:
        """Say whether all was as it should be."""
        return self == Tidied()


class Pace:
    """Holds moves to so many bytes a second, requests counted as bytes."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second

    async def spend(self, size: int) -> None:
        """Rest for as long as that may take."""
        await asyncio.sleep((size + _OPERATION_BYTES) / self._rate)


@dataclass(slots=True)
class _Pass:
    """One pass on its way."""

    plays: Mapping[RecordingId, Plays]
    now: UnixMs
    stop: asyncio.Event
    names: Names
    done: Tidied = field(default_factory=Tidied)
    found: Capacity = field(default_factory=Capacity)
    orphans: list[Counted] = field(default_factory=list)


class MediaKeeper:
    """Keeps the media of one installation; ``remake`` asks for a recording's ladder."""

    def __init__(
        self,
        *,
        tables: Tables,
        census: Census,
        objects: Objects,
        clock: Clock,
        remake: Callable[[RecordingId], Awaitable[None]],
        pace: Pace,
    ) -> None:
        self._census = census
        self._tables = tables
        self._reducer = PackageReducer(tables)
        self._objects = objects
        self._clock = clock
        self._remake = remake
        self._pace = pace
        self.total = Tidied()
        self.capacity: Capacity | None = None

    async def tidy(
        self, plays: Mapping[RecordingId, Plays], stop: asyncio.Event, *, stores: bool = True
    ) -> Tidied:
        """Do one pass; return what it did, also where ``stop`` cut it short.

        Without ``stores`` only rungs are seen to, and no object is listed.
        """
        now = self._clock.now()
        job = _Pass(plays, now, stop, Names(now))
        try:
            if await self._packages(job) and stores and await self._objects_of(job):
                self.capacity = job.found
        finally:
            self.total.add(job.done)
        return job.done

    async def _packages(self, job: _Pass) -> bool:
        """See to the rungs of every package; return whether that was all."""
        rules = self._census.rules
        async for package, kind in self._census.packages(job.plays, job.now):
            if job.stop.is_set():
                return False
            # As it was: what is put aside now is named still, and what is dropped goes next time.
            job.names.add(package, kind)
            job.found.package(package, kind, rules, job.now)
            before = UnixMs(job.now - DEPARTING_MS)
            if any(leaving.since < before for leaving in package.departing):
                dropped = await self._reducer.drop(package.recording_id, before)
                job.done.rungs_dropped += dropped
            spared = surplus(package, kind, rules)
            if spared:
                retired = await self._reducer.retire(package.recording_id, spared, job.now)
                job.done.rungs_retired += retired
                await self._pace.spend(0)
            elif is_to_be_whole(package, kind, rules):
                await self._make_whole(package.recording_id)
                job.done.recordings_made_whole += 1
        return True

    async def _make_whole(self, recording_id: RecordingId) -> None:
        if not await self._reducer.put_back(recording_id):
            await self._remake(recording_id)
        await self._pace.spend(0)

    async def _objects_of(self, job: _Pass) -> bool:
        """See to everything that lies in the stores; return whether that was all."""
        async for counted in self._census.counted(job.names):
            if job.stop.is_set() or self._clock.now() - job.names.since > _NAMES_HOLD_MS:
                return False
            target = None if counted.named is None else self._place(counted.named.kind)
            job.found.counted(counted, target, job.now)
            if target is not None:
                await self._sink(job, counted, target)
            elif counted.named is None and is_collectable(counted.newest, job.now):
                job.orphans.append(counted)
        return await self._collect_all(job)

    async def _collect_all(self, job: _Pass) -> bool:
        """Remove orphans; none where packages and stores may not belong together."""
        if not job.orphans:
            return True
        stores = self._census.stores.values()
        if not job.names.by_prefix or not await belong_together(self._tables, stores):
            log.warning("orphans_left_alone", renditions=len(job.orphans))
            return True
        for counted in job.orphans:
            late = self._clock.now() - job.names.since > _NAMES_HOLD_MS
            if late or job.stop.is_set():
                return False
            await self._collect(job, counted)
        return True

    def _place(self, kind: StorageClass) -> StorageClass:
        if isinstance(self._objects, TieredObjects):
            return self._objects.place(kind)
        return StorageClass.HOT

    async def _sink(self, job: _Pass, counted: Counted, target: StorageClass) -> None:
        """Move a rendition down where it lies too near."""
        order = list(StorageClass)
        above = [kind for kind in counted.piles if order.index(kind) < order.index(target)]
        if not above or counted.named is None or not isinstance(self._objects, TieredObjects):
            return
        for key in counted.named.keys(counted.prefix):
            if job.stop.is_set():
                return
            copied = await self._objects.sink(key, target)
            job.done.objects_sunk += 1
            job.done.bytes_copied += copied
            await self._pace.spend(copied)
        job.done.bytes_sunk += sum(counted.piles[kind].size for kind in above)
        log.info("rendition_sunk", prefix=counted.prefix, to=target)

    async def _collect(self, job: _Pass, counted: Counted) -> None:
        """Remove what nobody names; the whole of it in every store."""
        keys = {
            info.key
            for store in self._census.stores.values()
            async for info in store.list(counted.prefix)
        }
        for key in sorted(keys):
            await self._objects.delete(key)
            job.done.orphans_collected += 1
            await self._pace.spend(0)
        job.done.bytes_collected += counted.size
        log.info("orphan_collected", prefix=counted.prefix, objects=len(keys))
