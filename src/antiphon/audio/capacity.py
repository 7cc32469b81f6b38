"""How much room media take, by class, rung and kind, how that grows, and what could be freed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from antiphon.audio.census import Census, Counted, Named, Names
from antiphon.audio.model import Package, Rung
from antiphon.audio.tiers import DAY_MS, Plays, TierRules, is_collectable, surplus
from antiphon.kernel import RecordingId, UnixMs
from antiphon.storage import StorageClass

GROWTH_DAYS: Final = (1, 7, 30)
SUGGESTED_RUNGS: Final = (Rung.FLAC, Rung.AAC_128)
"""Every player can begin with one of them at once, and they are half of the ladder's bytes."""


class Amount(msgspec.Struct):
    """How many there are, and how many bytes they have."""

    count: int = 0
    bytes: int = 0

    def add(self, size: int, count: int = 1) -> None:
        """Count something."""
        self.count += count
        self.bytes += size


class Capacity(msgspec.Struct, rename="camel"):
    """The report. What lies in two stores counts in both under ``stores``, else once.

    ``stores`` counts objects; ``copies`` of them lie in a lower store as well. ``classes`` counts
    recordings, ``rungs`` renditions. ``kinds`` are ``packages`` that are offered, those
    ``departing``, ``orphans`` that nobody names, and what else the installation keeps. ``growth``
    is what was packaged in the last days and is still there. ``freed`` says what would be won:
    ``orphans`` and ``departing`` go by themselves; ``sinking`` leaves the hot store; ``reducing``
    would go if cold recordings kept flac and aac-128 only, or what the settings say.
    """

    stores: dict[str, Amount] = {}
    copies: Amount = msgspec.field(default_factory=Amount)
    classes: dict[str, Amount] = {}
    rungs: dict[str, Amount] = {}
    kinds: dict[str, Amount] = {}
    growth: dict[str, Amount] = {}
    freed: dict[str, Amount] = {}
    incomplete: list[str] = []

    def package(self, package: Package, kind: StorageClass, rules: TierRules, now: UnixMs) -> None:
        """Count what a package names."""
        size = sum(r.size for r in package.renditions)
        _at(self.classes, kind).add(size)
        for rendition in package.renditions:
            _at(self.rungs, rendition.rung).add(rendition.size)
            for days in GROWTH_DAYS:
                if package.made_at.get(rendition.rung, UnixMs(0)) > now - days * DAY_MS:
                    _at(self.growth, str(days)).add(rendition.size)
        would = rules if rules.cold_rungs else replace(rules, cold_rungs=SUGGESTED_RUNGS)
        spared = surplus(package, kind, would)
        if spared:
            saved = sum(r.size for r in package.renditions if r.rung in spared)
            _at(self.freed, "reducing").add(saved, len(spared))

    def counted(self, counted: Counted, target: StorageClass | None, now: UnixMs) -> None:
        """Count what lies somewhere; ``target`` is where it is to lie."""
        for kind, pile in counted.piles.items():
            _at(self.stores, kind).add(pile.size, pile.objects)
        sizes = [pile.size for pile in counted.piles.values()]
        self.copies.add(sum(sizes) - counted.size, max(0, len(sizes) - 1))
        named = counted.named
        _at(self.kinds, _kind_of(named)).add(counted.size)
        if named is None:
            if is_collectable(counted.newest, now):
                _at(self.freed, "orphans").add(sum(sizes))
        elif not counted.is_whole:
            self.incomplete.append(counted.prefix)
        elif named.departs:
            _at(self.freed, "departing").add(sum(sizes))
        elif target is not None and target is not StorageClass.HOT:
            hot = counted.piles.get(StorageClass.HOT)
            if hot is not None:
                _at(self.freed, "sinking").add(hot.size)


def _kind_of(named: Named | None) -> str:
    if named is None:
        return "orphans"
    return "departing" if named.departs else "packages"


def _at(amounts: dict[str, Amount], name: str) -> Amount:
    return amounts.setdefault(str(name), Amount())


async def measure(
    census: Census, plays: Mapping[RecordingId, Plays], places: Sequence[StorageClass], now: UnixMs
) -> Capacity:
    """Read everything and change nothing; ``places`` are where each class lies, hot first."""
    found, names = Capacity(), Names(now)
    target = dict(zip(StorageClass, places, strict=True))
    async for package, kind in census.packages(plays, now):
        names.add(package, kind)
        found.package(package, kind, census.rules, now)
    async for counted in census.counted(names):
        found.counted(counted, target[counted.named.kind] if counted.named else None, now)
    return found
