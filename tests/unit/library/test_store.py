"""What one listener keeps, another never sees; what many do at once, nobody loses."""

import asyncio
from dataclasses import replace

import pytest

from antiphon.kernel import AlbumId, GrantId, ListenerId, PlaylistId, SongId, UnixMs
from antiphon.library import Heard, Kind, NoSuchPlaylist, Playlist, PlaylistItem, Recent, Shelf
from antiphon.library.rules import with_added
from antiphon.library.store import LibraryStore
from antiphon.testing import MemoryTables

ROBIN, SAM = ListenerId("r" * 24), ListenerId("s" * 24)
LIST = PlaylistId("p" * 24)


@pytest.fixture
def store() -> LibraryStore:
    return LibraryStore(MemoryTables())


def playlist(listener: ListenerId = ROBIN) -> Playlist:
    return Playlist(LIST, listener, "Mine", "", UnixMs(1), UnixMs(1), ())


def item(number: int) -> PlaylistItem:
    return PlaylistItem(f"i{number}", SongId(f"s{number}"), UnixMs(0))


async def test_shelves_are_apart_by_listener_shelf_and_kind(store: LibraryStore) -> None:
    await store.keep(ROBIN, Shelf.LIBRARY, Kind.SONGS, ["a", "b"], now=UnixMs(1))
    await store.keep(ROBIN, Shelf.LIBRARY, Kind.SONGS, ["c"], now=UnixMs(2))
    assert [k.id for k in await store.kept(ROBIN, Shelf.LIBRARY, Kind.SONGS)] == ["c", "a", "b"]
    assert await store.kept(SAM, Shelf.LIBRARY, Kind.SONGS) == []
    assert await store.kept(ROBIN, Shelf.FAVOURITES, Kind.SONGS) == []
    assert await store.kept(ROBIN, Shelf.LIBRARY, Kind.ALBUMS) == []
    await store.drop(ROBIN, Shelf.LIBRARY, Kind.SONGS, ["a", "unknown"])
    assert [k.id for k in await store.kept(ROBIN, Shelf.LIBRARY, Kind.SONGS)] == ["c", "b"]


async def test_more_than_a_page_is_kept_and_listed_whole(store: LibraryStore) -> None:
    names = [f"{n:06d}" for n in range(2500)]
    await store.keep(ROBIN, Shelf.LIBRARY, Kind.SONGS, names, now=UnixMs(1))
    assert [k.id for k in await store.kept(ROBIN, Shelf.LIBRARY, Kind.SONGS)] == names


async def test_nobody_reads_edits_or_deletes_anothers_playlist(store: LibraryStore) -> None:
    await store.put_playlist(playlist())
    assert await store.playlist(SAM, LIST) is None
    with pytest.raises(NoSuchPlaylist):
        await store.edit_playlist(SAM, LIST, lambda p: replace(p, name="Stolen"))
    await store.delete_playlist(SAM, LIST)
    assert (await store.playlists(ROBIN))[0].name == "Mine"


async def test_fifteen_edits_at_once_are_all_there_afterwards(store: LibraryStore) -> None:
    await store.put_playlist(playlist())

    async def add(number: int) -> None:
        await store.edit_playlist(
            ROBIN,
            LIST,
            lambda p: replace(p, items=with_added(p.items, [item(number)], 0)),
        )

    await asyncio.gather(*(add(n) for n in range(15)))
    found = await store.playlist(ROBIN, LIST)
    assert found is not None
    assert sorted(i.item_id for i in found.items) == sorted(f"i{n}" for n in range(15))


async def test_history_is_newest_first_and_a_play_told_twice_is_one(store: LibraryStore) -> None:
    for number in (1, 3, 2, 3):
        play = Heard(f"{number}" * 20, SongId(f"s{number}"), UnixMs(number * 1000), 30_000)
        await store.put_play(ROBIN, GrantId(f"g{number}"), lambda _, play=play: play)
    heard = await store.history(ROBIN, limit=10, offset=0)
    assert [h.song_id for h in heard] == ["s3", "s2", "s1"]
    assert [h.song_id for h in await store.history(ROBIN, limit=1, offset=1)] == ["s2"]
    assert await store.history(SAM, limit=10, offset=0) == []


async def test_the_album_played_last_is_the_first_to_go_on_with(store: LibraryStore) -> None:
    for album, at in (("a", 1), ("b", 2), ("a", 3)):
        recent = Recent(AlbumId(album), SongId("s"), at, UnixMs(at))
        await store.put_recent(ROBIN, recent)
    assert [(r.album_id, r.position_ms) for r in await store.recent(ROBIN)] == [("a", 3), ("b", 2)]


async def test_plays_told_at_once_and_again_leave_one_entry_that_lost_nothing(
    store: LibraryStore,
) -> None:
    def told(at: int, heard_ms: int | None):
        def change(known: Heard | None) -> Heard:
            begun = known.played_at if known else UnixMs(at)
            kept = known.heard_ms if known and heard_ms is None else heard_ms
            return Heard("g", SongId("s"), begun, kept)

        return change

    tellings = [told(1000, None), told(1400, 45_000), told(1700, None)] * 5
    await asyncio.gather(*(store.put_play(ROBIN, GrantId("g"), change) for change in tellings))
    [entry] = await store.history(ROBIN, limit=10, offset=0)
    assert entry.heard_ms == 45_000


async def test_older_news_do_not_move_a_listener_back(store: LibraryStore) -> None:
    for at in (3, 1, 2):
        await store.put_recent(ROBIN, Recent(AlbumId("a"), SongId("s"), at * 10, UnixMs(at)))
    assert [r.position_ms for r in await store.recent(ROBIN)] == [30]
