"""Imports in a child that is killed at a random moment, again and again, until it gets through.

Run as ``killing.py FOLDER SEED KILLS``; prints what it found as JSON. A process of its own, because
it forks: nothing may be open, and no thread may run, when it does.
"""

import json
import os
import random
import shutil
import sys
import time
from pathlib import Path

import msgspec
import mutagen.flac

from antiphon.catalog import Catalog, CatalogWriter, open_search
from antiphon.catalog.events import ALL_EVENTS, TOPIC, SongAdded, SongRemoved
from antiphon.eventlog import EventTypes, Outbox, open_eventlog
from antiphon.ingest import FolderImport
from antiphon.ingest.state import FILES, FileState, file_key
from antiphon.kernel import FixedClock
from antiphon.storage import open_objects, open_tables
from antiphon.testing.forks import run_forked

_LATER_MS = 3_600_000
_BATCH = 6
_PATIENCE = 1.05  # a machine may be slower than when the whole was timed


class Shop:
    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.tables = open_tables(f"lmdb:{folder / 'tables'}")
        self.events = open_eventlog(f"lmdb:{folder / 'events'}")
        self.objects = open_objects(f"file:{folder / 'objects'}")
        self.search = open_search(f"tantivy:{folder / 'search'}")
        self.outbox = Outbox(self.tables, self.events, self.clock)
        self.catalog = Catalog(self.tables, self.objects, self.search)
        self.importer = FolderImport(
            CatalogWriter(self.tables, self.outbox),
            self.tables,
            self.objects,
            self.clock,
            readers=1,
            isolated=False,
            batch_files=_BATCH,
        )

    async def close(self) -> None:
        for engine in (self.search, self.events, self.objects, self.tables):
            await engine.close()


async def acknowledged(shop: Shop, music: Path) -> list[str]:
    """Return songs of good files that were acknowledged and are not there: none, if all is well."""
    decode = msgspec.msgpack.Decoder(FileState).decode
    good = {
        file_key(os.fsencode(p.parent), os.fsencode(p.name))
        for p in music.rglob("*.flac")
        if p.stat().st_size > 100
    }
    rows = await shop.tables.scan(FILES, limit=10_000)
    states = [decode(row.value("i", "v")) for row in rows if row.key in good]
    wanted = [s.song_id for s in states if s.song_id and s.stamp]
    songs = await shop.catalog.songs(wanted)
    listed = {s.id for s in (await shop.catalog.list_songs(limit=10_000)).items}
    return [i for i, song in zip(wanted, songs, strict=True) if song is None or i not in listed]


async def snapshot(shop: Shop) -> dict:
    """Return everything that a listener can see, and whose events are in the log."""
    catalog = shop.catalog
    shop.clock.advance(ms=_LATER_MS)
    await shop.outbox.sweep()
    songs = (await catalog.list_songs(limit=10_000)).items
    albums = (await catalog.list_albums(limit=10_000)).items
    artists = (await catalog.list_artists(limit=10_000)).items
    genres = (await catalog.list_genres(limit=10_000)).items
    pages = {a.id: [i.id for i in (await catalog.artist_songs(a.id)).items] for a in artists}
    orders = {a.id: [s.id for s in await catalog.album_songs(a.id)] for a in albums}
    failed = [(f.path, f.reason) for f in await shop.importer.failures()]
    seen = (songs, albums, artists, genres, pages, orders, failed)
    return {"seen": msgspec.to_builtins(seen), "alive": sorted(await _alive(shop))}


async def _alive(shop: Shop) -> set[str]:
    """Return the songs that somebody who heard all events believes to be there."""
    types, alive = EventTypes(*ALL_EVENTS), set()
    async with shop.events.subscribe(TOPIC, group=f"check-{time.time_ns()}") as subscription:
        while records := await subscription.poll(wait=0.05):
            for event in (types.decode(r.envelope) for r in records):
                if isinstance(event, SongAdded):
                    alive.add(event.song_id)
                elif isinstance(event, SongRemoved):
                    alive.discard(event.song_id)
            await subscription.commit(records)
    return alive


def scanning(data: Path, music: Path, lost: Path):
    async def work() -> None:
        shop = Shop(data)
        missing = await acknowledged(shop, music)
        if missing:
            lost.write_text(json.dumps(missing))
        await shop.importer.scan([music])
        await shop.close()

    return work


def recording(data: Path, into: Path):
    async def work() -> None:
        shop = Shop(data)
        into.write_text(json.dumps(await snapshot(shop), sort_keys=True))
        await shop.close()

    return work


def change(music: Path) -> None:
    """Move, remove, copy, retag and break some of the music."""
    folders = sorted(p for p in music.iterdir() if p.is_dir())
    folders[0].rename(music / "Moved")
    shutil.rmtree(folders[1])
    files = sorted(folders[2].glob("*.flac"))
    for path in files[:3]:
        opened = mutagen.flac.FLAC(path)
        opened["title"] = opened["title"][0] + " again"
        opened["album"] = "Retagged"
        opened.save()
    files[3].write_bytes(b"broken")
    shutil.copytree(folders[3], music / "Copy")


def main() -> None:
    folder, seed, kills = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    killed = rounds = 0
    differing = []
    lost = folder / "lost"
    began = time.monotonic()
    run_forked(scanning(folder / "timed", folder / "original", lost))
    whole = time.monotonic() - began
    while killed < kills:
        rounds += 1
        music = folder / "music"
        shutil.rmtree(music, ignore_errors=True)
        shutil.copytree(folder / "original", music)
        data, plain = folder / "data", folder / "plain"
        for path in (data, plain):
            shutil.rmtree(path, ignore_errors=True)
        for stage in ("first", "second"):
            if stage == "second":
                change(music)
            longest = 0.8 * whole
            while not run_forked(
                scanning(data, music, lost), kill_after=chance.uniform(0.02, longest)
            ):
                killed += 1
                longest *= _PATIENCE
            run_forked(scanning(plain, music, lost))
            run_forked(recording(data, folder / "a.json"))
            run_forked(recording(plain, folder / "b.json"))
            if (folder / "a.json").read_text() != (folder / "b.json").read_text():
                differing.append([rounds, stage])
                shutil.copy(folder / "a.json", folder / f"killed-{rounds}-{stage}.json")
                shutil.copy(folder / "b.json", folder / f"plain-{rounds}-{stage}.json")
    found = {"killed": killed, "rounds": rounds, "differing": differing, "lost": lost.exists()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
