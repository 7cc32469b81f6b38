"""Charts made from the hours: all of them in one pass over the shards, a second one if need be."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter, thread_time
from typing import Final, Protocol

import structlog

from antiphon.catalog import Song
from antiphon.charts.model import Group, Kind, Standing
from antiphon.charts.plays import PlayCounts
from antiphon.charts.rules import (
    HOURS_LOOKED_AT,
    SHARDS,
    Chart,
    Vector,
    empty_vector,
    hour_of,
    weights,
)
from antiphon.charts.store import ChartStore
from antiphon.charts.tally import CAPACITY, PartedItems, WholeItems
from antiphon.kernel import AntiphonError, Clock, SongId, UnixMs

log = structlog.get_logger()

_SHORTEST_PAUSE: Final = 3.0
_SHARE_OF_TIME: Final = 20  # making charts takes at most a twentieth of one core
_SONGS_AT_ONCE: Final = 2000
_ALL_GENRES: Final = ""


class KnownSongs(Protocol):
    """The part of the catalogue that is asked which album, artists and genres a song has."""

    async def songs(self, ids: Sequence[SongId], /) -> Sequence[Song | None]:
        """Return one answer per id, in order."""
        ...


class _Tallies:
    """What one pass fills."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counted: dict[tuple[Group, Kind], PartedItems] = {}
        self._second = False
        self.songs: dict[Group, WholeItems] = {}
        self.parted: dict[tuple[Group, Kind], PartedItems] = {}

    def add(self, storefront: str, song: Song, vector: Vector, *, again: bool) -> None:
        """Add a song's plays in a storefront; ``again`` to what overflowed in the first pass."""
        for genre in (_ALL_GENRES, *dict.fromkeys(genre.id for genre in song.genres)):
            group = Group(storefront, genre)
            if not again:
                self.songs.setdefault(group, WholeItems()).add(song.id, vector)
            self._part(group, Kind.ALBUMS, song.album_id, vector, song.id)
            for artist in dict.fromkeys(artist.id for artist in song.artists):
                self._part(group, Kind.ARTISTS, artist, vector, song.id)

    def recount(self) -> bool:
        """Say whether a second pass is needed, and get ready for it."""
        self._counted = {k: t for k, t in self.parted.items() if not t.overflowed}
        self.parted = {k: t for k, t in self.parted.items() if t.overflowed}
        for tally in self.parted.values():
            tally.recount()
        self._second = True
        return bool(self.parted)

    def standing(self, group: Group, chart: Chart, made_at: UnixMs) -> Standing:
        """Return a chart of each kind."""
        every = self._counted | self.parted
        parted = {kind: every.get((group, kind)) for kind in (Kind.ALBUMS, Kind.ARTISTS)}
        found = {k: t.positions(chart) for k, t in parted.items() if t is not None}
        bounds = {k: t.bound(chart) for k, t in parted.items() if t is not None}
        return Standing(
            made_at=made_at,
            songs=self.songs[group].positions(chart),
            albums=found.get(Kind.ALBUMS, ()),
            artists=found.get(Kind.ARTISTS, ()),
            bounds={kind: bound for kind, bound in bounds.items() if bound},
        )

    def _part(self, group: Group, kind: Kind, item: str, vector: Vector, song: str) -> None:
        tally = self.parted.get((group, kind))
        if tally is None:
            if self._second:
                return  # exact already
            tally = self.parted[group, kind] = PartedItems(self._capacity)
        tally.add(item, vector, song)


class ChartMaker:
    """Makes all charts anew from the counts."""

    def __init__(
        self,
        counts: PlayCounts,
        store: ChartStore,
        catalog: KnownSongs,
        clock: Clock,
        *,
        capacity: int = CAPACITY,
    ) -> None:
        self._counts = counts
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._capacity = capacity

    async def make(self) -> int:
        """Replace all charts by those of this moment; return how many there are."""
        now = self._clock.now()
        tallies = _Tallies(self._capacity)
        await self._pass(tallies, now, again=False)
        if tallies.recount():
            await self._pass(tallies, now, again=True)
        standings = {
            (group, chart): tallies.standing(group, chart, now)
            for group in tallies.songs
            for chart in Chart
        }
        await self._store.replace(standings)
        return len(standings)

    async def run(self, counted: Callable[[], int], stop: asyncio.Event) -> None:
        """Make charts when ``counted`` has grown and with each hour, until ``stop``."""
        done: tuple[int, int] | None = None
        pause = _SHORTEST_PAUSE
        while not stop.is_set():
            state = (counted(), hour_of(self._clock.now()))
            if state != done:
                began, worked = perf_counter(), thread_time()
                try:
                    await self.make()
                except AntiphonError as fault:
                    log.warning("charts_not_made", reason=fault.detail)
                else:
                    done = state
                # A remote engine is waited for, which takes no core; it rests as long as it worked.
                lasted, worked = perf_counter() - began, thread_time() - worked
                pause = max(_SHORTEST_PAUSE, _SHARE_OF_TIME * worked, lasted)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()

    async def _pass(self, tallies: _Tallies, now: UnixMs, *, again: bool) -> None:
        for shard in range(SHARDS):
            vectors = await self._vectors(shard, now)
            ids = sorted({song_id for _, song_id in vectors})
            for first in range(0, len(ids), _SONGS_AT_ONCE):
                songs = await self._songs(ids[first : first + _SONGS_AT_ONCE])
                for (storefront, song_id), vector in vectors.items():
                    if song_id in songs:
                        tallies.add(storefront, songs[song_id], vector, again=again)
            await asyncio.sleep(0)  # others of this process may go on

    async def _songs(self, ids: Sequence[str]) -> dict[str, Song]:
        """Return what the catalogue still has; the others are in no chart."""
        found = await self._catalog.songs([SongId(i) for i in ids])
        return {song.id: song for song in found if song is not None}

    async def _vectors(self, shard: int, now: UnixMs) -> dict[tuple[str, str], Vector]:
        last = hour_of(now)
        found: dict[tuple[str, str], Vector] = {}
        hours = await self._counts.shard(shard, last - HOURS_LOOKED_AT + 1, last)
        for hour, counts in hours.items():
            parts = weights(last - hour)
            for storefront, songs in counts.items():
                for song_id, (plays, _) in songs.items():
                    vector = found.setdefault((storefront, song_id), empty_vector())
                    for place, weight in parts:
                        vector[place] += plays * weight
        return found
