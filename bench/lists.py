"""Pages of 500 albums and songs in any order out of ``LISTS_SONGS`` (100,000) songs; SQLite beside.

Measured are whole pages as values, read from LMDB, at offsets all over the list, and once more
through the HTTP application in process, JSON included. SQLite has the same songs in one table with
an index per order and pages by OFFSET, as most servers do it; random there is ORDER BY over a
function of id and seed. Both keep their files in the page cache.
"""

import asyncio
import gc
import json
import logging
import os
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import AsyncTestClient

from antiphon.catalog import Catalog, CatalogWriter, SortField, SortOrder, open_search, routes
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import SystemClock
from antiphon.storage import open_objects, open_tables
from bench.song_shop import entries, fill

SONGS = int(os.environ.get("LISTS_SONGS", "100000"))
PAGE = 500
ROUNDS = 100
P95_MS = 50.0
SONG_SORTS = ("name", "artist", "album", "added", "random")
ALBUM_SORTS = ("name", "artist", "added", "released", "random")


def run() -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        figures, worst = asyncio.run(ours(folder))
        peer = sqlite(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "name": "lists",
        "figures": {"songs": SONGS, "page": PAGE, **figures, "worst_p95_ms": worst},
        "peer": {"name": f"SQLite {sqlite3.sqlite_version}", **peer},
        "targets": {"worst_p95_ms": {"at_most": P95_MS, "met": worst <= P95_MS}},
    }


async def ours(folder: Path) -> tuple[dict[str, Any], float]:
    tables = open_tables(f"lmdb:{folder / 'tables'}")
    events = open_eventlog(f"lmdb:{folder / 'events'}")
    objects = open_objects(f"file:{folder / 'objects'}")
    search = open_search(f"tantivy:{folder / 'search'}")
    clock = SystemClock()
    began = time.process_time()
    await fill(CatalogWriter(tables, Outbox(tables, events, clock)), SONGS)
    filled = time.process_time() - began
    gc.collect()
    gc.freeze()  # what filling left behind is no part of a server's heap
    catalog = Catalog(tables, objects, search)
    pages: dict[str, dict[str, float]] = {}
    for sort in SONG_SORTS:
        pages[f"songs_by_{sort}"] = await paged(songs_by(catalog, sort), SONGS - PAGE)
    for sort in ALBUM_SORTS:
        albums = (await catalog.list_albums(limit=1)).total
        pages[f"albums_by_{sort}"] = await paged(albums_by(catalog, sort), albums - PAGE)
    over_http = await through_http(catalog)
    for engine in (search, events, objects, tables):
        await engine.close()
    worst = max(page["p95_ms"] for page in pages.values())
    rate = round(SONGS / filled)
    return {**pages, **over_http, "songs_written_per_cpu_second": rate}, worst


def songs_by(catalog: Catalog, sort: str) -> Callable[[int, int], Awaitable[int]]:
    async def page(offset: int, seed: int) -> int:
        order = SortOrder(SortField(sort), seed=seed)
        return len((await catalog.list_songs(sort=order, limit=PAGE, offset=offset)).items)

    return page


def albums_by(catalog: Catalog, sort: str) -> Callable[[int, int], Awaitable[int]]:
    async def page(offset: int, seed: int) -> int:
        order = SortOrder(SortField(sort), seed=seed)
        return len((await catalog.list_albums(sort=order, limit=PAGE, offset=offset)).items)

    return page


async def paged(page: Callable[[int, int], Awaitable[int]], most: int) -> dict[str, float]:
    chance = random.Random(1)
    taken: list[float] = []
    for round_ in range(ROUNDS):
        offset = chance.randrange(max(most, 1))
        began = time.perf_counter()
        assert await page(offset, round_)
        taken.append((time.perf_counter() - began) * 1000)
    return quantiles(taken)


async def through_http(catalog: Catalog) -> dict[str, Any]:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    app = Litestar(routes(catalog))
    taken: list[float] = []
    async with AsyncTestClient(app) as client:
        for n in range(ROUNDS):
            began = time.perf_counter()
            url = f"/v1/catalog/home/songs?limit={PAGE}&offset={n * 997 % (SONGS - PAGE)}"
            answer = await client.get(url)
            taken.append((time.perf_counter() - began) * 1000)
            assert len(answer.json()["data"]) == PAGE
    return {"songs_as_json": quantiles(taken)}


def sqlite(folder: Path) -> dict[str, Any]:
    db = sqlite3.connect(folder / "peer.db")
    db.execute(
        "CREATE TABLE song (id TEXT PRIMARY KEY, title TEXT, artist TEXT, album TEXT, added INT,"
        " year TEXT, genre TEXT, path TEXT, duration INT) WITHOUT ROWID"
    )
    for column in ("title", "artist", "album", "added"):
        db.execute(f"CREATE INDEX song_{column} ON song({column})")
    rows = (
        (s.id, s.title, s.artists[0].name, s.album_title, s.added_at, s.released,
         s.genres[0].name, s.master.path, s.duration)
        for s in (e.song for e in entries(SONGS))
    )  # fmt: skip
    with db:
        db.executemany("INSERT OR IGNORE INTO song VALUES (?,?,?,?,?,?,?,?,?)", rows)
    db.create_function("mixed", 2, lambda i, seed: hash((i, seed)), deterministic=True)
    orders = {
        "name": "title",
        "artist": "artist",
        "album": "album",
        "added": "added",
        "random": "mixed(id, 7)",
    }
    figures = {}
    for name, column in orders.items():
        query = f"SELECT * FROM song ORDER BY {column} LIMIT ? OFFSET ?"
        chance, taken = random.Random(1), []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            assert len(db.execute(query, (PAGE, chance.randrange(SONGS - PAGE))).fetchall())
            taken.append((time.perf_counter() - began) * 1000)
        figures[f"songs_by_{name}"] = quantiles(taken)
    db.close()
    return figures


def quantiles(taken: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(taken, n=20)
    return {"p50_ms": round(statistics.median(taken), 1), "p95_ms": round(cut[18], 1)}


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
