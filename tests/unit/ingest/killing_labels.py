"""Deliveries taken in by a child that is killed at a random moment, until it gets through.

Run as ``killing_labels.py FOLDER SEED KILLS``; takes ``in`` and then ``in2`` below FOLDER, prints
what it found as JSON. A process of its own, because it forks: nothing may be open when it does.
"""

import difflib
import json
import random
import shutil
import sys
import time
from pathlib import Path

import msgspec

from antiphon.audio import AudioJobs, PackageEraser, Repackager
from antiphon.catalog import Catalog, CatalogWriter, open_search
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.ingest import LabelImport
from antiphon.kernel import FixedClock
from antiphon.rights import AuditLog, KeyVault, Rights, open_key_encryption
from antiphon.rights.store import RELEASES
from antiphon.storage import open_cache, open_objects, open_tables, open_workspace
from antiphon.testing.forks import run_forked

_PATIENCE = 1.05  # a machine may be slower than when the whole was timed


class Shop:
    def __init__(self, folder: Path) -> None:
        clock = FixedClock()
        self.tables = open_tables(f"lmdb:{folder / 'tables'}")
        self.events = open_eventlog(f"lmdb:{folder / 'events'}")
        self.objects = open_objects(f"file:{folder / 'objects'}")
        self.search = open_search(f"tantivy:{folder / 'search'}")
        self.catalog = Catalog(self.tables, self.objects, self.search)
        self.rights = Rights(self.tables, clock)
        self.vault = KeyVault(self.tables, clock, open_key_encryption("", folder=folder))
        self.signals = open_cache(f"memory:{folder / 'run'}")
        self.labels = LabelImport(
            writer=CatalogWriter(self.tables, Outbox(self.tables, self.events, clock)),
            catalog=self.catalog,
            rights=self.rights,
            vault=self.vault,
            packages=self._repackager(clock),
            audit=AuditLog(self.tables, clock, b"k" * 32),
            tables=self.tables,
            objects=self.objects,
            clock=clock,
            workspace=open_workspace(f"file:{folder}"),
            isolated=False,
        )

    def _repackager(self, clock: FixedClock) -> Repackager:
        jobs = AudioJobs(self.tables, self.signals, clock)
        eraser = PackageEraser(self.tables, self.objects)
        return Repackager(eraser, self.vault, self.catalog, jobs)

    async def close(self) -> None:
        for engine in (self.signals, self.search, self.events, self.objects, self.tables):
            await engine.close()


async def snapshot(shop: Shop, folder: Path) -> str:
    """Return all that is to be the same: catalogue, deals, facts, keys' marks, files, releases."""
    songs = (await shop.catalog.list_songs(limit=1000)).items
    albums = (await shop.catalog.list_albums(limit=1000)).items
    ids = [s.id for s in songs]
    deals = await shop.rights.store.songs(ids)
    facts = [await shop.rights.facts_of(i) for i in ids]
    marks = [await shop.vault.is_protected(s.recording_id) for s in songs]
    rows = await shop.tables.scan(RELEASES, limit=100)
    releases = [msgspec.msgpack.decode(row.value("r", "v")) for row in rows]
    files = sorted(p.name for p in (folder / "masters").rglob("*") if p.is_file())
    seen = msgspec.to_builtins((songs, albums, deals, facts, marks, releases, files))
    return json.dumps(seen, sort_keys=True).replace(str(folder), "")


def taking(data: Path, delivery: Path):
    async def work() -> None:
        shop = Shop(data)
        record = await shop.labels.take(delivery)
        assert record.outcome in {"accepted", "unchanged"}, record
        await shop.close()

    return work


def recording(data: Path, into: Path):
    async def work() -> None:
        shop = Shop(data)
        into.write_text(await snapshot(shop, data))
        await shop.close()

    return work


def is_within(data: Path, into: Path) -> bool:
    """Say whether the kill has left a release in work."""

    async def work() -> None:
        shop = Shop(data)
        rows = await shop.tables.scan(RELEASES, limit=100)
        states = [msgspec.msgpack.decode(row.value("r", "v")) for row in rows]
        into.write_text(str(any(s["in_work"] for s in states)))
        await shop.close()

    run_forked(work)
    return into.read_text() == "True"


def differences(expected: str, found: str) -> list[str]:
    """Return the lines that only one has, marked ``-`` and ``+``."""
    before, after = (
        json.dumps(json.loads(raw), indent=1).splitlines() for raw in (expected, found)
    )
    return list(difflib.unified_diff(before, after, n=2, lineterm=""))


def main() -> None:
    folder, seed, kills = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    killed = rounds = within = 0
    differing = []
    began = time.monotonic()
    run_forked(taking(folder / "timed", folder / "in"))
    whole = time.monotonic() - began
    while killed < kills or within < kills // 4:
        rounds += 1
        data, plain = folder / "data", folder / "plain"
        for path in (data, plain):
            shutil.rmtree(path, ignore_errors=True)
        for stage in ("in", "in2"):
            longest = whole
            while not run_forked(
                taking(data, folder / stage), kill_after=chance.uniform(0.1, 0.8) * longest
            ):
                killed += 1
                longest *= _PATIENCE
                within += is_within(data, folder / "state")
            run_forked(taking(plain, folder / stage))
            run_forked(recording(data, folder / "a.json"))
            run_forked(recording(plain, folder / "b.json"))
            found, expected = ((folder / f"{n}.json").read_text() for n in "ab")
            if found != expected:
                differing.append([rounds, stage, *differences(expected, found)])
        if rounds > 4 * kills:
            break
    print(json.dumps({"killed": killed, "within": within, "differing": differing}))


if __name__ == "__main__":
    main()
