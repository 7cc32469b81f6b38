import asyncio
import os
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from antiphon.ingest import Phase
from antiphon.kernel import Invalid


@pytest.fixture
def album(desk, making):
    """Three songs of one album, with a cover beside them."""
    folder = desk.music / "Artist" / "Album"
    for n in (1, 2, 3):
        making.a_flac(
            folder / f"0{n} Song {n}.flac",
            pitch=200.0 + n,
            title=f"Song {n}",
            artist="Artist",
            album="Album",
            albumartist="Artist",
            tracknumber=str(n),
        )
    making.put(folder / "cover.jpg", making.picture())
    return folder


async def test_a_folder_becomes_an_album_with_artwork(desk, album):
    report = await desk.scan()
    assert (report.added, report.failed, report.noted) == (3, [], [])
    songs = await desk.songs()
    assert [(s.title, s.number, s.album_title) for s in songs] == [
        ("Song 1", 1, "Album"),
        ("Song 2", 2, "Album"),
        ("Song 3", 3, "Album"),
    ]
    assert {s.artwork.id for s in songs} == {songs[0].artwork.id}
    assert (await desk.catalog.artwork_bytes(songs[0].artwork.id, 64))[:2] == b"\xff\xd8"


async def test_a_second_scan_finds_nothing_to_do(desk, album):
    await desk.scan()
    report = await desk.scan()
    assert (report.added, report.changed, report.removed, report.unchanged) == (0, 0, 0, 3)


async def test_a_touched_file_is_unchanged(desk, album):
    await desk.scan()
    os.utime(album / "01 Song 1.flac", (1, 1))
    report = await desk.scan()
    assert (report.added, report.changed, report.unchanged) == (0, 0, 3)


async def test_a_retagged_file_keeps_its_song(desk, album, making):
    await desk.scan()
    before = {s.number: s.id for s in await desk.songs()}
    making.a_flac(
        album / "01 Song 1.flac",
        pitch=201.0,
        title="Renamed",
        artist="Another",
        album="Elsewhere",
        tracknumber="7",
    )
    report = await desk.scan()
    assert (report.added, report.changed, report.removed) == (0, 1, 0)
    song = await desk.catalog.song(before[1])
    assert (song.title, song.album_title, song.number) == ("Renamed", "Elsewhere", 7)


async def test_a_better_copy_in_the_same_place_keeps_the_song(desk, album, making):
    await desk.scan()
    before = {s.number: s for s in await desk.songs()}
    tags = {"title": "Song 1", "artist": "Artist", "album": "Album", "tracknumber": "1"}
    tags["albumartist"] = "Artist"
    making.a_flac(album / "01 Song 1.flac", pitch=999.0, **tags)
    report = await desk.scan()
    assert (report.added, report.changed, report.removed) == (0, 1, 0)
    song = await desk.catalog.song(before[1].id)
    assert song.recording_id != before[1].recording_id
    assert await desk.catalog.recording(before[1].recording_id) is None


async def test_a_moved_folder_is_recognised(desk, album):
    await desk.scan()
    before = {s.id: s.added_at for s in await desk.songs()}
    album.rename(desk.music / "Zeta")
    report = await desk.scan()
    assert (report.moved, report.added, report.removed) == (3, 0, 0)
    songs = await desk.songs()
    assert {s.id: s.added_at for s in songs} == before
    assert all("/Zeta/" in s.master.path for s in songs)
    again = await desk.scan()
    assert (again.moved, again.removed, again.unchanged) == (0, 0, 3)


async def test_an_untagged_file_keeps_its_song_when_it_is_renamed(desk, making):
    making.put(desk.music / "Duo - First.flac", making.sound("flac"))
    await desk.scan()
    (before,) = await desk.songs()
    (desk.music / "Duo - First.flac").rename(desk.music / "Trio - Second.flac")
    report = await desk.scan()
    (after,) = await desk.songs()
    assert (report.moved, report.added, report.removed) == (1, 0, 0)
    assert (after.id, after.title, after.artists[0].name) == (before.id, "Second", "Trio")


async def test_untagged_tracks_are_counted_past_nine(desk, making):
    folder = desk.music / "Ann" / "First"
    for n in range(1, 12):
        making.a_flac(folder / f"{n:02d} Song {n}.flac", pitch=200.0 + n)
    making.a_flac(folder / "99 Luftballons.flac", pitch=300.0)
    await desk.scan()
    found = {song.number: song.title for song in await desk.songs()}
    assert found == {0: "99 Luftballons", **{n: f"Song {n}" for n in range(1, 12)}}


async def test_deleted_files_and_folders_leave_the_catalogue(desk, album, making):
    other = making.a_flac(desk.music / "Other" / "x.flac", pitch=700.0, title="Other")
    await desk.scan()
    (album / "02 Song 2.flac").unlink()
    shutil.rmtree(other.parent)
    report = await desk.scan()
    assert report.removed == 2
    assert await desk.titles() == ["Song 1", "Song 3"]
    assert (await desk.scan()).unchanged == 2


async def test_a_copy_is_not_a_second_song_and_its_loss_not_the_end(desk, album):
    shutil.copytree(album, desk.music / "Copy")
    await desk.scan()
    assert len(await desk.titles()) == 3
    shutil.rmtree(album)
    await desk.scan()
    songs = await desk.songs()
    assert len(songs) == 3
    assert all("/Copy/" in s.master.path for s in songs)


async def test_a_retagged_copy_becomes_a_song_of_its_own(desk, album, making):
    copy = making.put(desk.music / "Best" / "a.flac", (album / "01 Song 1.flac").read_bytes())
    await desk.scan()
    tags = {"title": "Song 1", "artist": "Artist", "album": "Best", "tracknumber": "9"}
    making.a_flac(copy, pitch=201.0, **tags)
    await desk.scan()
    ones = [s for s in await desk.songs() if s.title == "Song 1"]
    assert sorted((s.album_title, s.number) for s in ones) == [("Album", 1), ("Best", 9)]
    assert len({s.recording_id for s in ones}) == 1


async def test_an_unreachable_root_keeps_what_was_imported(desk, album):
    await desk.scan()
    desk.music.rename(desk.music.with_name("Away"))
    report = await desk.scan()
    assert report.removed == 0
    assert "kept" in report.failed[0][1]
    assert len(await desk.titles()) == 3
    desk.music.with_name("Away").rename(desk.music)
    assert (await desk.scan()).failed == []


async def test_a_folder_that_never_was_is_refused(desk, tmp_path):
    with pytest.raises(Invalid, match="no folder"):
        await desk.scan(tmp_path / "nothing")


async def test_an_emptied_collection_empties_the_catalogue(desk, album):
    await desk.scan()
    shutil.rmtree(desk.music / "Artist")
    assert (await desk.scan()).removed == 3
    assert await desk.titles() == []


async def test_a_single_file_can_be_imported(desk, album):
    report = await desk.scan(album / "02 Song 2.flac")
    assert (report.added, await desk.titles()) == (1, ["Song 2"])
    assert (await desk.scan()).added == 2


async def test_two_roots_do_not_remove_each_others_songs(desk, album, making, tmp_path):
    other = tmp_path / "More"
    making.a_flac(other / "y.flac", pitch=800.0, title="Y")
    await desk.scan()
    await desk.scan(other)
    assert len(await desk.titles()) == 4


async def test_progress_counts_up_to_what_was_found(desk, album):
    told = []
    await desk.scan(progress=told.append)
    assert told[-1].phase is Phase.DONE
    assert (told[-1].found, told[-1].done, told[-1].added) == (3, 3, 3)
    assert all(a.done <= b.done for a, b in pairwise(told))


async def test_a_cancelled_scan_stops_and_the_next_one_goes_on(desk, making):
    for n in range(80):
        making.a_flac(desk.music / f"{n % 8}" / f"{n}.flac", pitch=100.0 + n, title=f"T{n}")
    cancel = asyncio.Event()
    report = await desk.scan(progress=lambda _: cancel.set(), cancel=cancel)
    assert report.cancelled
    assert report.added < 80
    assert (await desk.scan()).added + report.added == 80


async def test_one_scan_at_a_time(desk, album):
    done = await asyncio.gather(desk.scan(), desk.scan(), return_exceptions=True)
    assert sorted(type(d).__name__ for d in done) == ["Conflict", "ScanReport"]
    assert (await desk.scan()).unchanged == 3


async def test_a_new_lyrics_file_and_a_new_cover_are_noticed(desk, album, making):
    await desk.scan()
    (before,) = [s for s in await desk.songs() if s.number == 1]
    making.put(album / "01 Song 1.lrc", b"[00:01.00]First line\n[00:02.00]Second")
    making.put(album / "cover.jpg", making.picture("crimson", size=(300, 300)))
    report = await desk.scan()
    assert report.changed == 3
    song = await desk.catalog.song(before.id)
    assert song.synced_lyrics
    assert song.artwork.id != before.artwork.id
    lyrics = await desk.catalog.lyrics(before.id)
    assert [line.start for line in lyrics.lines] == [1000, 2000]


async def test_disc_folders_share_the_picture_above_them_and_others_do_not(desk, making):
    box = desk.music / "Box"
    making.put(box / "cover.jpg", making.picture())
    for n, folder in enumerate(["CD 1", "CD 2", "Bonus"]):
        making.a_flac(box / folder / "a.flac", pitch=300.0 + n, title=folder, albumartist="A")
    await desk.scan()
    pictures = {s.title: s.artwork is not None for s in await desk.songs()}
    assert pictures == {"Bonus": False, "CD 1": True, "CD 2": True}


async def test_links_in_circles_are_walked_once(desk, album):
    (desk.music / "loop").symlink_to(desk.music, target_is_directory=True)
    (album / "self").symlink_to(album, target_is_directory=True)
    assert (await desk.scan()).added == 3


async def test_hidden_folders_and_other_files_are_passed_over(desk, album, making):
    making.a_flac(desk.music / ".trash" / "x.flac", title="Hidden")
    making.put(desk.music / "notes.pdf", b"%PDF")
    report = await desk.scan()
    assert (report.added, report.failed) == (3, [])


def test_every_folder_is_looked_at_in_a_fixed_order(tmp_path: Path, making):
    from antiphon.ingest.walking import walk

    for name in ("b/x.flac", "a/y.flac", "a/b/z.flac", "c.flac"):
        making.put(tmp_path / name, b"")
    walked = [f.path for f in walk(os.fsencode(tmp_path))]
    assert walked == [os.fsencode(tmp_path / p) for p in ("", "a", "a/b", "b")]
