"""What is left of a listener whose account was removed: nothing, whatever happens meanwhile."""

from itertools import count
from typing import Any

import pytest

from antiphon.kernel import AlbumId, FixedClock, GrantId, ListenerId, SongId, Unavailable, UnixMs
from antiphon.library import Heard, Kind, Library, PlayNews, Recent, Shelf
from antiphon.library.store import LibraryStore
from antiphon.storage import Row
from antiphon.testing import MemoryTables

ROBIN, SAM = ListenerId("r" * 24), ListenerId("s" * 24)
TABLES = ("kept", "playlists", "history", "plays", "recent")


class NoSongs:
    """A catalogue that knows no song."""

    async def song(self, _song_id: SongId) -> None:
        return None


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables()


@pytest.fixture
def library(tables: MemoryTables) -> Library:
    return Library(tables, NoSongs(), FixedClock())  # type: ignore[arg-type] # of it one method


async def fill(tables: MemoryTables, library: Library, listener: ListenerId) -> None:
    store = LibraryStore(tables)
    await store.keep(
        listener, Shelf.LIBRARY, Kind.SONGS, [f"{n}" for n in range(2100)], now=UnixMs(1)
    )
    await store.keep(listener, Shelf.FAVOURITES, Kind.ALBUMS, ["a"], now=UnixMs(1))
    await library.create_playlist(listener, "Mine")
    play = Heard(GrantId("g"), SongId("s"), UnixMs(1), 50_000)
    await store.put_play(listener, GrantId("g"), lambda _: play)
    await store.put_recent(listener, Recent(AlbumId("a"), SongId("s"), 1, UnixMs(1)))


async def rows_of(tables: MemoryTables, listener: ListenerId) -> list[Row]:
    found = []
    for table in TABLES:
        found += await tables.scan(table, limit=10_000)
    return [row for row in found if row.key.startswith(listener.encode())]


async def test_everything_of_the_removed_goes_and_nothing_of_others(
    tables: MemoryTables, library: Library
) -> None:
    for listener in (ROBIN, SAM):
        await fill(tables, library, listener)
    before = len(await rows_of(tables, ROBIN))
    for _ in range(2):  # the event comes at least once
        await library.forget_listener(SAM)
        assert await rows_of(tables, SAM) == []
    assert len(await rows_of(tables, ROBIN)) == before


@pytest.mark.parametrize("killed_at", range(1, 6))
async def test_a_removal_that_was_killed_is_finished_when_the_event_comes_again(
    tables: MemoryTables, library: Library, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    await fill(tables, library, SAM)
    whole, mutate_many, calls = len(await rows_of(tables, SAM)), tables.mutate_many, count(1)

    async def dying(table: str, rows: Any) -> None:
        if next(calls) == killed_at:
            raise Unavailable("killed here")
        await mutate_many(table, rows)

    monkeypatch.setattr(tables, "mutate_many", dying)
    with pytest.raises(Unavailable):
        await library.forget_listener(SAM)
    assert 0 < len(await rows_of(tables, SAM)) <= whole
    await library.forget_listener(SAM)
    assert await rows_of(tables, SAM) == []


async def test_what_is_told_late_of_the_removed_is_not_kept(
    tables: MemoryTables, library: Library
) -> None:
    await library.forget_listener(SAM)
    await library.record_play(
        PlayNews(GrantId("late"), SAM, SongId("s"), 40_000, UnixMs(9), heard_ms=40_000)
    )
    await library.create_playlist(SAM, "From a process that has not heard")
    assert await rows_of(tables, SAM) == []
