"""Real collections from Debian packages: clean, partly tagged and untagged ones."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.real_music

_HELPER = Path(__file__).parents[2] / "e2e" / "real_music.py"


@pytest.fixture(scope="module")
def music() -> dict[str, Path]:
    spec = importlib.util.spec_from_file_location("real_music", _HELPER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.real_music()


async def test_every_file_of_four_packages_becomes_a_song(desk, music):
    report = await desk.scan(*music.values())
    files = [p for root in music.values() for p in root.rglob("*") if p.suffix in {".ogg", ".mp3"}]
    assert len(files) >= 160
    assert report.failed == []
    songs = (await desk.catalog.list_songs(limit=500)).items
    assert {Path(s.master.path) for s in songs} <= set(files)
    recordings = {s.recording_id for s in songs}
    holders = [await desk.catalog.recording(r) for r in recordings]
    assert all(holders)
    assert report.added == len(files)
    assert (await desk.scan(*music.values())).unchanged == len(files)


async def test_clean_tags_make_albums_with_numbers_and_genres(desk, music):
    await desk.scan(music["wesnoth-1.16-music"])
    albums = (await desk.catalog.list_albums(limit=500)).items
    songs = (await desk.catalog.list_songs(limit=500)).items
    wesnoth = [a for a in albums if "Wesnoth" in a.title]
    assert wesnoth
    assert sum(len(a.song_ids) for a in wesnoth) >= 36
    assert sum(1 for s in songs if s.number) >= 34
    assert sum(1 for s in songs if s.genres) >= 39
    assert all(s.duration > 0 and s.master.sample_rate > 0 for s in songs)


async def test_untagged_files_are_named_by_their_paths(desk, music):
    await desk.scan(music["asc-music"])
    songs = (await desk.catalog.list_songs()).items
    assert [s.title for s in songs] == ["frontiers", "machine wars", "time to strike"]
    assert {s.album_title for s in songs} == {"asc"}


async def test_messy_tags_still_name_every_song_artist_and_album(desk, music):
    await desk.scan(music["hyperrogue-music"])
    songs = (await desk.catalog.list_songs(limit=500)).items
    assert len(songs) >= 100
    assert all(s.title and s.artists[0].name and s.album_title for s in songs)
