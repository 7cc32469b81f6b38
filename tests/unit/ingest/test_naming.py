import pytest

from antiphon.ingest.naming import NamedByPath, folder_name, named_by_path, readable, tidy


@pytest.mark.parametrize(
    ("folders", "name", "said"),
    [
        (["Music", "Ann", "First"], "03 - Song.flac", ("Song", "Ann", "First", 3, 0, "")),
        (["Music", "Ann", "First"], "03. Song.flac", ("Song", "Ann", "First", 3, 0, "")),
        (["Music", "Ann", "First"], "03 Song.mp3", ("Song", "Ann", "First", 3, 0, "")),
        (["Music", "Ann", "First"], "03_Song_Two.mp3", ("Song Two", "Ann", "First", 3, 0, "")),
        (["Music", "Ann", "First"], "2-03 Song.mp3", ("Song", "Ann", "First", 3, 2, "")),
        (["Music", "Ann", "First", "CD 2"], "03 Song.mp3", ("Song", "Ann", "First", 3, 2, "")),
        (["Music", "Ann", "2001 - First"], "Song.mp3", ("Song", "Ann", "First", 0, 0, "2001")),
        (["Music", "Ann", "First (2001)"], "Song.mp3", ("Song", "Ann", "First", 0, 0, "2001")),
        (["Music", "Ann - First"], "01 Song.mp3", ("Song", "Ann", "First", 1, 0, "")),
        (["Music"], "Ann - Song.mp3", ("Song", "Ann", "", 0, 0, "")),
        (["Music"], "Ann - First - Song.mp3", ("Song", "Ann", "First", 0, 0, "")),
        (["Music"], "Ann - 03 - Song.mp3", ("Song", "Ann", "", 3, 0, "")),
        (["Music"], "song.mp3", ("song", "", "", 0, 0, "")),
        (["M", "games", "wesnoth", "1.16", "core"], "a.ogg", ("a", "wesnoth", "core", 0, 0, "")),
        (["Ann - First (2001)"], "01 Song.mp3", ("Song", "Ann", "First", 1, 0, "2001")),
        (["Music", "1999"], "a.ogg", ("a", "", "", 0, 0, "")),
        (["asc", "music"], "time_to_strike.mp3", ("time to strike", "", "asc", 0, 0, "")),
        (["Music", "Nena", "N"], "99 Luftballons.mp3", ("99 Luftballons", "Nena", "N", 0, 0, "")),
        (["Music", "Ann", "First"], "01.mp3", ("01", "Ann", "First", 0, 0, "")),
    ],
)  # fmt: skip
def test_paths_say_what_people_mean(folders, name, said):
    title, artist, album, number, disc, year = said
    assert named_by_path(folders, name) == NamedByPath(title, artist, album, number, disc, year)


def test_a_name_that_is_no_utf8_is_read_as_windows_1252():
    assert readable("Motörhead".encode("cp1252")) == "Motörhead"
    assert readable("Motörhead".encode()) == "Motörhead"


def test_disc_folders_do_not_name_an_album():
    assert folder_name(["Music", "Box", "Disc 3"]) == "Box"


def test_underscores_are_spaces_only_where_there_are_none():
    assert tidy("a_b_c") == "a b c"
    assert tidy("a_b c") == "a_b c"


@pytest.mark.parametrize(
    ("name", "tracks", "title", "number"),
    [
        ("11 Song.mp3", 12, "Song", 11),
        ("12 Song.mp3", 12, "Song", 12),
        ("99 Luftballons.mp3", 12, "99 Luftballons", 0),
        ("11 Song.mp3", 0, "11 Song", 0),
        ("07 Song.mp3", 0, "Song", 7),
    ],
)
def test_a_number_counts_where_the_files_beside_it_are_counted(name, tracks, title, number):
    said = named_by_path(["Music", "Ann", "First"], name, tracks=tracks)
    assert (said.title, said.number) == (title, number)
