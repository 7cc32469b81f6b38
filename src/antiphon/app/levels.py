"""What is held of which kind, for how long: the cache policies of an installation, in one place.

Only before remote engines; embedded ones answer as fast as memory, and have nothing before them.

What is not here is not held: accounts, devices, tokens, playlists and libraries are read where
their writers have just written; rights hold their own memory, a quarter of a second old at most.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from antiphon.kernel import Clock, HouseholdId, SongId
from antiphon.rights import Rights
from antiphon.storage import (
    CacheAndSignals,
    CachedObjects,
    CachedTables,
    CachePolicy,
    Changes,
    GuardedObjects,
    GuardedTables,
    LeveledCache,
    Objects,
    SharedLevel,
    Tables,
    ToldObjects,
    ToldTables,
    object_cache,
    row_cache,
)

_MEGABYTE: Final = 1024 * 1024
_HOUR: Final = 3600.0

RIGHTS_AWAY_SECONDS: Final = _HOUR
"""For so long rights decide from memory where the tables do not answer.

As long as a grant has to be good for in an outage; nobody can take a song down in tables that are
away from everybody, and where they are away from this process only, signals tell of it.
"""

CATALOGUE: Final = CachePolicy(
    kind="catalogue",
    fresh=30.0,
    renewed=60.0,
    away=6 * _HOUR,
    absent=1.0,
    most_bytes=16 * _MEGABYTE,
    largest=256 * 1024,
)
PACKAGES: Final = CachePolicy(  # what playlists are made of
    kind="packages",
    fresh=30.0,
    renewed=60.0,
    away=6 * _HOUR,
    absent=0.0,  # somebody waits for it
    most_bytes=32 * _MEGABYTE,
    largest=_MEGABYTE,
)
AUDIO: Final = CachePolicy(
    kind="audio",
    fresh=600.0,
    renewed=1200.0,
    away=6 * _HOUR,
    absent=0.0,
    most_bytes=128 * _MEGABYTE,
    largest=4 * _MEGABYTE,
    shared=False,  # the store is as near as the shared cache, which has better uses for its memory
)
AUDIO_PREFIX: Final = "media/"

ROWS: Final[Mapping[str, CachePolicy]] = {
    "catalog_songs": CATALOGUE,
    "catalog_albums": CATALOGUE,
    "catalog_artists": replace(CATALOGUE, most_bytes=8 * _MEGABYTE),
    "catalog_genres": replace(CATALOGUE, most_bytes=_MEGABYTE),
    "packages": PACKAGES,
}
SETTLED: Final = {"packages": "p:complete"}  # packages that still grow are not held
RIGHTS_SONGS: Final = "rights_songs"
RIGHTS_TERMS: Final = "rights_households"


@dataclass(frozen=True, slots=True)
class Levels:
    """The engines as rooms are given them: ``reading`` are tables that may answer from memory."""

    tables: Tables
    reading: Tables
    objects: Objects
    changes: Changes
    caches: dict[str, LeveledCache[Any]] = field(default_factory=dict)

    @property
    def rights_away(self) -> float:
        """Return for how long rights may decide alone: not at all where tables are embedded."""
        return RIGHTS_AWAY_SECONDS if self.reading is not self.tables else 0.0

    def watch_rights(self, rights: Rights) -> None:
        """Have rights told of takedowns and changed terms at once, besides what they look for."""
        if not self.caches:
            return
        self.changes.watch(
            RIGHTS_SONGS,
            lambda keys: rights.songs_changed([SongId(k.decode()) for k in keys]),
            rights.look_again,
        )
        self.changes.watch(
            RIGHTS_TERMS,
            lambda keys: rights.terms_changed([HouseholdId(k.decode()) for k in keys]),
            rights.look_again,
        )

    async def keep_heard(self, stop: asyncio.Event) -> None:
        """Hear what has changed until ``stop``; at once done where nothing is held."""
        if self.caches:
            await self.changes.keep_heard(stop)

    async def close(self) -> None:
        """Stop fetching."""
        for cache in self.caches.values():
            await cache.close()


def levels_before(
    tables: Tables, objects: Objects, cache: CacheAndSignals, clock: Clock, *, serving: bool
) -> Levels:
    """Return the engines with levels before the remote ones, which only who serves reads from."""
    shared = SharedLevel(cache, clock)
    changes = Changes(cache, shared)
    caches: dict[str, LeveledCache[Any]] = {}
    reading = tables
    if isinstance(tables, GuardedTables):
        told = tables = ToldTables(tables, changes, [*ROWS, RIGHTS_SONGS, RIGHTS_TERMS])
        reading = tables
        if serving:
            rows = {
                table: row_cache(
                    replace(policy, kind=table),
                    told,
                    clock,
                    shared,
                    settled=SETTLED.get(table, ""),
                )
                for table, policy in ROWS.items()
            }
            caches |= rows
            reading = CachedTables(told, changes, rows)
    if isinstance(objects, GuardedObjects):
        kind, driver = AUDIO.kind, objects
        objects = ToldObjects(driver, changes, kind=kind, prefix=AUDIO_PREFIX)
        if serving:
            caches[kind] = object_cache(AUDIO, driver, clock)
            objects = CachedObjects(driver, changes, prefix=AUDIO_PREFIX, cache=caches[kind])
    for kind, held in caches.items():
        changes.watch(kind, held.drop, held.clear)
    return Levels(tables, reading, objects, changes, caches)
