"""Files are read at once where that costs no waiting."""

import os

import pytest

from antiphon.streaming.disk import PopularFiles, read_if_in_memory


def test_a_file_that_was_just_written_is_read(tmp_path):
    file = tmp_path / "segment"
    file.write_bytes(b"0123456789")
    assert read_if_in_memory(str(file), 10) == b"0123456789"


def test_a_file_that_only_the_disk_has_is_left_alone(tmp_path):
    file = tmp_path / "segment"
    file.write_bytes(os.urandom(200_000))
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert read_if_in_memory(str(file), 200_000) is None


def test_a_file_of_another_size_is_not_what_was_meant(tmp_path):
    file = tmp_path / "segment"
    file.write_bytes(b"0123456789")
    with pytest.raises(ValueError, match="as long as"):
        read_if_in_memory(str(file), 11)


def test_a_file_that_is_gone_is_said_to_be(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_if_in_memory(str(tmp_path / "segment"), 1)


def test_a_file_asked_for_twice_is_kept_and_one_asked_for_once_is_not(tmp_path):
    popular, rare = tmp_path / "popular", tmp_path / "rare"
    popular.write_bytes(b"0123456789")
    rare.write_bytes(b"0123456789")
    files = PopularFiles(1000)
    for _ in range(2):
        assert files.read(str(popular), b'"1"', 10) == b"0123456789"
    files.read(str(rare), b'"1"', 10)
    popular.unlink()
    rare.unlink()
    assert files.read(str(popular), b'"1"', 10) == b"0123456789"
    with pytest.raises(FileNotFoundError):
        files.read(str(rare), b'"1"', 10)


def test_a_file_that_was_replaced_is_read_again(tmp_path):
    file = tmp_path / "segment"
    files = PopularFiles(1000)
    file.write_bytes(b"0123456789")
    for _ in range(3):
        files.read(str(file), b'"old"', 10)
    file.write_bytes(b"abcdefghij")
    assert files.read(str(file), b'"new"', 10) == b"abcdefghij"


def test_popular_files_take_no_more_memory_than_they_may(tmp_path):
    files = PopularFiles(25)
    paths = [tmp_path / name for name in "abcd"]
    for path in paths:
        path.write_bytes(b"0123456789")
        for _ in range(2):
            files.read(str(path), b'"1"', 10)
        path.unlink()
    with pytest.raises(FileNotFoundError):
        files.read(str(paths[0]), b'"1"', 10)
    assert files.read(str(paths[3]), b'"1"', 10) == b"0123456789"
