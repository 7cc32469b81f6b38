"""Playing goes on while the tables are away: a real engine stopped in the middle, and let go on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from antiphon.app.levels import Levels, levels_before
from antiphon.audio import (
    AudioJobs,
    Loudness,
    PackageStore,
    PackageWriter,
    Progress,
    Rendition,
    Rung,
    Segment,
)
from antiphon.catalog import (
    AlbumFacts,
    Catalog,
    CatalogWriter,
    Master,
    Song,
    SongEntry,
    SourceFormat,
    album_id,
    credit,
    open_search,
    recording_id,
    song_id,
)
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import (
    DeviceId,
    DurationMs,
    HouseholdId,
    ListenerId,
    Lufs,
    SampleRateHz,
    SystemClock,
    TruePeakDb,
    Unavailable,
    UnixMs,
)
from antiphon.rights import KeyVault, Licences, Rights, SongUnavailable, open_key_encryption
from antiphon.rights.store import RightsStore, SongDeals
from antiphon.storage import open_cache, open_objects, open_tables
from antiphon.streaming import StreamingService
from antiphon.streaming.wire import PlayIn

pytestmark = pytest.mark.faults

SONGS = 20
TAKEDOWN_SECONDS = 1.0
SLACK_SECONDS = 1.0  # of a busy machine
TAKEN_DOWN = SongDeals(deals=(), release_id="r", sender="s", changed_at=UnixMs(1))


@dataclass(frozen=True)
class Listener:
    listener_id: ListenerId
    device_id: DeviceId
    household_id: HouseholdId
    allows_explicit: bool = True


LISTENER = Listener(ListenerId("listener"), DeviceId("device"), HouseholdId("household"))


class EveryDevice:
    async def is_known(self, *_: object) -> bool:
        return True


def song(number: int) -> Song:
    sound, artist = f"{number:04x}stable", credit("Someone")
    home = album_id("Album", ["Someone"], folder="album")
    recording = recording_id(sound)
    length = DurationMs(60_000)
    return Song(
        id=song_id(recording, home, 1, number),
        recording_id=recording,
        title=f"Song {number}",
        artists=(artist,),
        album_id=home,
        album_title="Album",
        album_artists=(artist,),
        disc=1,
        number=number,
        duration=length,
        master=Master(
            f"/{number}.flac", sound, SourceFormat.FLAC, SampleRateHz(44100), 2, 16, length
        ),
        added_at=UnixMs(1000),
    )


def rendition(mark: str) -> Rendition:
    return Rendition(
        rung=Rung.AAC_128,
        codec="mp4a.40.2",
        prefix=f"media/{mark[:2]}/{mark}/aac",
        sample_rate=44100,
        channels=2,
        bit_depth=16,
        priming=1024,
        cue_shift=0,
        samples=44100 * 12,
        init_size=900,
        segments=(Segment(44100 * 6, 96_000), Segment(44100 * 6, 96_000)),
        average_bandwidth=128_000,
        peak_bandwidth=130_000,
    )


async def furnish(tables, outbox) -> list[Song]:
    songs = [song(n) for n in range(SONGS)]
    await CatalogWriter(tables, outbox).apply(
        [SongEntry(s, AlbumFacts(artists=s.artists), None) for s in songs]
    )
    loudness = Loudness(Lufs(-14.0), TruePeakDb(-1.0), Lufs(-14.0), TruePeakDb(-1.0))
    for s in songs:
        mark = s.master.content_hash
        made = Progress(s.recording_id, mark, [rendition(mark)], loudness, complete=True)
        await PackageWriter(outbox).put(made)
    return songs


class House:
    """A server on remote tables and cache, and the desk of another process beside it."""

    def __init__(self, service: StreamingService, songs: list[Song], desk: Levels) -> None:
        self.service, self.songs, self.desk = service, songs, desk
        self._asks = [msgspec.convert({"songId": s.id}, PlayIn) for s in songs]

    async def grant(self, number: int) -> float:
        """Have a song granted; return how long that took, in seconds."""
        began = time.monotonic()
        await self.service.grant(LISTENER, self._asks[number])
        return time.monotonic() - began

    async def take_down(self, number: int) -> None:
        await RightsStore(self.desk.tables).write_songs([(self.songs[number].id, TAKEN_DOWN)])

    async def until_refused(self, number: int, seconds: float) -> float:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            try:
                await self.grant(number)
            except SongUnavailable:
                return time.monotonic() - began
            await asyncio.sleep(0.01)
        raise AssertionError("a song that was taken down is still granted")


@asynccontextmanager
async def house(folder: Path, tables_url: str, cache_url: str) -> AsyncIterator[House]:
    clock, cache = SystemClock(), open_cache(cache_url)
    events = open_eventlog(f"lmdb:{folder / 'events'}")
    store = f"file:{folder / 'objects'}"
    made = [
        levels_before(open_tables(tables_url), open_objects(store), cache, clock, serving=serving)
        for serving in (True, False)
    ]
    levels, desk = made
    songs = await furnish(desk.tables, Outbox(desk.tables, events, clock))
    rights = Rights(levels.reading, clock, away=levels.rights_away)
    levels.watch_rights(rights)
    vault = KeyVault(levels.tables, clock, open_key_encryption("", folder=folder))
    search = open_search(f"tantivy:{folder / 'search'}")
    service = StreamingService(
        catalog=Catalog(levels.reading, levels.objects, search),
        rights=rights,
        packages=PackageStore(levels.reading),
        jobs=AudioJobs(levels.tables, cache, clock),
        objects=levels.objects,
        signals=cache,
        events=events,
        clock=clock,
        licences=Licences(
            levels.tables, cache, clock, rights=rights, keys=vault, devices=EveryDevice()
        ),
        key_words=vault,
        is_revoked=lambda _: False,
        signing_secret=b"a secret for tests, 32 bytes long",
    )
    stop = asyncio.Event()
    listening = asyncio.create_task(levels.keep_heard(stop))
    await asyncio.sleep(0.2)
    try:
        yield House(service, songs, desk)
    finally:
        stop.set()
        await listening
        for part in (rights, *made, search, events, cache, levels.tables, desk.tables):
            await part.close()


@pytest.mark.parametrize("engine", ["bigtable", "cassandra"])
async def test_songs_are_granted_on_while_the_tables_hang_and_all_is_well_after(
    own_engine, tmp_path, engine
):
    redis, server = own_engine("redis"), own_engine(engine)
    async with house(tmp_path, server.url, redis.url) as living:
        for number in range(SONGS - 1):
            await living.grant(number)
        server.pause()
        try:
            slowest, until = 0.0, time.monotonic() + 20
            while time.monotonic() < until:
                for number in range(SONGS - 1):
                    slowest = max(slowest, await living.grant(number))
                living.service.forget(living.songs[0].id)  # its rows come from the level below
                await asyncio.sleep(0.1)
            assert slowest < 0.5 + SLACK_SECONDS, f"a grant took {slowest:.2f} s"
        finally:
            server.resume()
        await asyncio.sleep(0.5)
        async with asyncio.timeout(30):
            while True:  # what nobody had asked for needs the tables, and gets them
                try:
                    await living.grant(SONGS - 1)
                    break
                except Unavailable:
                    await asyncio.sleep(0.2)
        await living.take_down(3)
        assert await living.until_refused(3, 10) < TAKEDOWN_SECONDS
        assert await living.grant(4) < SLACK_SECONDS


async def test_a_takedown_holds_within_a_second_with_and_without_signals(own_engine, tmp_path):
    redis, server = own_engine("redis"), own_engine("bigtable")
    async with house(tmp_path, server.url, redis.url) as living:
        for number in range(3):
            await living.grant(number)
        await living.take_down(0)
        assert await living.until_refused(0, 10) < TAKEDOWN_SECONDS
        redis.kill()
        taking_down = asyncio.create_task(living.take_down(1))
        written = asyncio.create_task(living.until_refused(1, 10))
        await taking_down
        began = time.monotonic()
        await written
        assert time.monotonic() - began < TAKEDOWN_SECONDS
        assert await living.grant(2) < SLACK_SECONDS
        redis.start()
