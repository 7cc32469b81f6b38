from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from antiphon.catalog import (
    AlbumFacts,
    Catalog,
    CatalogWriter,
    GenreRef,
    Master,
    PrefixTable,
    SearchProjection,
    Song,
    SongEntry,
    SourceFormat,
    TantivySearch,
    album_id,
    credit,
    genre_id,
    open_search,
    recording_id,
    song_id,
)
from antiphon.catalog.events import ALL_EVENTS, TOPIC
from antiphon.eventlog import EventTypes, Outbox, open_eventlog
from antiphon.kernel import DurationMs, Event, FixedClock, HouseholdId, SampleRateHz, UnixMs
from antiphon.storage import open_objects, open_tables


@dataclass
class Listener:
    """Who asks; a household of its own unless told otherwise."""

    household_id: HouseholdId = HouseholdId("householdabcdefghijklmno")  # noqa: RUF009 - a NewType
    allows_explicit: bool = True


@dataclass
class Shop:
    """A catalogue on the real embedded drivers, with everything that feeds it."""

    tables: Any
    objects: Any
    events: Any
    search: TantivySearch
    writer: CatalogWriter
    catalog: Catalog
    projection: SearchProjection
    clock: FixedClock
    asker: Listener = field(default_factory=Listener)

    async def told(self) -> list[Event]:
        """Return the events that are new since the last call."""
        types = EventTypes(*ALL_EVENTS)
        heard: list[Event] = []
        async with self.events.subscribe(TOPIC, group="test") as subscription:
            while records := await subscription.poll(wait=0.01):
                heard += [e for r in records if (e := types.decode(r.envelope)) is not None]
                await subscription.commit(records)
        return heard

    async def index(self) -> None:
        """Bring the search index up to date."""
        await self.projection.refresh(await self.told())
        self.search._checked = 0.0


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    tables = open_tables(f"lmdb:{tmp_path / 'tables'}")
    events = open_eventlog(f"lmdb:{tmp_path / 'events'}")
    objects = open_objects(f"file:{tmp_path / 'objects'}")
    search = open_search(f"tantivy:{tmp_path / 'search'}")
    clock = FixedClock()
    catalog = Catalog(tables, objects, search)
    projection = SearchProjection(catalog, PrefixTable(tables), search)
    writer = CatalogWriter(tables, Outbox(tables, events, clock))
    yield Shop(tables, objects, events, search, writer, catalog, projection, clock)
    for engine in (search, events, objects, tables):
        await engine.close()


def an_entry(
    title: str = "Song",
    *,
    artist: str = "Artist",
    album: str = "Album",
    album_artist: str | None = "Artist",
    disc: int = 1,
    number: int = 1,
    genre: str = "Rock",
    sound: str | None = None,
    path: str | None = None,
    added_at: int = 1000,
    released: str = "2001",
    lyrics: Any = None,
    **more: Any,
) -> SongEntry:
    sound = sound or f"{artist}/{album}/{disc}/{number}/{title}"
    recording = recording_id(sound)
    artists = () if album_artist is None else (credit(album_artist),)
    home = album_id(album, [a.name for a in artists], folder="folder")
    song = Song(
        id=song_id(recording, home, disc, number),
        recording_id=recording,
        title=title,
        artists=tuple(credit(a) for a in artist.split(" & ")),
        album_id=home,
        album_title=album,
        album_artists=artists,
        disc=disc,
        number=number,
        duration=DurationMs(180_000),
        master=Master(
            path or f"/music/{sound}.flac",
            sound,
            SourceFormat.FLAC,
            SampleRateHz(44_100),
            2,
            16,
            DurationMs(180_000),
        ),
        added_at=UnixMs(added_at),
        genres=(GenreRef(genre_id(genre), genre),),
        released=released,
        lyrics=lyrics is not None,
        **more,
    )
    return SongEntry(song, AlbumFacts(artists=artists), lyrics)


@pytest.fixture
def entry() -> Any:
    return an_entry
