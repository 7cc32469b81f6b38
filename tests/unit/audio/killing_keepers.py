"""Keepers of media that are killed at random moments, again and again, until all is tidy.

Run as ``killing_keepers.py FOLDER SEED KILLS``; prints what it found as JSON. A process of its own,
because it forks: nothing may be open, and no thread may run, when it does.
"""

import asyncio
import hashlib
import json
import random
import sys
import time
from pathlib import Path

from antiphon.audio import (
    STEREO_RUNGS,
    Census,
    MediaKeeper,
    Pace,
    PackageStore,
    PackageWriter,
    Progress,
    Rung,
    TierRules,
)
from antiphon.audio.model import Rendition, Segment
from antiphon.kernel import FixedClock
from antiphon.storage import StorageClass, TieredObjects, open_objects, open_tables
from antiphon.testing.forks import run_forked

DAY_MS = 24 * 3_600_000
SONGS = [f"{n:02x}{n:030x}" for n in range(3)]
RULES = TierRules(cold_rungs=(Rung.FLAC, Rung.AAC_128))


class Outbox:
    def __init__(self, tables):
        self._tables = tables

    async def write(self, table, key, mutations, _events, *, topic):
        await self._tables.mutate(table, key, mutations)


class House:
    """One process's engines on a folder, ``days`` after everything was made."""

    def __init__(self, folder: Path, days: float) -> None:
        self.tables = open_tables(f"lmdb:{folder}/tables")
        self.stores = {
            kind: open_objects(f"file:{folder}/{kind}")
            for kind in (StorageClass.HOT, StorageClass.COLD)
        }
        cold = {StorageClass.COLD: self.stores[StorageClass.COLD]}
        self.port = TieredObjects(self.stores[StorageClass.HOT], cold, prefix="media/")
        self.packages = PackageStore(self.tables)
        self.clock = FixedClock(time.time_ns() // 1_000_000 + round(days * DAY_MS))

    async def make(self) -> None:
        writer = PackageWriter(Outbox(self.tables))
        for song in SONGS:
            made = []
            for rung in STEREO_RUNGS:
                prefix = f"media/{song[:2]}/{song}/{rung}_made"
                sizes = (Segment(1000, 300), Segment(1000, 300))
                one = Rendition(rung, "x", prefix, 44100, 2, 16, 0, 0, 2000, 30, sizes, 1, 1)
                made.append(one)
                for key in one.keys:
                    size = 30 if key == one.init_key else 300
                    await self.port.put(key, _bytes(key, size))
            await writer.put(Progress(song, song, made, None, complete=True))
            await self.port.put(f"media/{song[:2]}/{song}/flac_torn/0.m4s", b"half an upload")

    async def tidy(self) -> bool:
        async def remake(_) -> None:
            return

        keeper = MediaKeeper(
            tables=self.tables,
            census=Census(self.packages, self.port, RULES),
            objects=self.port,
            clock=self.clock,
            remake=remake,
            pace=Pace(1e12),
        )
        return (await keeper.tidy({}, asyncio.Event())).is_nothing

    async def unreadable(self) -> list[str]:
        """Return what packages name, for new grants or old ones, and nobody can read."""
        found = []
        for package in await self.packages.packages(SONGS):
            assert package is not None
            named = [*package.renditions, *(d.rendition for d in package.departing)]
            for one in named:
                for key in one.keys:
                    size = 30 if key == one.init_key else 300
                    if await self.port.get(key) != _bytes(key, size):
                        found.append(key)
        return found

    async def left(self) -> dict[str, list[str]]:
        return {
            str(kind): sorted(
                {i.key.split("/")[3].partition("_")[0] async for i in store.list("media")}
            )
            for kind, store in self.stores.items()
        }

    async def close(self) -> None:
        await self.port.close()
        await self.tables.close()


def _bytes(key: str, size: int) -> bytes:
    return hashlib.shake_128(key.encode()).digest(size)


def in_house(folder: Path, days: float, work):
    async def run() -> None:
        house = House(folder, days)
        await work(house)
        await house.close()

    return run


def main() -> None:
    folder, seed, kills = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    killed, rounds, unreadable = 0, 0, []
    left = {}
    report, tidied = folder / "report.json", folder / "tidied.json"

    async def look(house: House) -> None:
        report.write_text(json.dumps([await house.unreadable(), await house.left()]))

    async def tidy(house: House) -> None:
        tidied.write_text(json.dumps(bool(await house.tidy())))

    while killed < kills:
        home = folder / str(rounds)
        rounds += 1
        run_forked(in_house(home, 0, House.make))
        for days in (200, 202, 204):
            through, patience = False, 0.15
            while not through:  # what is read is lifted, so that there is always work again
                wait, patience = chance.uniform(0.01, patience), patience + 0.01
                through = run_forked(in_house(home, days, tidy), kill_after=wait)
                killed += not through
                run_forked(in_house(home, days, look))
                bad, left = json.loads(report.read_text())
                unreadable += bad
        run_forked(in_house(home, 204, tidy))
        while not json.loads(tidied.read_text()):
            run_forked(in_house(home, 204, tidy))
        run_forked(in_house(home, 204, lambda house: _left(house, report)))
        left = json.loads(report.read_text())
    print(json.dumps({"killed": killed, "unreadable": unreadable, "left": left}))


async def _left(house: House, report: Path) -> None:
    report.write_text(json.dumps(await house.left()))


if __name__ == "__main__":
    main()
