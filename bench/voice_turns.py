"""From a typed request to its answer, 500 a second, in one process; brute force beside it.

The catalogue is ``VOICE_SONGS`` (20,000) invented songs, read from LMDB through the real rooms:
reading, linking, rights, the songs to play, what is remembered of the dialogue. Requests come at
random moments whether or not earlier ones are answered; an answer's time counts from the moment
when its request came. Beside it: what ``rapidfuzz`` takes to compare one name, a letter short, with
all names.
"""

import asyncio
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from antiphon.catalog import Catalog, CatalogWriter, Song, open_search
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import HouseholdId, ListenerId, SystemClock
from antiphon.library import Library
from antiphon.rights import Rights
from antiphon.storage import open_cache, open_objects, open_tables
from antiphon.voice import Asker, Outcome, Question, Situation, Transcript, Voice
from antiphon.voice.opening import load_reader, open_voice
from bench.song_shop import fill

SONGS = int(os.environ.get("VOICE_SONGS", "20000"))
RATE = 500
SECONDS = 20
LISTENERS = 400
P999_MS = 50.0
PEER_QUERIES = 40
COMMANDS = ("pause", "turn it up a bit", "skip this one", "shuffle on", "set volume to 40 percent")
ABSENT = ("play quivering hemlock sonata", "play the album forgotten zeppelins of kent")


def run() -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        figures, names = asyncio.run(_ours(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    worst = figures["p999_ms"]
    return {
        "name": "voice_turns",
        "figures": figures,
        "peer": _brute_force(names),
        "targets": {"p999_ms": {"at_most": P999_MS, "met": worst <= P999_MS}},
    }


async def _ours(folder: Path) -> tuple[dict[str, Any], list[str]]:
    async with _opened(folder) as (voice, catalog):
        songs = (await catalog.list_songs(limit=2_000)).items
        requests = _requests(songs, RATE * SECONDS)
        for text in requests[:50]:  # names are made with the first
            await voice.ask(_question(text, 0))
        began = time.process_time()
        taken, outcomes = await _at_rate(voice, requests)
        cpu = time.process_time() - began
    taken.sort()
    figures = {
        "songs": SONGS,
        "rate": RATE,
        "p50_ms": _ms(taken, 0.5),
        "p99_ms": _ms(taken, 0.99),
        "p999_ms": _ms(taken, 0.999),
        "cpu_ms_per_request": round(cpu / len(taken) * 1000, 3),
        "acted_or_asked": round(outcomes / len(taken), 3),
    }
    return figures, [f"{song.title} {song.artists[0].name}" for song in songs]


async def _at_rate(voice: Voice, requests: Sequence[str]) -> tuple[list[float], int]:
    """Ask at random moments; return the times to the answers, and how many came to something."""
    chance = random.Random(7)
    loop = asyncio.get_running_loop()
    taken: list[float] = []
    acted = 0

    async def one(text: str, listener: int, due: float) -> None:
        nonlocal acted
        answer = await voice.ask(_question(text, listener))
        acted += answer.outcome is not Outcome.REFUSE
        taken.append(loop.time() - due)

    due = loop.time()
    async with asyncio.TaskGroup() as group:
        for text in requests:
            due += chance.expovariate(RATE)
            await asyncio.sleep(max(0.0, due - loop.time()))
            group.create_task(one(text, chance.randrange(LISTENERS), due))
    return taken, acted


def _requests(songs: Sequence[Song], count: int) -> list[str]:
    chance = random.Random(5)

    def by_both() -> str:
        song = chance.choice(songs)
        return f"play {song.title} by {song.artists[0].name}"

    kinds: list[tuple[float, Callable[[], str]]] = [
        (0.45, by_both),
        (0.15, lambda: f"play {chance.choice(songs).artists[0].name}"),
        (0.10, lambda: f"play the album {chance.choice(songs).album_title}"),
        (0.05, lambda: f"add {chance.choice(songs).title} to the queue"),
        (0.20, lambda: chance.choice(COMMANDS)),
        (0.05, lambda: chance.choice(ABSENT)),
    ]
    weights = [weight for weight, _ in kinds]
    return [chance.choices(kinds, weights)[0][1]() for _ in range(count)]


def _question(text: str, listener: int) -> Question:
    asker = Asker(ListenerId(f"listener{listener:04d}"), HouseholdId(f"household{listener:04d}"))
    return Question(asker, Transcript([(text, 1.0)]), Situation(dialogue=f"d{listener}"))


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[tuple[Voice, Catalog]]:
    tables = open_tables(f"lmdb:{folder / 'tables'}")
    events = open_eventlog(f"lmdb:{folder / 'events'}")
    objects = open_objects(f"file:{folder / 'objects'}")
    cache = open_cache(f"memory:{folder / 'run'}")
    search = open_search(f"tantivy:{folder / 'search'}")
    clock = SystemClock()
    await fill(CatalogWriter(tables, Outbox(tables, events, clock)), SONGS)
    catalog = Catalog(tables, objects, search)
    voice = open_voice(
        load_reader(),
        tables=tables,
        cache=cache,
        catalog=catalog,
        library=Library(tables, catalog, clock),
        gate=Rights(tables, clock),
        clock=clock,
        changes=_unchanged,
        recogniser="pocketsphinx:",
    )
    try:
        yield voice, catalog
    finally:
        await voice.close()
        engines: list[Callable[[], Awaitable[None]]] = [
            e.close for e in (search, cache, events, objects, tables)
        ]
        for close in engines:
            await close()


async def _unchanged() -> int:
    return 1


def _brute_force(names: list[str]) -> dict[str, Any]:
    whole = (names * (SONGS // len(names) + 1))[:SONGS]
    costs = []
    for name in random.Random(3).sample(names, PEER_QUERIES):
        began = time.process_time()
        process.extractOne(name[:2] + name[3:], whole, scorer=fuzz.ratio)  # misheard by a letter
        costs.append(time.process_time() - began)
    return {
        "name": "rapidfuzz over all names",
        "cpu_ms_per_request": round(statistics.mean(costs) * 1000, 3),
    }


def _ms(taken: list[float], share: float) -> float:
    return round(taken[min(int(len(taken) * share), len(taken) - 1)] * 1000, 2)
