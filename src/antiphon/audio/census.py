"""What lies where, beside what packages name: for reports, and for what is done about it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from antiphon.audio.model import Package, Rendition, Rung
from antiphon.audio.store import PackageStore
from antiphon.audio.tiers import NEVER_PLAYED, Plays, TierRules, made_at_last, storage_class
from antiphon.kernel import RecordingId, UnixMs
from antiphon.storage import Objects, StorageClass, TieredObjects

MEDIA: Final = "media"
_LONG_AGO: Final = UnixMs(0)
_SHARDS: Final = [f"{n:02x}" for n in range(256)]  # content hashes are hex
_NEARNESS: Final = {kind: at for at, kind in enumerate(StorageClass)}


@dataclass(slots=True)
class Pile:
    """The objects of one rendition that lie in one store; ``newest`` is when the last came."""

    objects: int = 0
    size: int = 0
    newest: UnixMs = _LONG_AGO


@dataclass(frozen=True, slots=True)
class Named:
    """A rendition that a package names: what it has, and how near it is to lie."""

    rung: Rung
    kind: StorageClass
    segments: int
    size: int
    made_at: UnixMs
    departs: bool = False

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of its objects; the init section, with which players begin, last."""
        return [*(f"{prefix}/{n}.m4s" for n in range(self.segments)), f"{prefix}/init.mp4"]


@dataclass(frozen=True, slots=True)
class Counted:
    """One prefix: what lies under it in which store, and who names it; None: nobody."""

    prefix: str
    piles: Mapping[StorageClass, Pile]
    named: Named | None

    @property
    def size(self) -> int:
        """Return the bytes of the fullest store."""
        return max((pile.size for pile in self.piles.values()), default=0)

    @property
    def newest(self) -> UnixMs:
        """Return when the last object came."""
        return max((pile.newest for pile in self.piles.values()), default=_LONG_AGO)

    @property
    def is_whole(self) -> bool:
        """Say whether all objects can be there; a copy may be spread over the stores."""
        return self.named is None or (
            sum(pile.objects for pile in self.piles.values()) > self.named.segments
        )


@dataclass(slots=True)
class Names:
    """Everything that packages name, as it was between ``since`` and the end of reading."""

    since: UnixMs
    by_prefix: dict[str, Named] = field(default_factory=dict)

    def add(self, package: Package, kind: StorageClass) -> None:
        """Add what a package names."""
        for rendition in package.renditions:
            self._add(rendition, kind, package.made_at.get(rendition.rung, _LONG_AGO))
        for leaving in package.departing:
            self._add(leaving.rendition, kind, leaving.made_at, departs=True)

    def _add(
        self, rendition: Rendition, kind: StorageClass, made_at: UnixMs, *, departs: bool = False
    ) -> None:
        segments, size = len(rendition.segments), rendition.size
        named = Named(rendition.rung, kind, segments, size, made_at, departs)
        held = self.by_prefix.get(rendition.prefix)
        # Recordings with the same sound may share objects: they lie as near as any needs them.
        if held is None or (held.departs, _NEARNESS[held.kind]) > (departs, _NEARNESS[kind]):
            self.by_prefix[rendition.prefix] = named


class Census:
    """Reads packages and stores. A pass holds about a kilobyte for each song."""

    def __init__(self, packages: PackageStore, objects: Objects, rules: TierRules) -> None:
        self.rules = rules
        self._packages = packages
        self.stores = stores_of(objects)

    async def packages(
        self, plays: Mapping[RecordingId, Plays], now: UnixMs
    ) -> AsyncIterator[tuple[Package, StorageClass]]:
        """Yield every package with its class."""
        async for package in self._packages.every():
            told = plays.get(package.recording_id, NEVER_PLAYED)
            yield package, storage_class(told, made_at_last(package), now, self.rules)

    async def counted(self, names: Names) -> AsyncIterator[Counted]:
        """Yield every prefix below which something lies, then what is named and lies nowhere."""
        missing = set(names.by_prefix)
        shards = {prefix.split("/")[1] for prefix in names.by_prefix}
        for shard in sorted(shards.union(_SHARDS)):
            found: dict[str, dict[StorageClass, Pile]] = {}
            for kind, store in self.stores.items():
                async for info in store.list(f"{MEDIA}/{shard}"):
                    prefix = info.key.rpartition("/")[0]
                    pile = found.setdefault(prefix, {}).setdefault(kind, Pile())
                    pile.objects += 1
                    pile.size += info.size
                    pile.newest = max(pile.newest, info.modified_at)
            for prefix, piles in found.items():
                missing.discard(prefix)
                yield Counted(prefix, piles, names.by_prefix.get(prefix))
        for prefix in sorted(missing):
            yield Counted(prefix, {}, names.by_prefix[prefix])


def stores_of(objects: Objects) -> Mapping[StorageClass, Objects]:
    """Return the stores behind a port by class; one is hot."""
    if isinstance(objects, TieredObjects):
        return objects.stores
    return {StorageClass.HOT: objects}
