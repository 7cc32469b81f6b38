"""Cost of a play grant by the level that answers, and S3-FIFO beside an order of use.

CPU of the process that grants, alone in one event loop, without HTTP. "prepared": the song is held
ready, as with embedded engines. "process", "shared" and "tables": nothing is prepared, and the rows
come from the process's level, from Redis, or from the tables (Google's Bigtable emulator); server
CPU of those does not count, their clients' does. Traces: 20,000 keys by Zipf 0.9, alone and with a
walk through keys that never return as every fifth request, for caches of 2 % and 10 % of the keys.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from antiphon.app.levels import Levels, levels_before
from antiphon.audio import (
    STEREO_RUNGS,
    AudioJobs,
    Loudness,
    PackageStore,
    PackageWriter,
    Progress,
)
from antiphon.catalog import AlbumFacts, Catalog, CatalogWriter, Song, SongEntry, open_search
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import (
    DeviceId,
    HouseholdId,
    ListenerId,
    Lufs,
    SystemClock,
    TruePeakDb,
    random_id,
)
from antiphon.rights import KeyVault, Licences, Rights, open_key_encryption
from antiphon.storage import GuardedTables, S3Fifo, open_cache, open_objects, open_tables
from antiphon.streaming import StreamingService
from antiphon.streaming.bounded import BoundedCache
from antiphon.streaming.wire import PlayIn
from antiphon.testing.engines import ENGINES
from bench.streaming_house import SECRET, rendition, song, temporary_folder

SONGS = 300
SEGMENTS = 40
ENGINES_AT = Path(__file__).parents[1] / ".cache" / "engines"
CATALOGUE = 20_000
REQUESTS = 400_000


@dataclass(frozen=True)
class Listener:
    listener_id: ListenerId = field(default_factory=lambda: ListenerId(random_id()))
    device_id: DeviceId = field(default_factory=lambda: DeviceId(random_id()))
    household_id: HouseholdId = field(default_factory=lambda: HouseholdId(random_id()))
    allows_explicit: bool = True


class NoDevices:
    async def is_known(self, *_: object) -> bool:
        return True


def run() -> dict[str, Any]:
    with temporary_folder() as folder, running("redis", "bigtable") as urls:
        grants = asyncio.run(grant_costs(folder, urls["bigtable"], urls["redis"]))
    with temporary_folder() as folder:
        grants |= asyncio.run(embedded_cost(folder))
    found = {f"grant_{level}_cpu_us": round(us, 1) for level, us in grants.items()}
    ours, peer = traces(S3Fifo), traces(BoundedCache)
    found |= {f"s3fifo_{name}": value for name, value in ours.items()}
    better = all(ours[n] > peer[n] for n in ours if n.endswith("hits"))
    return {
        "name": "cache_levels",
        "figures": found,
        "peer": {
            **{f"lru_{name}": value for name, value in peer.items()},
            **{name: found[name] for name in ("grant_prepared_cpu_us", "grant_process_cpu_us")},
        },
        "targets": {"s3fifo_hits_more_than_lru": {"met": better}},
    }


@contextmanager
def running(*names: str) -> Iterator[dict[str, str]]:
    with temporary_folder() as folder, ExitStack() as stack:
        urls = {}
        for name in names:
            engine = stack.enter_context(ENGINES[name](folder / name, ENGINES_AT))
            os.environ.update(engine.settings())
            urls[name] = engine.url
        yield urls


async def grant_costs(folder: Path, tables_url: str, cache_url: str) -> dict[str, float]:
    cache, clock = open_cache(cache_url), SystemClock()
    levels = levels_before(
        open_tables(tables_url),
        open_objects(f"file:{folder / 'objects'}"),
        cache,
        clock,
        serving=True,
    )
    granting = await Granting.furnished(folder, levels, cache)

    def forget_process() -> None:
        granting.unprepare()
        for held in levels.caches.values():
            held.clear()

    costs = {
        "prepared": await granting.cost(lambda: None),
        "process": await granting.cost(granting.unprepare),
        "shared": await granting.cost(forget_process),
    }
    for held in levels.caches.values():
        held._shared = None  # noqa: SLF001 - the level below is what is measured
    costs["tables"] = await granting.cost(forget_process)
    loads = sum(held.counts.loads for held in levels.caches.values())
    assert loads >= 2 * SONGS, "the tables were not asked"
    assert sum(held.counts.shared_hits for held in levels.caches.values()) >= 2 * SONGS
    await granting.close()
    return costs


async def embedded_cost(folder: Path) -> dict[str, float]:
    cache, clock = open_cache(f"memory:{folder / 'run'}"), SystemClock()
    tables, objects = open_tables(f"lmdb:{folder / 'tables'}"), open_objects(f"file:{folder}/o")
    levels = levels_before(tables, objects, cache, clock, serving=True)
    granting = await Granting.furnished(folder, levels, cache)
    costs = {
        "embedded": await granting.cost(lambda: None),
        "embedded_unprepared": await granting.cost(granting.unprepare),
    }
    await granting.close()
    return costs


class Granting:
    """A streaming service and the songs that it is asked for."""

    def __init__(self, service: StreamingService, songs: list[Song], engines: list[Any]) -> None:
        self._service = service
        self._engines = engines
        self._listener = Listener()
        ask = {"capabilities": {"codecs": ["mp4a.40.2", "flac"], "mse": True, "hls": False}}
        self._asks = [msgspec.convert({**ask, "songId": s.id}, PlayIn) for s in songs]

    @classmethod
    async def furnished(cls, folder: Path, levels: Levels, cache: Any) -> "Granting":
        clock = SystemClock()
        # Below the levels: what is told lately is not shared for a minute, and this is no news.
        tables = levels.tables.driver if isinstance(levels.tables, GuardedTables) else levels.tables
        events = open_eventlog(f"lmdb:{folder / 'events'}")
        outbox = Outbox(tables, events, clock)
        songs = [song(n) for n in range(SONGS)]
        entries = [SongEntry(s, AlbumFacts(artists=s.artists), None) for s in songs]
        await CatalogWriter(tables, outbox).apply(entries)
        writer = PackageWriter(outbox)
        loudness = Loudness(Lufs(-14.2), TruePeakDb(-0.3), Lufs(-13.9), TruePeakDb(-0.1))
        for s in songs:
            mark = s.master.content_hash
            made = [rendition(mark, rung, SEGMENTS) for rung in STEREO_RUNGS]
            await writer.put(Progress(s.recording_id, mark, made, loudness, complete=True))
        rights = Rights(levels.reading, clock, away=levels.rights_away)
        vault = KeyVault(tables, clock, open_key_encryption("", folder=folder))
        search = open_search(f"tantivy:{folder / 'search'}")
        service = StreamingService(
            catalog=Catalog(levels.reading, levels.objects, search),
            rights=rights,
            packages=PackageStore(levels.reading),
            jobs=AudioJobs(tables, cache, clock),
            objects=levels.objects,
            signals=cache,
            events=events,
            clock=clock,
            licences=Licences(
                tables,
                cache,
                clock,
                rights=rights,
                keys=vault,
                devices=NoDevices(),  # type: ignore[arg-type]
            ),
            key_words=vault,
            is_revoked=lambda _: False,
            signing_secret=SECRET,
        )
        engines = [rights, levels, search, events, cache, levels.objects, levels.tables]
        return cls(service, songs, engines)

    def unprepare(self) -> None:
        for ask in self._asks:
            self._service.forget(ask.song_id)  # type: ignore[arg-type]

    async def cost(self, forget: Callable[[], None], rounds: int = 5) -> float:
        """Return the CPU of one grant in us: the best of some rounds over all songs."""
        best = float("inf")
        for _ in range(rounds + 1):
            await asyncio.sleep(0.05)  # what fills the shared level goes first
            forget()
            began = time.process_time()
            for ask in self._asks:
                await self._service.grant(self._listener, ask)
            best = min(best, time.process_time() - began)
        return best / len(self._asks) * 1e6

    async def close(self) -> None:
        for engine in self._engines:
            await engine.close()


def traces(make: Callable[[int], Any]) -> dict[str, float]:
    """Return hit ratios on both traces, and the CPU of a request in us."""
    dice = random.Random(5)
    zipf = dice.choices(
        range(CATALOGUE), [1 / (rank + 1) ** 0.9 for rank in range(CATALOGUE)], k=REQUESTS
    )
    walked = [CATALOGUE + n if n % 5 == 0 else key for n, key in enumerate(zipf)]
    found: dict[str, float] = {}
    for share in (2, 10):
        for name, trace in (("zipf", zipf), ("walk", walked)):
            hits, us = replay(make(CATALOGUE * share // 100), trace)
            found[f"{name}_{share}_percent_hits"] = round(hits, 3)
            found[f"{name}_{share}_percent_us"] = round(us, 2)
    return found


def replay(cache: Any, trace: list[int]) -> tuple[float, float]:
    hits = 0
    began = time.process_time()
    for key in trace:
        if cache.get(key) is not None:
            hits += 1
        else:
            cache.put(key, key, 1)
    return hits / len(trace), (time.process_time() - began) / len(trace) * 1e6


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
