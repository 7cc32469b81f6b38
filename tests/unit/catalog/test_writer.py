from dataclasses import replace

from antiphon.catalog import Removal, SortField, SortOrder
from antiphon.catalog.events import AlbumChanged, MasterArrived, SongAdded, SongChanged, SongRemoved


def _gone(entry):
    song = entry.song
    return Removal(song.id, song.recording_id, song.master.path)


async def _snapshot(shop):
    """Everything a listener can see, as comparable values."""
    catalog = shop.catalog
    songs = (await catalog.list_songs(limit=500)).items
    albums = (await catalog.list_albums(limit=500)).items
    artists = (await catalog.list_artists(limit=500)).items
    genres = (await catalog.list_genres(limit=500)).items
    return songs, albums, artists, genres


async def test_a_song_brings_its_album_artist_and_genre(shop, entry):
    made = entry("Hello", artist="Björk", album="Debut", album_artist="Björk", genre="Pop")
    await shop.writer.apply([made])
    songs, albums, artists, genres = await _snapshot(shop)
    assert [s.title for s in songs] == ["Hello"]
    assert [(a.title, a.song_ids) for a in albums] == [("Debut", (made.song.id,))]
    assert [(a.name, a.album_count, a.song_count) for a in artists] == [("Björk", 1, 1)]
    assert [(g.name, g.album_count, g.song_count) for g in genres] == [("Pop", 1, 1)]


async def test_each_new_song_is_told_once_with_its_master(shop, entry):
    made = entry()
    await shop.writer.apply([made])
    await shop.writer.apply([made])
    told = await shop.told()
    assert [type(e) for e in told if not isinstance(e, AlbumChanged)][:2] == [
        SongAdded,
        MasterArrived,
    ]
    assert sum(isinstance(e, SongAdded) for e in told) == 1
    assert sum(isinstance(e, AlbumChanged) for e in told) == 1


async def test_an_album_lists_its_songs_in_playing_order(shop, entry):
    made = [entry(f"T{d}{n}", disc=d, number=n) for d, n in [(2, 1), (1, 10), (1, 2), (1, 1)]]
    await shop.writer.apply(made)
    songs = await shop.catalog.album_songs(made[0].song.album_id)
    assert [s.title for s in songs] == ["T11", "T12", "T110", "T21"]


async def test_an_album_without_album_artist_belongs_to_the_one_artist_of_its_songs(shop, entry):
    made = [entry(f"T{n}", number=n, album_artist=None, artist="Solo") for n in (1, 2)]
    await shop.writer.apply(made)
    album = (await shop.catalog.list_albums()).items[0]
    assert [a.name for a in album.artists] == ["Solo"]
    assert not album.compilation


async def test_an_album_by_several_artists_becomes_various_and_its_songs_say_so(shop, entry):
    one = entry("One", number=1, album_artist=None, artist="Ann")
    two = entry("Two", number=2, album_artist=None, artist="Bob")
    await shop.writer.apply([one])
    await shop.writer.apply([two])
    album = (await shop.catalog.list_albums()).items[0]
    songs = (await shop.catalog.list_songs()).items
    assert album.compilation
    assert {a.name for s in songs for a in s.album_artists} == {"Various Artists"}
    assert [s.artists[0].name for s in songs] == ["Ann", "Bob"]


async def test_the_order_of_import_does_not_matter(shop, entry):
    made = [
        entry("One", number=1, album_artist=None, artist="ann", genre="rock"),
        entry("Two", number=2, album_artist=None, artist="Bob", genre="Rock"),
        entry("Three", number=3, album_artist=None, artist="Ann", genre="ROCK"),
    ]
    await shop.writer.apply(made)
    together = await _snapshot(shop)
    await shop.writer.apply([], [_gone(e) for e in made])
    for one in reversed(made):
        await shop.writer.apply([one])
    assert await _snapshot(shop) == together


async def test_removing_everything_leaves_nothing(shop, entry):
    made = [entry(f"T{n}", number=n) for n in range(1, 6)]
    await shop.writer.apply(made)
    await shop.told()
    applied = await shop.writer.apply([], [_gone(e) for e in made])
    assert len(applied.removed) == 5
    assert [list(some) for some in await _snapshot(shop)] == [[], [], [], []]
    assert sum(isinstance(e, SongRemoved) for e in await shop.told()) == 5
    for table in ("catalog_songs", "catalog_albums", "catalog_lists", "catalog_recordings"):
        assert await shop.tables.scan(table) == [], table


async def test_a_changed_title_moves_the_song_in_every_list(shop, entry):
    made = [entry(t, number=n) for n, t in enumerate(["Alpha", "Beta", "Gamma"], 1)]
    await shop.writer.apply(made)
    await shop.told()
    renamed = replace(made[0], song=replace(made[0].song, title="Zeta"))
    applied = await shop.writer.apply([renamed])
    assert applied.changed == (made[0].song.id,)
    page = await shop.catalog.list_songs()
    assert [s.title for s in page.items] == ["Beta", "Gamma", "Zeta"]
    assert page.total == 3
    assert [type(e) for e in await shop.told()] == [SongChanged]


async def test_a_moved_file_keeps_its_song_and_its_moment(shop, entry):
    made = entry("Song", path="/old/a.flac", added_at=5)
    await shop.writer.apply([made])
    master = replace(made.song.master, path="/new/a.flac")
    moved = replace(made, song=replace(made.song, master=master, added_at=99))
    await shop.writer.apply([moved], [_gone(made)])
    songs = (await shop.catalog.list_songs()).items
    assert [(s.id, s.master.path, s.added_at) for s in songs] == [(made.song.id, "/new/a.flac", 5)]


async def test_a_song_lives_as_long_as_one_of_its_files(shop, entry):
    first = entry("Song", sound="same", path="/a.flac")
    second = entry("Song", sound="same", path="/b.flac")
    await shop.writer.apply([first, second])
    await shop.writer.apply([], [_gone(first)])
    recording = await shop.catalog.recording(first.song.recording_id)
    assert recording.master.path == "/b.flac"
    assert (await shop.catalog.song(first.song.id)).master.path == "/b.flac"
    await shop.writer.apply([], [_gone(second)])
    assert await shop.catalog.song(first.song.id) is None
    assert await shop.catalog.recording(first.song.recording_id) is None


async def test_one_recording_on_two_albums_is_two_songs(shop, entry):
    one = entry("Song", album="Single", sound="same", path="/a.flac")
    two = entry("Song", album="Best of", sound="same", path="/b.flac")
    await shop.writer.apply([one, two])
    recording = await shop.catalog.recording(one.song.recording_id)
    assert set(recording.song_ids) == {one.song.id, two.song.id}


async def test_replaced_audio_keeps_the_song_and_announces_the_new_master(shop, entry):
    old = entry("Song", sound="mp3", path="/a")
    await shop.writer.apply([old])
    await shop.told()
    fresh = entry("Song", sound="flac", path="/a")
    fresh = replace(fresh, song=replace(fresh.song, id=old.song.id))
    await shop.writer.apply([fresh], [_gone(old)])
    told = await shop.told()
    assert [e.content_hash for e in told if isinstance(e, MasterArrived)] == ["flac"]
    assert await shop.catalog.recording(old.song.recording_id) is None


async def test_artists_own_albums_come_before_guest_appearances(shop, entry):
    own = entry("Own", artist="Ann", album="Hers", album_artist="Ann", released="1999")
    guest = entry("Guest", artist="Bob & Ann", album="His", album_artist="Bob", released="1990")
    await shop.writer.apply([guest, own])
    page = await shop.catalog.artist_albums(own.song.artists[0].id)
    assert [a.title for a in page.items] == ["Hers", "His"]


async def test_recently_added_comes_first_when_descending(shop, entry):
    made = [entry(f"T{n}", number=n, added_at=n) for n in range(1, 4)]
    await shop.writer.apply(made)
    page = await shop.catalog.list_songs(sort=SortOrder(SortField.ADDED, descending=True))
    assert [s.title for s in page.items] == ["T3", "T2", "T1"]
