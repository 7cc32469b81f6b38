"""An album encoded by workers that are killed at random moments, again and again, until it is done.

Run as ``killing.py FOLDER SEED KILLS``; prints what it found as JSON. A process of its own, because
it forks: nothing may be open, and no thread may run, when it does.
"""

import asyncio
import hashlib
import json
import os
import random
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import antiphon.audio.worker  # noqa: F401  # loaded once here, not in every child
from antiphon.audio import AudioJobs, AudioWorker, PackageStore, run_worker
from antiphon.audio.ladder import without_making
from antiphon.catalog import Master, Recording, SourceFormat
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import SystemClock
from antiphon.storage import open_cache, open_objects, open_tables
from antiphon.testing.forks import run_forked

RATE = 44_100
SONGS = ("one", "two")
ALBUM = "album"


@dataclass(frozen=True)
class Listed:
    recording_id: str
    disc: int = 1


class Catalogue:
    """Two songs on one album, by their files."""

    def __init__(self, music: Path) -> None:
        self._music = music

    async def recording(self, recording_id):
        master = Master(
            self.path(recording_id), _hash(recording_id), SourceFormat.WAV, RATE, 2, 16, 0
        )
        return Recording(recording_id, master, ALBUM, ())

    async def album_songs(self, _album_id):
        return [Listed(name) for name in SONGS]

    def path(self, name: str) -> str:
        return str(self._music / f"{name}.wav")


class House:
    """One worker process's engines on a folder."""

    def __init__(self, data: Path, music: Path) -> None:
        clock = SystemClock()
        self.catalogue = Catalogue(music)
        self.tables = open_tables(f"lmdb:{data}/tables")
        self.objects = open_objects(f"file:{data}/objects")
        self.signals = open_cache(f"memory:{data}/run")
        self.log = open_eventlog(f"lmdb:{data}/log")
        self.jobs = AudioJobs(self.tables, self.signals, clock)
        self.packages = PackageStore(self.tables)
        self.worker = AudioWorker(
            f"kill/{os.getpid()}",
            self.jobs,
            self.packages,
            self.catalogue,
            self.objects,
            Outbox(self.tables, self.log, clock),
            self.signals,
        )

    async def close(self) -> None:
        for engine in (self.log, self.signals, self.objects, self.tables):
            await engine.close()

    async def stored(self) -> dict[str, str]:
        """Return the objects that package rows name, with a digest: "" where one is torn.

        What tells the times of making a rendition apart is left out of their names.
        """
        found = {}
        for package in await self.packages.packages(SONGS):
            for rendition in () if package is None else package.renditions:
                sizes = {rendition.init_key: rendition.init_size}
                for number, segment in enumerate(rendition.segments):
                    sizes[rendition.segment_key(number)] = segment.size
                for key, size in sizes.items():
                    data = await self.objects.get(key)
                    whole = data is not None and len(data) == size
                    name = key.replace(rendition.prefix, without_making(rendition.prefix))
                    found[name] = hashlib.sha256(data).hexdigest() if whole else ""
        return found

    async def complete(self) -> bool:
        left = await self.jobs.status()
        if left["waiting"] or left["running"]:
            return False
        return left["dead"] > 0 or all(
            p is not None and p.complete for p in await self.packages.packages(SONGS)
        )


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def enqueueing(data: Path, music: Path):
    async def work() -> None:
        house = House(data, music)
        for name in SONGS:
            await house.jobs.enqueue(name, _hash(name), house.catalogue.path(name), ALBUM)
        await house.close()

    return work


def encoding(data: Path, music: Path, faults: Path):
    async def work() -> None:
        house = House(data, music)
        torn = [key for key, digest in (await house.stored()).items() if not digest]
        if torn:
            faults.write_text(json.dumps(torn))
        stop = asyncio.Event()
        worker = asyncio.create_task(run_worker(house.worker, stop))
        while not await house.complete():
            await asyncio.sleep(0.05)
        stop.set()
        await worker
        await house.close()

    return work


def recording(data: Path, music: Path, into: Path):
    async def work() -> None:
        house = House(data, music)
        left = await house.jobs.status()
        into.write_text(json.dumps([await house.stored(), left], sort_keys=True))
        await house.close()

    return work


def given_up(killed: Path) -> bool:
    """Say whether so many workers died over one job that it was given up, as it should be."""
    return bool(json.loads(killed.read_text())[1]["dead"])


def differences(plain: Path, killed: Path) -> list[str]:
    """Return what a round has that the undisturbed run has not, and the other way round."""
    (objects, jobs), (others, other_jobs) = (json.loads(p.read_text()) for p in (plain, killed))
    found = [k for k in sorted({*objects, *others}) if objects.get(k) != others.get(k)]
    return found if jobs == other_jobs else [*found, f"jobs {other_jobs}"]


def main() -> None:
    folder, seed, kills = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    music, data, faults = folder / "music", folder / "data", folder / "faults"
    plain = folder / "plain"
    run_forked(enqueueing(plain, music))
    began = time.monotonic()
    run_forked(encoding(plain, music, faults))
    whole = time.monotonic() - began
    run_forked(recording(plain, music, folder / "plain.json"))
    killed = rounds = abandoned = 0
    differing = []
    while killed < kills:
        rounds += 1
        shutil.rmtree(data, ignore_errors=True)
        run_forked(enqueueing(data, music))
        while not run_forked(encoding(data, music, faults), kill_after=chance.uniform(0.01, whole)):
            killed += 1
        run_forked(recording(data, music, folder / "killed.json"))
        if given_up(folder / "killed.json"):
            abandoned += 1
            continue
        differing += differences(folder / "plain.json", folder / "killed.json")
    objects = len(json.loads((folder / "plain.json").read_text())[0])
    found = {
        "killed": killed,
        "rounds": rounds,
        "abandoned": abandoned,
        "objects": objects,
        "differing": differing,
        "torn": faults.exists(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
