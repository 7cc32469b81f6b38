"""An installation that is fed and asked without pause while the command makes projections again."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from antiphon.app.accounts import play_counts_of
from antiphon.app.compose import Installation, open_installation
from antiphon.app.events_role import every_projection
from antiphon.app.settings import Settings, hand_over
from antiphon.catalog import (
    AlbumFacts,
    CatalogWriter,
    ItemKind,
    Master,
    PrefixTable,
    Song,
    SongEntry,
    SourceFormat,
    album_id,
    credit,
    recording_id,
    song_id,
)
from antiphon.charts import CHARTS_GROUP, ChartsFeed
from antiphon.eventlog import Projector, encode_event
from antiphon.kernel import (
    DeviceId,
    DurationMs,
    GrantId,
    ListenerId,
    SampleRateHz,
    SystemClock,
    UnixMs,
)
from antiphon.streaming.events import TOPIC, PlayEnded, PlayStarted

ROBIN = ListenerId("r" * 24)
_BEGIN = (int(time.time()) // 86_400 - 2) * 86_400_000  # of two days ago: not settled yet
_MINUTE = 60_000
_HOUR = 60 * _MINUTE


def song(number: int) -> Song:
    artist, sound = credit("Ensemble"), f"{number:016x}"
    home = album_id(f"Album {number // 10}", ["Ensemble"], folder=str(number // 10))
    recording, length = recording_id(sound), DurationMs(240_000)
    rate = SampleRateHz(44_100)
    return Song(
        id=song_id(recording, home, 1, number),
        recording_id=recording,
        title=f"Quartet {number}",
        artists=(artist,),
        album_id=home,
        album_title=f"Album {number // 10}",
        album_artists=(artist,),
        disc=1,
        number=number,
        duration=length,
        master=Master(f"/m/{number}.flac", sound, SourceFormat.FLAC, rate, 2, 16, length),
        added_at=UnixMs(1000),
    )


@dataclass
class Answers:
    """What listeners saw while projections were made again."""

    asked: int = 0
    fewest: int = 1 << 30
    faults: list[str] = field(default_factory=list)


class ReplayWorld:
    """One installation: its events process, its listeners, and what they are told."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.songs = 0
        self.plays = 0
        self.answers = Answers()

    @property
    def index_group(self) -> str:
        """Return the group of the search index."""
        names = [projection.group for projection in every_projection(self.installation)]
        return next(name for name in names if name.startswith("search."))

    async def add_songs(self, count: int) -> None:
        writer = CatalogWriter(self.installation.tables, self.installation.outbox)
        made = [song(self.songs + n) for n in range(count)]
        await writer.apply([SongEntry(s, AlbumFacts(artists=s.artists), None) for s in made])
        self.songs += count

    async def play(self) -> None:
        """Let Robin hear the next song, and two songs later go back to the first of its album."""
        at = _BEGIN + self.plays * _MINUTE
        one, grant = song(self.plays % self.songs), GrantId(f"g{self.plays}")
        told = DeviceId("d"), one.id
        events = [
            PlayStarted(grant, ROBIN, *told, 0, at),
            PlayEnded(grant, ROBIN, *told, 50_000, at + 50_000, 50_000, "ended", issued_at=at),
        ]
        clock = SystemClock()
        await self.installation.events.append(TOPIC, [encode_event(e, clock=clock) for e in events])
        self.plays += 1

    async def caught_up(self, *, seconds: float = 90) -> None:
        """Return when every projection has handled what was told, and readers see it."""
        async with asyncio.timeout(seconds):
            read = [(p.topic, p.group) for p in every_projection(self.installation)]
            for topic, group in [*read, (TOPIC, CHARTS_GROUP)]:
                while await self.installation.events.lag(topic, group=group):
                    await asyncio.sleep(0.05)
        await asyncio.sleep(1.2)  # readers look once a second

    async def state(self) -> dict[str, object]:
        """Return all that the projections answer."""
        library, search = self.installation.library, self.installation.search
        found = await search.find(["quartet"], ItemKind.SONG, limit=self.songs)
        prefixes = PrefixTable(self.installation.tables)
        return {
            "songs": sorted(hit.id for hit in found.hits),
            "documents": await search.count(),
            "beginnings": [await prefixes.best(p, ItemKind.SONG) for p in ("q", "qu", "1", "12")],
            "history": await library.history(ROBIN, limit=10_000, offset=0),
            "recent": await library.recent(ROBIN),
            "counts": await self.counts(),
        }

    async def counts(self) -> dict[tuple[int, str], int]:
        """Return the plays by hour and song."""
        counts = play_counts_of(self.installation)
        return {(h, p.song_id): p.plays async for h, p in counts.hours(0, _BEGIN // _HOUR + 1000)}

    @asynccontextmanager
    async def fed(self) -> AsyncIterator[None]:
        """Run all projections, as the events process does."""
        stop = asyncio.Event()
        running = [
            asyncio.create_task(Projector(self.installation.events, projection).run(stop))
            for projection in every_projection(self.installation)
        ]
        charts = ChartsFeed(self.installation.events, play_counts_of(self.installation))
        running.append(asyncio.create_task(charts.run(stop)))
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*running)

    @asynccontextmanager
    async def under_load(
        self, *, least_songs: int, least_plays: int, pause: float = 0.01
    ) -> AsyncIterator[None]:
        """Ask all the time, and tell something new all the time, with short pauses."""
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(self._ask(stop, least_songs, least_plays, pause)),
            asyncio.create_task(self._tell(stop, 2 * pause)),
        ]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def _ask(
        self, stop: asyncio.Event, least_songs: int, least_plays: int, pause: float
    ) -> None:
        prefixes = PrefixTable(self.installation.tables)
        while not stop.is_set():
            hits = await self.installation.search.find(["quartet"], ItemKind.SONG, limit=1)
            begun = await prefixes.best("qu", ItemKind.SONG)
            heard = await self.installation.library.history(ROBIN, limit=10_000, offset=0)
            recent = await self.installation.library.recent(ROBIN)
            self.answers.asked += 1
            self.answers.fewest = min(self.answers.fewest, hits.total)
            if hits.total < least_songs or len(begun) < 24 or len(heard) < least_plays:
                told = f"{hits.total} songs, {len(begun)} begun, {len(heard)} plays"
                self.answers.faults.append(told)
            if not recent:
                self.answers.faults.append("nothing to go on with")
            await asyncio.sleep(pause)

    async def _tell(self, stop: asyncio.Event, pause: float) -> None:
        while not stop.is_set():
            await self.add_songs(1)
            await self.play()
            await asyncio.sleep(pause)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ReplayWorld]:
    installation = open_installation(settings)
    try:
        yield ReplayWorld(installation)
    finally:
        await installation.close()


async def command(
    settings: Settings, group: str, *, killed_after: float | None = None
) -> tuple[int, str]:
    """Run ``antiphon events replay`` in a process of its own; return its status and its words."""
    program = (
        "import asyncio, sys\n"
        "from antiphon.app.replay import replay\n"
        "from antiphon.app.settings import handed_over\n"
        "print('begun', flush=True)\n"
        "print(asyncio.run(replay(handed_over(), sys.argv[1])))\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, group),
        env={**os.environ, **hand_over(settings)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    first = await process.stdout.readline()
    if killed_after is not None:
        await asyncio.sleep(killed_after)
        with suppress(ProcessLookupError):
            process.kill()
    rest = await process.stdout.read()
    return await process.wait(), (first + rest).decode()
